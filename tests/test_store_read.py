"""Claims about reading: neighbours by index, everything for learning, and what is still open."""

from __future__ import annotations

import numpy as np
import pytest
from store_rows import HOUR, NOON, address, key, message, new_store, order, said_of

from features.facts import facts_of_records
from features.schema import TABLES
from store import statements
from store.errors import UnknownColumn


@pytest.fixture
def store(tmp_path):
    with new_store(tmp_path) as opened:
        yield opened


def near(store, order_id="A", as_of=None, cap=500):
    """Order ids in the neighbourhood of an order, by the rows of `orders`."""
    moments = None if as_of is None else [as_of]
    found = store.neighbourhood([key(order_id)], moments, cap)["orders"]["order_key"].tolist()
    return sorted(order_id for _, order_id in store.order_ids(found).values())


def test_orders_of_the_same_buyer_phone_or_address_are_neighbours(store):
    store.write(
        {
            "orders": [
                order(buyer_id="ann"),
                order("B", buyer_id="ann"),
                order("C"),
                order("D"),
                order("E", buyer_id="eve"),
            ],
            "addresses": [
                address(phone="+49 30 1234567", line1="Am Markt 1", city="Ulm"),
                address("C", phone="030 1234567", line1="Elsewhere 7"),
                address("D", line1="AM MARKT 1", city="Ulm"),
            ],
        },
        received_at=NOON,
    )
    assert near(store, "A") == ["A", "B", "D"]
    assert near(store, "E") == ["E"]


def test_the_same_last_ten_digits_are_the_same_phone(store):
    phones = [address(phone="+55 11 91234-5678"), address("B", phone="011 91234 5678")]
    store.write({"orders": [order(), order("B")], "addresses": phones}, received_at=NOON)
    assert near(store) == ["A", "B"]


def test_an_order_without_buyer_and_address_is_alone(store):
    """Null never matches null."""
    store.write(
        {"orders": [order(), order("B")], "addresses": [address(), address("B")]}, received_at=NOON
    )
    assert near(store) == ["A"]


def test_a_link_that_was_ever_said_stays(store):
    store.write({"orders": [order(buyer_id="ann"), order("B", buyer_id="ann")]}, received_at=NOON)
    changed = order("B", NOON + HOUR, buyer_id="bob")
    store.write({"orders": [changed]}, received_at=NOON)
    assert near(store) == ["A", "B"]


def test_only_links_known_before_the_moment_count(store):
    orders = [order(buyer_id="ann"), order("B", NOON + HOUR, buyer_id="ann")]
    store.write({"orders": orders}, received_at=NOON)
    assert near(store, "A", as_of=NOON + HOUR) == ["A"]
    assert near(store, "A", as_of=NOON + HOUR + 1) == ["A", "B"]
    assert near(store, "B", as_of=NOON + HOUR) == ["B"], "its own link is not known yet"


def test_the_latest_orders_of_a_key_are_kept_and_ties_go_by_order_key(store):
    late = [order(name, NOON + HOUR, buyer_id="ann") for name in "BC"]
    early = [order(name, NOON, buyer_id="ann") for name in "DA"]
    store.write({"orders": late + early}, received_at=NOON)
    tied = max("DA", key=key)
    assert near(store, "A", cap=2) == ["A", "B", "C"]
    assert near(store, "B", cap=3) == sorted(["B", "C", tied])


def test_an_earlier_moment_moves_a_link_back(store):
    orders = [order("B", NOON + HOUR, buyer_id="ann"), order("C", buyer_id="ann")]
    store.write({"orders": orders}, received_at=NOON)
    store.write({"orders": [order("B", NOON - HOUR, buyer_id="ann")]}, received_at=NOON)
    assert near(store, "B", as_of=NOON, cap=500) == ["B"]
    assert near(store, "C", as_of=NOON + HOUR, cap=1) == ["C"]


def test_an_order_of_which_only_an_address_is_known_takes_no_place(store):
    """Features knows orders by their rows; a place given away here would be a place missing."""
    phone = {"phone": "0301234567"}
    where = [address(at, NOON + later, **phone) for later, at in enumerate("ABX")]
    store.write({"orders": [order(), order("B")], "addresses": where}, received_at=NOON)
    assert near(store, "A", cap=1) == ["A", "B"], "X is the latest, but it is no order yet"


def test_of_orders_tied_alike_come_what_they_were_and_how_they_ended(store):
    """Their items, messages and outreach no feature reads, nor their products and sellers."""
    things = {
        "orders": [order(buyer_id="ann"), order("B", buyer_id="ann"), order("C", buyer_id="eve")],
        "items": [
            said_of("A", line=1, product_id="p1", seller_id="s1"),
            said_of("B", line=1, product_id="p2", seller_id="s2"),
        ],
        "addresses": [address("B")],
        "messages": [message("m1", order_id="A"), message("m2", order_id="B")],
        "outcomes": [said_of("B", kind="return", opened_at=NOON)],
        "deliveries": [said_of("B", attempted_at=NOON, status="absent")],
        "outreach": [said_of("B", assigned_at=NOON, arm="contact", propensity=0.9)],
        "products": [{**message("x"), "product_id": p} for p in ("p1", "p2")],
        "sellers": [{**message("x"), "seller_id": s} for s in ("s1", "s2")],
        "buyers": [{**message("x"), "buyer_id": b} for b in ("ann", "eve")],
    }
    for name in ("products", "sellers", "buyers"):
        kept = {"shop_id", "known_at", f"{name[:-1]}_id"}
        things[name] = [{k: v for k, v in row.items() if k in kept} for row in things[name]]
    store.write(things, received_at=NOON)
    found = store.neighbourhood([key("A")])
    assert {name: len(rows) for name, rows in found.items()} == {
        "orders": 2,
        "items": 1,
        "addresses": 1,
        "messages": 1,
        "outcomes": 1,
        "deliveries": 1,
        "outreach": 0,
        "products": 1,
        "sellers": 1,
        "buyers": 1,
    }


def test_an_unknown_order_has_no_rows(store):
    assert all(len(rows) == 0 for rows in store.neighbourhood([key("nobody")]).values())


def test_a_neighbourhood_is_read_by_index_alone(store):
    """One full scan would turn microseconds into seconds at a million orders."""
    texts = {
        statements.links_of(): 2,
        statements.latest_linked(): 2,
        statements.facts_of_orders(): 2,
        statements.facts_of_others(): 3,
    } | {statements.table_plan(name).versions: 1 for name in TABLES}
    with store._database.reading() as connection:
        for text, count in texts.items():
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", (1,) * count).fetchall()
            scans = [detail for *_, detail in plan if detail.startswith("SCAN")]
            assert all("_given" in scan or "_orders" in scan for scan in scans), scans


def test_facts_hold_every_version_in_order_of_key_and_moment(store):
    rows = {"orders": [order("A", NOON + HOUR, carrier="ups"), order("B"), order("A")]}
    store.write(rows, received_at=NOON)
    found = store.facts()
    wanted = facts_of_records(rows)["orders"]
    by = np.lexsort((wanted["known_at"], wanted["order_key"]))
    assert np.array_equal(found["orders"], wanted[by])
    assert set(found) == set(TABLES)


def test_facts_can_be_cut_by_shop_moment_and_table(store):
    orders = [order("A"), order("B", NOON + HOUR), order("C") | {"shop_id": "other"}]
    store.write({"orders": orders, "messages": [message("m")]}, received_at=NOON)
    assert len(store.facts(shops=["other"])["orders"]) == 1
    assert len(store.facts(known_before=NOON + HOUR)["orders"]) == 2
    assert list(store.facts(tables=["messages"])) == ["messages"]
    with pytest.raises(UnknownColumn, match="got 'message'"):
        store.facts(tables=["message"])


def test_open_orders_are_neither_shipped_nor_cancelled_by_the_moment(store):
    store.write(
        {
            "orders": [
                order("open"),
                order("gone", shipped_at=NOON + HOUR),
                order("off", cancelled_at=NOON),
                order("new", NOON + 2 * HOUR),
                order("sent"),
                order("sent", NOON + HOUR, shipped_at=NOON + HOUR),
            ]
        },
        received_at=NOON,
    )

    def named(**asked):
        found = store.open_orders(**asked)
        assert found.tolist() == sorted(found.tolist())
        return sorted(name for _, name in store.order_ids(found).values())

    assert named(as_of=NOON + 1) == ["gone", "open", "sent"]
    assert named(as_of=NOON + HOUR) == ["gone", "open", "sent"]
    assert named(as_of=NOON + HOUR + 1) == ["open"]
    assert named(as_of=NOON + 1, placed_to=NOON) == []
    assert named(as_of=NOON + 1, placed_from=NOON, shops=["shop"]) == ["gone", "open", "sent"]
    assert named(as_of=NOON + 1, shops=["other"]) == []


def test_the_timeline_of_an_order_tells_every_version_and_what_its_rows_name(store):
    store.write(
        {
            "orders": [order("A", NOON + HOUR, buyer_id="ann", is_gift=True)],
            "items": [said_of("A", NOON + HOUR, line=1, product_id="p")],
            "products": [{"shop_id": "shop", "known_at": NOON, "product_id": "p", "photos": 3}],
            "buyers": [{"shop_id": "shop", "known_at": NOON + 2 * HOUR, "buyer_id": "ann"}],
        },
        received_at=NOON + 5 * HOUR,
    )
    records = store.timeline("shop", "A")
    assert [r.table for r in records] == ["products", "orders", "items", "buyers"]
    assert records[1].values["is_gift"] is True
    assert records[1].received_at == NOON + 5 * HOUR
    assert store.timeline("shop", "unheard of") == []


def test_the_name_of_an_order_is_known_from_its_events_too(store):
    store.write({"outcomes": [said_of("A", kind="return", opened_at=NOON)]}, received_at=NOON)
    assert store.order_ids([key("A"), key("B")]) == {key("A"): ("shop", "A")}
