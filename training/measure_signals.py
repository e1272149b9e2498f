"""How well signals are found: counts, precision, recall and F1 of each, and of the red alerts.

Knows nothing of messages: it compares what was said with what is true.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.signal_names import RED, SIGNALS

Truths = NDArray[np.bool_]
RED_PLACES = [SIGNALS.index(name) for name in RED]


@dataclass(frozen=True, slots=True)
class Judged:
    """Counts (16,) of hits, false alarms and misses; an optional signal counts neither way."""

    hits: NDArray[np.int64]
    false: NDArray[np.int64]
    missed: NDArray[np.int64]

    @property
    def f1_score(self) -> NDArray[np.float64]:
        """(16,) F1 of each signal, 1 where there was nothing to find and nothing said."""
        said = 2 * self.hits + self.false + self.missed
        return np.where(said > 0, 2 * self.hits / np.maximum(said, 1), 1.0)

    @property
    def macro_f1_score(self) -> float:
        """Mean F1 over the signals."""
        return float(self.f1_score.mean())

    @property
    def red_recall_score(self) -> float:
        """Share of red alerts found, all five pooled."""
        hits, missed = self.hits[RED_PLACES].sum(), self.missed[RED_PLACES].sum()
        return float(hits / max(1, hits + missed))

    @property
    def red_precision_score(self) -> float:
        """Share of red alerts raised that are true, all five pooled."""
        hits, false = self.hits[RED_PLACES].sum(), self.false[RED_PLACES].sum()
        return float(hits / max(1, hits + false))

    def __str__(self) -> str:
        return (
            f"macro F1 {self.macro_f1_score:.3f}, red alerts: recall "
            f"{self.red_recall_score:.3f} at precision {self.red_precision_score:.3f}"
        )


def judged(said: Truths, carried: Truths, optional: Truths) -> Judged:
    """Compare (n, 16) what was said with what is carried."""
    counts = ~optional
    return Judged(
        (said & carried & counts).sum(axis=0),
        (said & ~carried & counts).sum(axis=0),
        (~said & carried & counts).sum(axis=0),
    )
