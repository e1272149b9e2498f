"""Rows found for queries, and what an order's rows come to: the largest, the sum, the number.

Knows nothing of keys, times or what the values mean. An order with one row, the usual basket, is
its own sum: where every query has exactly one row, nothing is computed at all.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]
_Kind = TypeVar("_Kind", bound=np.generic)

_ONE = np.zeros(1, np.int64)  # the only query there is
_ONE.flags.writeable = False
_NO = _ONE[:0]


def holds(truths: Truths) -> bool:
    """Whether any is true; of a few in half the time of `any`."""
    return True in truths.tolist() if len(truths) < 64 else bool(truths.any())


class Joined:
    """Rows found for queries: `owner[i]` is the query that `row[i]` belongs to, owners rising.

    Attributes:
        owner: (m,) queries, rising.
        row: (m,) rows of the table.
        queries: how many queries there are, found or not.
        one_each: every query has exactly one row.

    """

    __slots__ = ("_runs", "one_each", "owner", "queries", "row")

    def __init__(self, owner: Ints, row: Ints, queries: int) -> None:
        self.owner, self.row, self.queries = owner, row, queries
        self.one_each: bool = len(row) == queries and (
            queries == 1 or bool((owner[1:] != owner[:-1]).all())
        )
        self._runs: tuple[Ints, Ints] | None = None
        if queries == 1:
            self._runs = (_ONE, _ONE) if len(row) else (_NO, _NO)

    def __len__(self) -> int:
        return len(self.row)

    def where(self, keep: Truths) -> Joined:
        """Only the rows kept."""
        if not holds(~keep):
            return self
        return Joined(self.owner[keep], self.row[keep], self.queries)

    @property
    def starts(self) -> Ints:
        """(k,) position of the first row of each query that has any."""
        return self._each()[0]

    def _each(self) -> tuple[Ints, Ints]:
        """First row of each query that has any, and these queries."""
        if self._runs is None:
            first = np.ones(len(self.owner), np.bool_)
            np.not_equal(self.owner[1:], self.owner[:-1], out=first[1:])
            starts = first.nonzero()[0]
            self._runs = (starts, self.owner.take(starts))
        return self._runs

    def spread(self, values: npt.NDArray[_Kind]) -> npt.NDArray[_Kind]:
        """Values (..., queries) as values (..., m): each row gets its query's."""
        return values if self.one_each else values.take(self.owner, axis=-1)

    def reduced(
        self, how: np.ufunc, values: npt.NDArray[_Kind], nothing: float
    ) -> npt.NDArray[_Kind]:
        """Values (..., m) of the rows as one value a query, `nothing` where it has no row.

        `how` must leave a single value as it is, as maximum, minimum and sum do.
        """
        if self.one_each:
            return values
        starts, filled = self._each()
        if len(starts) == self.queries:
            whole: npt.NDArray[_Kind] = how.reduceat(values, starts, axis=-1)
            return whole
        out = np.empty((*values.shape[:-1], self.queries), values.dtype)
        out.fill(nothing)
        if len(starts):
            out[..., filled] = how.reduceat(values, starts, axis=-1)
        return out

    def count(self, chosen: Truths) -> Floats:
        """Number of chosen rows a query, (..., queries) of (..., m)."""
        return self.reduced(np.add, chosen.astype(np.float64), 0.0)

    def counts(self) -> Floats:
        """Number of rows a query, (queries,)."""
        if self.queries == 1:
            return np.array([float(len(self.row))])
        return np.bincount(self.owner, minlength=self.queries).astype(np.float64)

    def last(self) -> Ints:
        """The last row of each query, -1 where it has none."""
        if self.one_each:
            return self.row
        found = np.empty(self.queries, np.int64)
        found.fill(-1)
        found[self.owner] = self.row  # rising owners: the last one written stays
        return found


NOTHING = Joined(_NO, _NO, 1)  # one query that found no row


def expand(low: Ints, high: Ints) -> Joined:
    """All rows of the slices [low, high), one slice a query."""
    lengths = high - low
    owner = np.arange(len(low)).repeat(lengths)
    skipped = lengths.cumsum() - lengths
    return Joined(owner, np.arange(len(owner)) + (low - skipped).take(owner), len(low))
