"""Which orders belong to which product, seller, place or way of paying, and since when.

Knows nothing of what is counted: one row per (key, order), at the first moment that it was known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.cut import Grouped, Ints
from features.facts import NONE
from features.index import Index
from features.joined import expand, holds

ITEM_KEYS = ("product_key", "variant_key", "category_key", "seller_key")
ORDER_KEYS = ("shop_key", "payment_key", "carrier_key", "ship_service_key")
PLACE_KEYS = ("region_key", "prefix_key")


@dataclass(frozen=True)
class Members:
    """Rows of (key, order), each pair once, rising by order.

    Attributes:
        keys: (k,) every product, seller, place, ... that any order belongs to, rising.
        key: (m,) which of them, as a position of `keys`.
        order: (m,) the order as a position of `index["orders"].keys`.
        known_at: (m,) since when both the order and its belonging are known, microseconds.
        item: (m,) row of `index["items"]` that says so, or -1.

    """

    keys: Ints
    key: Ints
    order: Ints
    known_at: Ints
    item: Ints


_MASK = 2**64 - 1


def mixed(first: Ints, second: Ints) -> Ints:
    """One key of two, NONE where either is unknown (SplitMix64's finaliser over both)."""
    if len(first) == 1:  # plain integers are ten times as quick for one
        return np.array([_mixed(first.item(), second.item())])
    bits = first.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + second.view(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return np.where((first == NONE) | (second == NONE), NONE, bits.view(np.int64))


def _mixed(first: int, second: int) -> int:
    if NONE in (first, second):
        return NONE
    bits = (first * 0x9E3779B97F4A7C15 + second) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    bits ^= bits >> 31
    return bits - 2**64 if bits >> 63 else bits


def item_category(products: Grouped, own: Ints, product_key: Ints, known_at: Ints) -> Ints:
    """Category of items: their own, else the product's as known when the item was; all (m,)."""
    missing = own == NONE
    if not holds(missing):
        return own
    version = products.latest(product_key[missing], known_at[missing] + 1)
    found = own.copy()
    found[missing] = products.take("category_key", version)
    return found


def city_in_region(addresses: Grouped) -> Ints:
    """A city's key within its region: towns share names."""
    return mixed(addresses.column("city_key"), addresses.column("region_key"))


_Part = tuple[Ints, Ints, Ints, Ints]  # key, order, known_at and item of the rows that say so


def members(index: Index) -> Members:
    """Every (key, order) pair of the facts, at its first moment.

    No key is of two kinds, so each kind is gone through alone: a whole shop's rows at once would
    not fit in the memory of a small machine.
    """
    orders = index["orders"]
    since = orders.column("known_at").take(orders.starts)
    kinds = [_first(since, *part) for part in _parts(index)]
    order, known_at, item = (np.concatenate([kind[at] for kind in kinds]) for at in (1, 2, 3))
    keys, key = _numbered([kind[0] for kind in kinds])
    ranked = order.argsort(kind="stable")
    return Members(
        keys, key.take(ranked), order.take(ranked), known_at.take(ranked), item.take(ranked)
    )


def _numbered(kinds: list[Ints]) -> tuple[Ints, Ints]:
    """All keys of all kinds, rising, and each row's position among them."""
    distinct = [np.unique(key) for key in kinds]
    keys = np.unique(np.concatenate(distinct))
    found = [
        keys.searchsorted(own).take(own.searchsorted(key))
        for own, key in zip(distinct, kinds, strict=True)
    ]
    return keys, np.concatenate(found)


def _first(since: Ints, key: Ints, order: Ints, known_at: Ints, item: Ints) -> _Part:
    """Each (key, order) once, at its first moment; rows come in the order of their orders.

    `since`: when each order became known. A row that repeats the key of the row before it and is
    known no earlier says nothing new; what is left is sorted only where an order has several.
    """
    known = (key != NONE) & (order >= 0)
    key, order, known_at, item = (column[known] for column in (key, order, known_at, item))
    known_at = np.maximum(known_at, since.take(order))
    new = np.ones(len(key), np.bool_)
    same = order[1:] == order[:-1]
    new[1:] = ~(same & (key[1:] == key[:-1]) & (known_at[1:] >= known_at[:-1]))
    key, order, known_at, item = (column[new] for column in (key, order, known_at, item))
    keep = _first_of_several(key, order, known_at, item)
    return key[keep], order[keep], known_at[keep], item[keep]


def _first_of_several(key: Ints, order: Ints, known_at: Ints, item: Ints) -> Ints:
    """Rows to keep, rising: the first of each (key, order)."""
    keep = np.ones(len(key), np.bool_)
    several = np.zeros(len(key), np.bool_)
    several[1:] = order[1:] == order[:-1]
    several[:-1] |= several[1:]
    rows = several.nonzero()[0]
    key, order, known_at, item = (c.take(rows) for c in (key, order, known_at, item))
    ranked = np.lexsort((item, known_at, key, order))
    key, order = key.take(ranked), order.take(ranked)
    again = (key[1:] == key[:-1]) & (order[1:] == order[:-1])
    keep[rows.take(ranked[1:][again])] = False
    return keep.nonzero()[0]


def _parts(index: Index) -> Iterator[_Part]:
    """Each kind of key with its rows, rising by order."""
    orders, items, addresses = index["orders"], index["items"], index["addresses"]
    yield from _columns(index, orders, ORDER_KEYS)
    yield from _columns(index, items, ITEM_KEYS)
    yield from _columns(index, addresses, PLACE_KEYS)
    order, known_at = orders.position(addresses.column("order_key")), addresses.column("known_at")
    yield city_in_region(addresses), order, known_at, _none(len(order))
    area = mixed(addresses.column("prefix_key"), addresses.column("region_key"))
    yield area, order, known_at, _none(len(order))
    yield _routes(index)


def _none(rows: int) -> Ints:
    return np.full(rows, -1, np.int64)


def _columns(index: Index, table: Grouped, names: tuple[str, ...]) -> Iterator[_Part]:
    order = index["orders"].position(table.column("order_key"))
    of_items = table is index["items"]
    item, known_at = (
        np.arange(len(order)) if of_items else _none(len(order)),
        table.column("known_at"),
    )
    for name in names:
        key = table.column(name)
        if name == "category_key":
            key = item_category(index["products"], key, table.column("product_key"), known_at)
        yield key, order, known_at, item


def _routes(index: Index) -> _Part:
    """Seller's postcode area to buyer's region, for every item and address of an order."""
    items, addresses, sellers = index["items"], index["addresses"], index["sellers"]
    joined = expand(*addresses.slices(items.column("order_key")))
    seller = sellers.position(items.column("seller_key").take(joined.owner))
    item, address, seller = (rows[seller >= 0] for rows in (joined.owner, joined.row, seller))
    version = sellers.starts.take(seller)
    key = mixed(
        sellers.column("prefix_key").take(version), addresses.column("region_key").take(address)
    )
    known_at = np.maximum(
        items.column("known_at").take(item), addresses.column("known_at").take(address)
    )
    known_at = np.maximum(known_at, sellers.column("known_at").take(version))
    order = index["orders"].position(items.column("order_key").take(item))
    return key, order, known_at, _none(len(item))
