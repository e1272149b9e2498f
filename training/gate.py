"""Whether a newly trained model may replace the one that serves: it must have proved itself.

Knows nothing of files or fits: predictions that were made out of time go in, a verdict comes out.

The challenger must beat the base rate on its own out-of-time windows. Against a champion, both
are judged on the same orders, placed after the champion was trained and answered since, which
neither of them could know: the challenger's answers there come from its rolling origins. It is
kept out only where it is worse beyond doubt (the paired 95 % interval of the log loss lies above
zero); being as good and fresher is enough, since shops drift.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.learn import LearnedHead
from training.measure import Interval, Judged, measure
from training.metrics import Floats

LEAST_POSITIVES = 30  # on the shared orders; fewer cannot tell two models apart
LEAST_ORDERS = 200


@dataclass(frozen=True)
class Verdict:
    """Promote or not, and why in one sentence."""

    promote: bool
    reason: str


def beats_base_rate(head: LearnedHead) -> Verdict:
    """The least that is asked of a model: its log loss is below the base rate's, out of time."""
    difference = head.measures.difference["base_rate"]["log_loss"]
    if difference.value < 0 and np.isfinite(difference.value):
        return Verdict(promote=True, reason=f"beats the base rate: log loss {_shown(difference)}")
    return Verdict(
        promote=False,
        reason=f"does not beat the base rate on {head.measures.orders} later orders: "
        f"log loss {_shown(difference)}",
    )


def against_champion(judged: Judged, challenger: Floats, champion: Floats) -> Verdict:
    """Both on the same orders, (n,) probabilities each, placed after the champion was trained."""
    positives = int(judged.outcome.sum())
    if len(judged) < LEAST_ORDERS or positives < LEAST_POSITIVES:
        return Verdict(
            promote=True,
            reason=f"only {positives} of {len(judged)} orders since the champion are answered, "
            "too few to compare; the fresher one is taken",
        )
    found = measure(judged, {"challenger": challenger, "champion": champion})
    difference = found.difference["champion"]["log_loss"]
    compared = f"log loss {_shown(difference)} against the champion on {len(judged)} later orders"
    if difference.low > 0:
        return Verdict(promote=False, reason=f"worse: {compared}")
    return Verdict(promote=True, reason=f"as good or better: {compared}")


def _shown(difference: Interval) -> str:
    return f"{difference.value:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
