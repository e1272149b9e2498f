"""Reasons say in words what the contributions say in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from features.build import names
from features.catalogue import model_inputs
from outreach.reasons import MOST, SHOP_WIDE, Reason, Words, in_words

NAN = float("nan")


def reasons_for(contributions: dict[str, float], values: dict[str, float]) -> tuple[Reason, ...]:
    order = tuple(contributions)
    return in_words(
        np.array([contributions[name] for name in order]),
        np.array([values[name] for name in order], np.float32),
        order,
        home_currency="BRL",
    )


def text_of(name: str, value: float) -> str:
    (reason,) = reasons_for({name: 1.0}, {name: value})
    return reason.text


def test_the_strongest_reason_comes_first_with_its_value_and_contribution() -> None:
    found = reasons_for(
        {"address_changes": 0.25, "order_amount": -0.5, "unanswered_messages": 0.75},
        {"address_changes": 2, "order_amount": 10, "unanswered_messages": 1},
    )
    assert [(r.feature, r.value, r.contribution) for r in found] == [
        ("unanswered_messages", 1.0, 0.75),
        ("address_changes", 2.0, 0.25),
    ]


def test_what_lowers_the_risk_is_no_reason() -> None:
    values = {"address_changes": 1.0, "has_phone": 1.0}
    assert reasons_for({"address_changes": -0.1, "has_phone": 0.0}, values) == ()


def test_two_views_of_the_same_thing_are_one_reason() -> None:
    found = reasons_for(
        {"seller_late_share_worst": 0.2, "seller_late_share_recent": 0.3, "has_phone": 0.1},
        {"seller_late_share_worst": 0.5, "seller_late_share_recent": 0.6, "has_phone": 0},
    )
    assert [(r.code, r.feature) for r in found] == [
        ("seller_late_share", "seller_late_share_recent"),
        ("has_phone", "has_phone"),
    ]


def test_no_order_is_given_more_reasons_than_people_read() -> None:
    every = names()
    found = Words(every).reasons(np.ones(len(every)), np.ones(len(every), np.float32))
    assert len(found) == MOST


def test_what_is_alike_for_every_order_of_the_shop_is_no_reason_for_one() -> None:
    weights = {"shop_late_share_recent": 2.0, "distance_km": 0.1}
    found = reasons_for(weights, {"shop_late_share_recent": 0.5, "distance_km": 90.0})
    assert [reason.feature for reason in found] == ["distance_km"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("address_changes", 3, "Number of times the address was changed: 3 changes."),
        ("address_changes", 1, "Number of times the address was changed: 1 change."),
        ("hours_since_placed", 4.5, "Hours since the order was placed: 4.5 hours."),
        ("order_shipping_share", 0.4, "Shipping cost as a share of the amount: 40 %."),
        ("order_amount", 129.9, "Amount of the order in the shop's home currency: 129.90 BRL."),
        ("pays_on_delivery", 1, "The order is paid in cash on delivery: yes."),
        ("promise_weekday", 6, "Day of the week of the promised delivery, Monday is 0: Sunday."),
        ("distance_km", 2412.7, "Distance from the farthest seller to the buyer: 2413 kilometres."),
        (
            "conversation_trouble",
            0.7,
            (
                "How much the buyer's words sound like those that ended in trouble at this shop: "
                "2.01 times the usual odds."
            ),
        ),
        ("order_instalments", NAN, "Number of instalments the order is paid in: not known."),
        (
            "hours_to_payment",
            NAN,
            "Hours from placing to payment: not known, the payment has not cleared.",
        ),
    ],
)
def test_a_value_is_said_with_its_unit(name: str, value: float, text: str) -> None:
    assert text_of(name, value) == text


def test_an_unknown_value_is_null_rather_than_zero() -> None:
    (reason,) = reasons_for({"distance_km": 0.1}, {"distance_km": NAN})
    assert reason.value is None


@pytest.mark.parametrize("value", [0.0, 1.0, 0.123456, 1e9, -3.5, NAN])
def test_every_feature_can_be_said(value: float) -> None:
    for feature in model_inputs():
        if not feature.name.startswith(SHOP_WIDE):
            assert text_of(feature.name, value).startswith(feature.words)
