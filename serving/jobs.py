"""One request to score as a piece of work: what it tells, what it asks, what it may be done with.

Knows nothing of how it is stored or scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from features.facts import key_of
from serving.checks import Found
from serving.parse import ScoreRequest
from serving.seen import Question

MOST_TOGETHER = 32  # requests in one group; more would keep the first of them waiting
FEW = 16  # orders of a request that may be gathered; larger ones are a group by themselves


@dataclass(frozen=True)
class Job:
    """One request to score."""

    request: ScoreRequest

    @property
    def told(self) -> Found:
        """The rows it tells."""
        return self.request.told

    @property
    def received_at(self) -> int:
        """When it came in, microseconds UTC."""
        return self.request.received_at

    @cached_property
    def order_keys(self) -> tuple[int, ...]:
        """The orders it asks about, in their order."""
        return tuple(key_of("order", each.shop_id, each.order_id) for each in self.request.asked)

    def touched(self) -> frozenset[int]:
        """The orders that must not be worked on for somebody else at the same time."""
        return frozenset(self.order_keys)

    @cached_property
    def may_be_gathered(self) -> bool:
        """Whether nothing about it can be refused any more, so that it may share a group.

        It can be refused while it asks about orders that it does not tell from their placing on.
        """
        orders = self.told.rows.get("orders", ())
        whole = sum(row.get("placed_at") is not None for row in orders)
        return whole == len(self.order_keys) <= FEW

    def questions(self, just_now: int) -> list[Question]:
        """What it asks; `just_now` (microseconds UTC) is just after what it told was stored."""
        return [
            Question(
                each.shop_id,
                each.order_id,
                key,
                just_now if each.as_of is None else each.as_of,
                keep=each.as_of is None,
                reasons=self.request.reasons,
                path=each.path,
            )
            for each, key in zip(self.request.asked, self.order_keys, strict=True)
        ]

    def only_asked(self) -> list[Question]:
        """Its questions about orders that it does not tell, or about moments before it came."""
        orders = self.told.rows.get("orders", ())
        told = {(row["shop_id"], row["order_id"]) for row in orders}
        return [
            question
            for question in self.questions(self.received_at)
            if not question.keep or (question.shop_id, question.order_id) not in told
        ]


def together(jobs: Sequence[Job]) -> Found:
    """The rows of all the jobs, one after the other."""
    if len(jobs) == 1:
        return jobs[0].told
    found = Found()
    for job in jobs:
        for table, rows in job.told.rows.items():
            for row, path in zip(rows, job.told.paths[table], strict=True):
                found.keep(table, row, path)
    return found
