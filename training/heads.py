"""What learning hands to export: heads, their two halves, blend and calibration.

Knows nothing of ONNX, bundles or tables. `FittedModel.probabilities` is the reference that the
exported graph is proved against, so it is written for plainness, in float64 numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from training.smooth import Curve, Grid, SmoothHalf, knot_grid, smooth_half

__all__ = [
    "Calibration",
    "Curve",
    "FittedHead",
    "FittedModel",
    "Grid",
    "SmoothHalf",
    "knot_grid",
    "smooth_half",
]

Doubles = NDArray[np.float64]
LIKELY_STEEPEST = 1e4  # probability per unit of margin; above it, rounding (1e-14) would show


def log_sigmoid(margin: Doubles) -> Doubles:
    """Logarithm of the logistic function, exact in both tails."""
    return np.minimum(margin, 0.0) - np.log1p(np.exp(-np.abs(margin)))


def sigmoid(margin: Doubles) -> Doubles:
    """The logistic function, (n,) float64 → (n,) float64 in [0, 1]."""
    return np.exp(log_sigmoid(margin))


@dataclass(frozen=True)
class Calibration:
    """Turns a margin into a probability; never turns the ranking round.

    Attributes:
        kind: which of the three below.
        slope: platt: p = sigmoid(slope * m + intercept). Beta: its a, on ln p.
        intercept: the constant of platt and of beta.
        slope_down: beta's b: p = sigmoid(a * ln s - b * ln(1 - s) + c), s = sigmoid(m).
        margins: isotonic: (k,) strictly increasing margins; linear between, flat outside.
        levels: isotonic: (k,) probabilities there, never falling.
    """

    kind: Literal["platt", "beta", "isotonic"]
    slope: float = 1.0
    intercept: float = 0.0
    slope_down: float = 0.0
    margins: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        problem = _calibration_problem(self)
        if problem:
            raise ValueError(f"calibration {self.kind!r}: {problem}")

    @classmethod
    def platt(cls, slope: float, intercept: float) -> Calibration:
        """Platt scaling: p = sigmoid(slope * m + intercept); slope > 0."""
        return cls("platt", slope=float(slope), intercept=float(intercept))

    @classmethod
    def beta(cls, a: float, b: float, c: float) -> Calibration:
        """Beta: p = sigmoid(a ln s - b ln(1 - s) + c), s = sigmoid(m); a, b >= 0, not both 0."""
        return cls("beta", slope=float(a), slope_down=float(b), intercept=float(c))

    @classmethod
    def isotonic(cls, margins: NDArray[Any], levels: NDArray[Any]) -> Calibration:
        """Linear between (margin, probability) pairs and flat outside; levels never fall."""
        pairs = (tuple(float(v) for v in margins), tuple(float(v) for v in levels))
        return cls("isotonic", margins=pairs[0], levels=pairs[1])

    def apply(self, margin: NDArray[np.floating[Any]]) -> Doubles:
        """(n,) margins → (n,) float64 probabilities."""
        wide = np.asarray(margin, np.float64)
        if self.kind == "platt":
            return sigmoid(self.slope * wide + self.intercept)
        if self.kind == "beta":
            up, down = log_sigmoid(wide), log_sigmoid(-wide)
            return sigmoid(self.slope * up - self.slope_down * down + self.intercept)
        return np.interp(wide, self.margins, self.levels)


def _calibration_problem(calibration: Calibration) -> str:
    """Why a calibration would not be an increasing map into [0, 1]; empty where it is one."""
    slopes = (calibration.slope, calibration.slope_down)
    if not np.isfinite([*slopes, calibration.intercept]).all():
        return f"expected finite parameters, got {slopes} and {calibration.intercept}."
    if calibration.kind == "platt" and slopes[0] <= 0:
        return f"expected a slope above 0, got {slopes[0]}; the head ranks the wrong way round."
    if calibration.kind == "beta" and (min(slopes) < 0 or max(slopes) == 0):
        return f"expected a, b >= 0 and not both 0, got {slopes}; the ranking would turn round."
    if calibration.kind == "isotonic":
        return _isotonic_problem(np.array(calibration.margins), np.array(calibration.levels))
    if calibration.kind not in ("platt", "beta"):
        return "expected one of platt, beta, isotonic."
    return ""


def _isotonic_problem(margins: Doubles, levels: Doubles) -> str:
    if margins.size < 2 or margins.size != levels.size:
        return f"expected two or more pairs, got {margins.size} margins, {levels.size} levels."
    if not np.isfinite(margins).all() or (np.diff(margins) <= 0).any():
        return "expected finite, strictly increasing margins."
    if (np.diff(levels) < 0).any() or not (levels[0] >= 0 and levels[-1] <= 1):
        return "expected levels in [0, 1] that never fall."
    steepest = float((np.diff(levels) / np.diff(margins)).max())
    if steepest > LIKELY_STEEPEST:
        return f"a step of slope {steepest:.3g} would turn rounding into risk; merge close margins."
    return ""


@dataclass(frozen=True)
class FittedHead:
    """One outcome's score: margin = weight_smooth * smooth + weight_trees * trees.

    Attributes:
        name: the kind of outcome, or `risk`.
        smooth: fitted smooth half, or None.
        booster: fitted `lightgbm.Booster` (binary, sigmoid 1, numeric splits), or None.
        weight_smooth: weight of the smooth half in the blend, finite.
        weight_trees: weight of the trees in the blend, finite.
        calibration: from the blended margin to a probability.
    """

    name: str
    smooth: SmoothHalf | None
    booster: Any
    weight_smooth: float
    weight_trees: float
    calibration: Calibration

    def __post_init__(self) -> None:
        if self.smooth is None and self.booster is None:
            raise ValueError(f"head {self.name!r} has neither a smooth half nor trees.")
        if not np.isfinite([self.weight_smooth, self.weight_trees]).all():
            raise ValueError(f"head {self.name!r}: expected finite weights of the blend.")

    def margin(self, matrix: NDArray[np.float32]) -> Doubles:
        """(n, d) features → (n,) float64 blended log-odds, before calibration."""
        total = np.zeros(matrix.shape[0])
        if self.smooth is not None:
            total += self.weight_smooth * self.smooth.decision_function(matrix)
        if self.booster is not None and matrix.shape[0]:
            total += self.weight_trees * self.booster.predict(matrix, raw_score=True)
        return total


@dataclass(frozen=True)
class FittedModel:
    """Every head over one list of features.

    Attributes:
        feature_names: (d,) names, in the order of the matrix's columns.
        heads: in the order of the columns of `margins` and `probabilities`.
        risk_head: name of the head that caps the others.
    """

    feature_names: tuple[str, ...]
    heads: tuple[FittedHead, ...]
    risk_head: str = "risk"

    def __post_init__(self) -> None:
        names = [head.name for head in self.heads]
        if len(set(names)) != len(names) or self.risk_head not in names:
            raise ValueError(f"expected distinct heads with {self.risk_head!r} among them: {names}")
        if len(set(self.feature_names)) != len(self.feature_names):
            raise ValueError("expected distinct feature names, got a name twice.")

    @property
    def head_names(self) -> tuple[str, ...]:
        """Names of the heads, in order."""
        return tuple(head.name for head in self.heads)

    def margins(self, matrix: NDArray[np.float32]) -> Doubles:
        """(n, d) float32 → (n, heads) float64 log-odds."""
        return np.stack([head.margin(matrix) for head in self.heads], axis=1)

    def probabilities(self, matrix: NDArray[np.float32]) -> Doubles:
        """(n, d) float32 → (n, heads) float64 in [0, 1]; no kind above `risk`."""
        return self.probabilities_of(self.margins(matrix))

    def probabilities_of(self, margins: Doubles) -> Doubles:
        """(n, heads) margins → (n, heads) calibrated probabilities, capped at `risk`."""
        columns = [head.calibration.apply(margins[:, k]) for k, head in enumerate(self.heads)]
        table = np.stack(columns, axis=1)
        risk = self.head_names.index(self.risk_head)
        capped: Doubles = np.minimum(table, table[:, risk : risk + 1])
        return capped
