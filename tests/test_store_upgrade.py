"""Claims about stores of other versions: brought up to date once, or left as they were."""

from __future__ import annotations

import json
import sqlite3
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from shops import random_shop
from store_rows import NOON, address, key, message, new_store, order, said_of, told
from store_workers import digest_of_facts

from features.facts import FACTS_VERSION, Readers
from features.signals import SIGNALS
from store import open_store, upgrade
from store.errors import StoreError, StoreMissing, StoreNewer, StoreOlder


def write_some(folder):
    rows = {
        "orders": [order(buyer_id="ann"), order("B", buyer_id="ann")],
        "items": [said_of(line=1, variant="S")],
        "addresses": [address(phone="0301234567", line1="Am Markt 1")],
    }
    with new_store(folder) as store:
        store.write(rows, received_at=NOON)
        return store.facts()


def edited(folder, *statements):
    raw = sqlite3.connect(folder / "store.sqlite")
    with raw:
        for statement in statements:
            raw.execute(statement)
    raw.close()


def stamped(folder, **changes):
    raw = sqlite3.connect(folder / "store.sqlite")
    with raw:
        (stamp,) = raw.execute("SELECT value FROM meta WHERE name = 'stamp'").fetchone()
        raw.execute(
            "UPDATE meta SET value = ? WHERE name = 'stamp'",
            (json.dumps(json.loads(stamp) | changes),),
        )
    raw.close()


def same(found, wanted):
    """Bit for bit: unknown numbers are NaN, which differs from itself."""
    return all(found[table].tobytes() == wanted[table].tobytes() for table in wanted)


def test_a_store_of_version_0_gains_what_it_lacks_and_loses_nothing(tmp_path):
    """Before the stamp there was no such column, table or index, and facts were of another kind."""
    before = write_some(tmp_path)
    edited(
        tmp_path,
        "DROP TABLE meta",
        "DROP TABLE links",
        "DROP TABLE latest_scores",
        "DROP INDEX orders_placed",
        "ALTER TABLE orders DROP COLUMN channel",
        "UPDATE orders SET facts = x'00', order_key = id",
    )
    with new_store(tmp_path) as store:
        assert same(store.facts(), before)
        near = store.neighbourhood([key()])["orders"]["order_key"]
        assert sorted(near.tolist()) == sorted([key("A"), key("B")])
        store.write({"orders": [order("C", channel="web")]}, received_at=NOON)
        assert told(store, "channel", order_id="C") == [(0, "web")]


def test_facts_of_an_older_kind_are_worked_out_anew_when_the_store_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(upgrade, "CHUNK", 7)  # rows at once, so that there are many ends
    with new_store(tmp_path) as store:
        store.write(random_shop(3), received_at=2 * NOON, refused=[])
        before = store.facts()
        asked = before["orders"]["order_key"].tolist()[:9]
        moment = int(np.median(before["orders"]["known_at"]))
        near = store.neighbourhood(asked, [moment] * 9, 3)
    tables = ("orders", "items", "addresses", "messages", "outcomes", "deliveries", "sellers")
    spoiled = [f"UPDATE {table} SET facts = x'00'" for table in tables]  # noqa: S608 - our words
    edited(tmp_path, *spoiled, "UPDATE links SET known_at = 0")
    stamped(tmp_path, facts=FACTS_VERSION - 1)
    with new_store(tmp_path) as store:
        assert same(store.facts(), before)
        assert same(store.neighbourhood(asked, [moment] * 9, 3), near)


def test_messages_are_read_again_once_after_an_operator_changed_the_phrases(tmp_path, monkeypatch):
    monkeypatch.setattr(upgrade, "CHUNK", 2)
    said = [message(str(at), text="what a banana republic") for at in range(5)]
    with new_store(tmp_path) as store:
        store.write({"messages": said}, received_at=NOON)
        assert store.facts()["messages"]["signals"].tolist() == [0] * 5
        assert store.read_again() == 0
    readers = Readers.told({"anger": {"add": ["banana republic"]}}, {}, "riskradar.toml")
    with open_store(tmp_path / "store.sqlite", readers=readers) as store:
        assert store.read_again() == 5
        assert store.facts()["messages"]["signals"].tolist() == [1 << SIGNALS.index("anger")] * 5
        assert store.read_again() == 0


def test_a_process_that_waited_for_another_to_upgrade_does_not_do_it_again(tmp_path):
    write_some(tmp_path)
    with new_store(tmp_path) as store:
        with store._database.writing() as connection:
            connection.execute("DELETE FROM links")
            upgrade._upgrade(store._database, connection, upgrade.ours())
        assert len(store.neighbourhood([key()])["orders"]) == 1


def test_processes_that_open_an_old_store_at_once_all_find_it_whole(tmp_path):
    with new_store(tmp_path) as store:
        store.write(random_shop(3), received_at=2 * NOON, refused=[])
    wanted = digest_of_facts(str(tmp_path / "store.sqlite"))
    edited(tmp_path, "UPDATE orders SET facts = x'00'", "UPDATE items SET facts = x'00'")
    stamped(tmp_path, facts=FACTS_VERSION - 1)
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(digest_of_facts, [str(tmp_path / "store.sqlite")] * 3))
    assert found == [wanted] * 3


@pytest.mark.parametrize("newer", [{"schema": 99}, {"facts": 9999}])
def test_a_store_of_newer_code_is_refused_by_name_and_left_as_it_was(tmp_path, newer):
    write_some(tmp_path)
    stamped(tmp_path, **newer)
    before = (tmp_path / "store.sqlite").read_bytes()
    with pytest.raises(StoreNewer, match=r"store\.sqlite was written by newer code: .* 99"):
        new_store(tmp_path)
    assert (tmp_path / "store.sqlite").read_bytes() == before


def test_a_store_with_columns_of_newer_code_is_refused_by_name(tmp_path):
    write_some(tmp_path)
    edited(tmp_path, "ALTER TABLE orders ADD COLUMN mood TEXT")
    stamped(tmp_path, layout="another")
    with pytest.raises(StoreNewer, match=r"has orders\.mood, which this code does not know"):
        new_store(tmp_path)


def test_a_process_whose_store_was_upgraded_under_it_stops_writing(tmp_path):
    """It would write facts of the old kind among those of the new."""
    with new_store(tmp_path) as store:
        store.write({"orders": [order()]}, received_at=NOON)
        stamped(tmp_path, facts=FACTS_VERSION + 1)
        with pytest.raises(StoreNewer, match="Restart this process"):
            store.write({"orders": [order("B")]}, received_at=NOON)
        with pytest.raises(StoreNewer, match="Restart this process"):
            store.facts()


def test_reading_only_needs_a_store_that_exists_and_is_up_to_date(tmp_path):
    path = tmp_path / "store.sqlite"
    with pytest.raises(StoreMissing, match=r"Expected a store at .*store\.sqlite, found none"):
        open_store(path, readonly=True)
    assert not path.exists()
    write_some(tmp_path)
    with open_store(path, readonly=True) as store:
        assert len(store.facts()["orders"]) == 2
        with pytest.raises(StoreError, match="opened for reading only"):
            store.write({"orders": [order("C")]}, received_at=NOON)
    stamped(tmp_path, facts=0)
    with pytest.raises(StoreOlder, match="Open it once for writing"):
        open_store(path, readonly=True)


def test_a_store_is_named_by_a_path_or_an_address(tmp_path):
    write_some(tmp_path)
    with open_store(f"sqlite:///{tmp_path}/store.sqlite") as store:
        assert len(store.facts()["orders"]) == 2
    with pytest.raises(StoreError, match="got a postgresql address"):
        open_store("postgresql://somewhere/else")


def test_only_its_owner_may_read_a_new_store(tmp_path):
    write_some(tmp_path / "new")
    assert (tmp_path / "new" / "store.sqlite").stat().st_mode & 0o777 == 0o600
