"""The cut in time and the joins by key: the one place where a record is or is not known yet.

Knows nothing of features. Rows of a key are one slice of a sorted table; a query sees the rows
of its key that were known strictly before its moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.facts import NONE

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# How each table is sorted: its key first, then whatever makes the order of its versions total.
SORTED_BY: dict[str, tuple[str, ...]] = {
    "orders": ("order_key", "known_at"),
    "items": ("order_key", "line", "known_at"),
    "addresses": ("order_key", "recorded_at", "known_at"),
    "messages": ("order_key", "sent_at", "message_key", "known_at"),
    "outcomes": ("order_key", "kind", "opened_at", "known_at"),
    "deliveries": ("order_key", "attempted_at", "known_at"),
    "outreach": ("order_key", "assigned_at", "known_at"),
    "products": ("product_key", "known_at"),
    "sellers": ("seller_key", "known_at"),
    "buyers": ("buyer_key", "known_at"),
}


@dataclass(frozen=True)
class Joined:
    """Rows found for queries: `owner[i]` is the query that `row[i]` belongs to, owners rising."""

    owner: Ints
    row: Ints

    def where(self, keep: npt.NDArray[np.bool_]) -> Joined:
        """Only the rows kept."""
        return Joined(self.owner[keep], self.row[keep])


def expand(low: Ints, high: Ints) -> Joined:
    """All rows of the slices [low, high), one slice a query."""
    lengths = high - low
    owner = np.repeat(np.arange(len(low)), lengths)
    if len(owner) == 0:
        return Joined(owner, owner)
    skipped = np.cumsum(lengths) - lengths
    return Joined(owner, np.arange(len(owner)) + (low - skipped)[owner])


def last_of_runs(*keys: Ints) -> npt.NDArray[np.bool_]:
    """Marks the last row of each run of equal keys."""
    last = np.ones(len(keys[0]), np.bool_)
    if len(last) > 1:
        np.not_equal(keys[0][1:], keys[0][:-1], out=last[:-1])
        for key in keys[1:]:
            last[:-1] |= key[1:] != key[:-1]
    return last


def count_before(times: Ints, low: Ints, high: Ints, before: Ints) -> Ints:
    """First position in each slice [low, high) of rising times that is not before the moment.

    A binary search in every slice at once: slices may be as long as a parcel locker's history.
    """
    low, high = low.copy(), high.copy()
    while True:
        open_ = low < high
        if not open_.any():
            return low
        middle = (low + high) >> 1
        earlier = times[np.minimum(middle, len(times) - 1)] < before
        low = np.where(open_ & earlier, middle + 1, low)
        high = np.where(open_ & ~earlier, middle, high)


class Grouped:
    """One table sorted by its key; the rows of a key are one slice."""

    def __init__(self, rows: npt.NDArray[Any], by: tuple[str, ...]) -> None:
        if len(rows) > 1:
            rows = rows[np.lexsort([rows[name] for name in reversed(by)])]
        self.rows = rows
        column = np.ascontiguousarray(rows[by[0]])
        ends = np.flatnonzero(last_of_runs(column)) + 1
        self.keys: Ints = column[ends - 1]
        self.ends: Ints = ends.astype(np.int64)
        self.starts: Ints = np.concatenate(([0], ends[:-1])).astype(np.int64)[: len(ends)]
        self._columns: dict[str, npt.NDArray[Any]] = {}

    def column(self, name: str) -> npt.NDArray[Any]:
        """A fact of all rows, contiguous."""
        if name not in self._columns:
            self._columns[name] = np.ascontiguousarray(self.rows[name])
        return self._columns[name]

    def position(self, keys: Ints) -> Ints:
        """Position of each key among `self.keys`, or -1; NONE is never found."""
        if len(self.keys) == 0:
            return np.full(len(keys), -1, np.int64)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where((self.keys[at] == keys) & (keys != NONE), at, -1)

    def slices(self, keys: Ints) -> tuple[Ints, Ints]:
        """Slice [low, high) of each key's rows; empty where the key has none."""
        at = self.position(keys)
        if len(self.keys) == 0:
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        found = at >= 0
        return np.where(found, self.starts[at], 0), np.where(found, self.ends[at], 0)

    def known(self, keys: Ints, before: Ints) -> Joined:
        """Rows of each query's key that were known strictly before the query's moment."""
        joined = expand(*self.slices(keys))
        return joined.where(self.column("known_at")[joined.row] < before[joined.owner])

    def latest(self, keys: Ints, before: Ints) -> Ints:
        """Row of the latest version of each key known before the moment, or -1."""
        joined = self.known(keys, before)
        found = np.full(len(keys), -1, np.int64)
        found[joined.owner] = joined.row  # rising owners and versions: the last one written stays
        return found

    def take(self, name: str, rows: Ints) -> npt.NDArray[Any]:
        """A fact of the given rows; unknown where the row is -1."""
        column = self.column(name)
        missing = np.nan if column.dtype.kind == "f" else NONE
        if len(column) == 0:
            return np.full(len(rows), missing, column.dtype)
        return np.where(rows >= 0, column[rows], missing)


def number(values: Ints) -> Floats:
    """Whole numbers as float64, NaN where unknown."""
    return np.where(values == NONE, np.nan, values.astype(np.float64))
