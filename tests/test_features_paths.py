"""The quick paths give what the plain ones give: one and many, small and large, once and each."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import random_shop

from features import cut, facts, identity, links, rates, streams
from features.build import FeatureSettings, Queries, build
from features.cut import SORTED_BY, Grouped
from features.facts import DTYPES, NONE, facts_of, facts_of_records, key_of
from features.identity import keys_of, phone_digits, plain
from features.joined import Joined
from features.members import mixed
from features.plan import Part, Plan
from features.population import Population, day_for
from features.schema import DAY_US

SETTINGS = FeatureSettings("USD", {"BRL": 0.2, "CLP": 0.001}, "America/Sao_Paulo")
WORDS = st.integers(-(2**63), 2**63 - 1)
FEW = settings(max_examples=40, deadline=None)


def matrix(seed: int) -> np.ndarray:
    """Features of every order of a small shop ten days after it became known."""
    rows = facts_of_records(random_shop(seed))
    keys, first = np.unique(rows["orders"]["order_key"], return_index=True)
    asked = Queries(keys, rows["orders"]["known_at"][first] + 10 * DAY_US)
    return build(rows, asked, Population(rows, SETTINGS.money), SETTINGS)


@pytest.mark.parametrize("seed", range(3))
def test_a_table_too_large_to_sort_as_a_whole_gives_the_same_features(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every limit that tells small from large is set to nothing; not a bit may change."""
    small = matrix(seed)
    for module, limit in (
        (cut, "SMALL"),
        (cut, "SEVERAL"),
        (links, "SMALL"),
        (facts, "FEW"),
        (identity, "FEW"),
        (rates, "FEW"),
    ):
        monkeypatch.setattr(module, limit, 0)
    monkeypatch.setattr(streams, "AT_ONCE", 3)
    assert np.array_equal(matrix(seed), small, equal_nan=True)


@pytest.mark.parametrize("table", sorted(DTYPES.keys() - {"outreach"}))  # the shop has none
def test_facts_of_many_rows_are_the_facts_of_each_row(table: str) -> None:
    rows = random_shop(5)[table]
    names = {name for row in rows for name in row}
    columns = {name: [row.get(name) for row in rows] for name in names}
    alone = [
        facts_of(table, {name: values[at : at + 1] for name, values in columns.items()})
        for at in range(len(rows))
    ]
    assert facts_of(table, columns).tobytes() == b"".join(one.tobytes() for one in alone)


def test_a_key_is_the_same_whether_hashed_alone_or_among_others() -> None:
    """Written out, because every stored history hangs on these numbers."""
    values = [f"o{number}" for number in range(40)] + [None, ""]
    shops = ["left", "right"] * 21
    keys = [key_of("order", shop, value) for shop, value in zip(shops, values, strict=True)]
    assert list(keys_of("order", shops, values)) == keys
    assert keys[-2:] == [NONE, NONE]
    assert key_of("order", "left", "o0") == -3023409503142724240


@given(st.text(max_size=30))
@FEW
def test_folding_by_a_table_of_letters_is_folding_letter_by_letter(text: str) -> None:
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = [c if c.isalnum() else " " for c in folded if not unicodedata.combining(c)]
    assert plain(text) == (" ".join("".join(kept).split()) or None)


@given(st.text(alphabet="0123456789 +-()x٣४", max_size=20))
@FEW
def test_the_digits_of_a_phone_are_those_of_any_script(text: str) -> None:
    digits = re.sub(r"\D", "", text)
    assert phone_digits(text) == (digits[-10:] if len(digits) >= 6 else None)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=2, max_size=6))
@FEW
def test_two_keys_are_mixed_alike_alone_and_among_others(pairs: list[tuple[int, int]]) -> None:
    first, second = (np.array(side, np.int64) for side in zip(*pairs, strict=True))
    alone = [mixed(first[at : at + 1], second[at : at + 1])[0] for at in range(len(pairs))]
    assert mixed(first, second).tolist() == alone


@given(st.lists(st.lists(st.integers(-9, 9), max_size=4), min_size=1, max_size=6))
@FEW
def test_an_order_s_rows_come_to_one_value_whatever_its_neighbours_have(
    baskets: list[list[int]],
) -> None:
    owner = np.repeat(np.arange(len(baskets)), [len(basket) for basket in baskets])
    joined = Joined(owner, np.arange(len(owner)), len(baskets))
    values = np.array([value for basket in baskets for value in basket], np.float64)
    assert joined.reduced(np.fmax, values, -99).tolist() == [max(b, default=-99) for b in baskets]
    assert joined.reduced(np.add, values, 0).tolist() == [sum(b) for b in baskets]
    assert joined.counts().tolist() == [len(b) for b in baskets]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=12), st.integers(0, 10))
@FEW
def test_one_key_sees_the_rows_that_it_sees_among_others(
    rows: list[tuple[int, int]], before: int
) -> None:
    table = np.zeros(len(rows), DTYPES["buyers"])
    table["buyer_key"], table["known_at"] = [r[0] for r in rows], [r[1] for r in rows]
    grouped, keys = Grouped(table, SORTED_BY["buyers"]), np.array([0, 1, 2, 3, NONE])
    alone = [grouped.latest(keys[at : at + 1], np.array([before]))[0] for at in range(5)]
    assert grouped.latest(keys, np.full(5, before)).tolist() == alone


def test_the_facts_of_a_row_that_is_not_there_are_unknown() -> None:
    sellers = Grouped(np.zeros(1, DTYPES["sellers"]), SORTED_BY["sellers"])
    words = sellers.facts(np.array([0, -1]))
    names = DTYPES["sellers"].names
    assert words[names.index("region_key")].tolist() == [0, NONE]
    assert np.isnan(words.view(np.float64)[names.index("lat")]).tolist() == [False, True]


def test_a_part_is_read_from_its_whole_which_is_computed_once() -> None:
    asked: list[int] = []

    def squares(query: int) -> list[int]:
        asked.append(query)
        return [query, query**2, query**3]

    def total(second: int, third: int) -> int:
        return second + third

    plan = Plan(
        {"squares": squares, "second": Part("squares", 1), "third": Part("squares", 2)}
        | {"total": total},
        ["total", "third"],
    )
    assert plan.run(3) == [36, 27]
    assert asked == [3]


def test_columns_that_read_each_other_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="in a circle: left → right → left"):
        Plan({"left": lambda right: right, "right": lambda left: left}, ["left"])
    with pytest.raises(KeyError, match="no such column"):
        Plan({"left": lambda right: right}, ["left"])


def test_an_index_is_shared_only_by_the_very_same_arrays() -> None:
    """Another array may hold other rows, however much it looks alike."""
    rows = facts_of_records(random_shop(2))
    index = Population(rows, SETTINGS.money).index
    assert index.of(dict(rows)) is index
    assert index.of(rows | {"items": rows["items"].copy()}) is not index


def test_states_asked_for_in_any_order_are_the_same() -> None:
    rows = facts_of_records(random_shop(7))
    days = np.unique(day_for(rows["orders"]["known_at"])).tolist()
    counted = Population(rows, SETTINGS.money)
    rising = {day: counted.state(day).to_bytes() for day in days}
    falling = {day: counted.state(day).to_bytes() for day in reversed(days)}
    assert rising == falling


@pytest.mark.parametrize("small", [0, 4_096])
def test_a_link_counts_from_the_first_moment_that_any_row_told_it(
    small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address recorded later may be known earlier, when exports arrive out of order."""
    monkeypatch.setattr(links, "SMALL", small)
    order = {"shop_id": "s", "order_id": "o", "known_at": 10, "placed_at": 10}
    told = [(1, 100), (2, 50)]  # recorded, known
    doors = [
        {"shop_id": "s", "order_id": "o", "recorded_at": r, "known_at": k, "phone": "123456"}
        for r, k in told
    ]
    rows = facts_of_records({"orders": [order], "addresses": doors})
    found = links.Links(
        *(Grouped(rows[table], SORTED_BY[table]) for table in ("orders", "addresses"))
    )
    assert found.known_at.tolist() == [50]
