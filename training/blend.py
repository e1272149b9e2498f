"""How many rounds of trees, and how much weight beside the smooth half: by what came out of time.

Knows nothing of how the margins were made: pooled out-of-time margins go in, a choice comes out.

Every choice is compared by log loss after Platt scaling, since a margin's scale is calibration's
business. A choice must clearly beat the plain one (half and half, a middling number of rounds),
by two standard errors of the paired difference: with hundreds of positives the best of sixty
combinations is mostly luck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.calibrate import CLEARLY, calibrate, platt, trust_after
from training.fit_trees import CHECKPOINTS, PLAIN_ROUNDS
from training.heads import Calibration, log_sigmoid

Floats = npt.NDArray[np.float64]

WEIGHTS_OF_TREES = (0.0, 0.25, 0.5, 0.75, 1.0)
PLAIN_WEIGHT = 0.5


@dataclass(frozen=True)
class Margins:
    """Out-of-time margins of both halves, (n,) and (n, checkpoints), in order of placing."""

    smooth: Floats
    trees: Floats  # after each of so many rounds
    checkpoints: tuple[int, ...] = CHECKPOINTS

    def blended(self, rounds: int, weight_trees: float) -> Floats:
        """(n,) margins of one combination."""
        column = self.checkpoints.index(rounds)
        return (1 - weight_trees) * self.smooth + weight_trees * self.trees[:, column]

    def take(self, rows: npt.NDArray[np.bool_]) -> Margins:
        """Only those rows."""
        return Margins(self.smooth[rows], self.trees[rows], self.checkpoints)


@dataclass(frozen=True)
class Evidence:
    """What became of out-of-time predictions, (n,) each, in order of placing."""

    outcome: Floats  # 0 or 1
    weight: Floats
    placed_at: npt.NDArray[np.int64]
    level: Floats  # log-odds of the base rate of the fit behind each prediction

    @property
    def trust(self) -> float:
        """How much of a shift seen over these predictions is believed."""
        return trust_after(float(np.ptp(self.placed_at))) if len(self.placed_at) else 0.0


@dataclass(frozen=True)
class Choice:
    """What was chosen on out-of-time predictions, or fixed where there were too few."""

    rounds: int
    weight_trees: float
    calibration: Calibration
    chosen: bool  # False: the fixed recipe of a short history

    def probability(self, margins: Margins) -> Floats:
        """(n,) calibrated probabilities of out-of-time margins."""
        return self.calibration.apply(margins.blended(self.rounds, self.weight_trees))


def choose(margins: Margins, seen: Evidence, *, level: float, short: bool) -> Choice:
    """Rounds, weight and calibration for a fit whose base rate has the log-odds `level`."""
    rounds, weight_trees = PLAIN_ROUNDS, PLAIN_WEIGHT
    if not short:
        rounds, weight_trees = _best(margins, seen)
    as_if_ours = margins.blended(rounds, weight_trees) - seen.level + level
    fit = platt if short else calibrate
    calibration = fit(as_if_ours, seen.outcome, seen.weight, level=level, trust=seen.trust)
    return Choice(rounds, weight_trees, calibration, chosen=not short)


def _best(margins: Margins, seen: Evidence) -> tuple[int, float]:
    plain = _losses(margins.blended(PLAIN_ROUNDS, PLAIN_WEIGHT), seen)
    best, best_loss = (PLAIN_ROUNDS, PLAIN_WEIGHT), plain
    for rounds in margins.checkpoints:
        for weight_trees in WEIGHTS_OF_TREES:
            losses = _losses(margins.blended(rounds, weight_trees), seen)
            if losses.sum() < best_loss.sum():
                best, best_loss = (rounds, weight_trees), losses
    lead = plain - best_loss
    clear = lead.sum() > CLEARLY * lead.std() * np.sqrt(len(lead))
    return best if clear else (PLAIN_ROUNDS, PLAIN_WEIGHT)


def _losses(margin: Floats, seen: Evidence) -> Floats:
    """(n,) weighed log losses after Platt scaling of what is beyond each fit's own level."""
    scaled = platt(margin - seen.level, seen.outcome, seen.weight)
    likely = scaled.slope * (margin - seen.level) + scaled.intercept
    return -seen.weight * log_sigmoid(np.where(seen.outcome > 0, likely, -likely))
