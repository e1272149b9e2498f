"""The past of a buyer, a phone and an address, as it was known just before a moment.

Knows nothing of what a feature makes of it: for each query and each of the three it gives the
other orders that share the key (the latest CAP known by then) and sums over them. All sums are
of whole numbers, so an order alone and in a batch agree to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cut import Ints
from features.events import EVENTS
from features.index import Index
from features.joined import Floats, Joined
from features.schema import DAY_US

CAP = 500  # latest orders per key; lockers and resellers exist, and one query must stay cheap
WHOSE = ("buyer", "phone", "address")
WINDOW_DAYS = 365
# What is summed over the other orders: events that had happened, then these.
SUMS = (*(f"{event}_count" for event in EVENTS), "orders_count", "orders_count_365d")
SUMS += ("other_buyers_count", "amounts_count", "amount_total")
GREATEST = ("order_latest_at", "disputed_latest_at", "amount_max")


@dataclass(frozen=True)
class Past:
    """Pairs of a query's slot (query * 3 + whose) and another order that shares the key.

    Attributes:
        pairs: `owner` is the slot, `row` the order as a position of orders.keys.
        before: (pairs,) the query's moment.
        when: (pairs, EVENTS) moments of the other order's events, NEVER where there is none.
        placed_at: (pairs,) of the order's first version.
        amount: (pairs,) home minor units of the first version, NaN where unknown.
        other_buyer: (pairs,) the order has another buyer than the query's.

    """

    pairs: Joined
    before: Ints
    when: Ints
    placed_at: Ints
    amount: Floats
    other_buyer: npt.NDArray[np.bool_]

    def sums(self) -> Floats:
        """(SUMS, WHOSE, queries): over the other orders; whole numbers, 0 where there is none."""
        terms = np.empty((len(SUMS), len(self.before)))
        terms[: len(EVENTS)] = (self.when < self.before[:, None]).T
        terms[-5] = 1.0
        terms[-4] = self.placed_at >= self.before - WINDOW_DAYS * DAY_US
        terms[-3] = self.other_buyer
        unpriced = np.isnan(self.amount)
        terms[-2] = ~unpriced
        terms[-1] = np.where(unpriced, 0.0, self.amount)
        return self._by_whose(self.pairs.reduced(np.add, terms, 0.0))

    def greatest(self) -> Floats:
        """(GREATEST, WHOSE, queries): over the other orders; NaN where there is none."""
        disputed = self.when[:, EVENTS.index("disputed")]
        terms = np.empty((len(GREATEST), len(self.before)))
        terms[0] = self.placed_at
        terms[1] = np.where(disputed < self.before, disputed, np.nan)
        terms[2] = self.amount
        return self._by_whose(self.pairs.reduced(np.fmax, terms, np.nan))

    def _by_whose(self, values: Floats) -> Floats:
        by_query = values.reshape(len(values), -1, len(WHOSE))
        return np.ascontiguousarray(by_query.transpose(0, 2, 1))


def past(index: Index, keys: Ints, before: Ints, own: Ints) -> tuple[Joined, Ints]:
    """The other orders of each query's buyer, phone and address, and each pair's moment.

    `keys` (n, 3): buyer, phone and address key; `before` (n,); `own` (n,): the query's order as a
    position of orders.keys, left out of its own past.
    """
    links, orders = index.links, index["orders"]
    found = links.latest(keys.ravel(), before.repeat(len(WHOSE)), CAP)
    order, query = links.order.take(found.row), found.owner // len(WHOSE)
    moment = before.take(query)
    # A link may be known before its order is (an address that arrived first): it waits.
    known_first = orders.column("known_at").take(orders.starts.take(order))
    keep = (order != own.take(query)) & (known_first < moment)
    return Joined(found.owner[keep], order[keep], found.queries), moment[keep]
