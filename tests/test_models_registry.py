"""The champion changes in one step, can be taken back, and is never pruned."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bundle import BundleRejected, NoCurrentBundle
from models.durable import read_capped
from models.registry import Registry

NAMES = [f"2026-01-{day:02d}T020000Z-{day:012x}" for day in range(1, 10)]
FIRST, SECOND, THIRD, FOURTH = NAMES[:4]


@pytest.fixture
def registry(tmp_path) -> Registry:
    return filled(tmp_path / "models")


def filled(folder) -> Registry:
    """Nine folders that look like bundles; a registry never opens one."""
    for name in NAMES:
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text("{}")
    return Registry(folder)


def test_before_the_first_promotion_there_is_no_champion_and_the_text_says_what_to_do(registry):
    with pytest.raises(NoCurrentBundle, match="riskradar nightly"):
        registry.current()
    assert registry.current_name() == ""
    assert registry.current_token() is None


def test_a_registry_without_a_folder_is_empty(tmp_path):
    assert Registry(tmp_path / "nothing").list() == []


def test_the_promoted_bundle_is_the_champion(registry):
    registry.promote(SECOND)
    assert registry.current() == registry.folder / SECOND
    assert (registry.folder / "current").read_text() == SECOND + "\n"


def test_bundles_are_listed_oldest_first_and_nothing_else_is(registry):
    (registry.folder / ".writing-0123").mkdir()
    (registry.folder / "notes.txt").write_text("")
    (registry.folder / "2026-02-01T020000Z-0123456789ab").mkdir()  # no manifest: half of one
    assert registry.list() == NAMES


@pytest.mark.parametrize("name", ["", "..", "current", "../../etc", NAMES[0][:-1], "x" * 32])
def test_a_name_that_is_none_of_ours_is_refused(registry, name):
    with pytest.raises(BundleRejected, match="expected a name <UTC time>-<digest>"):
        registry.promote(name)


def test_promoting_a_bundle_that_is_not_there_keeps_the_champion(registry):
    registry.promote(FIRST)
    with pytest.raises(BundleRejected, match="there is none of this name"):
        registry.promote("2030-01-01T000000Z-0123456789ab")
    assert registry.current_name() == FIRST


def test_rolling_back_twice_goes_back_two_champions(registry):
    for name in (FIRST, SECOND, THIRD):
        registry.promote(name)
    assert registry.rollback() == SECOND
    assert registry.rollback() == FIRST
    with pytest.raises(NoCurrentBundle, match="found none that is kept"):
        registry.rollback()
    assert registry.current_name() == FIRST


def test_after_a_rollback_the_next_promotion_goes_back_to_where_we_were(registry):
    for name in (FIRST, SECOND):
        registry.promote(name)
    registry.rollback()
    registry.promote(THIRD)
    assert registry.rollback() == FIRST


def test_promoting_the_champion_again_changes_nothing(registry):
    registry.promote(FIRST)
    token = registry.current_token()
    registry.promote(FIRST)
    assert registry.current_token() == token
    assert len(registry.history()) == 1


def test_the_token_changes_with_every_promotion_and_rollback(registry):
    tokens = []
    for act in (
        lambda: registry.promote(FIRST),
        lambda: registry.promote(SECOND),
        registry.rollback,
        lambda: registry.promote(SECOND),
    ):
        act()
        tokens.append(registry.current_token())
    assert len(set(tokens)) == 4


def test_the_history_says_what_happened_when(registry):
    registry.promote(FIRST, at=1)
    registry.promote(SECOND, at=2)
    registry.rollback(at=3)
    told = [(event.event, event.bundle, event.before, event.at) for event in registry.history()]
    assert told == [
        ("promoted", FIRST, "", 1),
        ("promoted", SECOND, FIRST, 2),
        ("rolled_back", FIRST, SECOND, 3),
    ]


def test_pruning_keeps_the_newest_the_champion_and_the_one_to_go_back_to(registry):
    registry.promote(FIRST)
    registry.promote(SECOND)
    assert registry.prune(keep=3) == NAMES[2:6]
    assert registry.list() == [FIRST, SECOND, *NAMES[6:]]
    assert registry.rollback() == FIRST


def test_rolling_back_passes_over_bundles_that_were_removed(registry):
    for name in (FIRST, SECOND, THIRD, FOURTH):
        registry.promote(name)
    for name in (SECOND, THIRD):
        (registry.folder / name / "manifest.json").unlink()
    assert registry.rollback() == FIRST


def test_a_pointer_that_was_overwritten_is_refused(registry):
    registry.promote(FIRST)
    (registry.folder / "current").write_text("../../somewhere\n")
    with pytest.raises(BundleRejected, match="expected the name of a bundle"):
        registry.current()


def test_a_champion_that_was_deleted_is_refused_by_name(registry):
    registry.promote(FIRST)
    (registry.folder / FIRST / "manifest.json").unlink()
    with pytest.raises(BundleRejected, match=f"{FIRST}: expected a bundle"):
        registry.current()


def test_a_promotion_killed_before_the_switch_did_not_happen(registry):
    """Its line is in the history, but nothing followed from it."""
    registry.promote(FIRST)
    registry.promote(SECOND)
    pretend_killed(registry, THIRD)
    assert registry.current_name() == SECOND
    assert registry.rollback() == FIRST
    assert [event.bundle for event in registry.history()] == [FIRST, SECOND, FIRST]


def pretend_killed(registry: Registry, name: str) -> None:
    """What a kill between the two steps of a promotion leaves behind."""
    before = registry.current_name()
    line = f'{{"at": 0, "event": "promoted", "bundle": "{name}", "before": "{before}"}}\n'
    with (registry.folder / "history.jsonl").open("a") as file:
        file.write(line)


def test_a_line_torn_by_a_kill_is_passed_over(registry):
    registry.promote(FIRST)
    with (registry.folder / "history.jsonl").open("a") as file:
        file.write('{"at": 0, "event": "prom')
    registry.promote(SECOND)
    assert [event.bundle for event in registry.history()] == [FIRST, SECOND]
    assert registry.rollback() == FIRST


STEPS = st.lists(
    st.tuples(st.sampled_from(["promote", "killed"]), st.integers(0, 3)) | st.just(("rollback", 0)),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_any_course_of_promotions_rollbacks_and_kills_is_a_pile_of_champions(
    tmp_path_factory, steps
):
    """The plain model: promoting puts on top, rolling back takes off, a kill does nothing."""
    registry = filled(tmp_path_factory.mktemp("models"))
    pile: list[str] = []
    for step, which in steps:
        name = NAMES[which]
        if step == "killed" and pile and pile[-1] != name:
            pretend_killed(registry, name)
        elif step == "promote":
            registry.promote(name)
            pile += [name] if not pile or pile[-1] != name else []
        elif step == "rollback" and any(other != pile[-1] for other in pile):
            pile.pop()
            while pile and pile[-1] == registry.current_name():
                pile.pop()
            assert registry.rollback() == pile[-1]
        assert registry.current_name() == (pile[-1] if pile else "")


def test_reading_more_than_was_allowed_is_refused(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_capped(path, 5) == b"12345"
    with pytest.raises(ValueError, match="expected at most 4 bytes, got 5"):
        read_capped(path, 4)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="a regular file"):
        read_capped(tmp_path / "pipe", 10)
