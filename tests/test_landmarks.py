"""Claims about the moments that are learned from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from little_shop import SHOP, at, facts, key, order, outcome

from features.facts import Facts
from features.schema import DAY_US, HOUR_US
from training.landmarks import MAX_PER_ORDER, Landmarks, landmarks, thinned
from training.truth import truth

HOURS = (0.0, 1.0, 6.0, 24.0)
LATER = at(100)


def found(given_facts: Facts, as_of: int = LATER) -> Landmarks:
    orders = truth(given_facts, as_of)
    return landmarks(given_facts, orders, hours=HOURS, decide_within_hours=24)


def hours_after_placing(marks: Landmarks) -> list[float]:
    return [round((a - p) / HOUR_US, 6) for a, p in zip(marks.as_of, marks.placed_at, strict=True)]


def message(number: int, sent: float, **columns: Any) -> dict[str, Any]:
    row = {"shop_id": SHOP, "message_id": f"m{sent}", "order_id": str(number), "sender": "buyer"}
    return {**row, "sent_at": at(sent), "known_at": at(sent), "text": "?", **columns}


def test_an_order_that_ships_late_has_a_landmark_at_each_hour_of_the_settings():
    marks = found(facts(orders=[order(1, 0, shipped_at=at(3))]))
    assert hours_after_placing(marks) == [0, 1, 6, 24]
    assert marks.weight.tolist() == [0.25] * 4
    assert marks.decision.tolist() == [False, False, False, True]


def test_the_first_landmark_is_just_after_we_learned_of_the_order():
    """At the very moment of learning, nothing is known strictly before it."""
    marks = found(facts(orders=[order(1, 0, known_at=at(0) + 2 * HOUR_US, shipped_at=at(3))]))
    first = at(0) + 2 * HOUR_US + 1
    assert marks.as_of.tolist() == [first, at(0) + 6 * HOUR_US, at(0) + 24 * HOUR_US]


def test_no_landmark_lies_after_shipment():
    marks = found(facts(orders=[order(1, 0, shipped_at=at(0) + 3 * HOUR_US)]))
    assert hours_after_placing(marks) == [0, 1]
    assert marks.decision.tolist() == [False, True]


@pytest.mark.parametrize(
    "table", ["cancelled_at", "deliveries", "outcomes"], ids=lambda name: f"by {name}"
)
def test_an_order_that_is_out_of_play_is_asked_about_no_more(table):
    soon = at(0) + 2 * HOUR_US
    rows: dict[str, Any] = {"orders": [order(1, 0)]}
    if table == "cancelled_at":
        rows["orders"] = [order(1, 0, cancelled_at=soon)]
    elif table == "deliveries":
        attempt = {"shop_id": SHOP, "order_id": "1", "attempted_at": soon, "known_at": soon}
        rows["deliveries"] = [{**attempt, "status": "delivered"}]
    else:
        rows["outcomes"] = [outcome(1, "complaint", 2 / 24)]
    assert hours_after_placing(found(facts(**rows))) == [0, 1]


def test_a_complaint_long_after_delivery_is_no_landmark_where_shipment_is_never_told():
    marks = found(facts(orders=[order(1, 0)], messages=[message(1, 20)]))
    assert hours_after_placing(marks) == [0, 1, 6, 24]


def test_each_message_of_the_buyer_and_each_new_address_is_a_landmark():
    address = {"shop_id": SHOP, "order_id": "1", "recorded_at": at(0.2), "known_at": at(0.2)}
    marks = found(
        facts(
            orders=[order(1, 0, shipped_at=at(3))],
            messages=[message(1, 0.1), message(1, 2), message(1, 0.15, sender="seller")],
            addresses=[address, {**address, "recorded_at": at(0), "known_at": at(0)}],
        )
    )
    assert hours_after_placing(marks) == [0, 1, 2.4, 4.8, 6, 24, 48]
    assert marks.as_of[2] == at(0.1) + 1  # known strictly before
    assert marks.weight.tolist() == pytest.approx([1 / 7] * 7)
    assert marks.decision.tolist() == [False] * 5 + [True, False]


def test_a_buyer_who_writes_fifty_times_is_still_one_order():
    """The clock's landmarks and the decision moment stay; of the messages, the latest."""
    messages = [message(1, 1.1 + i / 50) for i in range(50)]
    marks = found(facts(orders=[order(1, 0, shipped_at=at(3))], messages=messages))
    assert len(marks) == MAX_PER_ORDER
    assert hours_after_placing(marks)[:4] == [0, 1, 6, 24]
    assert marks.as_of[-1] == at(1.1 + 49 / 50) + 1
    assert marks.weight.sum() == pytest.approx(1)


def test_a_contacted_order_is_left_out_and_the_held_out_speak_for_it():
    def assigned(number: int, arm: str) -> dict[str, Any]:
        row = {"shop_id": SHOP, "order_id": str(number), "assigned_at": at(0.1), "arm": arm}
        return {**row, "known_at": at(0.1), "propensity": 0.1 if arm == "holdout" else 0.9}

    marks = found(
        facts(
            orders=[order(n, 0, shipped_at=at(3)) for n in (1, 2, 3)],
            outreach=[assigned(1, "contact"), assigned(2, "holdout")],
        )
    )
    assert set(marks.order_key.tolist()) == {key(2), key(3)}
    assert marks.weight[marks.order_key == key(2)].sum() == pytest.approx(10)
    assert marks.weight[marks.order_key == key(3)].sum() == pytest.approx(1)


def test_a_mistyped_propensity_does_not_rule_the_fit():
    row = {"shop_id": SHOP, "order_id": "1", "assigned_at": at(0.1), "known_at": at(0.1)}
    outreach = [{**row, "arm": "holdout", "propensity": 1e-6}]
    marks = found(facts(orders=[order(1, 0, shipped_at=at(3))], outreach=outreach))
    assert marks.weight.sum() == pytest.approx(20)


def test_thinning_keeps_every_decision_moment_and_every_order_s_weight():
    marks = found(facts(orders=[order(n, n, shipped_at=at(n + 3)) for n in range(10)]))
    few = thinned(marks, 15)
    assert len(few) == 15
    assert few.decision.sum() == 10
    sums = [few.weight[few.order_key == key(n)].sum() for n in range(10)]
    assert sums == pytest.approx([1] * 10)


@given(data=st.data())
def test_what_is_learned_at_or_after_the_moment_changes_no_landmark(data):
    """The law of the cut: later versions, messages, outcomes and contacts are not there yet."""
    now = at(5)
    orders = [order(n, n) for n in range(4)]
    before = found(facts(orders=orders), now)
    late = data.draw(st.integers(now, now + 10 * DAY_US))
    number = data.draw(st.integers(0, 3))
    said_at = data.draw(st.floats(0, 5))
    common = {"shop_id": SHOP, "order_id": str(number), "known_at": late}
    later = {
        "orders": [order(number, number, shipped_at=at(said_at), known_at=late)],
        "messages": [message(number, said_at, known_at=late)],
        "outcomes": [outcome(number, "return", said_at, known_at=late)],
        "deliveries": [{**common, "attempted_at": at(said_at), "status": "refused"}],
        "outreach": [{**common, "assigned_at": at(said_at), "arm": "contact"}],
    }
    tables = {**later, "orders": [*orders, *later["orders"]]}
    after = found(facts(**tables), now)
    for name in Landmarks.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
