"""The settings of learning in one frozen record, and where each comes from.

Knows nothing of how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.schema import OUTCOME_KINDS
from training.fit_trees import TreeSettings

HORIZON_DAYS: Mapping[str, float] = {
    kind: {"a_to_z_claim": 90.0, "chargeback": 120.0}.get(kind, 30.0) for kind in OUTCOME_KINDS
}


@dataclass(frozen=True)
class LearnSettings:
    """Everything that decides what is learned, beside the facts and the moment."""

    landmark_hours: tuple[float, ...] = (0.0, 1.0, 6.0, 24.0)  # after placing
    decide_within_hours: float = 24.0
    horizon_days: Mapping[str, float] = field(default_factory=lambda: dict(HORIZON_DAYS))
    risk_kinds: tuple[str, ...] = OUTCOME_KINDS  # `risk` is any of these
    min_positives: int = 50  # a kind with fewer judged positives gets no head of its own
    per_day: int = 50  # outreach capacity, for precision and recall at it
    history_days: float = 730.0  # older orders are not learned from
    max_origins: int = 6  # windows a head; half validate, half judge
    max_landmarks: int = 1_500_000  # beyond it, fewer moments of each order are learned from
    smooth_rows: int = 200_000  # the smooth half has some hundred numbers: more rows add nothing
    smooth_knots: int = 5
    smooth_l2: float = 100.0
    trees: TreeSettings = field(default_factory=TreeSettings)
    resamples_seed: int = 0
