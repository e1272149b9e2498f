"""What had become of each order by a moment: one row per order, from what was known before it.

Knows nothing of landmarks, labels or models; whatever was learned at the moment or later is cut
away here, in one place, before anybody downstream looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.cut import SORTED_BY, Grouped
from features.facts import NONE, Facts
from features.schema import ARMS

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEVER = int(np.iinfo(np.int64).max)
MAX_PROPENSITY_WEIGHT = 20.0  # orders; one held-out order never speaks for more than these


@dataclass(frozen=True)
class Truth:
    """One row per order, rising by `order_key`; times in microseconds UTC.

    What has not happened is NEVER, except `deliver_by_at`, which is NONE where nothing was
    promised. `propensity_weight` is 1, or 1/propensity for orders held out from outreach.
    """

    as_of: int  # everything here was known strictly before
    order_key: Ints
    shop_key: Ints
    platform_key: Ints
    buyer_key: Ints
    placed_at: Ints
    first_known_at: Ints
    ship_by_at: Ints
    deliver_by_at: Ints  # the latest promise
    shipped_at: Ints
    cancelled_at: Ints
    attempted_at: Ints  # first delivery attempt
    disputed_at: Ints  # first outcome of any kind
    contacted_at: Ints  # first assignment to be contacted, where no outcome came before it
    propensity_weight: Floats

    def position(self, order_key: Ints) -> Ints:
        """Row of each order, or -1 where nothing was known of it."""
        return _position(self.order_key, order_key)


def known(facts: Facts, table: str, as_of: int) -> npt.NDArray[Any]:
    """Rows of a table known strictly before the moment, all versions."""
    rows = facts[table]
    before: npt.NDArray[Any] = rows[rows["known_at"] < as_of]
    return before


def truth(facts: Facts, as_of: int) -> Truth:
    """What was known before `as_of` of every order, by its latest version then.

    A time of the order at or after `as_of` (an export that knows the future) has not happened.
    """
    orders = Grouped(known(facts, "orders", as_of), SORTED_BY["orders"])
    last = orders.rows[orders.ends - 1] if len(orders.ends) else orders.rows
    keys = last["order_key"].copy()
    disputed_at = _first(keys, known(facts, "outcomes", as_of), "opened_at")
    outreach = known(facts, "outreach", as_of)
    contacted = _first(keys, _arm(outreach, "contact"), "assigned_at")
    return Truth(
        as_of=as_of,
        order_key=keys,
        shop_key=last["shop_key"].copy(),
        platform_key=last["platform_key"].copy(),
        buyer_key=last["buyer_key"].copy(),
        placed_at=last["placed_at"].copy(),
        first_known_at=orders.column("known_at")[orders.starts],
        ship_by_at=last["ship_by_at"].copy(),
        deliver_by_at=last["deliver_by_at"].copy(),
        shipped_at=_happened(last["shipped_at"], as_of),
        cancelled_at=_happened(last["cancelled_at"], as_of),
        attempted_at=_first(keys, known(facts, "deliveries", as_of), "attempted_at"),
        disputed_at=disputed_at,
        contacted_at=np.where(contacted <= disputed_at, contacted, NEVER),
        propensity_weight=_propensity_weight(keys, _arm(outreach, "holdout")),
    )


def _position(keys: Ints, wanted: Ints) -> Ints:
    if len(keys) == 0:
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((keys[at] == wanted) & (wanted != NONE), at, -1)


def _happened(times: Ints, as_of: int) -> Ints:
    return np.where((times == NONE) | (times >= as_of), NEVER, times)


def _arm(outreach: npt.NDArray[Any], arm: str) -> npt.NDArray[Any]:
    assigned: npt.NDArray[Any] = outreach[outreach["arm"] == ARMS.index(arm)]
    return assigned


def _first(keys: Ints, rows: npt.NDArray[Any], time: str) -> Ints:
    """The earliest such time of each order, NEVER where there is none."""
    first = np.full(len(keys), NEVER, np.int64)
    at = _position(keys, rows["order_key"])
    found = (at >= 0) & (rows[time] != NONE)
    np.minimum.at(first, at[found], rows[time][found])
    return first


def _propensity_weight(keys: Ints, held_out: npt.NDArray[Any]) -> Floats:
    """1/propensity of the first holdout of each order, clipped; 1 for all others.

    An order that was held out stands for itself and for those that would have been but were
    contacted, which are left out; the clip keeps a mistyped propensity from ruling the fit.
    """
    weight = np.ones(len(keys))
    propensity = held_out["propensity"]
    usable = (propensity > 0) & (propensity <= 1)
    rows = held_out[usable][np.argsort(-held_out["assigned_at"][usable], kind="stable")]
    at = _position(keys, rows["order_key"])
    # latest first, so that the first holdout of an order is written last and stays
    weight[at[at >= 0]] = 1.0 / rows["propensity"][at >= 0]
    return np.minimum(weight, MAX_PROPENSITY_WEIGHT)
