"""From probabilities to the results that callers read and the store keeps.

Knows nothing of where probabilities come from, nor of HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.facts import NONE
from features.rates import Rates
from features.schema import in_text
from outreach.money import Cost
from outreach.ranking import band
from outreach.reasons import Reason
from serving.answers import Loss, Result
from serving.model import Loaded
from serving.seen import Question, Seen


@dataclass(frozen=True, slots=True)
class Policy:
    """What the shop chose that answers depend on.

    Attributes:
        per_day: orders that the team can contact a day.
        costs: kind of outcome → what one costs.
        rates: home currency, and what others are worth in it.

    """

    per_day: int
    costs: Mapping[str, Cost]
    rates: Rates


@dataclass(frozen=True, slots=True)
class Columns:
    """What was worked out about some questions, each in their order.

    Attributes:
        probabilities: (n, heads) in [0, 1].
        places: (n,) the place of each in its day.
        losses: (n,) home minor units, NONE where unknown.
        reasons: row → reasons, where they were asked for.
        alerts: order_key → its open alerts.

    """

    probabilities: npt.NDArray[np.float64]
    places: npt.NDArray[np.int64]
    losses: npt.NDArray[np.int64]
    reasons: Mapping[int, tuple[Reason, ...]]
    alerts: Mapping[int, Sequence[dict[str, Any]]]


def results(
    questions: Sequence[Question],
    seen: Seen,
    loaded: Loaded,
    columns: Columns,
    policy: Policy,
) -> list[Result]:
    """One result a question."""
    made = []
    for row, question in enumerate(questions):
        chances = columns.probabilities[row].tolist()
        place, loss, stage = int(columns.places[row]), int(columns.losses[row]), seen.stages[row]
        made.append(
            Result(
                order_id=question.order_id,
                shop_id=question.shop_id,
                as_of=in_text(question.as_of),
                model=loaded.name,
                risk=chances[loaded.risk_at],
                band=band(place, policy.per_day),
                flagged=place < policy.per_day and stage == "unshipped",
                outcomes={kind: chances[at] for at, kind in loaded.kinds},
                expected_loss=Loss(None if loss == NONE else loss, policy.rates.home),
                reasons=columns.reasons.get(row, ()),
                alerts=tuple(columns.alerts.get(question.order_key, ())) if question.keep else (),
                stage=stage,
            )
        )
    return made
