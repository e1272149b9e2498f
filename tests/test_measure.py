"""Claims about the measures, checked by hand and against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from training.measure import Judged, calibration_range, measure
from training.metrics import (
    Ranked,
    average_precision_score,
    brier_loss,
    calibration_loss,
    equal_mass_bins,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
    top_of_each_day,
)

OUTCOME = np.array([True, False, True, False, False])
SCORE = np.array([0.9, 0.8, 0.6, 0.6, 0.1])
ONES = np.ones((1, 5))


def judged(outcome: np.ndarray, per_day: int = 2, **columns: np.ndarray) -> Judged:
    rows = np.arange(len(outcome))
    given_columns = {"weight": np.ones(len(outcome)), "cluster": rows, "day": rows // 10}
    return Judged(outcome=outcome, per_day=per_day, **{**given_columns, **columns})


def test_by_hand():
    """Positives at .9 and .6; negatives at .8, .6, .1: 4.5 of 6 pairs are the right way round."""
    groups = Ranked.of(OUTCOME, SCORE).groups(ONES)
    assert roc_auc_score(groups)[0] == pytest.approx(4.5 / 6)
    assert average_precision_score(groups)[0] == pytest.approx((1 / 1 + 2 / 4) / 2)
    flagged = SCORE > 0.7
    assert precision_score(OUTCOME, flagged, ONES)[0] == 0.5
    assert recall_score(OUTCOME, flagged, ONES)[0] == 0.5
    squares = (0.1**2, 0.8**2, 0.4**2, 0.6**2, 0.1**2)
    assert brier_loss(OUTCOME, SCORE, ONES)[0] == pytest.approx(sum(squares) / 5)
    bins = np.array([1, 1, 0, 0, 0])  # .85 said, .5 seen; .4333 said, .3333 seen
    expected = (2 * 0.35 + 3 * 0.1) / 5
    assert calibration_loss(OUTCOME, SCORE, bins, ONES)[0] == pytest.approx(expected)


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), values=st.integers(2, 30))
def test_weighed_and_tied_measures_are_scikit_learn_s(seed, values):
    draws = np.random.default_rng(seed)
    outcome = draws.random(60) < 0.3
    outcome[:2] = True, False
    score = draws.integers(1, values, 60) / values
    weight = draws.integers(0, 4, 60).astype(float)
    weight[:2] = 1
    groups = Ranked.of(outcome, score).groups(weight[None, :])
    how = {"sample_weight": weight}
    assert roc_auc_score(groups)[0] == pytest.approx(reference.roc_auc_score(outcome, score, **how))
    assert average_precision_score(groups)[0] == pytest.approx(
        reference.average_precision_score(outcome, score, **how)
    )
    assert log_loss(outcome, score, weight[None, :])[0] == pytest.approx(
        reference.log_loss(outcome, score, **how)
    )
    assert brier_loss(outcome, score, weight[None, :])[0] == pytest.approx(
        reference.brier_score_loss(outcome, score, **how)
    )


def test_each_day_s_list_holds_no_more_than_the_team_can_contact():
    day = np.array([1, 1, 1, 2, 2, 3])
    probability = np.array([0.1, 0.9, 0.5, 0.2, 0.2, 0.01])
    flagged = top_of_each_day(probability, day, 1)
    assert flagged.tolist() == [False, True, False, True, False, True]


def test_bins_hold_equally_many_and_never_part_equals():
    bins = equal_mass_bins(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]), 3)
    assert bins.tolist() == [0, 0, 1, 1, 2, 2]
    assert len(set(equal_mass_bins(np.full(100, 0.2), 10).tolist())) == 1


def test_the_interval_of_the_area_holds_the_true_one_about_as_often_as_it_says():
    """40 shops of 300 orders; at 95 % each, 32 or fewer hits have a chance below 1 in 1000."""
    hits = 0
    for seed in range(40):
        draws = np.random.default_rng(seed)
        outcome = draws.random(300) < 0.3
        score = draws.normal(size=300) + outcome  # the true area is Phi(1/sqrt(2)) = 0.7602
        found = measure(judged(outcome), {"model": score}).by["model"]["roc_auc_score"]
        hits += found.low < 0.7602 < found.high
    assert hits >= 33


def test_a_buyer_s_orders_are_drawn_together():
    """Ten copies of each order are no ten orders: the interval must not shrink."""
    draws = np.random.default_rng(0)
    outcome = draws.random(100) < 0.4
    score = draws.normal(size=100) + outcome
    alone = measure(judged(outcome), {"model": score}).by["model"]["roc_auc_score"]
    buyers = np.repeat(np.arange(100), 10)
    copied = judged(np.repeat(outcome, 10), cluster=buyers)
    together = measure(copied, {"model": np.repeat(score, 10)}).by["model"]["roc_auc_score"]
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.15)


def test_the_difference_is_paired():
    """Two contenders alike but for noise: their difference is known far better than either."""
    draws = np.random.default_rng(1)
    outcome = draws.random(1000) < 0.3
    ours = draws.normal(size=1000) + outcome
    theirs = ours + draws.normal(size=1000) * 0.1
    found = measure(judged(outcome), {"model": ours, "baseline": theirs})
    width = found.by["model"]["roc_auc_score"]
    paired = found.difference["baseline"]["roc_auc_score"]
    assert paired.high - paired.low < (width.high - width.low) / 3
    assert paired.value == pytest.approx(width.value - found.by["baseline"]["roc_auc_score"].value)


def test_true_probabilities_stay_inside_the_range_and_inflated_ones_leave_it():
    draws = np.random.default_rng(2)
    probability = draws.beta(1, 5, 3000)
    outcome = draws.random(3000) < probability
    one = judged(outcome)
    for given_probability, inside in ((probability, True), (probability * 1.3, False)):
        low, high = calibration_range(one, np.minimum(given_probability, 1), seed=0)
        found = measure(one, {"model": np.minimum(given_probability, 1)})
        error = found.by["model"]["calibration_loss"].value
        assert (error <= high) is inside
        assert 0 < low < high


def test_held_out_orders_count_for_those_they_stand_for():
    outcome = np.array([True, False, False, False])
    found = measure(judged(outcome, weight=np.array([10.0, 1, 1, 1])), {"model": np.full(4, 0.5)})
    assert found.rate == pytest.approx(10 / 13)
    assert found.by["model"]["brier_loss"].value == pytest.approx(0.25)


def test_the_same_seed_gives_the_same_intervals():
    outcome = np.random.default_rng(3).random(200) < 0.3
    score = np.random.default_rng(4).random(200)
    first = measure(judged(outcome), {"model": score}, seed=5)
    assert measure(judged(outcome), {"model": score}, seed=5).by == first.by
    assert measure(judged(outcome), {"model": score}, seed=6).by != first.by


def test_a_window_without_outcomes_says_so_instead_of_failing():
    found = measure(judged(np.zeros(60, np.bool_)), {"model": np.linspace(0.1, 0.2, 60)})
    assert np.isnan(found.by["model"]["roc_auc_score"].value)
    assert found.by["model"]["brier_loss"].value > 0
