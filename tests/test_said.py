"""What a conversation says becomes numbers: counts, growth, silence, and what the listing lacks."""

from __future__ import annotations

import math
from typing import Any

import pytest

from features.build import FeatureSettings, Queries, build, names
from features.facts import Readers, facts_of, facts_of_records, key_of
from features.population import Population
from features.schema import HOUR_US
from features.signals import SIGNALS

PLACED = 1_700_000_000_000_000
SETTINGS = FeatureSettings()
CHASE, WORRY = "when is my order going out?", "I'm worried it got lost"


def said(hour: float, text: str, sender: str = "buyer") -> dict[str, Any]:
    return {"sent_at": PLACED + int(hour * HOUR_US), "text": text, "sender": sender}


def features(
    *messages: dict[str, Any], title: str | None = None, at_hour: float = 50
) -> dict[str, float]:
    """The features of one order of one product, `at_hour` hours after it was placed."""
    own = {"shop_id": "s", "known_at": PLACED, "order_id": "o"}
    facts = facts_of_records(
        {
            "orders": [own | {"placed_at": PLACED}],
            "items": [own | {"line": 1, "product_id": "p"}],
            "products": [
                {"shop_id": "s", "known_at": PLACED - 1, "product_id": "p", "title": title}
            ],
            "messages": [
                own | {"message_id": str(number), "known_at": one["sent_at"]} | one
                for number, one in enumerate(messages)
            ],
        }
    )
    asked = Queries(facts["orders"]["order_key"], facts["orders"]["known_at"] * 0 + PLACED)
    asked.as_of[:] = PLACED + int(at_hour * HOUR_US)
    assert asked.order_key[0] == key_of("order", "s", "o")
    row = build(facts, asked, Population(facts, SETTINGS.money), SETTINGS)[0]
    return dict(zip(names(), row.tolist(), strict=True))


def test_a_silent_buyer_counts_nothing_and_has_no_share():
    found = features()
    assert found["chasing_messages"] == 0
    assert math.isnan(found["troubled_message_share"])
    assert math.isnan(found["anxiety_growth"])


def test_signals_are_counted_by_message_and_only_the_buyers():
    found = features(
        said(1, CHASE), said(2, f"{WORRY}. {CHASE}"), said(3, CHASE, "seller"), said(4, "thanks")
    )
    assert found["chasing_messages"] == 2
    assert found["anxious_messages"] == 1
    assert found["troubled_message_share"] == pytest.approx(2 / 3)


def test_trouble_is_placed_in_hours_since_placing_and_until_now():
    found = features(said(1, "hello"), said(3, CHASE), said(10, WORRY), at_hour=12)
    assert found["hours_to_first_trouble"] == 3
    assert found["hours_since_trouble"] == 2


def test_worry_that_comes_late_has_grown_by_the_whole_share():
    found = features(said(1, "hello"), said(2, "what time is it there"), said(3, WORRY))
    assert found["anxiety_growth"] == 1
    assert found["anger_growth"] == 0


def test_two_messages_are_too_few_to_have_grown():
    assert math.isnan(features(said(1, "hello"), said(2, WORRY))["anxiety_growth"])


def test_a_chase_after_an_answer_to_a_chase_is_counted():
    answer = said(2, "soon", "seller")
    assert features(said(1, CHASE), answer, said(3, CHASE))["chases_after_answer"] == 1
    assert features(said(1, CHASE), said(3, CHASE))["chases_after_answer"] == 0
    assert features(said(1, "hello"), answer, said(3, CHASE))["chases_after_answer"] == 0


def test_the_longest_silence_may_be_the_one_that_lasts():
    messages = [said(1, "hello"), said(6, "welcome", "seller"), said(7, "are you there?")]
    assert features(*messages, at_hour=10)["seller_silence_hours"] == 5
    assert features(*messages, at_hour=20)["seller_silence_hours"] == 13


def test_shouting_is_the_share_of_capitals_among_letters():
    assert features(said(1, "WHERE is it"))["shouting_share"] == pytest.approx(5 / 9)
    assert math.isnan(features(said(1, "在哪里"))["shouting_share"])


def test_going_on_in_another_language_is_a_switch():
    found = features(
        said(1, "where is my order please"), said(2, "请问什么时候发货"), said(3, "什么时候")
    )
    assert found["language_switches"] == 1


def test_an_attribute_asked_that_the_listing_lacks_is_counted_across_languages():
    question = said(1, "is it waterproof? and is the strap real leather?")
    assert features(question, title="皮革手表")["attributes_not_listed"] == 1
    assert features(question, title="Leather watch, waterproof")["attributes_not_listed"] == 0
    assert math.isnan(features(question)["attributes_not_listed"])


def test_an_operators_phrase_is_read_and_a_removed_one_is_not():
    added = {"anger": {"add": ["banana republic"]}}
    readers = Readers.told(added, {"s2": {"anger": {"add": ["mango republic"]}}}, "riskradar.toml")
    row = {"shop_id": ["s", "s", "s2"], "known_at": [1, 1, 1], "sender": ["buyer"] * 3}
    texts = ["this is a banana republic", "a mango republic", "a mango republic"]
    found = facts_of("messages", row | {"text": texts}, readers)["signals"]
    assert (found >> SIGNALS.index("anger") & 1).tolist() == [1, 0, 1]
    assert readers.digest != Readers().digest
