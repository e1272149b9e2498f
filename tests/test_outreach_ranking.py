"""Who comes first on a day, and what a day's disputes are expected to cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.facts import NONE
from outreach.money import expected_loss_minor
from outreach.ranking import band, places, places_that_matter

RISKS = st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.9, 1.0]), max_size=12)


def test_the_riskiest_of_a_day_has_place_zero() -> None:
    assert places([0.9], others=[0.5, 0.4]).tolist() == [0]


def test_an_equal_score_comes_after_the_one_that_was_there_first() -> None:
    assert places([0.5, 0.5], others=[0.5]).tolist() == [1, 2]


@given(risks=RISKS, others=RISKS, per_day=st.integers(0, 6))
def test_no_more_orders_are_flagged_than_the_team_can_contact(
    risks: list[float], others: list[float], per_day: int
) -> None:
    flagged = [band(int(place), per_day) == "high" for place in places(risks, others)]
    assert sum(flagged) <= per_day


@given(risks=RISKS, others=RISKS, per_day=st.integers(0, 3))
def test_the_scores_beyond_those_that_matter_change_no_band(
    risks: list[float], others: list[float], per_day: int
) -> None:
    highest = sorted(others, reverse=True)[: places_that_matter(per_day)]
    with_all = [band(int(p), per_day) for p in places(risks, others)]
    assert [band(int(p), per_day) for p in places(risks, highest)] == with_all


@given(risks=RISKS, others=RISKS)
def test_a_higher_risk_never_has_a_later_place(risks: list[float], others: list[float]) -> None:
    found = places(risks, others)
    assert len(set(found.tolist())) == len(risks)
    for one in range(len(risks)):
        for other in range(len(risks)):
            assert risks[one] <= risks[other] or found[one] < found[other]


@dataclass(frozen=True)
class Cost:
    share: float = 0.0
    fixed_minor: int = 0


COSTS = {"return": Cost(share=0.3), "chargeback": Cost(share=1.0, fixed_minor=2500)}


def test_expected_loss_sums_probability_times_cost_over_kinds() -> None:
    """0.10 x 0.3 x 10000 + 0.02 x (10000 + 2500) = 300 + 250."""
    found = expected_loss_minor(
        [[0.9, 0.10, 0.02]], ["risk", "return", "chargeback"], [10_000], costs=COSTS
    )
    assert found.tolist() == [550]


def test_a_share_of_an_unknown_amount_is_unknown() -> None:
    found = expected_loss_minor([[0.1], [0.1]], ["return"], [NONE, 1000], costs=COSTS)
    assert found.tolist() == [NONE, 30]


def test_a_fixed_cost_needs_no_amount() -> None:
    costs = {"complaint": Cost(fixed_minor=400)}
    assert expected_loss_minor([[0.5]], ["complaint"], [NONE], costs=costs).tolist() == [200]


@pytest.mark.parametrize("kinds", [["late_delivery"], ["risk"]])
def test_what_has_no_cost_adds_nothing(kinds: list[str]) -> None:
    assert expected_loss_minor(np.array([[0.5]]), kinds, [1000], costs=COSTS).tolist() == [0]
