"""Which orders share a buyer, a phone or an address, and since when that is known.

Knows nothing of what happened to the orders: a link is a key, a moment and an order.
"""

from __future__ import annotations

import numpy as np

from features.cut import SMALL, Grouped, Ints, Joined, count_before, search
from features.facts import NONE
from features.joined import expand


class Links:
    """(key, known_at, order) of every buyer, phone and address that an order was ever given.

    An order is linked from the first row that names the key on, and stays linked.
    """

    def __init__(self, orders: Grouped, addresses: Grouped) -> None:
        of_orders = orders.position_of_rows()
        of_addresses = orders.position(addresses.column("order_key"))
        key, order, known_at = _first(
            _said(orders, "buyer_key", of_orders),
            _said(addresses, "phone_key", of_addresses),
            _said(addresses, "address_key", of_addresses),
        )
        ranked = np.lexsort((order, known_at, key))
        self.key, self.known_at = key.take(ranked), known_at.take(ranked)
        self.order: Ints = order.take(ranked)  # order as a position of orders.keys

    def latest(self, keys: Ints, before: Ints, cap: int) -> Joined:
        """The latest `cap` links of each key known before the moment; rows are of this table."""
        low = search(self.key, keys)
        high = np.where(keys == NONE, low, search(self.key, keys, "right"))
        high = count_before(self.known_at, low, high, before)
        return expand(np.maximum(low, high - cap), high)


def _said(table: Grouped, name: str, order: Ints) -> tuple[Ints, Ints, Ints]:
    """Key, order and moment of each row; of a large table only where a row may say anew.

    A version that only repeats the key of the one before it, and is not known earlier, links
    nothing anew; leaving it out spares the sort most of a large table.
    """
    key, known_at = table.column(name), table.column("known_at")
    if len(key) <= SMALL:
        return key, order, known_at
    fresh = key != NONE
    again = (key[1:] == key[:-1]) & (order[1:] == order[:-1]) & (known_at[1:] >= known_at[:-1])
    fresh[1:] &= ~again
    return key[fresh], order[fresh], known_at[fresh]


def _first(*said: tuple[Ints, Ints, Ints]) -> Ints:
    """Each (key, order) once, at its first moment, (3, links); orders not known (-1) left out."""
    links = np.concatenate([column for each in zip(*said, strict=True) for column in each])
    links = links.reshape(3, -1)
    links = links.take(np.lexsort(links[::-1]), axis=1)
    key, order, _ = links
    first = (key != NONE) & (order >= 0)
    first[1:] &= (key[1:] != key[:-1]) | (order[1:] != order[:-1])
    return links.compress(first, axis=1)
