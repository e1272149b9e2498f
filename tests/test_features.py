"""The laws that every feature keeps; a new feature gets them without a line written here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import random_shop

from features.build import FeatureSettings, Queries, build, fingerprint, names
from features.catalogue import catalogue, groups
from features.facts import Facts, facts_of_records
from features.population import Population, State, day_for
from features.schema import DAY_US

SETTINGS = FeatureSettings("USD", {"BRL": 0.2, "CLP": 0.001}, "America/Sao_Paulo")
NAMES = names()
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=15, deadline=None)


@lru_cache(maxsize=8)
def shop(seed: int) -> Facts:
    return facts_of_records(random_shop(seed))


def questions(facts: Facts, seed: int) -> Queries:
    """Every order asked twice, up to a month after it became known."""
    draw = np.random.default_rng(seed)
    keys, first = np.unique(facts["orders"]["order_key"], return_index=True)
    known = facts["orders"]["known_at"]
    earliest = np.array([known[facts["orders"]["order_key"] == key].min() for key in keys])
    del first
    keys, earliest = np.repeat(keys, 2), np.repeat(earliest, 2)
    return Queries(keys, earliest + 1 + (draw.random(len(keys)) * 30 * DAY_US).astype(np.int64))


def matrix(facts: Facts, queries: Queries) -> np.ndarray:
    return build(facts, queries, Population(facts, SETTINGS.money), SETTINGS)


def one(queries: Queries, at: int) -> Queries:
    return Queries(queries.order_key[at : at + 1], queries.as_of[at : at + 1])


def differing(left: np.ndarray, right: np.ndarray) -> list[str]:
    """Names of the features that are not equal to the last bit, unknown being equal to unknown."""
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return [
        name
        for name, column in zip(NAMES, same.reshape(-1, len(NAMES)).T, strict=True)
        if not column.all()
    ]


@given(SEEDS)
@FEW
def test_an_order_scored_alone_equals_its_row_in_the_batch(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    batch = matrix(facts, queries)
    for at in range(0, len(queries), 9):
        assert differing(matrix(facts, one(queries, at))[0], batch[at]) == []


@given(SEEDS)
@FEW
def test_what_is_known_at_or_after_the_moment_changes_nothing(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    batch = matrix(facts, queries)
    for at in range(0, len(queries), 9):
        cut = {name: rows[rows["known_at"] < queries.as_of[at]] for name, rows in facts.items()}
        assert differing(matrix(cut, one(queries, at))[0], batch[at]) == []


@given(SEEDS)
@FEW
def test_permuting_the_rows_permutes_the_results(seed: int) -> None:
    facts, draw = shop(seed), np.random.default_rng(seed)
    queries = questions(facts, seed)
    shuffled = {name: draw.permutation(rows) for name, rows in facts.items()}
    order = draw.permutation(len(queries))
    permuted = Queries(queries.order_key[order], queries.as_of[order])
    assert differing(matrix(shuffled, permuted), matrix(facts, queries)[order]) == []


@given(SEEDS)
@FEW
def test_the_stored_population_state_equals_the_batch_counts(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    population = Population(facts, SETTINGS.money)
    days = np.unique(day_for(queries.as_of))
    stored = {int(day): population.state(int(day)).to_bytes() for day in draw_order(days, seed)}

    class Stored:
        def state(self, day: int) -> State:
            return State.from_bytes(stored[day])

    assert differing(build(facts, queries, Stored(), SETTINGS), matrix(facts, queries)) == []


@given(st.integers(0, 10_000), st.integers(1, 3))
@settings(max_examples=10, deadline=None)
def test_blocks_and_threads_change_nothing(seed: int, threads: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("features.build.BLOCK", 3)
        states = Population(facts, SETTINGS.money)
        found = build(facts, queries, states, SETTINGS, threads=threads)
    assert len(queries) > 2 * 3, "several blocks for each thread"
    assert differing(found, matrix(facts, queries)) == []


def draw_order(days: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(days)


@given(SEEDS)
@FEW
def test_another_shop_changes_nothing(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    own = {
        name: rows[rows["shop_key"] == facts["orders"]["shop_key"][0]]
        for name, rows in facts.items()
    }
    mine = np.isin(queries.order_key, own["orders"]["order_key"])
    asked = Queries(queries.order_key[mine], queries.as_of[mine])
    assert differing(matrix(own, asked), matrix(facts, queries)[mine]) == []


def test_building_leaves_the_facts_as_they_were() -> None:
    facts = shop(3)
    before = {name: rows.tobytes() for name, rows in facts.items()}
    matrix(facts, questions(facts, 3))
    assert {name: rows.tobytes() for name, rows in facts.items()} == before


def test_no_question_gives_no_row() -> None:
    nothing = np.empty(0, np.int64)
    assert matrix(shop(3), Queries(nothing, nothing)).shape == (0, len(NAMES))


def test_an_order_not_known_yet_is_refused() -> None:
    facts = shop(3)
    queries = questions(facts, 3)
    with pytest.raises(ValueError, match="no version of it was known then"):
        matrix(facts, Queries(queries.order_key[:1], queries.as_of[:1] - 400 * DAY_US))


@pytest.fixture(scope="module")
def many() -> dict[str, np.ndarray]:
    """Values of each feature over several random shops."""
    parts = [matrix(shop(seed), questions(shop(seed), seed)) for seed in range(12)]
    return dict(zip(NAMES, np.concatenate(parts).T, strict=True))


@pytest.mark.parametrize("feature", catalogue(), ids=lambda feature: feature.name)
def test_a_feature_stays_within_its_stated_range(feature, many) -> None:
    known = many[feature.name][~np.isnan(many[feature.name])]
    assert not np.isinf(known).any()
    if len(known):
        assert feature.low <= known.min()
        assert known.max() <= feature.high


@pytest.mark.parametrize("feature", catalogue(), ids=lambda feature: feature.name)
def test_a_feature_is_missing_only_where_it_says(feature, many) -> None:
    assert feature.missing.startswith(("Missing where", "Never missing"))
    if feature.missing.startswith("Never missing"):
        assert not np.isnan(many[feature.name]).any()


@pytest.mark.parametrize("feature", catalogue(), ids=lambda feature: feature.name)
def test_a_feature_says_itself_in_words(feature) -> None:
    assert 10 < len(feature.words) < 110
    assert feature.why.endswith((".", ")", "`"))


def test_there_are_at_least_sixty_features_in_named_groups() -> None:
    assert len(NAMES) >= 60
    assert set(groups()) == {
        "order",
        "product",
        "seller",
        "place",
        "history",
        "address",
        "address_changes",
        "address_flags",
        "conversation",
        "said",
        "encoded",
    }
    assert len(set(NAMES)) == len(NAMES)


def test_the_fingerprint_names_the_features_and_their_versions() -> None:
    assert len(fingerprint()) == 16
