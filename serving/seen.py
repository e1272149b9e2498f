"""What was known of an order just before a moment: whether it is known at all, shipped, cancelled.

Knows nothing of scores. It cuts exactly as the features do, so that both see the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.cut import SORTED_BY, Grouped
from features.facts import NONE, Facts
from features.schema import in_text
from serving.answers import Stage
from serving.described import join
from serving.problems import FieldError, refused
from serving.wire import Reasons

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[Any]  # facts of orders


@dataclass(frozen=True, slots=True)
class Question:
    """One order and the moment it is asked about.

    Attributes:
        shop_id: its shop.
        order_id: as its shop calls it.
        order_key: the 64-bit key of both.
        as_of: microseconds UTC; what was known strictly before it counts.
        keep: whether the score is remembered; that of a question about the past is not.
        reasons: whether its reasons are worked out.
        path: where the request asks it.

    """

    shop_id: str
    order_id: str
    order_key: int
    as_of: int
    keep: bool
    reasons: Reasons = "flagged"
    path: str = ""


class Seen:
    """The latest version of each order asked about, as known before its moment; all (n,).

    Attributes:
        keys: of the orders asked about.
        as_of: microseconds UTC.
        rows: facts of the latest versions; what an unknown order's row holds means nothing.
        known: whether a version was known.
        stages: whether the order could still be helped.

    """

    def __init__(self, facts: Facts, questions: Sequence[Question]) -> None:
        self.keys = np.array([q.order_key for q in questions], np.int64)
        self.as_of = np.array([q.as_of for q in questions], np.int64)
        self.rows, found = _latest(facts["orders"], self.keys, self.as_of)
        self.known: list[bool] = found.tolist()
        self.stages = self._stages()

    def only(self, rows: Sequence[int]) -> Seen:
        """Only those of the orders."""
        if len(rows) == len(self.keys):
            return self
        fewer = copy(self)
        fewer.keys, fewer.as_of, fewer.rows = self.keys[rows], self.as_of[rows], self.rows[rows]
        fewer.known = [self.known[row] for row in rows]
        fewer.stages = tuple(self.stages[row] for row in rows)
        return fewer

    def fact(self, name: str) -> npt.NDArray[Any]:
        """A fact of each order."""
        return self.rows[name]

    def _stages(self) -> tuple[Stage, ...]:
        shipped, cancelled = self._before("shipped_at"), self._before("cancelled_at")
        return tuple(
            "cancelled" if gone else ("shipped" if sent else "unshipped")
            for sent, gone in zip(shipped, cancelled, strict=True)
        )

    def _before(self, name: str) -> list[bool]:
        moments = self.fact(name)
        before: list[bool] = ((moments != NONE) & (moments < self.as_of)).tolist()
        return before


def _latest(orders: Rows, keys: Ints, as_of: Ints) -> tuple[Rows, npt.NDArray[np.bool_]]:
    """The latest version of each key known before its moment, and whether there was one."""
    if len(keys) == 1:  # most requests: what sorting is for is not needed
        mine = orders[(orders["order_key"] == keys[0]) & (orders["known_at"] < as_of[0])]
        at = mine["known_at"].argmax() if len(mine) else 0
        found = np.array([len(mine) > 0])
        return (mine[at : at + 1] if len(mine) else np.zeros(1, orders.dtype)), found
    grouped = Grouped(orders, SORTED_BY["orders"])
    at = grouped.latest(keys, as_of)
    if len(orders) == 0:
        return np.zeros(len(keys), orders.dtype), at >= 0
    return grouped.rows[at], at >= 0


def refuse_unknown(questions: Sequence[Question], seen: Seen) -> None:
    """Raise the `Problem` that names the orders of which no version was known, if there are any."""
    if not all(seen.known):
        raise refused(
            [_unknown(q) for q, known in zip(questions, seen.known, strict=True) if not known]
        )


def _unknown(question: Question) -> FieldError:
    when = "" if question.keep else f" before {in_text(question.as_of)}"
    return FieldError(
        join(question.path, "order_id"),
        f"an order that was not known{when}",
        "an order told before; tell it with its placed_at first",
    )
