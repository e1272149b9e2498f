"""What messages say as bits, and what weights make of them: exact, alone and in the batch alike."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shops import START_US, random_shop

from features.build import FeatureSettings, Queries
from features.encoded import STEP, WEIGHTS, Conversations, Encoding, Encodings
from features.facts import Facts, facts_of, facts_of_records
from features.index import Index
from features.inputs import input_names, inputs
from features.population import Population
from features.schema import DAY_US, HOUR_US
from features.signal_names import SIGNALS
from features.sketch import BITS, FIELDS, sketch

SETTINGS = FeatureSettings("USD", {"BRL": 0.2, "CLP": 0.001}, "America/Sao_Paulo")
SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=15, deadline=None)
CHANCE = Encodings(Encoding.rounded(np.random.default_rng(1).normal(0, 0.5, WEIGHTS), -0.25))


def bits(text: str) -> list[int]:
    """Places of the bits that a text sets."""
    whole = int.from_bytes(sketch(text), "little")
    return [at for at in range(BITS) if whole >> at & 1]


def worth(**pieces: float) -> Encoding:
    """Weights of the bits of one-word messages, and of nothing else."""
    weights = np.zeros(WEIGHTS)
    for piece, weight in pieces.items():
        if piece in SIGNALS:
            weights[BITS + SIGNALS.index(piece)] = weight
        else:
            (place,) = bits(piece)
            weights[place] = weight
    return Encoding(weights, 0.0)


@lru_cache(maxsize=8)
def shop(seed: int) -> Facts:
    return facts_of_records(random_shop(seed))


def questions(facts: Facts, seed: int) -> Queries:
    """Every order asked twice, up to a month after the shop's last order was placed."""
    draw = np.random.default_rng(seed)
    keys = np.repeat(np.unique(facts["orders"]["order_key"]), 2)
    return Queries(keys, START_US + (draw.random(len(keys)) * 150 * DAY_US).astype(np.int64))


def column(facts: Facts, queries: Queries, encodings: Encodings = CHANCE) -> np.ndarray:
    return encodings.columns(Index(facts), queries.order_key, queries.as_of)[0]


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal to the last bit, unknown being equal to unknown."""
    return bool(((left == right) | (np.isnan(left) & np.isnan(right))).all())


def said(hour: float, text: str | None, sender: str = "buyer") -> dict[str, Any]:
    return {"sent_at": START_US + int(hour * HOUR_US), "text": text, "sender": sender}


def trouble(*messages: dict[str, Any], by: Encoding, at_hour: float = 50) -> float:
    """`conversation_trouble` of one order, `at_hour` hours after it was placed."""
    own = {"shop_id": "s", "order_id": "o"}
    rows = [
        own | {"message_id": str(number), "known_at": one["sent_at"]} | one
        for number, one in enumerate(messages)
    ]
    facts = facts_of_records({"orders": [own | {"known_at": START_US}], "messages": rows})
    asked = Queries(facts["orders"]["order_key"], np.array([START_US + int(at_hour * HOUR_US)]))
    return float(column(facts, asked, Encodings(by))[0])


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("late", [917]),
        ("LATE!!", [282, 917, 979]),
        ("12345", [801]),
        ("在哪", [609, 865, 964]),
        ("", []),
    ],
)
def test_a_text_sets_the_same_bits_on_every_machine(text: str, places: list[int]) -> None:
    """A sketch is stored; weights of last night must find the same bits tomorrow, elsewhere."""
    assert bits(text) == places


def test_the_order_of_words_is_part_of_a_sketch_and_their_spelling_is_not() -> None:
    assert sketch("good not") != sketch("not good")
    assert sketch("NÃO  CHEGOU") == sketch("nao chegou")
    assert sketch("order 12345") == sketch("order 777")


def test_only_what_the_buyer_wrote_leaves_a_trace() -> None:
    row = {"shop_id": ["s"] * 4, "known_at": [1] * 4, "text": ["late", "late", None, "late"]}
    found = facts_of("messages", row | {"sender": ["buyer", "seller", "buyer", "system"]})
    marked = [any(int(one[name]) for name in FIELDS) for one in found]
    assert marked == [True, False, False, False]


def test_a_conversation_is_the_mean_of_what_its_messages_are_worth() -> None:
    by = worth(late=1.0, thanks=-0.5)
    assert trouble(said(1, "late"), said(2, "thanks"), said(3, "late"), by=by) == 0.5
    assert trouble(said(1, "late"), said(2, "late", "seller"), by=by) == 1.0
    assert trouble(said(1, "late"), said(60, "thanks"), by=by) == 1.0


def test_signals_are_worth_something_beside_words() -> None:
    by = worth(chasing=2.0)
    assert trouble(said(1, "when is my order going out?"), said(2, "ok"), by=by) == 1.0


def test_a_buyer_who_has_not_written_is_unknown_and_one_who_wrote_nothing_known_is_average() -> (
    None
):
    assert math.isnan(trouble(by=worth(late=1.0)))
    assert math.isnan(trouble(said(1, "late", "seller"), by=worth(late=1.0)))
    assert math.isnan(trouble(said(60, "late"), by=worth(late=1.0)))
    assert trouble(said(1, "something else"), by=worth(late=1.0)) == 0


def test_an_edited_message_counts_once_as_it_reads_now() -> None:
    first = said(1, "late") | {"message_id": "m"}
    edited = first | {"text": "thanks", "known_at": START_US + 2 * HOUR_US}
    by = worth(late=1.0, thanks=-0.5)
    assert trouble(first, edited, by=by) == -0.5
    assert trouble(first, edited, by=by, at_hour=1.5) == 1.0


@given(SEEDS)
@FEW
def test_a_conversation_alone_equals_its_row_in_the_batch(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    batch = column(facts, queries)
    assert np.isfinite(batch).any()
    for at in range(0, len(queries), 7):
        one = Queries(queries.order_key[at : at + 1], queries.as_of[at : at + 1])
        assert same(column(facts, one), batch[at : at + 1])


@given(SEEDS)
@FEW
def test_what_is_known_at_or_after_the_moment_changes_no_conversation(seed: int) -> None:
    facts = shop(seed)
    queries = questions(facts, seed)
    batch = column(facts, queries)
    for at in range(0, len(queries), 7):
        cut = {name: rows[rows["known_at"] < queries.as_of[at]] for name, rows in facts.items()}
        one = Queries(queries.order_key[at : at + 1], queries.as_of[at : at + 1])
        assert same(column(cut, one), batch[at : at + 1])


@given(SEEDS)
@FEW
def test_permuting_the_messages_changes_no_conversation(seed: int) -> None:
    facts, draw = shop(seed), np.random.default_rng(seed)
    shuffled = {name: draw.permutation(rows) for name, rows in facts.items()}
    queries = questions(facts, seed)
    assert same(column(shuffled, queries), column(facts, queries))


def test_what_is_fitted_stands_behind_the_features_in_blocks_of_any_size() -> None:
    facts = shop(3)
    known = facts["orders"]["known_at"].max() + DAY_US
    keys = np.unique(facts["orders"]["order_key"])
    queries = Queries(keys, np.full(len(keys), known))
    population = Population(facts, SETTINGS.money)
    whole = inputs(facts, queries, population, SETTINGS, CHANCE)
    assert input_names()[-1] == "conversation_trouble"
    assert whole.shape == (len(keys), len(input_names()))
    assert same(whole[:, -1], column(facts, queries).astype(np.float32))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("features.encoded.BLOCK", 3)
        assert same(inputs(facts, queries, population, SETTINGS, CHANCE), whole)
    without = inputs(facts, queries, population, SETTINGS, Encodings())
    assert np.isnan(without[:, -1]).all()
    assert same(without[:, :-1], whole[:, :-1])


def test_the_bits_that_are_learned_from_are_those_that_are_scored() -> None:
    facts = shop(5)
    queries = questions(facts, 5)
    talk = Conversations.known(Index(facts), queries.order_key, queries.as_of)
    by = CHANCE.conversation
    table = talk.bits(np.arange(len(talk.words)))
    assert same(talk_scores := by.scores(talk.words), table @ by.weights + by.intercept)
    assert len(talk_scores) > 20


def test_weights_come_back_from_their_arrays_as_they_were() -> None:
    again = Encodings.of_arrays(CHANCE.arrays())
    assert same(again.conversation.weights, CHANCE.conversation.weights)
    assert again.conversation.intercept == CHANCE.conversation.intercept
    assert Encodings.of_arrays(Encodings().arrays()).conversation is None


def test_weights_are_multiples_of_a_step_so_that_sums_are_exact() -> None:
    found = Encoding.rounded(np.full(WEIGHTS, 0.1), 1e9)
    assert (found.weights / STEP == np.rint(found.weights / STEP)).all()
    assert abs(found.weights[0] - 0.1) <= STEP
    assert found.intercept == 64.0


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ({"conversation_weights": np.zeros(3)}, "expected 1040 float64 weights"),
        ({"conversation_weights": np.full(WEIGHTS, 0.1)}, "multiples of"),
        ({"conversation_weights": np.full(WEIGHTS, np.nan)}, "expected weights within 64"),
        ({"conversation_base": np.zeros(2)}, "expected one intercept"),
        ({"city_rate": np.zeros(2)}, "expected the weights of conversations"),
    ],
)
def test_arrays_that_are_not_ours_are_refused(damage, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Encodings.of_arrays(CHANCE.arrays() | damage)
