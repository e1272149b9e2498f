"""The past of a buyer, a phone and an address, as it was known just before a moment.

Knows nothing of what a feature makes of it: for each query and each of the three it gives the
other orders that share the key (the latest CAP known by then) and sums over them. All sums are
of whole numbers, so an order alone and in a batch agree to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from features.cut import Ints, Joined
from features.events import EVENTS, NEVER, Events
from features.facts import NONE
from features.index import Index
from features.schema import DAY_US

CAP = 500  # latest orders per key; lockers and resellers exist, and one query must stay cheap
WHOSE = ("buyer", "phone", "address")
WINDOW_DAYS = 365


@dataclass(frozen=True)
class Past:
    """Pairs of a query's slot (query * 3 + whose) and another order that shares the key."""

    slots: int  # number of slots: 3 a query
    slot: Ints  # (pairs,) rising
    order: Ints  # (pairs,) order as a position of orders.keys
    before: Ints  # (pairs,) the query's moment
    events: Events
    placed_at: Ints  # (pairs,) of the order's first version
    amount: Ints  # (pairs,) home minor units of the first version, NONE where unknown
    other_buyer: npt.NDArray[np.bool_]  # (pairs,) the order has another buyer than the query's

    @cached_property
    def orders_count(self) -> Ints:
        """Other orders per slot."""
        return np.bincount(self.slot, minlength=self.slots).astype(np.int64)

    @cached_property
    def priced(self) -> npt.NDArray[np.bool_]:
        """(pairs,): the amount is known in the home currency."""
        return np.not_equal(self.amount, NONE)

    @cached_property
    def amount_total(self) -> Ints:
        """Sum of the known amounts per slot, home minor units."""
        return self.total(self.amount, self.priced)

    @cached_property
    def latest_order_at(self) -> Ints:
        """When the latest other order was placed, per slot; NONE where there is none."""
        return self.greatest(self.placed_at, np.ones(len(self.slot), np.bool_))

    def count(self, chosen: npt.NDArray[np.bool_]) -> Ints:
        """Chosen pairs per slot."""
        return np.bincount(self.slot[chosen], minlength=self.slots).astype(np.int64)

    def total(self, values: Ints, chosen: npt.NDArray[np.bool_]) -> Ints:
        """Sum of whole numbers over chosen pairs per slot, exact."""
        out = np.zeros(self.slots, np.int64)
        np.add.at(out, self.slot[chosen], values[chosen])
        return out

    def greatest(self, values: Ints, chosen: npt.NDArray[np.bool_]) -> Ints:
        """Largest value over chosen pairs per slot; NONE where there is none."""
        out = np.full(self.slots, NONE, np.int64)
        np.maximum.at(out, self.slot[chosen], values[chosen])
        return out

    @cached_property
    def happened(self) -> npt.NDArray[np.bool_]:
        """(pairs, events): the event was known before the query's moment."""
        return self.events.when[self.order] < self.before[:, None]

    @cached_property
    def event_counts(self) -> Ints:
        """(slots, events): other orders to which the event had happened."""
        out = np.zeros((self.slots, len(EVENTS)), np.int64)
        np.add.at(out, self.slot, self.happened)
        return out

    @cached_property
    def recent(self) -> npt.NDArray[np.bool_]:
        """(pairs,): placed within the window."""
        return self.placed_at >= self.before - WINDOW_DAYS * DAY_US

    def latest_event(self, name: str) -> Ints:
        """Latest moment of an event before the query's, per slot; NONE where there is none."""
        column = EVENTS.index(name)
        moments = self.events.when[self.order, column]
        return self.greatest(moments, (moments != NEVER) & self.happened[:, column])


def past(index: Index, keys: Ints, before: Ints, *, own: Ints, amounts: Ints) -> Past:
    """The past of each query.

    `keys` (n, 3): buyer, phone and address key; `before` (n,); `own` (n,): the query's order as a
    position of orders.keys, left out of its own past; `amounts` (orders,): home minor units of
    each order's first version.
    """
    joined = _others(index, keys, before, own)
    slot, order = joined.owner, joined.row
    query = slot // len(WHOSE)
    orders = index["orders"]
    first = orders.starts[order]
    buyer = orders.column("buyer_key")[first]
    return Past(
        slots=len(before) * len(WHOSE),
        slot=slot,
        order=order,
        before=before[query],
        events=index.events,
        placed_at=orders.column("placed_at")[first],
        amount=amounts[order],
        other_buyer=(buyer != keys[query, 0]) & (buyer != NONE),
    )


def _others(index: Index, keys: Ints, before: Ints, own: Ints) -> Joined:
    links = index.links
    found = links.latest(keys.ravel(), np.repeat(before, len(WHOSE)), CAP)
    order = links.order[found.row]
    known_first = index["orders"].column("known_at")[index["orders"].starts]
    query = found.owner // len(WHOSE)
    # A link may be known before its order is (an address that arrived first): it waits.
    keep = (order != own[query]) & (known_first[order] < before[query])
    return Joined(found.owner[keep], order[keep])
