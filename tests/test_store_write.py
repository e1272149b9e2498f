"""Claims about versions: what is added, what is not, and what is refused."""

from __future__ import annotations

import pytest
from store_rows import HOUR, NOON, SHOP, address, key, message, new_store, order, said_of, told

from features.facts import facts_of_records
from store import Counts
from store.errors import BadVersion, MissingValue, StoreError, UnknownColumn


@pytest.fixture
def store(tmp_path):
    with new_store(tmp_path) as opened:
        yield opened


def test_a_first_row_is_one_version_known_when_it_says(store):
    written = store.write({"orders": [order(amount_minor=1_299)]}, received_at=NOON + HOUR)
    assert written.tables == {"orders": Counts(inserted=1)}
    assert written.last_known_at == NOON
    assert written.order_keys == (key("A"),)
    assert told(store, "amount_minor") == [(0, 1_299)]


def test_a_row_without_known_at_is_known_when_it_was_received(store):
    store.write({"orders": [order() | {"known_at": None}]}, received_at=NOON + HOUR)
    assert told(store, "placed_at") == [(1, NOON)]


def test_rows_without_known_at_have_the_facts_of_their_moment(store):
    """The moment is filled in after the facts are worked out, when the lock is held."""
    rows = [order(carrier="dhl") | {"known_at": None}, order("B", NOON + HOUR)]
    store.write({"orders": rows}, received_at=lambda: NOON + 2 * HOUR)
    wanted = facts_of_records({"orders": [rows[0] | {"known_at": NOON + 2 * HOUR}, rows[1]]})
    found = store.facts(tables=["orders"])["orders"]
    assert {row.tobytes() for row in found} == {row.tobytes() for row in wanted["orders"]}


def test_the_same_content_again_adds_nothing_and_keeps_its_first_moment(store):
    store.write({"orders": [order(carrier="dhl")]}, received_at=NOON)
    again = store.write({"orders": [order("A", NOON + HOUR, carrier="dhl")]}, received_at=NOON)
    assert again.tables == {"orders": Counts(unchanged=1)}
    assert again.order_keys == (key("A"),)
    assert told(store, "carrier") == [(0, "dhl")]


def test_an_absent_column_keeps_its_value_and_null_clears_it(store):
    store.write({"orders": [order(carrier="dhl", channel="web")]}, received_at=NOON)
    store.write({"orders": [said_of("A", NOON + HOUR, channel=None)]}, received_at=NOON)
    assert told(store, "carrier") == [(0, "dhl"), (1, "dhl")]
    assert told(store, "channel") == [(0, "web"), (1, None)]


def test_content_that_returns_to_what_it_was_is_a_new_version(store):
    for hours, carrier in enumerate(["dhl", "ups", "dhl"]):
        store.write({"orders": [order("A", NOON + hours * HOUR, carrier=carrier)]}, received_at=0)
    assert told(store, "carrier") == [(0, "dhl"), (1, "ups"), (2, "dhl")]


def test_a_late_older_version_takes_its_place_in_time(store):
    store.write({"orders": [order("A", NOON + 2 * HOUR, carrier="ups")]}, received_at=0)
    store.write({"orders": [order("A", NOON, carrier="dhl")]}, received_at=NOON + 9 * HOUR)
    assert told(store, "carrier") == [(0, "dhl"), (2, "ups")]


def test_other_content_at_a_taken_moment_is_known_when_it_was_received(store):
    """An export read again after the order has shipped still calls placed_at its clock."""
    store.write({"orders": [order()]}, received_at=NOON)
    shipped = {"orders": [order(shipped_at=NOON + HOUR)]}
    written = store.write(shipped, received_at=NOON + 3 * HOUR)
    assert written.last_known_at == NOON + 3 * HOUR
    assert told(store, "shipped_at") == [(0, None), (3, NOON + HOUR)]
    assert store.write(shipped, received_at=NOON + 5 * HOUR).tables["orders"].inserted == 0


def test_exports_read_again_change_nothing_in_whatever_order(store):
    """Three exports of one order, all calling placed_at their clock, each read the day it came."""
    exports = [{"orders": [order(carrier=carrier)]} for carrier in ("dhl", "ups", "gls")]
    for day, export in enumerate(exports):
        store.write(export, received_at=NOON + day * HOUR)
    for export in (exports[1], exports[0], exports[2]):
        assert store.write(export, received_at=NOON + 9 * HOUR).tables["orders"].inserted == 0
    assert told(store, "carrier") == [(0, "dhl"), (1, "ups"), (2, "gls")]


def test_other_content_at_a_taken_moment_received_no_later_is_refused_by_name(store):
    store.write({"orders": [order(carrier="dhl")]}, received_at=NOON)
    with pytest.raises(
        BadVersion, match=r"orders .*'order_id': 'A'.*known_at=1735732800000000"
    ) as e:
        store.write({"orders": [order("B"), order(carrier="ups")]}, received_at=NOON)
    assert (e.value.table, e.value.position) == ("orders", 1)
    assert e.value.key == {"shop_id": SHOP, "order_id": "A"}
    assert store.order_ids([key("B")]) == {}, "nothing of a refused write is stored"


def test_refused_rows_are_handed_back_while_the_others_are_stored(store):
    store.write({"orders": [order(carrier="dhl")]}, received_at=NOON)
    rows = [order("B"), order(carrier="ups"), said_of("C", carrier="ups")]
    refused = []
    written = store.write({"orders": rows}, received_at=NOON, refused=refused)
    assert written.tables == {"orders": Counts(inserted=1, refused=2)}
    assert [(type(r), r.position) for r in refused] == [(BadVersion, 1), (MissingValue, 2)]


def test_a_first_version_without_a_required_value_is_refused_by_name(store):
    with pytest.raises(MissingValue, match="expected a value in placed_at, got none"):
        store.write({"orders": [said_of("A", carrier="dhl")]}, received_at=NOON)


def test_a_required_value_may_not_be_cleared(store):
    store.write({"orders": [order()]}, received_at=NOON)
    cleared = said_of("A", NOON + HOUR, placed_at=None)
    with pytest.raises(MissingValue, match="placed_at"):
        store.write({"orders": [cleared]}, received_at=NOON)


@pytest.mark.parametrize("row", [{}, {"order_id": None}, {"order_id": ""}])
def test_a_row_without_its_key_is_refused_by_name(store, row):
    with pytest.raises(MissingValue, match="orders: a row needs its key, but order_id is unknown"):
        store.write({"orders": [{"shop_id": SHOP, "placed_at": NOON, **row}]}, received_at=NOON)


def test_a_misspelt_column_is_refused_by_name(store):
    with pytest.raises(UnknownColumn, match=r"of orders .* got carier"):
        store.write({"orders": [order(), order("B", carier="dhl")]}, received_at=NOON)


def test_an_unknown_table_is_refused_by_name(store):
    with pytest.raises(UnknownColumn, match="got 'order'"):
        store.write({"order": [order()]}, received_at=NOON)


def test_attributes_are_equal_however_their_keys_are_ordered_or_spelt(store):
    store.write({"orders": [order(attributes={"tier": "gold", "age": 3})]}, received_at=NOON)
    for spelt in ({"age": 3, "tier": "gold"}, '{ "tier": "gold", "age": 3 }'):
        row = order("A", NOON + HOUR, attributes=spelt)
        assert store.write({"orders": [row]}, received_at=NOON).tables["orders"].inserted == 0
    assert told(store, "attributes") == [(0, {"tier": "gold", "age": 3})]


def test_a_number_that_is_no_number_is_unknown(store):
    """NaN differs from itself: taken as it is, each import would add a version."""
    for unknown in (float("nan"), float("nan"), None):
        store.write({"addresses": [address(lat=unknown)]}, received_at=NOON + HOUR)
    assert told(store, "lat", "addresses") == [(0, None)]


def test_rows_of_one_write_are_placed_by_their_moments_not_by_their_order(store):
    rows = [said_of("A", NOON + HOUR, carrier="ups"), order("A", NOON, carrier="dhl", channel="x")]
    store.write({"orders": rows}, received_at=NOON)
    assert told(store, "carrier") == [(0, "dhl"), (1, "ups")]
    assert told(store, "channel") == [(0, "x"), (1, "x")]


def test_messages_may_come_before_their_order_or_belong_to_none(store):
    written = store.write(
        {"messages": [message("m1", order_id="A"), message("m2", buyer_id="b")]}, received_at=NOON
    )
    assert written.order_keys == (key("A"),)
    assert told(store, "message_id", "messages") == [(0, "m1")]
    assert len(store.facts()["messages"]) == 2


def test_a_message_that_learns_its_order_touches_that_order(store):
    store.write({"messages": [message("m1", text="hello")]}, received_at=NOON)
    later = {"shop_id": SHOP, "known_at": NOON + HOUR, "message_id": "m1", "order_id": "A"}
    assert store.write({"messages": [later]}, received_at=NOON).order_keys == (key("A"),)
    assert told(store, "text", "messages") == [(1, "hello")]


def test_a_key_of_several_columns_is_one_row_each(store):
    lines = [said_of(line=1, variant="S"), said_of(line=2, variant="M")]
    store.write({"orders": [order()], "items": lines}, received_at=NOON)
    store.write({"items": [said_of("A", NOON + HOUR, line=2, variant="L")]}, received_at=NOON)
    assert told(store, "variant", "items") == [(0, "S"), (0, "M"), (1, "L")]


def test_two_shops_may_use_the_same_order_id(store):
    rows = [order(carrier="dhl"), order(carrier="ups") | {"shop_id": "other"}]
    assert store.write({"orders": rows}, received_at=NOON).tables["orders"].inserted == 2
    assert told(store, "carrier") == [(0, "dhl")]


def test_a_write_of_nothing_is_known_when_it_was_received(store):
    written = store.write({"orders": []}, received_at=NOON)
    assert (written.tables, written.last_known_at, written.order_keys) == ({}, NOON, ())


def test_a_closed_store_says_so(store):
    store.close()
    with pytest.raises(StoreError, match="was closed; open it again"):
        store.facts()
