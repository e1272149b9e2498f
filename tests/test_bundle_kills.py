"""A night killed at any instant leaves the champion whole, or the new one, and nothing between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import example_models as example
import pytest

from models.bundle import open_bundle, write_bundle
from models.registry import Registry

ROOT = Path(__file__).resolve().parents[1]
NIGHT = Path(__file__).with_name("example_kill.py")
DAY = 86_400_000_000  # microseconds
LAST_TOUCH = 50  # a night touches its folder fewer times than this; the slow test says how many


@pytest.fixture
def registry(tmp_path) -> Registry:
    """Three bundles of the days before, the second and the third promoted one after the other."""
    folder = tmp_path / "models"
    names = [
        write_bundle(folder, example.KEY, example.contents(), example.NOW - back * DAY).name
        for back in (3, 2, 1)
    ]
    registry = Registry(folder)
    registry.promote(names[1])
    registry.promote(names[2])
    return registry


def run_night(registry: Registry, touches: int) -> int:
    """Exit status of a night that dies at its n-th touch of the folder; 0 where it came through."""
    command = [sys.executable, str(NIGHT), str(registry.folder), str(touches)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


def assert_whole(registry: Registry, champion: str) -> None:
    """Every bundle that is listed opens; the champion is the old or the new one."""
    known = {"expected_names": example.NAMES, "expected_fingerprint": example.FINGERPRINT}
    for name in registry.list():
        open_bundle(registry.path(name), example.KEY, **known)
    assert registry.current_name() in (champion, registry.list()[-1])
    assert registry.current().is_dir()
    leftovers = [p.name for p in registry.folder.iterdir() if p.name not in registry.list()]
    marks = (".lock", ".writing-", ".trash-", ".current-", "current", "history.jsonl")
    assert all(name.startswith(marks) for name in leftovers), leftovers


def assert_recovers(registry: Registry, champion: str) -> None:
    """One can go back to the champion before; the next night goes through and sweeps the rest."""
    if registry.current_name() != champion:
        assert registry.rollback() == champion
    before = registry.current_name()
    path = write_bundle(registry.folder, example.KEY, example.contents(), example.NOW + 9 * DAY)
    registry.promote(path.name)
    assert registry.rollback() == before
    hidden = [path.name for path in registry.folder.iterdir() if path.name.startswith(".")]
    assert hidden == [".lock"]


def check_kill_at(registry: Registry, touches: int) -> int:
    champion = registry.current_name()
    status = run_night(registry, touches)
    assert status in (0, -signal.SIGKILL)
    assert_whole(registry, champion)
    assert_recovers(registry, champion)
    return status


@pytest.mark.parametrize("touches", [4, 9, 11, 17, 19, 20, 33])
def test_a_night_killed_on_the_way_leaves_the_champion_whole(registry, touches):
    """The first file, the manifest, the rename, history, pointer, after it, half-way in pruning."""
    assert check_kill_at(registry, touches) == -signal.SIGKILL


def test_a_night_that_is_not_killed_promotes_its_bundle(registry):
    assert run_night(registry, 10_000) == 0
    assert registry.current_name().startswith("2026-02-01T020000Z-")
    assert len(registry.list()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("touches", range(1, LAST_TOUCH))
def test_a_night_killed_at_any_instant_leaves_the_champion_whole(registry, touches):
    check_kill_at(registry, touches)


@pytest.mark.slow
def test_the_instants_above_are_all_of_them(registry):
    assert run_night(registry, LAST_TOUCH) == 0
