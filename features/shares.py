"""Population columns: what a product's, seller's or place's orders came to, pulled to its kin.

Knows nothing of features. `{whose}_{count}` is a count of the day's state; `{whose}_{rate}_share`
is that rate among resolved orders, shrunk towards the next wider group: a variant to its product,
a product to its category, a city to its postcode area, that to its region, all to the shop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from features.cut import Floats, Ints, Joined
from features.population import COLUMNS, RATES, day_for
from features.view import Query

# A share speaks for itself once it rests on about this many orders; until then its kin do.
SHRINK_ORDERS = 10.0

BY_ORDER = {
    "shop": "shop_key",
    "payment": "payment_key",
    "carrier": "carrier_key",
    "ship_service": "ship_service_key",
    "region": "region_key",
    "prefix": "prefix_key",
    "city": "city_key",
}
BY_ITEM = {
    "category": "category_key",
    "seller": "seller_key",
    "route": "route_key",
    "product": "product_key",
    "variant": "variant_key",
}
# Ratios of two counts: name → (top, bottom). Means are ratios of whole hours to orders.
RATIOS = {
    **{f"{rate}_share": (rate, "resolved") for rate in RATES},
    "unshipped_share": ("unshipped", "ripe"),
    "overdue_share": ("overdue", "due"),
    "handling_hours_mean": ("handling_sum", "shipped"),
    "transit_hours_mean": ("transit_sum", "delivered"),
    "spare_hours_mean": ("spare_sum", "delivered"),
}


def order_counts(  # noqa: PLR0917 - the parameters are the columns read, by name
    query: Query,
    shop_key: Ints,
    payment_key: Ints,
    carrier_key: Ints,
    ship_service_key: Ints,
    region_key: Ints,
    prefix_key: Ints,
    city_key: Ints,
) -> Ints:
    """Counts of the day's state, (7, n, columns) in the order of BY_ORDER."""
    keys = (shop_key, payment_key, carrier_key, ship_service_key, region_key, prefix_key, city_key)
    return _counts(query, np.stack(keys), day_for(query.as_of))


def item_counts(  # noqa: PLR0917 - the parameters are the columns read, by name
    query: Query,
    items: Joined,
    category_key: Ints,
    seller_key: Ints,
    route_key: Ints,
    product_key: Ints,
    variant_key: Ints,
) -> Ints:
    """Counts of the day's state, (5, m, columns) in the order of BY_ITEM."""
    keys = (category_key, seller_key, route_key, product_key, variant_key)
    return _counts(query, np.stack(keys), day_for(query.as_of)[items.owner])


def _counts(query: Query, keys: Ints, days: Ints) -> Ints:
    """One look-up a day, for all keys (g, n) of that day at once."""
    out = np.zeros((*keys.shape, len(COLUMNS)), np.int64)
    each = days[:1] if len(days) == 1 else np.unique(days)
    for day in each:
        of_day = slice(None) if len(each) == 1 else np.flatnonzero(days == day)
        asked = keys[:, of_day]
        found = query.states.state(int(day)).rows(asked.ravel())
        out[:, of_day] = found.reshape(*asked.shape, len(COLUMNS))
    return out


def ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> Floats:
    """Top over bottom, NaN where the bottom is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, top / bottom, np.nan)


def shrunk(top: Ints, bottom: Ints, prior: Floats) -> Floats:
    """Share of the group's own orders and SHRINK_ORDERS imagined ones that are like its kin."""
    return (top + SHRINK_ORDERS * prior) / (bottom + SHRINK_ORDERS)


_TOPS = [COLUMNS.index(top) for top, _ in RATIOS.values()]
_BOTTOMS = [COLUMNS.index(bottom) for _, bottom in RATIOS.values()]
_TOPS_90D = [COLUMNS.index(f"{top}_90d") for top, _ in RATIOS.values()]
_BOTTOMS_90D = [COLUMNS.index(f"{bottom}_90d") for _, bottom in RATIOS.values()]


def order_ratios(order_counts: Ints) -> Floats:
    """All-time ratios of BY_ORDER's groups, (7, n, ratios), each pulled to the next wider."""
    top, bottom = order_counts[..., _TOPS], order_counts[..., _BOTTOMS]
    out = np.empty(top.shape)
    out[0] = ratio(top[0], bottom[0])  # the shop
    out[1:5] = shrunk(top[1:5], bottom[1:5], out[0])  # payment, carrier, service, region
    out[5] = shrunk(top[5], bottom[5], out[4])  # postcode area
    out[6] = shrunk(top[6], bottom[6], out[5])  # city
    return out


def item_ratios(items: Joined, item_counts: Ints, order_ratios: Floats) -> Floats:
    """All-time ratios of BY_ITEM's groups, (5, m, ratios), each pulled to the next wider."""
    top, bottom = item_counts[..., _TOPS], item_counts[..., _BOTTOMS]
    out = np.empty(top.shape)
    out[:3] = shrunk(top[:3], bottom[:3], order_ratios[0, items.owner])  # category, seller, route
    out[3] = shrunk(top[3], bottom[3], out[0])  # product
    out[4] = shrunk(top[4], bottom[4], out[3])  # variant
    return out


def order_ratios_90d(order_counts: Ints, order_ratios: Floats) -> Floats:
    """As `order_ratios` over the last WINDOW_DAYS, pulled to the group's own of all time."""
    return shrunk(order_counts[..., _TOPS_90D], order_counts[..., _BOTTOMS_90D], order_ratios)


def item_ratios_90d(item_counts: Ints, item_ratios: Floats) -> Floats:
    """As `item_ratios` over the last WINDOW_DAYS, pulled to the group's own of all time."""
    return shrunk(item_counts[..., _TOPS_90D], item_counts[..., _BOTTOMS_90D], item_ratios)


class _Picked:
    """A column picked from a matrix of many; its parameter's name is composed."""

    def __init__(self, matrix: str, group: int, column: int) -> None:
        self.parameters, self._group, self._column = (matrix,), group, column

    def __call__(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return matrix[self._group, :, self._column]


def _columns() -> dict[str, Any]:
    own = (order_counts, item_counts, order_ratios, item_ratios, order_ratios_90d, item_ratios_90d)
    columns: dict[str, Any] = {f.__name__: f for f in own}
    for level, groups in (("order", BY_ORDER), ("item", BY_ITEM)):
        for group, whose in enumerate(groups):
            for column, name in enumerate(COLUMNS):
                columns[f"{whose}_{name}"] = _Picked(f"{level}_counts", group, column)
            for column, name in enumerate(RATIOS):
                columns[f"{whose}_{name}"] = _Picked(f"{level}_ratios", group, column)
                columns[f"{whose}_{name}_90d"] = _Picked(f"{level}_ratios_90d", group, column)
    return columns


COLUMNS_BY_NAME = _columns()
