"""A worker killed at any instant leaves the evidence whole, and a later run completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from alert_desk import HOUR, NOON, key, new_home, order, threat, watch, write

from outreach.evidence import evidence_dir
from outreach.evidence_check import check
from store.home import Home

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).with_name("evidence_kill.py")
LAST_TOUCH = 18  # a worker touches store and folder fewer times than this; the slow test says so


@pytest.fixture
def home(tmp_path) -> Home:
    made = new_home(tmp_path)
    with made.open_store() as store:
        write(store, orders=[order()], messages=[threat(f"m{n}") for n in range(3)])
    return made


def run_worker(home: Home, touches: int) -> int:
    """Exit status of a worker that dies at its n-th touch; 0 where it came through."""
    command = [sys.executable, str(WORKER), str(home.path), str(touches)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode


def assert_recovers(home: Home) -> None:
    """Nothing is damaged, and one look at the list later every alert has its evidence."""
    folder = evidence_dir(home)
    with home.open_store() as store:
        before = check(folder, store.alerts())
        assert before.damage == ()
        assert len(before.unfinished) <= 3 + 1  # three alerts, and a torn line
        watch(store, home).sweep(NOON + 2 * HOUR)
        raised = store.alerts()
        assert [alert.code for alert in raised] == ["legal_threat"] * 3
        after = check(folder, raised)
        assert (after.damage, after.unfinished, after.files) == ((), (), 3)
        assert store.open_alerts([key()]) == raised
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def check_kill_at(home: Home, touches: int) -> int:
    status = run_worker(home, touches)
    assert status in (0, -signal.SIGKILL)
    assert_recovers(home)
    return status


@pytest.mark.parametrize("touches", [1, 2, 4, 5, 8, 14, 15, 16, 17])
def test_a_worker_killed_on_the_way_leaves_what_the_next_completes(home, touches):
    """Before the row, the folder, in a file, at a rename, before the log, in a line, the store."""
    assert check_kill_at(home, touches) == -signal.SIGKILL


def test_a_worker_that_is_not_killed_leaves_nothing_to_do(home):
    assert run_worker(home, 10_000) == 0
    with home.open_store() as store:
        verdict = check(evidence_dir(home), store.alerts())
    assert (verdict.damage, verdict.unfinished, verdict.files) == ((), (), 3)


@pytest.mark.slow
@pytest.mark.parametrize("touches", range(1, LAST_TOUCH))
def test_a_worker_killed_at_any_instant_leaves_what_the_next_completes(home, touches):
    check_kill_at(home, touches)


@pytest.mark.slow
def test_the_instants_above_are_all_of_them(home):
    assert run_worker(home, LAST_TOUCH) == 0
