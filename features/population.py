"""Counts of a place's, product's or seller's orders, as known at 00:00 UTC of a day.

Knows nothing of queries: a state is a sorted list of keys and a matrix of whole-number counts,
all time and over the last WINDOW_DAYS. Training advances through the days; the nightly job stores
one day's state; both are the same sums, so they are equal to the last digit.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from features.cut import Ints
from features.events import NEVER, RATES, Events
from features.facts import NONE, Facts
from features.index import Index
from features.members import Members, members
from features.rates import Rates, home_minor
from features.schema import DAY_US, HOUR_US

STATE_VERSION = 1  # raise it whenever a count changes meaning: stored states are then built anew
WINDOW_DAYS = 90  # recent enough to follow a season, long enough to hold a seller's orders
MATURE_DAYS = 30  # an order without any outcome counts as quiet after this many days
SETTLED_DAYS = 7  # ... or this many days after its delivery
NEVER_SHIPPED_DAYS = 14  # open for longer than this, an order counts as not shipped
LIMIT_HOURS = 60 * 24  # hours beyond this are cut: one lost parcel must not swamp a seller's mean

# What is counted: name → how (see `_streams`). Order matters: it is the columns of a state.
COUNTS = (
    "orders",
    "resolved",
    *RATES,
    "shipped",
    "handling_sum",
    "cancelled",
    "ripe",
    "unshipped",
    "due",
    "overdue",
    "delivered",
    "transit_sum",
    "spare_sum",
    "priced",
    "price",
)
COLUMNS = (*COUNTS, *(f"{name}_90d" for name in COUNTS))
_AT = {name: column for column, name in enumerate(COLUMNS)}
_MAGIC = b"rrstate1"


@dataclass(frozen=True)
class State:
    """What was counted by 00:00 UTC of a day. Rows of unknown keys are zeros: none were found.

    Attributes:
        day: days since 1970-01-01.
        keys: (m,) rising 64-bit keys.
        counts: (m, len(COLUMNS)) whole numbers.

    """

    day: int
    keys: Ints
    counts: Ints

    def rows(self, keys: Ints) -> Ints:
        """Counts (len(keys), len(COLUMNS)) of the given keys."""
        if len(self.keys) == 0:
            return np.zeros((len(keys), len(COLUMNS)), np.int64)
        at = np.minimum(self.keys.searchsorted(keys), len(self.keys) - 1)
        found = self.keys.take(at) == keys  # NONE is never counted, so never found
        rows: Ints = self.counts.take(at, axis=0) * found[:, None]
        return rows

    def to_bytes(self) -> bytes:
        """The state as compressed bytes; keys whose counts are all zero are left out."""
        used = self.counts.any(axis=1)
        keys, counts = self.keys[used], self.counts[used]
        head = struct.pack("<8siiq", _MAGIC, STATE_VERSION, len(COLUMNS), self.day)
        body = keys.tobytes() + np.ascontiguousarray(counts.T).tobytes()
        return head + zlib.compress(body, 1)

    @staticmethod
    def from_bytes(data: bytes) -> State:
        """A stored state; ValueError where it is damaged or of another version."""
        size = struct.calcsize("<8siiq")
        if len(data) < size:
            raise ValueError("a population state must have a header, got fewer bytes; rebuild it")
        magic, version, columns, day = struct.unpack("<8siiq", data[:size])
        if (magic, version, columns) != (_MAGIC, STATE_VERSION, len(COLUMNS)):
            raise ValueError(
                f"expected a population state of version {STATE_VERSION} with {len(COLUMNS)} "
                f"columns, got version {version} with {columns}; run `riskradar nightly`"
            )
        body = np.frombuffer(zlib.decompress(data[size:]), np.int64)
        rows = len(body) // (len(COLUMNS) + 1)
        counts = body[rows:].reshape(len(COLUMNS), rows).T
        return State(day, body[:rows], np.ascontiguousarray(counts))


def day_of(moment: Ints) -> Ints:
    """UTC day number of a moment in microseconds."""
    return moment // DAY_US


def day_for(as_of: Ints) -> Ints:
    """The day whose 00:00 state a query reads: the one before the query's own, always written."""
    return day_of(as_of) - 1


class States(Protocol):
    """Anything that knows the state of a day: training's `Population`, the service's cache."""

    def state(self, day: int) -> State:
        """The state at 00:00 UTC of that day."""


class Population:
    """The states of any days, built from facts; cheapest when asked in rising order of day.

    `state(day)` is a view of one running count: it holds until the next call.
    """

    def __init__(self, facts: Facts, rates: Rates) -> None:
        index = Index(facts)
        self._index, self._rates = index, rates
        self._members = members(index)
        self.keys: Ints = np.unique(self._members.key)
        self._day = 0
        self._counts = np.zeros((len(self.keys), len(COLUMNS)), np.int64)

    def state(self, day: int) -> State:
        """What was known strictly before 00:00 UTC of that day."""
        if day < self._day:
            self._day = 0
            self._counts = np.zeros_like(self._counts)
        for name in COUNTS:
            stream = self._streams[name]
            stream.add(self._counts[:, _AT[name]], self._day, day)
            recent = self._counts[:, _AT[f"{name}_90d"]]
            stream.add(recent, self._day, day)
            stream.add(recent, self._day - WINDOW_DAYS, day - WINDOW_DAYS, sign=-1)
        self._day = day
        return State(day, self.keys, self._counts)

    @cached_property
    def _streams(self) -> dict[str, _Stream]:
        key = np.searchsorted(self.keys, self._members.key)
        events = self._index.events
        return {
            name: _Stream.of(key, np.maximum(moment, self._members.known_at), weight)
            for name, (moment, weight) in _streams(
                self._index, events, self._members, self._rates
            ).items()
        }


@dataclass(frozen=True)
class _Stream:
    """One count's additions in order of day: `key[i]` gains `weight[i]` on `day[i]`."""

    day: Ints
    key: Ints
    weight: Ints

    @staticmethod
    def of(key: Ints, moment: Ints, weight: Ints) -> _Stream:
        happens = (moment < NEVER) & (weight != 0)
        day = day_of(moment[happens])
        ranked = np.argsort(day, kind="stable")
        return _Stream(day[ranked], key[happens][ranked], weight[happens][ranked])

    def add(self, counts: Ints, start: int, stop: int, sign: int = 1) -> None:
        """Adds what was learned on days [start, stop)."""
        low, high = np.searchsorted(self.day, (start, stop))
        if low < high:
            np.add.at(counts, self.key[low:high], sign * self.weight[low:high])


def _streams(
    index: Index, events: Events, members: Members, rates: Rates
) -> dict[str, tuple[Ints, Ints]]:
    """Each count's (moment, weight) per member row.

    An order is *resolved* at its first outcome, SETTLED_DAYS after delivery, or MATURE_DAYS after
    placing: dividing by resolved orders keeps a growing seller from looking safe.
    """
    order, one = members.order, np.ones(len(members.order), np.int64)
    orders = _OrderMoments.of(index, events)
    resolved = orders.resolved[order]
    out: dict[str, tuple[Ints, Ints]] = {
        "orders": (members.known_at, one),
        "resolved": (resolved, one),
    }
    for name in RATES:
        out[name] = (_later(resolved, events.of(name)[order]), one)
    return out | _handling(orders, order, one) | _prices(index, members, rates)


def _handling(orders: _OrderMoments, order: Ints, one: Ints) -> dict[str, tuple[Ints, Ints]]:
    shipped, delivered = orders.shipped[order], orders.delivered[order]
    placed, due, promise = (
        orders.placed[order],
        orders.ship_by[order],
        orders.deliver_by[order],
    )
    ripe = placed + NEVER_SHIPPED_DAYS * DAY_US
    promised = np.where(promise == NEVER, NEVER, delivered)
    moved = _later(shipped, delivered)  # a courier's scan may reach us before the shipping does
    return {
        "shipped": (shipped, one),
        "handling_sum": (shipped, _hours(placed, shipped)),
        "cancelled": (orders.cancelled[order], one),
        "ripe": (ripe, one),
        "unshipped": (np.where(shipped > ripe, ripe, NEVER), one),
        "due": (due, one),
        "overdue": (np.where(shipped > due, due, NEVER), one),
        "delivered": (moved, one),
        "transit_sum": (moved, _hours(shipped, delivered)),
        "spare_sum": (promised, _hours(delivered, promise)),
    }


def _prices(index: Index, members: Members, rates: Rates) -> dict[str, tuple[Ints, Ints]]:
    """Unit prices in home minor units, for the keys that come from an item."""
    items = index["items"]
    price = np.full(len(members.item), NONE, np.int64)
    of_item = members.item >= 0
    row = members.item[of_item]
    first = index["orders"].starts[members.order[of_item]]
    currency = index["orders"].column("currency")[first]
    price[of_item] = home_minor(items.column("unit_price_minor")[row], currency, rates)
    moment = np.where(price == NONE, NEVER, members.known_at)
    return {
        "priced": (moment, np.ones(len(price), np.int64)),
        "price": (moment, np.where(price == NONE, 0, price)),
    }


@dataclass(frozen=True)
class _OrderMoments:
    """Moments of each order as its first version and its events tell; NEVER where unknown."""

    placed: Ints
    ship_by: Ints
    deliver_by: Ints
    shipped: Ints
    delivered: Ints
    cancelled: Ints
    resolved: Ints

    @staticmethod
    def of(index: Index, events: Events) -> _OrderMoments:
        first = events.first
        orders = index["orders"]
        placed = orders.column("placed_at")[first]
        outcome = np.min(np.stack([events.of(name) for name in RATES]), axis=0, initial=NEVER)
        delivered = events.of("delivered")
        settled = np.where(
            delivered == NEVER,
            NEVER,
            delivered + SETTLED_DAYS * DAY_US * (delivered != NEVER),
        )
        return _OrderMoments(
            placed=placed,
            ship_by=_never(orders.column("ship_by_at")[first]),
            deliver_by=_never(orders.column("deliver_by_at")[first]),
            shipped=events.of("shipped"),
            delivered=delivered,
            cancelled=events.of("cancelled"),
            resolved=np.minimum(np.minimum(placed + MATURE_DAYS * DAY_US, outcome), settled),
        )


def _never(moments: Ints) -> Ints:
    return np.where(moments == NONE, NEVER, moments)


def _later(first: Ints, second: Ints) -> Ints:
    """When both have happened; NEVER, being the greatest, stays never."""
    return np.maximum(first, second)


def _hours(start: Ints, stop: Ints) -> Ints:
    known = (start != NEVER) & (stop != NEVER)
    hours = np.where(known, stop, 0) // HOUR_US - np.where(known, start, 0) // HOUR_US
    clipped: Ints = np.clip(hours, -LIMIT_HOURS, LIMIT_HOURS)
    return clipped
