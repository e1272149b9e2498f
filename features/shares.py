"""Population columns: what a product's, seller's or place's orders came to, pulled to its kin.

Knows nothing of features. `{whose}_{count}` is a count of the day's state; `{whose}_{rate}_share`
is that rate among resolved orders, shrunk towards the next wider group: a variant to its product,
a product to its category, a city to its postcode area, that to its region, all to the shop, and
so are a buyer, a phone and an address by their own past.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints, Joined
from features.events import RATES
from features.past import SUMS, WHOSE
from features.plan import Part, Rule
from features.population import COLUMNS, day_for
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
    "area": "area_key",
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
# (top or bottom, ratio): their columns of all time, then those of the last WINDOW_DAYS.
_ENDS = np.array(
    [
        [COLUMNS.index(ends[which] + window) for ends in RATIOS.values()]
        for window in ("", "_90d")
        for which in (0, 1)
    ]
)


def counts(  # noqa: PLR0913, PLR0917 - the parameters are the columns read, by name
    query: Query,
    items: Joined,
    shop_key: Ints,
    payment_key: Ints,
    carrier_key: Ints,
    ship_service_key: Ints,
    region_key: Ints,
    prefix_key: Ints,
    city_key: Ints,
    area_key: Ints,
    category_key: Ints,
    seller_key: Ints,
    route_key: Ints,
    product_key: Ints,
    variant_key: Ints,
) -> Floats:
    """Counts of the day's state, (columns, 8 n + 5 m): BY_ORDER's groups, then BY_ITEM's."""
    places = [shop_key, payment_key, carrier_key, ship_service_key]
    places += [region_key, prefix_key, city_key, area_key]
    goods = [category_key, seller_key, route_key, product_key, variant_key]
    days = day_for(query.as_of)
    if len(days) == 1 or (len(days) and (days == days[0]).all()):
        found = query.states.state(int(days[0])).rows(np.concatenate((*places, *goods)))
    else:
        each = [days] * len(places) + [items.spread(days)] * len(goods)
        found = _on_days(query, np.concatenate((*places, *goods)), np.concatenate(each))
    return np.ascontiguousarray(found.T, np.float64)


def _on_days(query: Query, keys: Ints, days: Ints) -> Ints:
    """The counts of each key (k,) on its day, (k, columns): one look-up a day."""
    found = np.empty((len(keys), len(COLUMNS)), np.int64)
    ranked = days.argsort(kind="stable")
    each, starts = np.unique(days[ranked], return_index=True)
    for day, rows in zip(each.tolist(), np.split(ranked, starts[1:]), strict=False):
        found[rows] = query.states.state(day).rows(keys[rows])
    return found


def order_counts(query: Query, counts: Floats) -> Floats:
    """Counts of BY_ORDER's groups, (columns, 8, n)."""
    queries = len(query.as_of)
    return counts[:, : len(BY_ORDER) * queries].reshape(len(counts), len(BY_ORDER), queries)


def item_counts(query: Query, items: Joined, counts: Floats) -> Floats:
    """Counts of BY_ITEM's groups, (columns, 5, m)."""
    skipped = len(BY_ORDER) * len(query.as_of)
    return counts[:, skipped:].reshape(len(counts), len(BY_ITEM), len(items))


def ratio(top: Floats, bottom: Floats) -> Floats:
    """Top over bottom, NaN where the bottom is zero."""
    return top / np.where(bottom > 0, bottom, np.nan)


def shrunk(top: Floats, bottom: Floats, prior: Floats) -> Floats:
    """Share of the group's own orders and SHRINK_ORDERS imagined ones that are like its kin."""
    return (top + SHRINK_ORDERS * prior) / (bottom + SHRINK_ORDERS)


def order_ratios(order_counts: Floats) -> Floats:
    """All-time ratios of BY_ORDER's groups, (8, ratios, n), each pulled to the next wider."""
    top, bottom = _ends(order_counts, _ENDS[:2])
    out = np.empty(top.shape)
    out[0] = ratio(top[0], bottom[0])  # the shop
    bottom += SHRINK_ORDERS
    _pull(out, slice(1, 5), out[0], top, bottom)  # payment, carrier, service, region
    _pull(out, 5, out[4], top, bottom)  # postcode area
    _pull(out, 6, out[5], top, bottom)  # city
    _pull(out, 7, out[4], top, bottom)  # postcode area in its region
    return out


def item_ratios(items: Joined, item_counts: Floats, order_ratios: Floats) -> Floats:
    """All-time ratios of BY_ITEM's groups, (5, ratios, m), each pulled to the next wider."""
    top, bottom = _ends(item_counts, _ENDS[:2])
    out = np.empty(top.shape)
    bottom += SHRINK_ORDERS
    _pull(out, slice(3), items.spread(order_ratios[0]), top, bottom)  # category, seller, route
    _pull(out, 3, out[0], top, bottom)  # product
    _pull(out, 4, out[3], top, bottom)  # variant
    return out


def order_ratios_90d(order_counts: Floats, order_ratios: Floats) -> Floats:
    """As `order_ratios` over the last WINDOW_DAYS, pulled to the group's own of all time."""
    top, bottom = _ends(order_counts, _ENDS[2:])
    return shrunk(top, bottom, order_ratios)


def item_ratios_90d(item_counts: Floats, item_ratios: Floats) -> Floats:
    """As `item_ratios` over the last WINDOW_DAYS, pulled to the group's own of all time."""
    top, bottom = _ends(item_counts, _ENDS[2:])
    return shrunk(top, bottom, item_ratios)


def _pull(out: Floats, groups: int | slice, prior: Floats, top: Floats, bottom: Floats) -> None:
    """`shrunk` of some groups written into `out`, SHRINK_ORDERS being in the bottom already."""
    np.divide(top[groups] + SHRINK_ORDERS * prior, bottom[groups], out=out[groups])


def _ends(counts: Floats, columns: Ints) -> Floats:
    """Tops and bottoms of all ratios, (2, groups, ratios, ...) of counts (columns, groups, ...)."""
    return np.ascontiguousarray(counts.take(columns, axis=0).swapaxes(1, 2))


def past_shares(past_sums: Floats, order_ratios: Floats) -> Floats:
    """Shares of RATES among the other orders of WHOSE, (rates, 3, n), pulled to the shop's."""
    rates, orders = past_sums[: len(RATES)], past_sums[SUMS.index("orders_count")]
    return shrunk(rates, orders, order_ratios[0, : len(RATES), None])


def _columns() -> dict[str, Rule]:
    columns: dict[str, Rule] = {f.__name__: f for f in (counts, order_counts, item_counts)}
    columns |= {f.__name__: f for f in (order_ratios, item_ratios, past_shares)}
    columns |= {f.__name__: f for f in (order_ratios_90d, item_ratios_90d)}
    for level, groups in (("order", BY_ORDER), ("item", BY_ITEM)):
        for group, whose in enumerate(groups):
            for at, name in enumerate(COLUMNS):
                columns[f"{whose}_{name}"] = Part(f"{level}_counts", (at, group))
            for at, name in enumerate(RATIOS):
                columns[f"{whose}_{name}"] = Part(f"{level}_ratios", (group, at))
                columns[f"{whose}_{name}_90d"] = Part(f"{level}_ratios_90d", (group, at))
    for slot, whose in enumerate(WHOSE):
        for at, rate in enumerate(RATES):
            columns[f"{whose}_{rate}_share"] = Part("past_shares", (at, slot))
    return columns


COLUMNS_BY_NAME = _columns()
