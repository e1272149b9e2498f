"""The settings of learning in one frozen record.

Knows nothing of how they are used, nor of where a shop keeps them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.schema import OUTCOME_KINDS
from store.settings import HORIZON_DAYS, Settings
from training.fit_trees import TreeSettings


@dataclass(frozen=True)
class LearnSettings:
    """Everything that decides what is learned, beside the facts and the moment.

    Attributes:
        landmark_hours: after placing; moments that every unshipped order is learned at.
        decide_within_hours: the last landmark within it is the decision moment.
        horizon_days: kind → days until which an outcome must open to count.
        risk_kinds: `risk` is any of these.
        min_positives: a kind with fewer judged positives gets no head of its own.
        per_day: outreach capacity, for precision and recall at it.
        history_days: orders older than this at an origin are not learned from.
        half_life_days: an order this much older than the origin weighs half as much in a fit.
        max_origins: windows a head, the earlier half to choose on, the later to judge.
        max_landmarks: beyond it, fewer moments of each order are learned from.
        smooth_knots: most knots a feature's curve gets.
        smooth_l2: ridge on the curves' standardised rises.
        trees: how the trees grow.
        resamples_seed: of the bootstrap.
    """

    landmark_hours: tuple[float, ...] = (0.0, 1.0, 6.0, 24.0)
    decide_within_hours: float = 24.0
    horizon_days: Mapping[str, float] = field(default_factory=lambda: dict(HORIZON_DAYS))
    risk_kinds: tuple[str, ...] = OUTCOME_KINDS
    min_positives: int = 50
    per_day: int = 50
    history_days: float = 730.0
    half_life_days: float = 365.0
    max_origins: int = 6
    max_landmarks: int = 1_500_000
    smooth_knots: int = 5
    smooth_l2: float = 1_000.0
    trees: TreeSettings = field(default_factory=TreeSettings)
    resamples_seed: int = 0

    def __post_init__(self) -> None:
        if not self.landmark_hours or min(self.landmark_hours) > self.decide_within_hours:
            raise ValueError(
                f"expected a landmark within {self.decide_within_hours:g} h of placing, got "
                f"{self.landmark_hours} in [moment] of the settings: no order would ever be "
                "judged. Add 0 to landmark_hours or raise decide_within_hours."
            )

    @classmethod
    def of(cls, settings: Settings) -> LearnSettings:
        """As the shop's `riskradar.toml` says; what it cannot say stays at our defaults."""
        training = settings.training
        return cls(
            landmark_hours=tuple(settings.moment.landmark_hours),
            decide_within_hours=settings.moment.decide_within_hours,
            horizon_days=dict(settings.horizons),
            risk_kinds=tuple(settings.heads.risk),
            min_positives=settings.heads.min_positives,
            per_day=settings.outreach.per_day,
            history_days=training.history_days,
            max_origins=training.max_origins,
            max_landmarks=training.max_landmarks,
            trees=TreeSettings(seed=training.seed, threads=training.threads),
            resamples_seed=training.seed,
        )
