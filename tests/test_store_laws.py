"""Laws of the store, held against plain models that know nothing of its ways."""

from __future__ import annotations

from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import random_shop
from store_rows import NOON, new_store, said_of

from features.facts import DTYPES, Facts, facts_of_records

COLUMNS = ("placed_at", "carrier", "amount_minor", "is_gift")
said = st.fixed_dictionaries(
    {},
    optional={
        "placed_at": st.sampled_from([NOON, NOON, NOON + 1, None]),
        "carrier": st.sampled_from(["dhl", "ups", "", None]),
        "amount_minor": st.sampled_from([0, 5, None]),
        "is_gift": st.sampled_from([True, False, None]),
    },
)
row = st.tuples(st.sampled_from("AB"), st.integers(NOON, NOON + 6), said)
batches = st.lists(st.tuples(st.integers(NOON, NOON + 9), st.lists(row, max_size=6)), max_size=5)
new_shop = (f"shop-{number}" for number in count())  # each example has a shop of its own
Versions = dict[int, dict[str, object]]  # known_at → what was known from then on


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with new_store(tmp_path_factory.mktemp("laws")) as opened:
        yield opened


def say(versions: Versions, at: int, row: dict[str, object], received_at: int) -> str:
    """The rule of versions, in as few words as possible."""
    earlier = [known_at for known_at in versions if known_at <= at]
    before = versions[max(earlier)] if earlier else None
    now = {**dict.fromkeys(COLUMNS), **(before or {}), **row}
    if now == before:
        return "unchanged"
    if at in versions:
        since = sorted(known_at for known_at in versions if at <= known_at <= received_at)
        if any({**versions[a], **row} == versions[b] for a, b in pairwise(since)):
            return "unchanged"
        return "refused" if received_at <= at else say(versions, received_at, row, received_at)
    if now["placed_at"] is None:
        return "refused"
    versions[at] = now
    return "inserted"


@settings(max_examples=150, deadline=None)
@given(batches)
def test_versions_are_those_of_a_plain_model(store, given_batches):
    """Whatever is said, in whatever batches: the same versions, the same facts of them."""
    shop = next(new_shop)
    model: dict[str, Versions] = {"A": {}, "B": {}}
    for received_at, rows in given_batches:
        batch = [said_of(order_id, at, **what) | {"shop_id": shop} for order_id, at, what in rows]
        counts = store.write({"orders": batch}, received_at=received_at, refused=[]).tables
        fates = [
            say(model[order_id], at, what, received_at)
            for order_id, at, what in sorted(rows, key=lambda r: r[1])
        ]
        found = counts.get("orders")
        assert found is None or fates.count("inserted") == found.inserted
        assert found is None or fates.count("refused") == found.refused
    for order_id, versions in model.items():
        records = store.timeline(shop, order_id)
        assert {r.known_at: {c: r.values[c] for c in COLUMNS} for r in records} == versions
    wanted = [
        said_of(order_id, at, **now) | {"shop_id": shop}
        for order_id, versions in model.items()
        for at, now in versions.items()
    ]
    found = store.facts(tables=["orders"], shops=[shop])
    assert_same(found, facts_of_records({"orders": wanted}))


def sorted_rows(facts: Facts, table: str) -> list[bytes]:
    return sorted(row.tobytes() for row in facts[table])


def assert_same(found: Facts, wanted: Facts) -> None:
    for table in found:
        assert sorted_rows(found, table) == sorted_rows(wanted, table), table


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(5)))
def test_what_was_known_at_a_moment_does_not_depend_on_the_order_of_arrival(store, arrival):
    """For whole rows that all differ.

    A row that says nothing new leaves no trace, so what it confirmed cannot be told from what an
    older row, arriving later, changed.
    """
    shop = next(new_shop)
    for hour in arrival:
        row = said_of("A", NOON + hour, placed_at=NOON, amount_minor=hour, channel=f"c{hour}")
        store.write({"orders": [row | {"shop_id": shop}]}, received_at=NOON + 99)
    found = [(r.known_at, r.values["amount_minor"]) for r in store.timeline(shop, "A")]
    assert found == [(NOON + hour, hour) for hour in range(5)]


def shop_named(seed: int, prefix: str, orders: int = 25) -> dict[str, list[dict[str, object]]]:
    """A random shop of two, under names that no other example uses."""
    tables = random_shop(seed, orders=orders)
    return {
        table: [row | {"shop_id": f"{prefix}{row['shop_id']}"} for row in rows]
        for table, rows in tables.items()
    }


def facts_of_shop(store, prefix: str) -> Facts:
    return store.facts(shops=[f"{prefix}shop0", f"{prefix}shop1"])


def test_a_whole_shop_comes_back_as_it_was_given_and_a_second_import_changes_nothing(store):
    shop = next(new_shop)
    rows = shop_named(5, shop)
    first = store.write(rows, received_at=NOON, refused=[])
    found = facts_of_shop(store, shop)
    again = store.write(rows, received_at=NOON + 1, refused=[])
    assert sum(counts.inserted for counts in first.tables.values()) > 300
    assert {counts.inserted for counts in again.tables.values()} == {0}
    given_facts = facts_of_records(rows)
    for table, counts in first.tables.items():
        assert len(found[table]) == counts.inserted
        assert set(sorted_rows(found, table)) <= set(sorted_rows(given_facts, table))


def naive_neighbourhood(facts: Facts, asked: list[tuple[int, int]], cap: int) -> Facts:
    """The definition, word for word, over all rows."""
    first: dict[tuple[int, int], int] = {}
    unknown = np.iinfo(np.int64).min
    sources = (("orders", "buyer_key"), ("addresses", "phone_key"), ("addresses", "address_key"))
    exists = set(facts["orders"]["order_key"].tolist())
    for table, column in sources:
        for one in facts[table]:
            link, order, at = int(one[column]), int(one["order_key"]), int(one["known_at"])
            if link != unknown:
                first[link, order] = min(at, first.get((link, order), at))
    near = {order for order, _ in asked}
    for order, as_of in asked:
        for link in {k for (k, o), at in first.items() if o == order and at < as_of}:
            tied = [(at, o) for (k, o), at in first.items() if k == link and at < as_of]
            near |= {o for _, o in sorted(t for t in tied if t[1] in exists)[-cap:]}
    own = {order for order, _ in asked}
    keep = dict.fromkeys(("items", "messages", "outreach"), ("order_key", own))
    for table in ("orders", "addresses", "outcomes", "deliveries"):
        keep[table] = ("order_key", near)
    for table, column, source in (
        ("products", "product_key", "items"),
        ("sellers", "seller_key", "items"),
        ("buyers", "buyer_key", "orders"),
    ):
        named = {int(r[column]) for r in facts[source] if int(r["order_key"]) in own}
        keep[table] = (column, named - {unknown})
    return {t: facts[t][np.isin(facts[t][c], sorted(k))] for t, (c, k) in keep.items()}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.booleans(), st.integers(1, 3))
def test_a_neighbourhood_is_what_its_definition_finds_among_all_facts(store, seed, cap, cut, many):
    draw, shop = np.random.default_rng(seed), next(new_shop)
    store.write(shop_named(seed, shop), received_at=2 * NOON, refused=[])
    facts = facts_of_shop(store, shop)
    keys = draw.choice(facts["orders"]["order_key"], size=many).tolist()
    moments = draw.choice(facts["addresses"]["known_at"], size=many).tolist()
    as_of = moments if cut else None
    found = store.neighbourhood(keys, as_of, cap)
    asked = list(zip(keys, as_of or [3 * NOON] * many, strict=True))
    assert set(found) == set(DTYPES)
    assert_same(found, naive_neighbourhood(facts, asked, cap))


def test_the_law_of_neighbourhoods_is_tried_on_shops_that_share():
    """The average order of such shops must have neighbours, or the law says nothing."""
    sizes = []
    for seed in range(5):
        facts = facts_of_records(random_shop(seed, orders=25))
        order = int(facts["orders"]["order_key"][0])
        near = naive_neighbourhood(facts, [(order, 2 * NOON)], 500)
        sizes.append(len(set(near["orders"]["order_key"].tolist())))
    assert np.mean(sizes) > 3
