"""Counts of a place's, product's or seller's orders, as known at 00:00 UTC of a day.

Knows nothing of queries: a state is a sorted list of keys and a matrix of whole-number counts,
all time and over the last WINDOW_DAYS. Training advances through the days; the nightly job stores
one day's state; both are the same sums, so they are equal to the last digit.
"""

from __future__ import annotations

import struct
import zlib
from copy import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from features.cut import Ints
from features.events import RATES
from features.facts import Facts
from features.index import Index
from features.joined import holds
from features.members import members
from features.rates import Rates
from features.streams import day_of, streams

__all__ = ["COLUMNS", "STATE_VERSION", "WINDOW_DAYS", "Population", "State", "States"]
__all__ += ["day_for", "day_of"]

STATE_VERSION = 2  # raise it whenever a count changes meaning: stored states are then built anew
WINDOW_DAYS = 90  # recent enough to follow a season, long enough to hold a seller's orders
# What is counted: name → how (see `streams`). Order matters: it is the columns of a state.
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
        other = self.keys.take(at) != keys  # NONE is never counted, so never found
        rows = self.counts.take(at, axis=0)
        if holds(other):
            rows[other] = 0
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
        self.index = Index(facts)
        known = members(self.index)
        self.keys: Ints = known.keys
        self._streams = streams(self.index, known, rates)
        self._restart()

    def apart(self) -> Population:
        """The same population with a running count of its own, for another thread."""
        other = copy(self)
        other._restart()  # noqa: SLF001 - it is this very class
        return other

    def _restart(self) -> None:
        self._day = 0
        self._counts = np.zeros((len(self.keys), len(COLUMNS)), np.int64)

    def state(self, day: int) -> State:
        """What was known strictly before 00:00 UTC of that day."""
        if day < self._day:
            self._restart()
        for stream in self._streams:
            for name, key, weight in stream.between(self._day, day):
                np.add.at(self._counts[:, _AT[name]], key, weight)
                np.add.at(self._counts[:, _AT[f"{name}_90d"]], key, weight)
            for name, key, weight in stream.between(self._day - WINDOW_DAYS, day - WINDOW_DAYS):
                np.subtract.at(self._counts[:, _AT[f"{name}_90d"]], key, weight)
        self._day = day
        return State(day, self.keys, self._counts)
