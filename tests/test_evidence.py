"""The frozen evidence of an alert: what it holds, who may read it, and what damage is named."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest
from alert_desk import (
    HOUR,
    NOON,
    SHOP,
    THREAT,
    claim,
    key,
    message,
    new_home,
    order,
    said_of,
    threat,
    watch,
    write,
)
from store_rows import address, score

from outreach import evidence
from outreach.evidence import complete, content, evidence_dir, freeze
from outreach.evidence_check import Verdict, check
from outreach.evidence_log import FIRST, digest
from store import Store
from store.alert_types import Alert
from store.home import Home


@pytest.fixture
def home(tmp_path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def store(home) -> Iterator[Store]:
    with home.open_store() as opened:
        write(opened, orders=[order(buyer_id="b1", amount_minor=1_000, currency="USD")])
        yield opened


@pytest.fixture
def folder(home) -> Path:
    return evidence_dir(home)


@pytest.fixture
def five(store, home) -> list[Alert]:
    """Five alerts with their evidence frozen."""
    write(store, messages=[threat(f"m{n}") for n in range(5)])
    return watch(store, home).review([key()], NOON)


def verdict(store: Store, folder: Path) -> Verdict:
    return check(folder, store.alerts(limit=1_000))


def lines(folder: Path) -> list[bytes]:
    return (folder / "log.jsonl").read_bytes().splitlines(keepends=True)


def put_lines(folder: Path, changed: list[bytes]) -> None:
    (folder / "log.jsonl").write_bytes(b"".join(changed))


def test_the_file_holds_all_that_was_known_of_the_order(store, home, folder):
    write(
        store,
        buyers=[{"shop_id": SHOP, "known_at": NOON, "buyer_id": "b1"}],
        items=[said_of(line=1, product_id="p1", seller_id="s1")],
        products=[{"shop_id": SHOP, "known_at": NOON, "product_id": "p1", "title": "Lamp"}],
        sellers=[{"shop_id": SHOP, "known_at": NOON, "seller_id": "s1", "city": "Bonn"}],
        addresses=[address(line1="Am Markt 1")],
        deliveries=[said_of(attempted_at=NOON, status="absent")],
        outreach=[said_of(assigned_at=NOON, arm="contact")],
        outcomes=[claim(kind="return")],
        messages=[threat(), message("m2", order_id="A", sender="seller", text="Sorry!")],
    )
    store.put_scores([score(answer=b'{"risk":0.5}')])
    (alert,) = watch(store, home).review([key()], NOON + HOUR)
    frozen = json.loads((folder / f"{alert.alert_id}.json").read_text())
    assert {table: len(rows) for table, rows in frozen["records"].items()} == {
        "buyers": 1,
        "orders": 1,
        "items": 1,
        "products": 1,
        "sellers": 1,
        "addresses": 1,
        "deliveries": 1,
        "outreach": 1,
        "outcomes": 1,
        "messages": 2,
    }
    assert frozen["records"]["products"][0]["title"] == "Lamp"
    assert frozen["records"]["messages"][0]["text"] == THREAT
    assert frozen["records"]["messages"][0]["known_at"] == "2025-01-01T12:00:00.000000Z"
    assert frozen["scores"] == [
        {
            "answer": {"risk": 0.5},
            "as_of": "2025-01-01T12:00:00.000000Z",
            "model": "m1",
            "scored_at": "2025-01-01T12:00:00.000000Z",
        }
    ]
    assert frozen["alert"]["code"] == "legal_threat"
    assert frozen["alert"]["cause"]["spans"] == [{"start": 0, "end": 9, "text": "my lawyer"}]


def test_every_version_that_was_known_is_kept_and_none_that_came_later(store, home):
    """Also where an import brings a row afterwards that claims to have been known before."""
    later = said_of(known_at=NOON + 1, carrier="DHL")
    write(store, orders=[later], messages=[threat()], received_at=NOON + 1)
    (alert,) = watch(store, home).review([key()], NOON + HOUR)
    before = content(store, alert)
    backdated = message("m0", NOON - HOUR, order_id="A", text="Please call me")
    write(store, orders=[said_of(known_at=NOON + 2, carrier="UPS")], messages=[backdated])
    store.put_scores([score()])
    assert content(store, alert) == before
    frozen = json.loads(before)
    assert [row["carrier"] for row in frozen["records"]["orders"]] == [None, "DHL"]
    assert (len(frozen["records"]["messages"]), frozen["scores"]) == (1, [])


def test_a_message_without_an_order_is_its_own_evidence(store, home, folder):
    loose = message("m3", buyer_id="b1", text=THREAT)
    write(store, messages=[loose, threat("m4")])
    alert = watch(store, home).sweep(NOON)[0]
    frozen = json.loads((folder / f"{alert.alert_id}.json").read_text())
    assert [row["message_id"] for row in frozen["records"]["messages"]] == ["m3"]
    assert list(frozen["records"]) == ["messages"]


@pytest.mark.usefixtures("five")
def test_only_the_owner_may_read_the_evidence(folder):
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_every_line_holds_the_digest_of_its_file_and_of_the_line_before(five, folder):
    before = FIRST
    for number, (raw, alert) in enumerate(zip(lines(folder), five, strict=True), start=1):
        line = json.loads(raw)
        assert line == {
            "alert_id": alert.alert_id,
            "at": "2025-01-01T12:00:00.000000Z",
            "file": f"{alert.alert_id}.json",
            "n": number,
            "previous": before,
            "sha256": digest((folder / f"{alert.alert_id}.json").read_bytes()),
        }
        before = digest(raw.rstrip(b"\n"))
        assert (alert.evidence, alert.evidence_line) == (line["sha256"], before)


@pytest.mark.usefixtures("five")
def test_evidence_as_it_was_frozen_is_whole(store, folder):
    head = digest(lines(folder)[-1].rstrip(b"\n"))
    assert verdict(store, folder) == Verdict((), (), files=5, head=head)


def test_no_evidence_at_all_is_whole(store, folder):
    assert verdict(store, folder) == Verdict((), (), files=0, head=FIRST)


def test_freezing_again_changes_nothing(store, home, five, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    freeze(store, home, five, now=NOON + HOUR)
    assert complete(store, home, now=NOON + HOUR) == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_changed_file_is_named(store, five, folder):
    path = folder / f"{five[2].alert_id}.json"
    path.write_bytes(path.read_bytes().replace(b"lawyer", b"sister"))
    assert verdict(store, folder).damage == (
        f"{path.name}: changed; its SHA-256 is not the one in the log.",
    )


def test_a_removed_file_is_named(store, five, folder):
    (folder / f"{five[2].alert_id}.json").unlink()
    gone = five[2].alert_id
    (damage,) = verdict(store, folder).damage
    assert damage == f"{gone}.json: removed; the log names it as evidence of alert {gone}."


@pytest.mark.usefixtures("five")
def test_an_added_file_is_named(store, folder):
    (folder / "more.json").write_text("{}")
    assert verdict(store, folder).damage == ("more.json: added; the log does not name it.",)


def test_a_link_in_place_of_a_file_is_named(store, five, folder, tmp_path):
    path = folder / f"{five[0].alert_id}.json"
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert verdict(store, folder).damage[0].startswith(f"{path.name}: changed; expected a file")


def test_a_line_removed_in_the_middle_is_named(store, five, folder):
    whole = lines(folder)
    put_lines(folder, [*whole[:2], *whole[3:]])
    damage = verdict(store, folder).damage
    gone = five[2].alert_id
    assert damage == (
        "log.jsonl line 3: lines are missing before it; it was number 4, after 2.",
        f"{gone}.json: added; the log does not name it.",
        f"log.jsonl: the line of alert {gone} was removed or changed.",
    )


def test_a_line_removed_at_the_end_is_named(store, five, folder):
    """The chain alone cannot know of it: the store does."""
    put_lines(folder, lines(folder)[:-1])
    (folder / f"{five[4].alert_id}.json").unlink()
    assert verdict(store, folder).damage == (
        f"log.jsonl: the line of alert {five[4].alert_id} was removed or changed.",
    )


@pytest.mark.usefixtures("five")
def test_a_removed_log_is_named(store, folder):
    (folder / "log.jsonl").unlink()
    assert len(verdict(store, folder).damage) == 10  # five files nobody names, five lines gone


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_a_changed_line_is_named_wherever_it_stands(store, folder, place):
    whole = lines(folder)
    whole[place] = whole[place].replace(b"2025-01-01", b"2025-01-02")
    put_lines(folder, whole)
    damage = verdict(store, folder).damage
    known = f"log.jsonl number {place + 1}: changed; the store knows another"
    assert damage[-1].startswith(known)
    if place < 4:
        assert damage[0].startswith(f"log.jsonl line {place + 2}: the line before it, or this one")


@pytest.mark.usefixtures("five")
def test_a_line_that_is_none_is_named(store, folder):
    whole = lines(folder)
    whole[1] = b"?" + whole[1]
    put_lines(folder, whole)
    assert verdict(store, folder).damage[0] == (
        "log.jsonl line 2: changed; it is no line of a log."
    )


@pytest.mark.usefixtures("five")
def test_lines_in_another_order_are_named(store, folder):
    whole = lines(folder)
    put_lines(folder, [whole[0], whole[2], whole[1], *whole[3:]])
    assert verdict(store, folder).damage == (
        "log.jsonl line 2: moved; it was written right after what is now line 3.",
        "log.jsonl line 3: moved; it was written right after what is now line 1.",
        "log.jsonl line 4: moved; it was written right after what is now line 2.",
    )


def test_a_file_and_its_line_changed_together_are_named(store, five, folder):
    """A chain made anew from there on still differs from what the store noted."""
    path = folder / f"{five[4].alert_id}.json"
    path.write_bytes(b"{}")
    whole = lines(folder)
    old, new = five[4].evidence, digest(b"{}")
    assert old is not None
    whole[4] = whole[4].replace(old.encode(), new.encode())
    put_lines(folder, whole)
    (damage,) = verdict(store, folder).damage
    assert damage.startswith("log.jsonl number 5: changed; the store knows another")


def test_a_line_of_an_alert_that_nobody_raised_is_named(store, five, folder):
    whole = lines(folder)
    put_lines(folder, [*whole, whole[4].replace(five[4].alert_id.encode(), b"f" * 20)])
    damage = verdict(store, folder).damage
    assert "log.jsonl number 5: added; the store has no alert ffffffffffffffffffff." in damage


def test_an_alert_is_raised_even_where_its_evidence_cannot_be_written(store, home, folder):
    """The disk is full, or another process keeps the lock: the person is called all the same."""
    folder.write_text("a file where the folder should be")
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON)
    assert alert.evidence is None
    folder.unlink()
    assert verdict(store, folder).unfinished == (
        f"alert {alert.alert_id}: its evidence is not frozen yet.",
    )
    watch(store, home).sweep(NOON + HOUR)
    assert store.alert(alert.alert_id).evidence is not None
    assert verdict(store, folder).unfinished == ()


def test_evidence_waits_for_whoever_is_writing_and_is_frozen_by_the_next(store, home, monkeypatch):
    monkeypatch.setattr(evidence, "WAIT_S", 0.0)
    write(store, messages=[threat()])
    with home.lock("evidence"):
        (alert,) = watch(store, home).review([key()], NOON)
        assert alert.evidence is None
    assert complete(store, home, now=NOON) == 1


def finish(path: str, barrier) -> None:
    """Freezes all that is missing, as a service that starts does."""
    home = Home(path)
    with home.open_store() as opened:
        waiting = opened.unfrozen_alerts(1_000)
        barrier.wait()
        for alert in waiting:
            freeze(opened, home, [alert], now=NOON)


def test_two_processes_that_freeze_the_same_make_one_chain(store, home, folder):
    folder.write_text("in the way")
    write(store, messages=[threat(f"m{n}") for n in range(60)])
    watch(store, home).review([key()], NOON)
    folder.unlink()
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    workers = [context.Process(target=finish, args=(str(home.path), barrier)) for _ in range(2)]
    for process in workers:
        process.start()
    for process in workers:
        process.join(timeout=60)
    assert [process.exitcode for process in workers] == [0, 0]
    assert (verdict(store, folder).damage, verdict(store, folder).unfinished) == ((), ())
    assert len(lines(folder)) == 60


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("torn", [b'{"alert_id":"x","at', b"\xff\xfe"])
def test_a_torn_last_line_is_no_damage_and_is_mended_by_the_next(store, home, folder, torn):
    with (folder / "log.jsonl").open("ab") as log:
        log.write(torn)
    assert verdict(store, folder).damage == ()
    assert verdict(store, folder).unfinished == ("log.jsonl: its last line was not finished.",)
    write(store, messages=[threat("m9")])
    watch(store, home).review([key()], NOON + HOUR)
    assert verdict(store, folder).unfinished == ()
    assert (verdict(store, folder).damage, verdict(store, folder).files) == ((), 6)


@pytest.mark.usefixtures("five")
def test_a_last_line_without_its_end_is_kept(store, home, folder):
    whole = b"".join(lines(folder))
    (folder / "log.jsonl").write_bytes(whole.rstrip(b"\n"))
    write(store, messages=[threat("m9")])
    watch(store, home).review([key()], NOON + HOUR)
    assert b"".join(lines(folder)).startswith(whole)
    assert verdict(store, folder).damage == ()
