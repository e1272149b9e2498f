"""Which orders share a buyer, a phone or an address, and since when that is known.

Knows nothing of what happened to the orders: a link is a key, a moment and an order.
"""

from __future__ import annotations

import numpy as np

from features.cut import Grouped, Ints, Joined, count_before, expand
from features.facts import NONE


class Links:
    """(key, known_at, order) of every buyer, phone and address that an order was ever given.

    An order is linked from the first row that names the key on, and stays linked.
    """

    def __init__(self, orders: Grouped, addresses: Grouped) -> None:
        sources = ((orders, "buyer_key"), (addresses, "phone_key"), (addresses, "address_key"))
        key = np.concatenate([table.column(name) for table, name in sources])
        order = np.concatenate([table.column("order_key") for table, _ in sources])
        known_at = np.concatenate([table.column("known_at") for table, _ in sources])
        named = key != NONE
        key, order, known_at = first_links(key[named], order[named], known_at[named])
        ranked = np.lexsort((order, known_at, key))
        self.key, self.known_at = key[ranked], known_at[ranked]
        self.order: Ints = orders.position(order[ranked])  # order as a position of orders.keys
        self.key, self.known_at, self.order = (
            column[self.order >= 0] for column in (self.key, self.known_at, self.order)
        )

    def latest(self, keys: Ints, before: Ints, cap: int) -> Joined:
        """The latest `cap` links of each key known before the moment; rows are of this table."""
        low = np.searchsorted(self.key, keys, "left")
        high = np.where(keys == NONE, low, np.searchsorted(self.key, keys, "right"))
        high = count_before(self.known_at, low, high, before)
        return expand(np.maximum(low, high - cap), high)


def first_links(key: Ints, order: Ints, known_at: Ints) -> tuple[Ints, Ints, Ints]:
    """Each (key, order) once, at its first `known_at`."""
    ranked = np.lexsort((known_at, order, key))
    key, order, known_at = key[ranked], order[ranked], known_at[ranked]
    first = np.ones(len(key), np.bool_)
    first[1:] = (key[1:] != key[:-1]) | (order[1:] != order[:-1])
    return key[first], order[first], known_at[first]
