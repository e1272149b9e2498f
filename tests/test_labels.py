"""Claims about what counts as the outcome of an order, and when that can be said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from little_shop import at, facts, key, order, outcome

from features.facts import Facts
from features.schema import DAY_US, OUTCOME_KINDS
from training.labels import Labels, labels, with_any, worthwhile
from training.truth import truth

DAYS = {kind: {"a_to_z_claim": 90.0, "chargeback": 120.0}.get(kind, 30.0) for kind in OUTCOME_KINDS}


def said(given_facts: Facts, as_of: int) -> Labels:
    return labels(given_facts, truth(given_facts, as_of), DAYS)


def answer(found: Labels, kind: str, number: int | str) -> int:
    return int(found.of(kind, np.array([key(number)]))[0])


def source(*kinds: str, **columns: Any) -> dict[str, list[dict[str, Any]]]:
    """An old order that shows that the kinds are reported at all."""
    return {
        "orders": [order("old", -200, **columns)],
        "outcomes": [outcome("old", kind, -199) for kind in kinds],
    }


def with_source(*kinds: str, **tables: list[dict[str, Any]]) -> Facts:
    known = source(*kinds)
    return facts(**{name: rows + known.get(name, []) for name, rows in tables.items()})


@pytest.mark.parametrize(("opened", "expected"), [(1, 1), (29.99, 1), (30, 0), (31, 0)], ids=str)
def test_an_outcome_counts_only_before_its_horizon(opened, expected):
    shop = with_source("return", orders=[order(1, 0)], outcomes=[outcome(1, "return", opened)])
    assert answer(said(shop, at(40)), "return", 1) == expected


def test_an_order_is_judged_only_when_its_horizon_has_passed():
    """Early positives of an unfinished cohort would make it look worse than it is."""
    shop = with_source("return", orders=[order(1, 0)], outcomes=[outcome(1, "return", 5)])
    assert answer(said(shop, at(30) - 1), "return", 1) == -1
    assert answer(said(shop, at(30)), "return", 1) == 1


def test_an_outcome_learned_too_late_is_not_there_yet():
    late = outcome(1, "return", 5, known_at=at(50))
    shop = with_source("return", orders=[order(1, 0)], outcomes=[late])
    assert answer(said(shop, at(50)), "return", 1) == 0
    assert answer(said(shop, at(50) + 1), "return", 1) == 1


def test_an_a_to_z_claim_has_ninety_days_from_the_latest_promise():
    orders = [
        order(1, 0, deliver_by_at=at(10)),
        order(1, 0, deliver_by_at=at(20), known_at=at(5)),
    ]
    shop = with_source("a_to_z_claim", orders=orders, outcomes=[outcome(1, "a_to_z_claim", 105)])
    assert answer(said(shop, at(109)), "a_to_z_claim", 1) == -1
    assert answer(said(shop, at(110)), "a_to_z_claim", 1) == 1


def test_a_late_delivery_may_open_when_a_promise_of_forty_days_is_broken():
    """Days after placing alone would call every long promise kept."""
    orders = [order(1, 0, deliver_by_at=at(40)), order(2, 0, deliver_by_at=at(10))]
    shop = with_source("late_delivery", orders=orders, outcomes=[outcome(1, "late_delivery", 41)])
    assert answer(said(shop, at(45)), "late_delivery", 1) == -1
    assert answer(said(shop, at(47)), "late_delivery", 1) == 1
    assert answer(said(shop, at(30)), "late_delivery", 2) == 0


def test_an_order_cancelled_by_somebody_else_than_the_buyer_is_censored():
    orders = [order(1, 0, cancelled_at=at(1)), order(2, 0, cancelled_at=at(1)), order(3, 0)]
    withdrawn = outcome(2, "cancelled_by_buyer", 1)
    shop = with_source("return", "cancelled_by_buyer", orders=orders, outcomes=[withdrawn])
    found = said(shop, at(40))
    assert [answer(found, "return", n) for n in (1, 2, 3)] == [-1, 0, 0]
    assert [answer(found, "cancelled_by_buyer", n) for n in (1, 2, 3)] == [-1, 1, 0]


def test_a_missing_feed_is_not_a_quiet_shop():
    """Returns are reported for one platform only: nobody says that the other has none."""
    orders = [order(1, 0), order(2, 0, platform="ebay")]
    found = said(with_source("return", orders=orders, outcomes=[]), at(40))
    assert answer(found, "return", 1) == 0
    assert answer(found, "return", 2) == -1
    assert answer(found, "chargeback", 1) == -1


def test_a_feed_of_another_shop_says_nothing_of_this_one():
    orders = [order(1, 0, shop_id="other")]
    found = said(with_source("return", orders=orders, outcomes=[]), at(40))
    other = found.order_key[found.order_key != key("old")]
    assert found.of("return", other).tolist() == [-1]


def test_orders_from_before_a_feed_began_are_not_called_quiet():
    """Every second later order was returned: forty silent ones before are no coincidence."""
    orders = [order(n, n) for n in range(80)]
    outcomes = [outcome(n, "return", n + 5) for n in range(70, 80, 2)]
    found = said(facts(orders=orders, outcomes=outcomes), at(120))
    assert answer(found, "return", 10) == -1  # its horizon passed before the first return at 75
    assert answer(found, "return", 50) == 0
    assert answer(found, "return", 70) == 1


def test_a_rare_kind_may_be_silent_for_long():
    """One return in a hundred orders: that the first came late says nothing of a feed."""
    orders = [order(n, n) for n in range(100)]
    found = said(facts(orders=orders, outcomes=[outcome(70, "return", 75)]), at(200))
    assert answer(found, "return", 10) == 0


def test_risk_is_any_of_its_kinds_and_waits_for_all_that_have_a_source():
    orders = [order(1, 0), order(2, 0), order(3, 0)]
    outcomes = [outcome(1, "return", 5), outcome(2, "complaint", 5)]
    shop = with_source("return", "complaint", "chargeback", orders=orders, outcomes=outcomes)
    quick, slow = ("return", "complaint", "refund"), ("return", "complaint", "chargeback")
    found = said(shop, at(40))
    assert [answer(with_any(found, "risk", quick), "risk", n) for n in (1, 2, 3)] == [1, 1, 0]
    assert [answer(with_any(found, "risk", slow), "risk", n) for n in (1, 2, 3)] == [-1, -1, -1]


def test_a_kind_whose_wait_would_cost_half_of_the_positives_is_no_part_of_risk():
    orders = [order(n, n) for n in range(100)]
    outcomes = [outcome(n, "return", n + 5) for n in range(100)]
    chargeback = [outcome(0, "chargeback", 100)]
    found = said(facts(orders=orders, outcomes=outcomes + chargeback), at(140))
    assert found.positives("return") == 100
    assert worthwhile(found, ("return", "chargeback")) == ("return",)
    later = said(facts(orders=orders, outcomes=outcomes + chargeback), at(200))
    assert worthwhile(later, ("return", "chargeback")) == ("return", "chargeback")


rows = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["return", "chargeback", "late_delivery", "a_to_z_claim"]),
    st.floats(0, 200),
)


@given(early=st.lists(rows, max_size=6), late=st.lists(rows, max_size=6), wait=st.floats(0, 50))
def test_what_is_learned_at_or_after_the_moment_changes_no_label(early, late, wait):
    """The law of the cut: neither outcomes, nor versions, nor cancellations known later matter."""
    now = at(60)
    orders = [order(n, 10 * n, deliver_by_at=at(10 * n + 12)) for n in range(4)]
    known = [outcome(n, kind, day, known_at=min(at(day), now - 1)) for n, kind, day in early]
    before = said(facts(orders=orders, outcomes=known), now)
    known_late = now + round(wait * DAY_US)
    unknown = [outcome(n, kind, day, known_at=known_late) for n, kind, day in late]
    versions = [order(n, 10 * n, cancelled_at=at(1), known_at=known_late) for n in range(4)]
    after = said(facts(orders=orders + versions, outcomes=known + unknown), now)
    np.testing.assert_array_equal(before.answer, after.answer)
    np.testing.assert_array_equal(before.ready_at, after.ready_at)


@given(early=st.lists(rows, max_size=8))
def test_an_answer_once_ready_is_the_same_ever_after(early):
    """Where everything is known when it opens, waiting longer changes nothing."""
    orders = [order(n, 10 * n) for n in range(4)]
    shop = with_source(
        "return",
        "chargeback",
        "late_delivery",
        "a_to_z_claim",
        orders=orders,
        outcomes=[outcome(n, kind, day) for n, kind, day in early],
    )
    first, later = said(shop, at(100)), said(shop, at(300))
    ready = first.answer != -1
    np.testing.assert_array_equal(first.answer[ready], later.answer[ready])


def test_the_horizon_is_a_setting():
    shop = with_source("return", orders=[order(1, 0)], outcomes=[outcome(1, "return", 8)])
    found = labels(shop, truth(shop, at(40)), {"return": 7.0})
    assert answer(found, "return", 1) == 0
    assert answer(found, "complaint", 1) == -1
