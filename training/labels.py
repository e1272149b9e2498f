"""Whether each order ended in each kind of outcome, said only where it can be said by now.

Knows nothing of landmarks, features or models: orders and what was known of them go in, one
answer per order and kind comes out, and -1 where there is no answer.

**Horizons.** An outcome counts if it opened before the order's horizon for its kind: some days
after placing, except where the promise decides. An A-to-Z claim counts days from the latest
promised delivery. A late delivery cannot open before the promise has passed, which may lie beyond
any number of days after placing, so its horizon is at least LATE_GRACE_DAYS after the promise.

**No answer** (-1) where the horizon has not passed (even if the outcome is already there: early
positives of an unfinished cohort would make it look worse than it is); where the order was
cancelled by somebody else than the buyer; where the shop and platform have no source of the kind.
A source exists from the first outcome it gave; before that, silence counts as silence only while
it is plausible: orders whose horizon passed before the first outcome are unanswered if at the
later rate at least SILENCE of them should have been positive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.facts import NONE, Facts
from features.schema import DAY_US, OUTCOME_KINDS
from training.truth import NEVER, Ints, Truth, known

Answers = npt.NDArray[np.int8]

UNKNOWN = -1
AFTER_PROMISE = ("a_to_z_claim",)  # kinds whose days are counted from the latest promised delivery
LATE_GRACE_DAYS = 7  # a lateness is recorded within days of the broken promise
SILENCE = 5.0  # expected positives; seeing none of five has a chance of exp(-5) = 0.7 %


@dataclass(frozen=True)
class Labels:
    """Answers (orders, kinds) in {-1, 0, 1}, orders rising by key, kinds as in `kinds`.

    `ready_at` is each order's horizon per kind: when the answer became final.
    """

    as_of: int
    kinds: tuple[str, ...]
    order_key: Ints
    answer: Answers
    ready_at: Ints  # (orders, kinds)
    has_source: npt.NDArray[np.bool_]  # (orders, kinds): the shop and platform report the kind

    def of(self, kind: str, order_key: Ints) -> Answers:
        """Answers of one kind for orders, -1 for orders that were not known."""
        row, column = self._row(order_key), self.kinds.index(kind)
        return np.where(row >= 0, self.answer[row, column], UNKNOWN).astype(np.int8)

    def ready(self, kind: str, order_key: Ints) -> Ints:
        """When each order's answer is final; NEVER for orders that were not known."""
        row, column = self._row(order_key), self.kinds.index(kind)
        return np.where(row >= 0, self.ready_at[row, column], NEVER)

    def positives(self, kind: str) -> int:
        """How many orders are answered with 1."""
        return int((self.answer[:, self.kinds.index(kind)] == 1).sum())

    def judged(self, kind: str) -> int:
        """How many orders are answered at all."""
        return int((self.answer[:, self.kinds.index(kind)] != UNKNOWN).sum())

    def _row(self, order_key: Ints) -> Ints:
        if len(self.order_key) == 0:
            return np.full(len(order_key), -1, np.int64)
        at = np.minimum(np.searchsorted(self.order_key, order_key), len(self.order_key) - 1)
        return np.where(self.order_key[at] == order_key, at, -1)


def labels(facts: Facts, orders: Truth, horizon_days: Mapping[str, float]) -> Labels:
    """Answers of every kind as known at `orders.as_of`.

    `horizon_days` gives the days of each kind; kinds that it does not name have no answer.
    """
    opened = Opened.of(facts, orders)
    ready_at = np.full((len(orders.order_key), len(OUTCOME_KINDS)), NEVER, np.int64)
    answer = np.full(ready_at.shape, UNKNOWN, np.int8)
    has_source = np.zeros(ready_at.shape, np.bool_)
    censored = (orders.cancelled_at != NEVER) & (opened.first("cancelled_by_buyer") == NEVER)
    for column, kind in enumerate(OUTCOME_KINDS):
        if kind not in horizon_days:
            continue
        horizon = horizon_of(kind, orders, horizon_days[kind])
        positive = opened.first(kind) < horizon
        mature = horizon <= orders.as_of
        ready_at[:, column] = horizon
        has_source[:, column], speaks = _sources(orders, opened.first(kind), horizon, mature)
        judged = mature & speaks & ~censored
        answer[judged, column] = positive[judged]
    return Labels(orders.as_of, OUTCOME_KINDS, orders.order_key, answer, ready_at, has_source)


def horizon_of(kind: str, orders: Truth, days: float) -> Ints:
    """The moment (n,) before which an outcome of the kind must open to count."""
    promised = orders.deliver_by_at
    promise: Ints = np.where(promised == NONE, orders.placed_at, promised)
    span = round(days * DAY_US)
    if kind in AFTER_PROMISE:
        return promise + span
    horizon = orders.placed_at + span
    if kind == "late_delivery":
        return np.maximum(horizon, promise + LATE_GRACE_DAYS * DAY_US)
    return horizon


def with_any(found: Labels, name: str, kinds: tuple[str, ...]) -> Labels:
    """The same labels with one more kind: 1 where any of `kinds` is.

    Answered where every one of these kinds that has a source is, and at least one has.
    """
    columns = [found.kinds.index(kind) for kind in kinds]
    answer, source = found.answer[:, columns], found.has_source[:, columns]
    judged = source.any(axis=1) & ((answer != UNKNOWN) | ~source).all(axis=1)
    joint = np.where(judged, (answer == 1).any(axis=1), UNKNOWN).astype(np.int8)
    ready_at = np.where(source, found.ready_at[:, columns], 0).max(axis=1, initial=0)
    return Labels(
        found.as_of,
        (*found.kinds, name),
        found.order_key,
        np.column_stack([found.answer, joint]),
        np.column_stack([found.ready_at, ready_at]),
        np.column_stack([found.has_source, source.any(axis=1)]),
    )


def worthwhile(found: Labels, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds worth joining: without those that would cost more positives than they bring.

    A chargeback takes 120 days to be judged: in a history of six weeks a union with it would be
    judged nowhere. While leaving out a kind doubles the positives of the union, it is left out.
    """
    while len(kinds) > 1:
        joint = with_any(found, "any", kinds).positives("any")
        without = {
            kind: with_any(found, "any", tuple(k for k in kinds if k != kind)).positives("any")
            for kind in kinds
        }
        worst = max(kinds, key=lambda kind: without[kind])
        if without[worst] <= 2 * joint:
            break
        kinds = tuple(kind for kind in kinds if kind != worst)
    return kinds


@dataclass(frozen=True)
class Opened:
    """When the first outcome of each kind opened, per order; NEVER where none is known."""

    at: Ints  # (orders, kinds)

    @classmethod
    def of(cls, facts: Facts, orders: Truth) -> Opened:
        """From the outcomes known at `orders.as_of`; those of unknown orders are passed over."""
        rows: npt.NDArray[Any] = known(facts, "outcomes", orders.as_of)
        at = np.full((len(orders.order_key), len(OUTCOME_KINDS)), NEVER, np.int64)
        row = orders.position(rows["order_key"])
        usable = (row >= 0) & (rows["kind"] != NONE) & (rows["opened_at"] != NONE)
        np.minimum.at(at, (row[usable], rows["kind"][usable]), rows["opened_at"][usable])
        return cls(at)

    def first(self, kind: str) -> Ints:
        """(orders,) first opening of the kind."""
        return self.at[:, OUTCOME_KINDS.index(kind)]


def _sources(
    orders: Truth, opened_at: Ints, horizon: Ints, mature: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Where the kind has a source at all, and where its silence can be believed."""
    _, feed = np.unique(
        np.stack([orders.shop_key, orders.platform_key]), axis=1, return_inverse=True
    )
    feed = feed.reshape(-1)
    feeds = int(feed.max(initial=-1)) + 1
    begins_at = np.full(feeds, NEVER, np.int64)
    np.minimum.at(begins_at, feed, opened_at)
    has_source = (begins_at != NEVER)[feed]
    before = horizon <= begins_at[feed]
    later = mature & ~before
    rate = _count(feed, feeds, later & (opened_at < horizon)) / np.maximum(
        _count(feed, feeds, later), 1
    )
    implausible = rate * _count(feed, feeds, before) >= SILENCE
    return has_source, has_source & ~(before & implausible[feed])


def _count(feed: Ints, feeds: int, flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    return np.bincount(feed[flags], minlength=feeds)
