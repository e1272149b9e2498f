"""How good predictions were, with intervals, beside the base rate and the baseline.

Knows nothing of models: outcomes, probabilities and who belongs together go in. Measures ending
in `_score` are better when higher, in `_loss` when lower; differences are ours less theirs.

Intervals are bootstrap percentiles at 95 %. A buyer's orders are drawn together, since they
resemble each other: each buyer counts Poisson(1) times in each resample, which is the multinomial
draw in the limit of many buyers and needs no second pass over the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from training.metrics import (
    Flags,
    Floats,
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

RESAMPLES = 1000
CELLS = 20_000_000  # resamples x rows drawn in all; larger windows need fewer resamples, not below
LEAST_RESAMPLES = 200
CHUNK_CELLS = 1_000_000  # cells of weights held at once, 8 MB
LOW, HIGH = 0.025, 0.975
BINS = 10
LEAST_IN_BIN = 50  # orders; smaller windows get fewer bins
TOP_SHARE = 0.10


@dataclass(frozen=True)
class Interval:
    """A measure with its 95 % interval; NaN where it cannot be said."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Judged:
    """Predictions to judge, (n,) each, one row an order at its decision moment."""

    outcome: Flags
    weight: Floats  # 1/propensity of orders held out, else 1
    cluster: npt.NDArray[np.int64]  # rows of equal cluster are drawn together: the buyer
    day: npt.NDArray[np.int64]  # the day on whose list the order stands
    per_day: int  # outreach capacity

    def __len__(self) -> int:
        """How many orders."""
        return len(self.outcome)

    def take(self, rows: Flags) -> Judged:
        """Only those orders."""
        return Judged(
            self.outcome[rows],
            self.weight[rows],
            self.cluster[rows],
            self.day[rows],
            self.per_day,
        )

    @cached_property
    def members(self) -> npt.NDArray[np.int64]:
        """(n,) cluster of each row, counted from 0."""
        return np.unique(self.cluster, return_inverse=True)[1].astype(np.int64)

    def resampled(self, seed: int) -> Iterator[Floats]:
        """Weights of the resamples, a few rows (resamples, n) at a time; the same at every call."""
        draws = np.random.default_rng(seed)
        clusters = int(self.members.max(initial=-1)) + 1
        count = int(np.clip(CELLS // max(len(self), 1), LEAST_RESAMPLES, RESAMPLES))
        step = max(1, CHUNK_CELLS // max(len(self), 1))
        for start in range(0, count, step):
            times = draws.poisson(1.0, (min(step, count - start), clusters))
            yield times[:, self.members] * self.weight


class Measured:
    """All measures of one set of probabilities, under any weighting of the rows."""

    def __init__(self, judged: Judged, probability: Floats) -> None:
        self.judged, self.probability = judged, probability
        self.ranked = Ranked.of(judged.outcome, probability)
        self.flagged = top_of_each_day(probability, judged.day, judged.per_day)
        most = max(1, round(TOP_SHARE * len(judged)))
        self.top = np.zeros(len(judged), np.bool_)
        self.top[self.ranked.order[:most]] = True
        self.bins = equal_mass_bins(probability, bin_count(len(judged)))

    def under(self, weights: Floats) -> dict[str, Floats]:
        """Every measure (resamples,) by name."""
        outcome, probability = self.judged.outcome, self.probability
        groups = self.ranked.groups(weights)
        return {
            "roc_auc_score": roc_auc_score(groups),
            "average_precision_score": average_precision_score(groups),
            "capacity_precision_score": precision_score(outcome, self.flagged, weights),
            "capacity_recall_score": recall_score(outcome, self.flagged, weights),
            "top_tenth_precision_score": precision_score(outcome, self.top, weights),
            "top_tenth_recall_score": recall_score(outcome, self.top, weights),
            "brier_loss": brier_loss(outcome, probability, weights),
            "log_loss": log_loss(outcome, probability, weights),
            "calibration_loss": calibration_loss(outcome, probability, self.bins, weights),
        }


MEASURES = (
    "roc_auc_score",
    "average_precision_score",
    "capacity_precision_score",
    "capacity_recall_score",
    "top_tenth_precision_score",
    "top_tenth_recall_score",
    "brier_loss",
    "log_loss",
    "calibration_loss",
)


@dataclass(frozen=True)
class Measures:
    """What `measure` found: contender → measure → interval, and paired differences from `ours`."""

    orders: int
    positives: int
    rate: float  # share of the (weighed) orders that had the outcome
    by: Mapping[str, Mapping[str, Interval]]
    difference: Mapping[str, Mapping[str, Interval]]  # ours less that contender, same resamples
    calibration_range: Mapping[str, tuple[float, float]]  # see `calibration_range`


def measure(judged: Judged, contenders: Mapping[str, Floats], *, seed: int = 0) -> Measures:
    """Measure every contender on the same orders and resamples; the first one is ours."""
    measured = {name: Measured(judged, given) for name, given in contenders.items()}
    plain = {name: one.under(judged.weight[None, :]) for name, one in measured.items()}
    drawn = _drawn(judged, measured, seed)
    ours = next(iter(contenders))
    return Measures(
        orders=len(judged),
        positives=int(judged.outcome.sum()),
        rate=float(np.average(judged.outcome, weights=judged.weight)),
        by={
            name: {key: _interval(plain[name][key], drawn[name][key]) for key in MEASURES}
            for name in measured
        },
        difference={
            name: {
                key: _interval(
                    plain[ours][key] - plain[name][key], drawn[ours][key] - drawn[name][key]
                )
                for key in MEASURES
            }
            for name in measured
            if name != ours
        },
        calibration_range={
            name: calibration_range(judged, given, seed=seed) for name, given in contenders.items()
        },
    )


def calibration_range(judged: Judged, probability: Floats, *, seed: int) -> tuple[float, float]:
    """The 95 % range of the calibration error if these probabilities were the truth.

    Even the true probabilities show an error in a finite window; only an error beyond this range
    says that ours are off. Outcomes are drawn from the probabilities, the rows stay.
    """
    draws = np.random.default_rng([seed, 1])
    bins = equal_mass_bins(probability, bin_count(len(judged)))
    count = int(np.clip(CELLS // max(len(judged), 1), LEAST_RESAMPLES, RESAMPLES))
    step = max(1, CHUNK_CELLS // max(len(judged), 1))
    errors = []
    for start in range(0, count, step):
        shape = (min(step, count - start), len(judged))
        outcome = (draws.random(shape) < probability).astype(np.float64)
        errors.append(calibration_loss(outcome, probability, bins, judged.weight[None, :]))
    low, high = np.quantile(np.concatenate(errors), [LOW, HIGH])
    return float(low), float(high)


def bin_count(orders: int) -> int:
    """Equal-mass bins for that many orders: ten, fewer where they would hold under fifty."""
    return int(np.clip(orders // LEAST_IN_BIN, 2, BINS))


def _drawn(
    judged: Judged, measured: Mapping[str, Measured], seed: int
) -> dict[str, dict[str, Floats]]:
    """Contender → measure → (resamples,), every contender on the same resamples."""
    parts: dict[str, dict[str, list[Floats]]] = {
        name: {key: [] for key in MEASURES} for name in measured
    }
    for weights in judged.resampled(seed):
        for name, one in measured.items():
            for key, values in one.under(weights).items():
                parts[name][key].append(values)
    return {
        name: {key: np.concatenate(values) for key, values in found.items()}
        for name, found in parts.items()
    }


def _interval(plain: Floats, drawn: Floats) -> Interval:
    usable = drawn[np.isfinite(drawn)]
    if len(usable) == 0:
        return Interval(float(plain[0]), float("nan"), float("nan"))
    low, high = np.quantile(usable, [LOW, HIGH])
    return Interval(float(plain[0]), float(low), float(high))
