"""The smooth half of a head: one piecewise-linear curve per feature, summed, on the log-odds.

Knows nothing of trees, of ONNX or of orders: it sees a matrix in which NaN means unknown.

A curve is held together by *ramps*: ramp i rises from 0 at knot i to 1 at knot i+1 and is flat
elsewhere, so its weight is the rise of the curve between two knots. The same curves could be
written in scikit-learn's `SplineTransformer(degree=1)`, but a ridge on its hats pulls each knot to
zero on its own, a ridge on rises pulls neighbours together: on synthetic shops of 2 000 and 20 000
orders the log loss at the best strength was .3529 and .3449, against .3557 and .3456 for hats.
Repeated quantiles (counts!) also leave hats with jumps; here knots are distinct values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

Doubles = NDArray[np.float64]
Grid = tuple[Doubles, ...]

INNER = (0.01, 0.99)  # knots stay within these quantiles, so that one outlier bends no curve
MAX_ROWS = 150_000  # rows fitted on; 150 000 x 600 columns in double are 0.7 GB
ROUNDING = 1e-9  # a deviation of a ramp (0 to 1) up to this is none: one row in 1e18 would be more
CHUNK = 4_096  # rows of the basis built at once; their columns then stay in the processor's cache


@dataclass(frozen=True)
class Curve:
    """What one feature adds to the log-odds.

    Attributes:
        knots: (k,) strictly increasing values of the feature, k >= 1; flat outside of them.
        values: (k,) log-odds at the knots, linear in between.
        missing: log-odds where the feature is NaN.
        mean: average over the rows fitted on; `value - mean` is the exact linear SHAP value.
    """

    knots: Doubles
    values: Doubles
    missing: float
    mean: float

    def at(self, column: NDArray[np.floating[Any]]) -> Doubles:
        """(n,) values of the feature, NaN allowed → (n,) float64 log-odds."""
        wide = column.astype(np.float64)
        return np.where(np.isnan(wide), self.missing, np.interp(wide, self.knots, self.values))


def knots_of(column: NDArray[np.floating[Any]], count: int) -> Doubles:
    """At most `count` distinct values of a column, (k,) float64 increasing; (1,) where constant.

    Quantiles first. Where they fall together (a count that is mostly zero), the knots left over
    go to the values that were not met yet, so that a rare value is seen at all.
    """
    known = column[~np.isnan(column)]
    if not known.size:
        return np.zeros(1)
    knots = np.unique(np.quantile(known, np.linspace(*INNER, count), method="inverted_cdf"))
    spare = count - knots.size
    rest = known[~np.isin(known, knots)] if spare else known[:0]
    if rest.size:
        shares = np.linspace(0.0, 1.0, spare) if spare > 1 else [0.5]
        more = np.quantile(rest, shares, method="inverted_cdf")
        knots = np.unique(np.concatenate([knots, more]))
    return knots.astype(np.float64)


def knot_grid(matrix: NDArray[np.floating[Any]], knots: int = 8) -> Grid:
    """The knots of every column, to be shared by heads (one basis in the exported graph)."""
    return tuple(knots_of(matrix[:, j], knots) for j in range(matrix.shape[1]))


class SmoothHalf(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Additive piecewise-linear logistic regression, strongly regularised, NaN allowed.

    Args:
        knots: most knots a feature gets, >= 2.
        l2: strength of the ridge on the standardised ramps (scikit-learn's 1 / C).
        max_rows: rows fitted on. Above it all positives stay (up to half of it) and evenly spaced
            negatives stand for the others by weight.
        grid: knots of every feature, where heads share them; else they are learned from the rows.
    """

    def __init__(
        self,
        *,
        knots: int = 8,
        l2: float = 1_000.0,
        max_rows: int = MAX_ROWS,
        grid: Grid | None = None,
    ) -> None:
        self.knots = knots
        self.l2 = l2
        self.max_rows = max_rows
        self.grid = grid

    def fit(
        self,
        matrix: NDArray[np.floating[Any]],
        outcomes: NDArray[Any],
        sample_weight: NDArray[np.floating[Any]] | None = None,
    ) -> SmoothHalf:
        """Learns the curves. (n, d) features, (n,) of 0 and 1, (n,) weights >= 0.

        Raises:
            ValueError: a value is infinite, or only one outcome is present.
        """
        weights = np.ones(len(outcomes)) if sample_weight is None else np.asarray(sample_weight)
        truths = np.asarray(outcomes).astype(bool)
        _refuse(matrix, truths[weights > 0])
        grid = knot_grid(matrix, self.knots) if self.grid is None else self.grid
        rows, weights = _representatives(truths, weights.astype(np.float64), self.max_rows)
        basis = _Basis(grid, matrix[rows], weights)
        logistic = LogisticRegression(C=1.0 / self.l2, solver="lbfgs", tol=1e-6, max_iter=5_000)
        table = basis.standardised()
        if not table.shape[
            1
        ]:  # every feature is constant: scikit-learn wants a column all the same
            table = np.zeros((len(rows), 1))
        logistic.fit(table, truths[rows], sample_weight=weights)
        self.classes_ = np.array([0, 1])
        self.n_features_in_ = matrix.shape[1]
        self.intercept_ = float(logistic.intercept_[0])
        self.curves_ = basis.curves(logistic.coef_[0])
        return self

    def curves(self) -> tuple[Curve, ...]:
        """One curve per feature, in the order of the columns."""
        return self.curves_

    def decision_function(self, matrix: NDArray[np.floating[Any]]) -> Doubles:
        """(n, d) features → (n,) float64 log-odds: the intercept and the curves' values."""
        total = np.full(matrix.shape[0], self.intercept_)
        for j, curve in enumerate(self.curves_):
            total += curve.at(matrix[:, j])
        return total


def smooth_half(
    feature_count: int, *, knots: int = 8, l2: float = 1_000.0, grid: Grid | None = None
) -> SmoothHalf:
    """A smooth half to be fitted on `feature_count` columns.

    Heads that share a `grid` (see `knot_grid`) share one basis in the exported graph, which keeps
    a single order's latency low.

    Raises:
        ValueError: the grid is of another number of columns.
    """
    if grid is not None and len(grid) != feature_count:
        raise ValueError(f"expected knots for {feature_count} features, got {len(grid)}.")
    return SmoothHalf(knots=knots, l2=l2, grid=grid)


def _refuse(matrix: NDArray[np.floating[Any]], truths: NDArray[np.bool_]) -> None:
    if truths.all() or not truths.any():
        raise ValueError(
            f"a smooth half needs rows of both outcomes, got {int(truths.sum())} positives of "
            f"{truths.size}. Wait for more outcomes, or leave this head out."
        )
    infinite = np.flatnonzero(np.isinf(matrix).any(axis=0))
    if infinite.size:
        raise ValueError(
            f"expected finite values or NaN, got infinity in columns {infinite.tolist()}. "
            f"Unknown is NaN."
        )


def _representatives(
    truths: NDArray[np.bool_], weights: Doubles, most: int
) -> tuple[NDArray[np.intp], Doubles]:
    """Rows to fit on and their weights; each outcome's total weight is what it was."""
    counting = weights > 0
    if np.count_nonzero(counting) <= most:
        return np.flatnonzero(counting), weights[counting]
    kept, weighed = [], []
    positives, negatives = np.flatnonzero(truths & counting), np.flatnonzero(~truths & counting)
    room = max(most - positives.size, most // 2)
    for rows, count in ((positives, most - min(room, negatives.size)), (negatives, room)):
        few = rows[np.linspace(0, rows.size - 1, min(count, rows.size)).round().astype(np.intp)]
        kept.append(few)
        weighed.append(weights[few] * (weights[rows].sum() / weights[few].sum()))
    chosen = np.concatenate(kept)
    order = np.argsort(chosen)
    return chosen[order], np.concatenate(weighed)[order]


class _Basis:
    """The standardised ramps and missing marks of a matrix, and the way back to curves."""

    def __init__(self, grid: Grid, matrix: NDArray[np.floating[Any]], weights: Doubles) -> None:
        self.grid = grid
        self.matrix = matrix
        self.shares = weights / weights.sum()
        unknown = np.isnan(matrix)
        self.unknown_share = np.where(unknown.all(axis=0), 1.0, self.shares @ unknown)
        self.marked = np.flatnonzero(unknown.any(axis=0) & ~unknown.all(axis=0))
        self.starts = np.cumsum([0, *(knots.size - 1 for knots in grid)])

    def standardised(self) -> Doubles:
        """(n, ramps + marks) float64: weighted mean 0, variance 1; unknown is 0 in its ramps."""
        table = np.empty((len(self.matrix), self.starts[-1] + self.marked.size))
        for rows in self._chunks():
            self._fill(self.matrix[rows], table[rows])
        # A ramp's mean is taken where the feature is known: what is unknown is the average there.
        known = np.repeat(1.0 - self.unknown_share, np.diff(self.starts))
        self.means = self.shares @ table
        self.means[: self.starts[-1]] /= np.where(known > 0, known, 1.0)
        for rows in self._chunks():
            self._centre(self.matrix[rows], table[rows])
        deviations = np.sqrt(np.einsum("i,ij,ij->j", self.shares, table, table))
        # A ramp that all rows are past deviates by rounding alone; divided by that, it became 1e11.
        self.deviations = np.where(deviations > ROUNDING, deviations, 1.0)
        table /= self.deviations
        return table

    def _chunks(self) -> list[slice]:
        return [slice(i, i + CHUNK) for i in range(0, len(self.matrix), CHUNK)]

    def _fill(self, rows: NDArray[np.floating[Any]], out: Doubles) -> None:
        for j, knots in enumerate(self.grid):
            column = rows[:, j : j + 1].astype(np.float64)
            ramps = np.clip((column - knots[:-1]) / np.diff(knots), 0.0, 1.0)
            out[:, self.starts[j] : self.starts[j + 1]] = np.nan_to_num(ramps)
        out[:, self.starts[-1] :] = np.isnan(rows[:, self.marked])

    def _centre(self, rows: NDArray[np.floating[Any]], out: Doubles) -> None:
        out -= self.means
        for j in self.marked:
            out[np.isnan(rows[:, j]), self.starts[j] : self.starts[j + 1]] = 0.0

    def curves(self, weights: Doubles) -> tuple[Curve, ...]:
        """The curves that weights on the standardised columns stand for."""
        rises = weights / self.deviations
        marks = np.zeros(len(self.grid))
        marks[self.marked] = rises[self.starts[-1] :]
        return tuple(self._curve(j, rises, float(marks[j])) for j in range(len(self.grid)))

    def _curve(self, j: int, rises: Doubles, mark: float) -> Curve:
        ramps = slice(self.starts[j], self.starts[j + 1])
        unknown = float(self.unknown_share[j])
        first = -float(rises[ramps] @ self.means[ramps]) - mark * unknown
        values = first + np.concatenate([[0.0], np.cumsum(rises[ramps])])
        curve = Curve(self.grid[j], values, mark * (1.0 - unknown), 0.0)
        mean = float(self.shares @ curve.at(self.matrix[:, j]))
        return Curve(curve.knots, curve.values, curve.missing, mean)
