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
    "product": "product_key",
    "variant": "variant_key",
    "seller": "seller_key",
    "route": "route_key",
}
PARENT = {
    "payment": "shop",
    "carrier": "shop",
    "ship_service": "shop",
    "region": "shop",
    "prefix": "region",
    "city": "prefix",
    "category": "shop",
    "product": "category",
    "variant": "product",
    "seller": "shop",
    "route": "shop",
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
    product_key: Ints,
    variant_key: Ints,
    seller_key: Ints,
    route_key: Ints,
) -> Ints:
    """Counts of the day's state, (5, m, columns) in the order of BY_ITEM."""
    keys = (category_key, product_key, variant_key, seller_key, route_key)
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


def _count_column(level: str, position: int, name: str) -> Any:
    column = COLUMNS.index(name)
    if level == "order":
        return lambda order_counts: order_counts[position, :, column]
    return lambda item_counts: item_counts[position, :, column]


class _Named:
    """A column function whose parameter names are composed rather than written."""

    def __init__(self, parameters: tuple[str, ...], function: Any) -> None:
        self.parameters, self.function = parameters, function

    def __call__(self, *arguments: Any) -> Any:
        return self.function(*arguments)


def _ratio_column(whose: str, name: str) -> _Named:
    """The ratio of a group, pulled towards the next wider group's."""
    own = tuple(f"{whose}_{count}" for count in RATIOS[name])
    if whose == "shop":
        return _Named(own, ratio)
    prior = f"{PARENT[whose]}_{name}"
    if whose in BY_ITEM and PARENT[whose] in BY_ORDER:
        return _Named((*own, prior, "item_owner"), lambda t, b, p, owner: shrunk(t, b, p[owner]))
    return _Named((*own, prior), shrunk)


def _recent_column(whose: str, name: str) -> _Named:
    """The ratio over the last WINDOW_DAYS, pulled towards the group's own of all time."""
    own = tuple(f"{whose}_{count}_90d" for count in RATIOS[name])
    return _Named((*own, f"{whose}_{name}"), shrunk)


def _columns() -> dict[str, Any]:
    columns: dict[str, Any] = {f.__name__: f for f in (order_counts, item_counts)}
    for level, groups in (("order", BY_ORDER), ("item", BY_ITEM)):
        for position, whose in enumerate(groups):
            for name in COLUMNS:
                columns[f"{whose}_{name}"] = _count_column(level, position, name)
            for name in RATIOS:
                columns[f"{whose}_{name}"] = _ratio_column(whose, name)
                columns[f"{whose}_{name}_90d"] = _recent_column(whose, name)
    return columns


COLUMNS_BY_NAME = _columns()
