"""Which orders belong to which product, seller, place or way of paying, and since when.

Knows nothing of what is counted: one row per (key, order), at the first moment that it was known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.cut import Grouped, Ints
from features.facts import NONE
from features.index import Index
from features.joined import expand

ITEM_KEYS = ("product_key", "variant_key", "category_key", "seller_key")
ORDER_KEYS = ("shop_key", "payment_key", "carrier_key", "ship_service_key")
PLACE_KEYS = ("region_key", "prefix_key")


@dataclass(frozen=True)
class Members:
    """Rows of (key, order), each pair once.

    Attributes:
        key: (m,) the product, seller, place, ... that the order belongs to.
        order: (m,) the order as a position of `index["orders"].keys`.
        known_at: (m,) since when both the order and its belonging are known, microseconds.
        item: (m,) row of `index["items"]` that says so, or -1.

    """

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
    if np.count_nonzero(missing) == 0:
        return own
    version = products.latest(product_key[missing], known_at[missing] + 1)
    found = own.copy()
    found[missing] = products.take("category_key", version)
    return found


def city_in_region(addresses: Grouped) -> Ints:
    """A city's key within its region: towns share names."""
    return mixed(addresses.column("city_key"), addresses.column("region_key"))


def members(index: Index) -> Members:
    """Every (key, order) pair of the facts, at its first moment."""
    parts = [*_by_order(index), *_by_item(index), *_by_place(index), *_by_route(index)]
    key, order, known_at, item = (
        np.concatenate([part[column] for part in parts]) for column in range(4)
    )
    orders = index["orders"]
    position = orders.position(order)
    keep = (position >= 0) & (key != NONE)
    key, position, known_at, item = (
        key[keep],
        position[keep],
        known_at[keep],
        item[keep],
    )
    known_at = np.maximum(known_at, orders.column("known_at")[orders.starts][position])
    ranked = np.lexsort((item, known_at, position, key))
    key, position = key[ranked], position[ranked]
    first = np.ones(len(key), np.bool_)
    first[1:] = (key[1:] != key[:-1]) | (position[1:] != position[:-1])
    return Members(key[first], position[first], known_at[ranked][first], item[ranked][first])


_Part = tuple[Ints, Ints, Ints, Ints]


def _none(rows: int) -> Ints:
    return np.full(rows, -1, np.int64)


def _by_order(index: Index) -> list[_Part]:
    orders = index["orders"]
    order, known_at = orders.column("order_key"), orders.column("known_at")
    return [(orders.column(name), order, known_at, _none(len(order))) for name in ORDER_KEYS]


def _by_item(index: Index) -> list[_Part]:
    items = index["items"]
    order, known_at = items.column("order_key"), items.column("known_at")
    rows = np.arange(len(order))
    keys = {name: items.column(name) for name in ITEM_KEYS}
    keys["category_key"] = item_category(
        index["products"], keys["category_key"], keys["product_key"], known_at
    )
    return [(key, order, known_at, rows) for key in keys.values()]


def _by_place(index: Index) -> list[_Part]:
    addresses = index["addresses"]
    order, known_at = addresses.column("order_key"), addresses.column("known_at")
    keys = [*(addresses.column(name) for name in PLACE_KEYS), city_in_region(addresses)]
    return [(key, order, known_at, _none(len(order))) for key in keys]


def _by_route(index: Index) -> list[_Part]:
    """Seller's postcode area to buyer's region, for every item and address of an order."""
    items, addresses, sellers = index["items"], index["addresses"], index["sellers"]
    low, high = addresses.slices(items.column("order_key"))
    joined = expand(low, high)
    item, address = joined.owner, joined.row
    seller = sellers.position(items.column("seller_key")[item])
    item, address, seller = item[seller >= 0], address[seller >= 0], seller[seller >= 0]
    version = sellers.starts[seller]
    key = mixed(sellers.column("prefix_key")[version], addresses.column("region_key")[address])
    known_at = np.maximum(items.column("known_at")[item], addresses.column("known_at")[address])
    known_at = np.maximum(known_at, sellers.column("known_at")[version])
    return [(key, items.column("order_key")[item], known_at, _none(len(item)))]
