"""A stretch of a curve that no row of a head lies on: heads share knots, but not rows."""

from __future__ import annotations

import numpy as np

from training.smooth import SmoothHalf


def test_a_ramp_that_every_row_is_past_keeps_the_curve_small() -> None:
    """Its deviation is rounding, 1e-15; a weight divided by that was a curve of 1e11.

    The exported graph, which adds in another order, was then off by 2e-4 for nine rows in ten.
    """
    random = np.random.default_rng(0)
    column = random.uniform(0.5, 1.0, 5_000).astype(np.float32)
    outcome = random.random(5_000) < column
    weight = random.uniform(0.25, 0.8, 5_000)
    grid = (np.array([0.25, 0.45, 0.75, 1.0]),)  # nobody stands between 0.25 and 0.45
    half = SmoothHalf(l2=1.0, grid=grid).fit(column[:, None], outcome, weight)
    (curve,) = half.curves()
    assert np.abs(curve.values).max() < 10
    assert abs(curve.values[1] - curve.values[0]) < 1e-6  # nothing was learned there
