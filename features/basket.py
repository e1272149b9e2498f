"""From item lines to one value an order: totals, extremes and the chance that any line goes wrong.

Knows nothing of what the values mean. Unknown lines are left out; an order whose lines are all
unknown is unknown itself.
"""

from __future__ import annotations

import numpy as np

from features.joined import Floats, Ints, Joined, Truths


def total(lines: Joined, values: Floats) -> Floats:
    """Sum of the known values of each order's lines, added in the order of the lines."""
    if lines.one_each:
        return values
    unknown = np.isnan(values)
    sums = np.bincount(lines.owner, np.where(unknown, 0.0, values), lines.queries)
    found = np.bincount(lines.owner, ~unknown, lines.queries)
    return np.where(found > 0, sums, np.nan)


def whole_total(lines: Joined, values: Floats) -> Floats:
    """The same of whole numbers, which are exact in any order; (..., n) of (..., m)."""
    if lines.one_each:
        return values
    known = ~np.isnan(values)
    sums = lines.reduced(np.add, np.where(known, values, 0.0), 0.0)
    return np.where(lines.reduced(np.logical_or, known, 0.0), sums, np.nan)


def most(lines: Joined, values: Floats) -> Floats:
    """Largest known value of each order's lines."""
    return lines.reduced(np.fmax, values, np.nan)


def least(lines: Joined, values: Floats) -> Floats:
    """Smallest known value of each order's lines."""
    return lines.reduced(np.fmin, values, np.nan)


def first_lines(lines: Joined, keys: Ints) -> Truths:
    """Marks one line of each (order, key): the same product twice is one product."""
    first = np.ones(len(keys), np.bool_)
    if lines.one_each or len(keys) < 2:
        return first
    owner = lines.owner
    ranked = np.lexsort((keys, owner))
    same = (owner[ranked[1:]] == owner[ranked[:-1]]) & (keys[ranked[1:]] == keys[ranked[:-1]])
    first[ranked[1:]] = ~same
    return first


def any_of(lines: Joined, first: Truths, shares: Floats) -> Floats:
    """1 - product of (1 - share) over an order's first lines: the chance that any goes wrong."""
    if lines.one_each:
        return 1.0 - (1.0 - shares)
    counted = first & ~np.isnan(shares)
    quiet = lines.reduced(np.multiply, np.where(counted, 1.0 - shares, 1.0), 1.0)
    return np.where(lines.reduced(np.logical_or, counted, 0.0), 1.0 - quiet, np.nan)
