"""Measures of predictions under many weightings at once, so that a bootstrap is one array.

Knows nothing of orders, models or time. Every function takes `outcome` (n,) bool, `probability`
(n,) and `weights` (resamples, n) ≥ 0, and gives (resamples,): one row of ones is the plain
measure. Names ending in `_score` are better when higher, in `_loss` when lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

SMALLEST = 1e-15  # probabilities are kept this far from 0 and 1 in a logarithm


@dataclass(frozen=True)
class Ranked:
    """Predictions sorted from the most probable down, ties in one group, worked out once."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]  # first position of each group of equal probability
    outcome: Floats  # (n,) 0 or 1, in that order

    @classmethod
    def of(cls, outcome: Flags, probability: Floats) -> Ranked:
        """Sort once; `probability` may be any score."""
        order = np.argsort(-probability, kind="stable")
        ordered = probability[order]
        changes = np.ones(len(ordered), np.bool_)
        changes[1:] = ordered[1:] != ordered[:-1]
        return cls(order, np.flatnonzero(changes), outcome[order].astype(np.float64))

    def groups(self, weights: Floats) -> Groups:
        """The weights of (resamples, n) gathered by group."""
        everybody = weights[:, self.order]
        positives = everybody * self.outcome
        if len(self.starts) < len(self.order):
            positives = np.add.reduceat(positives, self.starts, axis=1)
            everybody = np.add.reduceat(everybody, self.starts, axis=1)
        return Groups(positives, everybody - positives)


@dataclass(frozen=True)
class Groups:
    """Weight of the positives and of the negatives, (resamples, groups), most probable first."""

    positives: Floats
    negatives: Floats


def roc_auc_score(groups: Groups) -> Floats:
    """Chance that a positive is ranked above a negative, ties half; NaN without either."""
    positives, negatives = groups.positives, groups.negatives
    read = np.cumsum(negatives, axis=1)
    total = read[:, -1]
    wins = np.einsum("ij,ij->i", positives, total[:, None] - read + negatives / 2)
    return _ratio(wins, positives.sum(axis=1) * total)


def average_precision_score(groups: Groups) -> Floats:
    """Mean precision over the positives, as the list is read from the top; NaN without any."""
    found = np.cumsum(groups.positives, axis=1)
    read = found + np.cumsum(groups.negatives, axis=1)
    precision = np.divide(found, read, out=np.zeros_like(found), where=read > 0)
    return _ratio(np.einsum("ij,ij->i", groups.positives, precision), found[:, -1])


def precision_score(outcome: Flags, flagged: Flags, weights: Floats) -> Floats:
    """Share of the flagged that had the outcome; NaN where nothing is flagged."""
    return _ratio(weights @ (outcome & flagged), weights @ flagged.astype(np.float64))


def recall_score(outcome: Flags, flagged: Flags, weights: Floats) -> Floats:
    """Share of those with the outcome that were flagged; NaN where nothing happened."""
    return _ratio(weights @ (outcome & flagged), weights @ outcome.astype(np.float64))


def brier_loss(outcome: Flags, probability: Floats, weights: Floats) -> Floats:
    """Mean squared difference between probability and outcome."""
    return _ratio(weights @ (probability - outcome) ** 2, weights.sum(axis=1))


def log_loss(outcome: Flags, probability: Floats, weights: Floats) -> Floats:
    """Mean surprise in nats."""
    likely = np.clip(np.where(outcome, probability, 1 - probability), SMALLEST, 1)
    return _ratio(weights @ -np.log(likely), weights.sum(axis=1))


def calibration_loss(
    outcome: Floats | Flags, probability: Floats, bins: npt.NDArray[np.int64], weights: Floats
) -> Floats:
    """Expected calibration error: |mean outcome - mean probability| per bin, weighed by the bin.

    `outcome` (n,), or (resamples, n) where the outcomes are drawn and not the rows.
    """
    per_bin = ((outcome - probability) * weights) @ np.eye(int(bins.max()) + 1)[bins]
    return _ratio(np.abs(per_bin).sum(axis=1), weights.sum(axis=1))


def equal_mass_bins(probability: Floats, count: int) -> npt.NDArray[np.int64]:
    """(n,) bin of each prediction: by rank, equally many in each, equal values never parted."""
    if len(probability) == 0:
        return np.empty(0, np.int64)
    ordered = np.sort(probability)
    edges = ordered[(np.arange(1, count) * len(ordered)) // count]
    return np.searchsorted(np.unique(edges), probability, side="right").astype(np.int64)


def top_of_each_day(probability: Floats, day: npt.NDArray[np.int64], per_day: int) -> Flags:
    """Marks the `per_day` most probable of each day; of equals, the earlier row."""
    order = np.lexsort((np.arange(len(day)), -probability, day))
    days = day[order]
    starts = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    lengths = np.diff(np.append(starts, len(days)))
    rank = np.arange(len(days)) - np.repeat(starts, lengths)
    flagged = np.zeros(len(days), np.bool_)
    flagged[order] = rank < per_day
    return flagged


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
