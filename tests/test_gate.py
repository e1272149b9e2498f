"""Who may replace the champion: better or as good and fresher, never worse beyond doubt."""

from __future__ import annotations

import numpy as np

from training.gate import LEAST_POSITIVES, against_champion
from training.measure import Judged

DRAW = np.random.default_rng(5)
TRUE = DRAW.beta(1, 6, 2_000)  # chances of 2,000 orders, about one in seven disputed
JUDGED = Judged(
    outcome=DRAW.random(2_000) < TRUE,
    weight=np.ones(2_000),
    cluster=np.arange(2_000),
    day=np.arange(2_000) // 50,
    per_day=5,
)
BASE_RATE = np.full(2_000, JUDGED.outcome.mean())


def test_a_challenger_that_knows_more_replaces_the_champion() -> None:
    assert against_champion(JUDGED, challenger=TRUE, champion=BASE_RATE).promote


def test_a_challenger_that_is_worse_beyond_doubt_is_kept_out() -> None:
    verdict = against_champion(JUDGED, challenger=BASE_RATE, champion=TRUE)
    assert not verdict.promote
    assert verdict.reason.startswith("worse: log loss +0.")


def test_a_challenger_as_good_as_the_champion_is_taken_because_it_is_fresher() -> None:
    assert against_champion(JUDGED, challenger=TRUE, champion=TRUE).promote


def test_too_few_answered_orders_decide_nothing() -> None:
    few = JUDGED.take(np.arange(100))
    assert few.outcome.sum() < LEAST_POSITIVES
    verdict = against_champion(few, challenger=BASE_RATE[:100], champion=TRUE[:100])
    assert verdict.promote
    assert "too few to compare" in verdict.reason
