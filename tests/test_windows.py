"""Claims about rolling origins: who teaches, who chooses, who judges."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.schema import DAY_US
from training.windows import Cohort, NotEnoughHistory, Plan, plan

WAIT = 30  # days until an answer is final


def cohort(orders: int, days: float, *, rate: float = 0.1, seed: int = 0) -> tuple[Cohort, int]:
    """Orders placed evenly over the days whose answers are final by the end of the history."""
    placed = np.linspace(0, days - WAIT, orders) * DAY_US
    positive = np.random.default_rng(seed).random(orders) < rate
    placed_at = placed.astype(np.int64)
    return Cohort(placed_at, placed_at + WAIT * DAY_US, positive), round(days * DAY_US)


def planned(orders: int, days: float, **how: float) -> Plan:
    given_cohort, as_of = cohort(orders, days, **how)
    return plan(given_cohort, as_of=as_of, max_origins=6)


def test_two_years_are_judged_as_a_nightly_run_would_have_done_it():
    """Both what was fitted and what was chosen on was known at each judging origin."""
    found = planned(20_000, 730)
    assert found.style == "nested"
    assert not found.short
    assert [window.judges for window in found.windows] == [False] * 3 + [True] * 3
    for window in found.windows:
        assert window.fit_known_at == window.origin
        assert window.choose_known_at == window.origin


def test_four_months_keep_the_gap_before_each_fit():
    found = planned(5_000, 120)
    assert found.style == "gapped"
    assert all(window.fit_known_at == window.origin for window in found.windows)


def test_six_weeks_have_two_windows_and_choose_nothing():
    """Orders of twelve days are all that is judged; the longest wait is thirty."""
    found = planned(1_000, 42)
    assert found.style == "ordered"
    assert found.short
    assert [window.judges for window in found.windows] == [False, True]


def test_a_thousand_orders_of_a_year_train():
    found = planned(1_000, 365)
    assert len(found.windows) == 2
    assert found.short


def test_the_judging_windows_are_the_latest_quarter_of_the_orders():
    given_cohort, as_of = cohort(20_000, 730)
    found = plan(given_cohort, as_of=as_of, max_origins=6)
    judged = (given_cohort.placed_at >= found.test_from).mean()
    assert judged == pytest.approx(0.25, abs=0.01)
    assert found.windows[-1].until == given_cohort.placed_at.max() + 1


def test_a_shop_without_enough_is_told_what_it_has():
    given_cohort, as_of = cohort(100, 60, rate=0.05)
    positives = int(given_cohort.positive.sum())
    with pytest.raises(NotEnoughHistory, match=rf"got {positives} among 100"):
        plan(given_cohort, as_of=as_of, max_origins=6)


def test_no_orders_at_all_are_not_enough():
    nothing = np.empty(0, np.int64)
    with pytest.raises(NotEnoughHistory, match="got 0 among 0"):
        plan(Cohort(nothing, nothing, nothing == 1), as_of=0, max_origins=6)


@settings(max_examples=60)
@given(
    orders=st.integers(50, 5_000),
    days=st.floats(35, 900),
    rate=st.floats(0.02, 0.6),
    seed=st.integers(0, 5),
)
def test_windows_follow_one_another_and_no_fit_sees_what_it_predicts(orders, days, rate, seed):
    given_cohort, as_of = cohort(orders, days, rate=rate, seed=seed)
    try:
        found = plan(given_cohort, as_of=as_of, max_origins=6)
    except NotEnoughHistory:
        return
    windows = found.windows
    assert len(windows) <= 6
    assert [window.judges for window in windows] == sorted(window.judges for window in windows)
    assert windows[0].judges is False
    assert windows[-1].judges is True
    for earlier, later in pairwise(windows):
        assert earlier.until == later.origin
    for window in windows:
        fitted = given_cohort.placed_at < window.origin
        known = given_cohort.ready_at <= window.fit_known_at
        assert given_cohort.positive[fitted & known].any()
        if found.style != "ordered":  # the gap: what is fitted was final before anything judged
            assert given_cohort.ready_at[fitted & known].max() <= window.origin
