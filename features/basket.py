"""From item lines to one value an order: totals, extremes and the chance that any line goes wrong.

Knows nothing of what the values mean. Unknown lines are left out; an order whose lines are all
unknown is unknown itself.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.cut import Floats, Ints


def total(owner: Ints, values: Floats, queries: int) -> Floats:
    """Sum of the known values of each order's lines, added in the order of the lines."""
    known = ~np.isnan(values)
    out = np.bincount(owner[known], weights=values[known], minlength=queries)
    return np.where(np.bincount(owner[known], minlength=queries) > 0, out, np.nan)


def most(owner: Ints, values: Floats, queries: int) -> Floats:
    """Largest known value of each order's lines."""
    out = np.full(queries, np.nan)
    np.fmax.at(out, owner, values)
    return out


def least(owner: Ints, values: Floats, queries: int) -> Floats:
    """Smallest known value of each order's lines."""
    out = np.full(queries, np.nan)
    np.fmin.at(out, owner, values)
    return out


def first_lines(owner: Ints, keys: Ints) -> npt.NDArray[np.bool_]:
    """Marks one line of each (order, key): the same product twice is one product."""
    if len(owner) < 2:
        return np.ones(len(owner), np.bool_)
    ranked = np.lexsort((np.arange(len(owner)), keys, owner))
    first = np.ones(len(owner), np.bool_)
    same = (owner[ranked[1:]] == owner[ranked[:-1]]) & (keys[ranked[1:]] == keys[ranked[:-1]])
    first[ranked[1:]] = ~same
    return first


def any_of(owner: Ints, keys: Ints, shares: Floats, queries: int) -> Floats:
    """1 - product of (1 - share) over an order's distinct keys: the chance that any goes wrong."""
    first = first_lines(owner, keys) & ~np.isnan(shares)
    quiet = np.ones(queries)
    np.multiply.at(quiet, owner[first], 1.0 - shares[first])
    found = np.bincount(owner[first], minlength=queries) > 0
    return np.where(found, 1.0 - quiet, np.nan)


def distinct(owner: Ints, keys: Ints, queries: int) -> Floats:
    """Number of different keys among each order's lines."""
    return np.bincount(owner[first_lines(owner, keys)], minlength=queries).astype(np.float64)
