"""The smooth half: curves that are fitted, drawn, exported and explained from the same numbers."""

from __future__ import annotations

import example_models as example
import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.export_smooth import as_pipeline, smooth_graph
from training.heads import SmoothHalf, knot_grid, smooth_half
from training.smooth import _Basis, _representatives, knots_of
from training.tree_dump import ExportRefused

NOTHING = np.nan


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def fitted(**changes) -> SmoothHalf:
    return SmoothHalf(**{"knots": 6, "l2": 10.0} | changes).fit(
        example.rows(), example.outcomes(example.rows())
    )


def test_the_log_odds_are_the_intercept_and_one_curve_per_feature():
    half = fitted()
    rows = example.rows()
    by_hand = half.intercept_ + sum(c.at(rows[:, j]) for j, c in enumerate(half.curves()))
    assert np.abs(half.decision_function(rows) - by_hand).max() < 1e-15
    assert len(half.curves()) == 5


def test_curves_average_to_zero_over_the_rows_they_were_fitted_on():
    """So the intercept is the average log-odds, and a contribution is a departure from it."""
    for j, curve in enumerate(fitted().curves()):
        assert abs(curve.mean) < 1e-12
        assert abs(curve.at(example.rows()[:, j]).mean()) < 1e-12


def test_a_curve_is_flat_beyond_its_knots_and_linear_between_them():
    curve = fitted().curves()[0]
    low, high = curve.knots[0], curve.knots[-1]
    ends = curve.at(np.array([low - 100.0, low, high, high + 1e30]))
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
    middle = (curve.knots[1] + curve.knots[2]) / 2
    assert curve.at(np.array([middle]))[0] == pytest.approx(curve.values[1:3].mean(), abs=1e-12)


def test_a_constant_feature_and_one_that_is_never_known_add_nothing():
    rows = example.rows().copy()
    rows[:, 0] = np.nan
    half = fitted().fit(rows, example.outcomes(example.rows()))
    for j in (0, 4):
        curve = half.curves()[j]
        assert (curve.values, curve.missing, curve.mean) == ([0.0], 0.0, 0.0)


def test_where_a_feature_was_always_known_a_missing_value_counts_as_its_average():
    assert fitted().curves()[0].missing == 0.0


def test_a_feature_that_says_more_by_being_missing_gets_a_curve_that_says_so():
    """The example's outcomes are more frequent where `is_gift` is unknown."""
    curve = fitted(l2=1.0).curves()[3]
    assert curve.missing > 0.3 > curve.values.max()


def test_strong_regularisation_leaves_only_the_base_rate():
    half = fitted(l2=1e9)
    base = example.outcomes(example.rows()).mean()
    probability = 1 / (1 + np.exp(-half.decision_function(example.rows())))
    assert np.abs(probability - base).max() < 1e-3


def test_a_weight_of_two_is_a_row_seen_twice():
    rows, truth = example.rows(), example.outcomes(example.rows())
    weights = np.where(np.arange(len(rows)) < 100, 2.0, 1.0)
    twice = np.concatenate([rows, rows[:100]]), np.concatenate([truth, truth[:100]])
    grid = knot_grid(rows, 6)
    weighed = SmoothHalf(l2=10.0, grid=grid).fit(rows, truth, weights)
    repeated = SmoothHalf(l2=10.0, grid=grid).fit(*twice)
    gap = weighed.decision_function(rows) - repeated.decision_function(rows)
    assert np.abs(gap).max() < 1e-4


def test_a_row_of_weight_zero_is_not_there():
    rows, truth = example.rows(), example.outcomes(example.rows())
    weights = np.where(np.arange(len(rows)) < 100, 0.0, 1.0)
    grid = knot_grid(rows, 6)
    weighed = SmoothHalf(l2=10.0, grid=grid).fit(rows, truth, weights)
    without = SmoothHalf(l2=10.0, grid=grid).fit(rows[100:], truth[100:])
    assert (weighed.decision_function(rows) == without.decision_function(rows)).all()


def test_fitting_twice_gives_the_same_bits():
    first, second = fitted(), fitted()
    assert (
        first.decision_function(example.rows()) == second.decision_function(example.rows())
    ).all()


def test_above_the_limit_all_positives_stay_and_the_weights_are_what_they_were():
    truth = np.arange(1_000) % 20 == 0
    rows, weights = _representatives(truth, np.ones(1_000), 200)
    assert truth[rows].sum() == 50
    assert rows.size == 200
    assert (np.diff(rows) > 0).all()
    assert weights[truth[rows]].sum() == pytest.approx(50)
    assert weights[~truth[rows]].sum() == pytest.approx(950)


def test_above_the_limit_the_curves_are_nearly_those_of_all_rows():
    whole, part = fitted(l2=100.0), fitted(l2=100.0, max_rows=500)
    gap = whole.decision_function(example.rows()) - part.decision_function(example.rows())
    assert np.abs(gap).mean() < 0.15


def test_one_outcome_alone_is_refused():
    with pytest.raises(ValueError, match="rows of both outcomes, got 0 positives of 800"):
        SmoothHalf().fit(example.rows(), np.zeros(800))


def test_infinity_is_refused_by_its_column():
    rows = example.rows().copy()
    rows[3, 2] = np.inf
    with pytest.raises(ValueError, match=r"infinity in columns \[2\]"):
        SmoothHalf().fit(rows, example.outcomes(example.rows()))


def test_a_grid_of_another_width_is_refused():
    with pytest.raises(ValueError, match="knots for 4 features, got 5"):
        smooth_half(4, grid=knot_grid(example.rows()))


@pytest.mark.parametrize(
    ("values", "knots"),
    [
        (column(3, 3, 3), [3]),
        (column(NOTHING, NOTHING), [0]),
        (column(0, 0, 0, 0, 0, 0, 0, 0, 0, 1), [0, 1]),
        (column(NOTHING, 1, 2, 3), [1, 2, 3]),
        (np.arange(1001, dtype=np.float32), [10, 500, 990]),
    ],
    ids=["constant", "unknown", "rare", "few", "many"],
)
def test_knots_are_distinct_values_that_occur(values, knots):
    count = 3 if values.size > 100 else 5
    assert knots_of(values, count).tolist() == knots


MATRICES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(4, 30), st.integers(1, 4)),
    elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan) | st.sampled_from([0.0, 1.0]),
)


@given(MATRICES, st.integers(2, 9))
@settings(max_examples=80, deadline=None)
def test_knots_strictly_increase_are_few_and_were_seen(matrix, count):
    for j, knots in enumerate(knot_grid(matrix, count)):
        known = matrix[~np.isnan(matrix[:, j]), j]
        assert 1 <= knots.size <= count
        assert (np.diff(knots) > 0).all()
        assert np.isin(knots, known).all() or not known.size


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_the_standardised_ramps_have_mean_zero_and_variance_one_or_none(matrix):
    weights = np.linspace(1, 2, len(matrix))
    table = _Basis(knot_grid(matrix, 4), matrix, weights).standardised()
    shares = weights / weights.sum()
    variance = shares @ (table - shares @ table) ** 2
    assert np.abs(shares @ table).max(initial=0.0) < 1e-6
    assert np.all((np.abs(variance - 1) < 1e-6) | (variance < 1e-6))


@given(MATRICES, st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_any_matrix_can_be_fitted_and_gives_finite_log_odds(matrix, seed):
    truth = np.random.default_rng(seed).permutation(np.arange(len(matrix)) % 2)
    half = smooth_half(matrix.shape[1], knots=4, l2=5.0).fit(matrix, truth)
    assert np.isfinite(half.decision_function(matrix)).all()
    empty = half.decision_function(matrix[:0])
    assert empty.shape == (0,)


@given(MATRICES)
@settings(max_examples=25, deadline=None)
def test_the_exported_curves_equal_the_fitted_ones_on_their_knots_and_beside_them(matrix):
    truth = np.arange(len(matrix)) % 2
    halves = [
        smooth_half(matrix.shape[1], knots=4, l2=l2).fit(matrix, truth if l2 > 1 else 1 - truth)
        for l2 in (3.0, 1.0)
    ]
    assume(any(curve.knots.size > 1 for curve in halves[0].curves()))
    near = np.concatenate([matrix, np.nextafter(matrix, np.float32(9e9))])
    wanted = np.stack([half.decision_function(near) for half in halves], axis=1)
    in_numpy = as_pipeline(halves).predict(near)
    session = ort.InferenceSession(
        smooth_graph(halves).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (in_onnx,) = session.run(None, {"x": near.astype(np.float64)})
    assert np.abs(in_numpy - wanted).max() < 1e-9
    assert np.abs(in_onnx - wanted).max() < 1e-9


def test_features_without_two_known_values_are_refused_by_the_export():
    rows = np.full((8, 2), 3.0, np.float32)
    half = smooth_half(2).fit(rows, np.arange(8) % 2)
    with pytest.raises(ExportRefused, match="none of 2 features has two known values"):
        smooth_graph([half])


def test_heads_on_one_grid_share_their_ramps():
    grid = knot_grid(example.rows(), 6)
    rows, pieces = example.rows(), sum(knots.size - 1 for knots in grid)
    halves = [smooth_half(5, grid=grid).fit(rows, example.outcomes(rows, s)) for s in range(3)]
    assert as_pipeline(halves).named_steps["linear"].coef_.shape == (3, pieces + 5)
