"""The moments at which an unshipped order could have been asked about, and what each weighs.

Knows nothing of outcomes by kind, features or models.

A landmark is 0, 1, 6 and 24 h after placing (a setting; 0 h is just after we learned of the
order), and each new message of the buyer and each new address. It counts while the order is
still in play: not shipped, cancelled, attempted or disputed. Where a shop tells us nothing of
shipment, an order is in play until the later of its ship-by and the decision moment's limit, so
that a complaint after delivery never becomes a landmark.

Orders that were contacted are left out altogether, not only from their assignment on: what
became of them was decided by the contact, so even their earlier moments would teach that a risky
order ends quietly. Those held out in their place weigh 1/propensity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.facts import NONE, Facts
from features.schema import HOUR_US, SENDERS
from training.truth import NEVER, Ints, Truth, known

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MAX_PER_ORDER = 12  # landmarks; a buyer who writes fifty times is still one order


@dataclass(frozen=True)
class Landmarks:
    """Moments to learn from and judge at, (n,) each, rising by (placed_at, order_key, as_of).

    The weights of an order's landmarks sum to its propensity weight (1 unless held out).
    Exactly one landmark of each order is its decision moment.
    """

    order_key: Ints
    as_of: Ints  # what was known strictly before it may be used
    weight: Floats
    decision: Flags
    placed_at: Ints
    buyer_key: Ints
    propensity_weight: Floats

    def __len__(self) -> int:
        """How many landmarks."""
        return len(self.order_key)

    def take(self, rows: npt.NDArray[np.bool_] | Ints) -> Landmarks:
        """Only those landmarks, weights as they are."""
        return Landmarks(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def landmarks(
    facts: Facts, orders: Truth, *, hours: tuple[float, ...], decide_within_hours: float
) -> Landmarks:
    """All landmarks of the orders, as known at `orders.as_of`.

    `hours` after placing; `decide_within_hours` bounds the decision moment, which is the last
    landmark within it (counted from when we learned of the order, if that was later).
    """
    start = np.maximum(orders.placed_at, orders.first_known_at + 1)
    limit = start + round(decide_within_hours * HOUR_US)
    row, as_of, clock = _candidates(facts, orders, start, hours)
    inside = (as_of <= _ends_at(orders, limit)[row]) & (as_of < orders.as_of)
    row, as_of, clock = row[inside], as_of[inside], clock[inside]
    decision = _last_within(row, as_of, limit)
    kept = _capped(row, as_of, clock, decision)
    row, as_of, decision = row[kept], as_of[kept], decision[kept]
    count = np.bincount(row, minlength=len(orders.order_key))
    propensity_weight = orders.propensity_weight[row]
    found = Landmarks(
        order_key=orders.order_key[row],
        as_of=as_of,
        weight=propensity_weight / count[row],
        decision=decision,
        placed_at=orders.placed_at[row],
        buyer_key=orders.buyer_key[row],
        propensity_weight=propensity_weight,
    )
    return found.take(np.lexsort((found.as_of, found.order_key, found.placed_at)))


def thinned(found: Landmarks, at_most: int) -> Landmarks:
    """About `at_most` landmarks at most, though never fewer than one an order.

    Each order keeps its decision moment and, while there is room, one other, chosen by a hash;
    its weights still sum to the same. Another order teaches more than another moment of the same.
    """
    if len(found) <= at_most:
        return found
    decisions = int(found.decision.sum())
    return reweighed(found.take(two_an_order(found, room=max(0, at_most - decisions))))


def two_an_order(found: Landmarks, *, room: int | None = None) -> Flags:
    """Marks the decision moment of each order and one other, chosen by a hash, if it has any.

    `room` bounds the number of the others.
    """
    keep = found.decision.copy()
    shuffled = _hash(found.order_key ^ found.as_of)
    others = np.flatnonzero(~found.decision)
    others = others[np.lexsort((shuffled[others], found.order_key[others]))]
    first = np.ones(len(others), np.bool_)
    first[1:] = found.order_key[others[1:]] != found.order_key[others[:-1]]
    keep[others[first][:room]] = True
    return keep


def reweighed(found: Landmarks) -> Landmarks:
    """The same landmarks, with weights that sum to each order's propensity weight again."""
    _, order, count = np.unique(found.order_key, return_inverse=True, return_counts=True)
    return replace(found, weight=found.propensity_weight / count[order])


def _hash(values: Ints) -> npt.NDArray[np.uint64]:
    """A fixed shuffle of keys, the same on every machine and run.

    The multiplier is 2^64 over the golden ratio, as in Knuth's multiplicative hashing.
    """
    mixed = values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return mixed ^ (mixed >> np.uint64(29))


def _ends_at(orders: Truth, limit: Ints) -> Ints:
    """The last moment at which each order was in play; 0 for orders that were contacted."""
    ends = np.minimum.reduce(
        [orders.shipped_at, orders.cancelled_at, orders.attempted_at, orders.disputed_at]
    )
    unseen = (orders.shipped_at == NEVER) & (orders.cancelled_at == NEVER)
    ship_by = np.where(orders.ship_by_at == NONE, limit, orders.ship_by_at)
    ends = np.where(unseen, np.minimum(ends, np.maximum(limit, ship_by)), ends)
    return np.where(orders.contacted_at == NEVER, ends, 0)


def _candidates(
    facts: Facts, orders: Truth, start: Ints, hours: tuple[float, ...]
) -> tuple[Ints, Ints, Flags]:
    """Every moment of every order once: its row, the moment, whether the clock set it."""
    moments = [np.maximum(orders.placed_at + round(hour * HOUR_US), start) for hour in hours]
    rows = [np.arange(len(start))] * len(hours)
    for row, moment in (_messages(facts, orders), _addresses(facts, orders)):
        later = moment > start[row]
        rows.append(row[later])
        moments.append(moment[later])
    row, as_of = np.concatenate(rows), np.concatenate(moments)
    clock = np.zeros(len(row), np.bool_)
    clock[: len(start) * len(hours)] = True
    ranked = np.lexsort((~clock, as_of, row))
    row, as_of, clock = row[ranked], as_of[ranked], clock[ranked]
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (as_of[1:] != as_of[:-1])
    return row[first], as_of[first], clock[first]


def _messages(facts: Facts, orders: Truth) -> tuple[Ints, Ints]:
    rows = known(facts, "messages", orders.as_of)
    rows = rows[rows["sender"] == SENDERS.index("buyer")]
    rows = rows[np.argsort(rows["known_at"], kind="stable")]
    _, first = np.unique(rows["message_key"], return_index=True)  # an edited message came once
    rows = rows[first]
    return _seen(orders, rows["order_key"], np.maximum(rows["known_at"], rows["sent_at"]))


def _addresses(facts: Facts, orders: Truth) -> tuple[Ints, Ints]:
    rows = known(facts, "addresses", orders.as_of)
    moment = np.maximum(rows["known_at"], rows["recorded_at"])
    return _seen(orders, rows["order_key"], moment)


def _seen(orders: Truth, order_key: Ints, moment: Ints) -> tuple[Ints, Ints]:
    """Rows of known orders with the first microsecond at which the event can be seen."""
    row = orders.position(order_key)
    return row[row >= 0], moment[row >= 0] + 1


def _last_within(row: Ints, as_of: Ints, limit: Ints) -> Flags:
    """Marks the last landmark of each order that is within its limit; rows rise by (row, as_of)."""
    last = np.zeros(len(row), np.bool_)
    within = np.flatnonzero(as_of <= limit[row])
    if len(within):
        ends = np.append(row[within][1:] != row[within][:-1], [True])
        last[within[ends]] = True
    return last


def _capped(row: Ints, as_of: Ints, clock: Flags, decision: Flags) -> Flags:
    """At most MAX_PER_ORDER: the decision moment, then the clock's, then the latest events."""
    importance = np.where(decision, 0, np.where(clock, 1, 2))
    ranked = np.lexsort((-as_of, importance, row))
    starts = np.flatnonzero(np.append([True], row[ranked][1:] != row[ranked][:-1])[: len(row)])
    lengths = np.diff(np.append(starts, len(row)))
    rank = np.arange(len(row)) - np.repeat(starts, lengths)
    kept = np.zeros(len(row), np.bool_)
    kept[ranked] = rank < MAX_PER_ORDER
    return kept
