"""What outcomes teach about words, on little shops whose buyers say what will go wrong."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from little_shop import SHOP, at, facts, key, order, outcome

from features.build import FeatureSettings
from features.encoded import CONVERSATION, WEIGHTS, Encoding, Encodings
from features.facts import Facts
from features.index import Index
from features.population import Population
from features.schema import DAY_US, HOUR_US
from store.home import Home
from training.encode import BLOCKS, Encoded, Encoder, blocks
from training.labels import UNKNOWN
from training.landmarks import Landmarks
from training.learn import Learned, ablations, learn
from training.nightly import _Night
from training.progress import Reporter
from training.recipe import LearnSettings

DAYS = 400.0
# Words of no language that a phrase file knows: before a return, and otherwise.
WOE = ("skoda zla", "zepsute znowu", "nie dziala wcale", "oszustwo i tyle")
JOY = ("dzien dobry", "piekna sprawa", "jaki kolor", "dziekuje bardzo")


def message(number: int, text: str, sent_at: int) -> dict[str, Any]:
    """A message of an order's buyer, known at once."""
    row = {"shop_id": SHOP, "order_id": str(number), "message_id": f"m{number}"}
    return {**row, "sent_at": sent_at, "known_at": sent_at, "sender": "buyer", "text": text}


class TalkativeShop:
    """Orders that ship after two days; most buyers who speak of woe return what they bought."""

    def __init__(self, orders: int, *, seed: int = 0, flipped: int = -1) -> None:
        """The order `flipped` ends the other way, and nothing else differs."""
        draws = np.random.default_rng(seed)
        placed = np.sort(draws.uniform(0, DAYS, orders))
        self.returned = draws.random(orders) < 0.2
        says_so = draws.random(orders) < np.where(self.returned, 0.8, 0.1)
        writes = draws.random(orders) < 0.6
        words = draws.integers(0, len(WOE), orders)
        self.returned[flipped] ^= flipped >= 0
        rows, outcomes, messages = [], [], []
        for i in range(orders):
            shipped = at(placed[i]) + 2 * DAY_US
            one = order(i, placed[i], buyer_id=f"b{i % (orders // 2)}")
            rows += [one, one | {"shipped_at": shipped, "known_at": shipped}]
            if writes[i] or i == flipped:
                text = (WOE if says_so[i] else JOY)[words[i]]
                messages.append(message(i, text, at(placed[i]) + 2 * HOUR_US))
            if self.returned[i]:
                outcomes.append(outcome(i, "return", placed[i] + 12))
        self.tables = {"orders": rows, "outcomes": outcomes, "messages": messages}
        self.facts: Facts = facts(**self.tables)
        self.as_of = at(DAYS)

    def matrix(self, marks: Landmarks) -> np.ndarray:
        """(n, 2) float32: noise, and room for what is learned from messages."""
        noise = (marks.order_key % 1000) / 1000.0
        return np.column_stack([noise, np.full(len(marks), np.nan)]).astype(np.float32)

    def learned(self, found: Facts | None = None) -> Learned:
        """A night on these facts."""
        return learn(
            self.facts if found is None else found,
            self.matrix,
            ("noise", CONVERSATION),
            settings=LearnSettings(max_origins=2, min_positives=10**6),
            as_of=self.as_of,
        )


@pytest.fixture(scope="module")
def shop() -> TalkativeShop:
    return TalkativeShop(1_500)


@pytest.fixture(scope="module")
def model(shop) -> Learned:
    return shop.learned()


def encoder_of(model: Learned) -> Encoder:
    encoder = model.table.encoder
    assert encoder is not None
    return encoder


def last(model: Learned) -> Encoded:
    """What the night's last fit saw and gave."""
    return encoder_of(model).at(model.as_of, model.as_of)


def test_woe_in_words_that_nobody_listed_ranks_orders_that_taught_nothing_of_it(shop, model):
    column = last(model).column
    written = np.isfinite(column)
    assert 0.3 < written.mean() < 0.9
    woe = np.isin(model.table.landmarks.order_key, [key(i) for i in np.flatnonzero(shop.returned)])
    assert column[written & woe].mean() > 0.5 + column[written & ~woe].mean()


def test_the_column_pays_on_orders_that_follow(shop, model):
    (found,) = ablations(model, shop.facts, {"encoded": (CONVERSATION,)})["risk"]
    assert found.pays
    assert found.roc_auc_gain.low > 0.05


@pytest.mark.parametrize("number", [100, 700])
def test_an_order_s_own_outcome_does_not_change_what_its_words_are_worth_to_it(number: int):
    """Its message says what no other says; were it read by its own lesson, the value would move."""
    shops = [TalkativeShop(1_500, flipped=number), TalkativeShop(1_500)]
    told = message(number, "zupelnie inaczej", at(0))
    values = []
    for one in shops:
        rows = [row for row in one.tables["messages"] if row["message_id"] != f"m{number}"]
        placed = next(r["placed_at"] for r in one.tables["orders"] if r["order_id"] == str(number))
        moment = {"sent_at": placed + HOUR_US, "known_at": placed + HOUR_US}
        model = one.learned(facts(**{**one.tables, "messages": [*rows, told | moment]}))
        column, encodings = last(model).column, last(model).encodings
        own = model.table.landmarks.order_key == key(number)
        values.append((column[own], encodings.conversation.weights))
    (with_it, weights), (without_it, others) = values
    assert np.isfinite(with_it).any()
    np.testing.assert_array_equal(with_it, without_it)
    assert (weights != others).any(), "the weights for later orders did learn from it"


def test_no_order_is_read_by_weights_that_saw_its_buyer(model):
    marks = model.table.landmarks
    found = blocks(marks, model.as_of)
    buyers = {}
    for buyer, block in zip(marks.buyer_key.tolist(), found.tolist(), strict=True):
        buyers.setdefault(buyer, set()).add(block)
    assert all(len(own) == 1 for own in buyers.values())
    assert set(found.tolist()) == set(range(BLOCKS))
    first = [marks.placed_at[found == block].min() for block in range(BLOCKS)]
    assert first == sorted(first), "blocks of time, by each buyer's first order"


def test_orders_placed_after_the_origin_teach_nothing_and_are_read_by_all_the_rest(model):
    marks, encoder = model.table.landmarks, encoder_of(model)
    origin = at(300)
    later = marks.placed_at >= origin
    assert (blocks(marks, origin)[later] == -1).all()
    found = encoder.at(origin, origin)
    scores = found.encodings.conversation.scores(encoder.talk.words)
    by_all = encoder.talk.trouble(scores.take(encoder.talk.which))
    np.testing.assert_array_equal(found.column[later], by_all[later])
    assert (found.column[~later] != by_all[~later]).any()


def test_answers_that_come_later_change_nothing_at_an_origin(shop, model):
    """The same origin, with and without what became known after it, gives the same bits."""
    origin = at(300)
    known = {name: rows[rows["known_at"] < origin] for name, rows in shop.facts.items()}
    marks, encoder = model.table.landmarks, encoder_of(model)
    then = Encoder.of(
        known | {"messages": shop.facts["messages"]},
        marks,
        encoder.answers_at,
        history_days=730,
        half_life_days=365,
    )
    np.testing.assert_array_equal(then.at(origin, origin).column, encoder.at(origin, origin).column)
    answers = encoder.answers_at(origin)
    assert (answers[marks.placed_at > origin] == UNKNOWN).all()


def test_the_same_facts_give_the_same_weights(shop, model):
    again = shop.learned()
    np.testing.assert_array_equal(
        again.encodings.conversation.weights, model.encodings.conversation.weights
    )
    np.testing.assert_array_equal(again.table.matrix, model.table.matrix)


def test_a_champion_is_judged_by_what_it_would_have_read_itself(shop, model, tmp_path):
    """Its own weights of words, not tonight's, on the same moments."""
    money = FeatureSettings().money
    night = _Night(
        Home(tmp_path), shop.facts, FeatureSettings(), Population(shop.facts, money),
        as_of=shop.as_of, now=shop.as_of, reporter=Reporter(sys.stderr),
    )  # fmt: skip
    theirs = Encodings(Encoding.rounded(np.ones(WEIGHTS), 0.5))
    rows = np.flatnonzero(np.isfinite(model.table.matrix[:, 1]))[:50]
    read = night._as_read_by(SimpleNamespace(encodings=theirs.arrays()), model, rows)
    marks = model.table.landmarks.take(rows)
    (expected,) = theirs.columns(Index(shop.facts), marks.order_key, marks.as_of)
    np.testing.assert_array_equal(read[:, 1], expected.astype(np.float32))
    np.testing.assert_array_equal(read[:, 0], model.table.matrix[rows, 0])
    assert (read[:, 1] > model.table.matrix[rows, 1] + 1).all()


def test_too_few_messages_teach_nothing_and_the_model_does_without():
    shop = TalkativeShop(600)
    few = facts(**{**shop.tables, "messages": shop.tables["messages"][:150]})
    found = shop.learned(few)
    assert found.encodings.arrays() == {}
    assert np.isnan(found.table.matrix[:, 1]).all()
    rows = found.table.matrix.copy()
    before = found.model.margins(rows)
    rows[:, 1] = 3.0
    np.testing.assert_array_equal(found.model.margins(rows), before)


def test_words_that_say_nothing_of_what_follows_are_not_believed():
    """Outcomes dealt out by lot: no weights at all rather than weights of chance."""
    shop = TalkativeShop(1_500)
    draws = np.random.default_rng(9)
    for row in shop.tables["messages"]:
        row["text"] = (*WOE, *JOY)[int(draws.integers(8))]
    found = shop.learned(facts(**shop.tables))
    assert found.encodings.conversation is None
