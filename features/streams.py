"""What is counted of a product's, seller's or place's orders, and on which day each count grows.

Knows nothing of windows or states: a stream is a list of days, keys and whole numbers to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.cut import Ints
from features.events import NEVER, RATES, Events
from features.facts import NONE
from features.index import Index
from features.joined import Truths, expand
from features.members import Members
from features.rates import Rates, home_minor
from features.schema import DAY_US, HOUR_US

MATURE_DAYS = 30  # an order without any outcome counts as quiet after this many days
SETTLED_DAYS = 7  # ... or this many days after its delivery
NEVER_SHIPPED_DAYS = 14  # open for longer than this, an order counts as not shipped
LIMIT_HOURS = 60 * 24  # hours beyond this are cut: one lost parcel must not swamp a seller's mean
AT_ONCE = 1 << 16  # orders whose additions are held in memory at a time

Weights = Mapping[str, Ints | None]  # count → what is added to it, None being one each
Addition = tuple[str, Ints, Ints | int]  # count, positions of keys, what is added


def day_of(moment: Ints) -> Ints:
    """UTC day number of a moment in microseconds."""
    return moment // DAY_US


@dataclass(frozen=True)
class Rows:
    """Additions that are told one by one.

    Attributes:
        day: (a,) rising days.
        key: (a,) positions of keys.
        weights: count → (a,) what is added.

    """

    day: Ints
    key: Ints
    weights: Weights

    def between(self, start: int, stop: int) -> Iterator[Addition]:
        """What was learned on days [start, stop)."""
        low, high = self.day.searchsorted((start, stop)).tolist()
        if low < high:
            for count, weight in self.weights.items():
                yield count, self.key[low:high], 1 if weight is None else weight[low:high]


@dataclass(frozen=True)
class Groups:
    """The keys that each order belonged to on the day that it became known itself.

    Attributes:
        start: (orders + 1,) where each order's keys start.
        key: (m,) positions of keys.

    """

    start: Ints
    key: Ints


@dataclass(frozen=True)
class Orders:
    """Additions to all keys of an order at once: a dozen rows are told by one.

    Attributes:
        day: (a,) rising days.
        order: (a,) positions of orders.
        weights: count → (orders,) what is added.
        groups: the keys of each order.

    """

    day: Ints
    order: Ints
    weights: Weights
    groups: Groups

    def between(self, start: int, stop: int) -> Iterator[Addition]:
        """What was learned on days [start, stop)."""
        low, high = self.day.searchsorted((start, stop)).tolist()
        for first in range(low, high, AT_ONCE):
            order = self.order[first : min(first + AT_ONCE, high)]
            joined = expand(self.groups.start.take(order), self.groups.start.take(order + 1))
            key = self.groups.key.take(joined.row)
            for count, weight in self.weights.items():
                yield count, key, 1 if weight is None else weight.take(order).take(joined.owner)


def streams(index: Index, members: Members, rates: Rates) -> list[Rows | Orders]:
    """Everything that is ever added to any count.

    Most keys are known as soon as their order is; the others, *late*, are told row by row.
    """
    orders = index["orders"]
    since = day_of(orders.column("known_at").take(orders.starts))
    day = day_of(members.known_at)
    late = day > since.take(members.order)
    prompt = ~late
    counted = np.bincount(members.order[prompt], minlength=len(since))
    groups = Groups(np.concatenate(([0], counted.cumsum())), members.key[prompt])
    key, order, day = members.key[late], members.order[late], day[late]
    out: list[Rows | Orders] = [_prices(index, members, rates)]
    for moment, weights in _moments(index, index.events):
        happens = np.maximum(day_of(moment), since)
        rows = _ranked(happens, moment < NEVER)
        out.append(Orders(happens.take(rows), rows, weights, groups))
        if len(order):
            happens = np.maximum(happens.take(order), day)
            rows = _ranked(happens, moment.take(order) < NEVER)
            own = {
                name: None if w is None else w.take(order.take(rows)) for name, w in weights.items()
            }
            out.append(Rows(happens.take(rows), key.take(rows), own))
    return out


def _ranked(day: Ints, chosen: Truths) -> Ints:
    """The chosen rows in order of their days."""
    rows = chosen.nonzero()[0]
    return rows.take(day.take(rows).argsort(kind="stable"))


def _moments(index: Index, events: Events) -> Iterator[tuple[Ints, Weights]]:
    """Moments of each order, NEVER where there is none, with what they add to which counts.

    An order is *resolved* at its first outcome, SETTLED_DAYS after delivery, or MATURE_DAYS after
    placing: dividing by resolved orders keeps a growing seller from looking safe.
    """
    orders, first = index["orders"], events.first
    placed = orders.column("placed_at").take(first)
    delivered = events.of("delivered")
    outcome = events.when[:, : len(RATES)].min(axis=1, initial=NEVER)
    settled = np.where(delivered == NEVER, NEVER, delivered + SETTLED_DAYS * DAY_US)
    resolved = np.minimum(np.minimum(placed + MATURE_DAYS * DAY_US, outcome), settled)
    yield orders.column("known_at").take(first), {"orders": None}
    yield resolved, {"resolved": None}
    for name in RATES:  # both must have happened; NEVER, being the greatest, stays never
        yield np.maximum(resolved, events.of(name)), {name: None}
    yield events.of("cancelled"), {"cancelled": None}
    yield from _handling(index, placed, events)


def _handling(index: Index, placed: Ints, events: Events) -> Iterator[tuple[Ints, Weights]]:
    due, promise = (
        _never(index["orders"].column(name).take(events.first))
        for name in ("ship_by_at", "deliver_by_at")
    )
    shipped, delivered = events.of("shipped"), events.of("delivered")
    ripe = placed + NEVER_SHIPPED_DAYS * DAY_US
    yield shipped, {"shipped": None, "handling_sum": _hours(placed, shipped)}
    yield ripe, {"ripe": None}
    yield np.where(shipped > ripe, ripe, NEVER), {"unshipped": None}
    yield due, {"due": None}
    yield np.where(shipped > due, due, NEVER), {"overdue": None}
    moved = np.maximum(shipped, delivered)  # a courier's scan may reach us before the shipping does
    yield moved, {"delivered": None, "transit_sum": _hours(shipped, delivered)}
    promised = np.where(promise == NEVER, NEVER, delivered)
    yield promised, {"spare_sum": _hours(delivered, promise)}


def _prices(index: Index, members: Members, rates: Rates) -> Rows:
    """Unit prices in home minor units, for the keys that come from an item."""
    rows = (members.item >= 0).nonzero()[0]
    item, orders = members.item.take(rows), index["orders"]
    currency = orders.column("currency").take(orders.starts.take(members.order.take(rows)))
    price = home_minor(index["items"].column("unit_price_minor").take(item), currency, rates)
    day = day_of(members.known_at.take(rows))
    ranked = _ranked(day, price != NONE)
    key = members.key.take(rows.take(ranked))
    return Rows(day.take(ranked), key, {"priced": None, "price": price.take(ranked)})


def _never(moments: Ints) -> Ints:
    return np.where(moments == NONE, NEVER, moments)


def _hours(start: Ints, stop: Ints) -> Ints:
    """Whole hours between two moments, 0 where either never comes."""
    known = (start != NEVER) & (stop != NEVER)
    hours = np.where(known, stop, 0) // HOUR_US - np.where(known, start, 0) // HOUR_US
    clipped: Ints = np.clip(hours, -LIMIT_HOURS, LIMIT_HOURS)
    return clipped
