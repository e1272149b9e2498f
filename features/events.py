"""What happened to each order, and when that was first both true and known.

Knows nothing of who asks: one row per order, one column per event, NEVER where it has not
happened. Being the first moment, a later record can only add events, never move one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.cut import Grouped, Ints
from features.facts import NONE
from features.schema import DELIVERY_STATUSES, OUTCOME_KINDS

NEVER = int(np.iinfo(np.int64).max)

# Event → kinds of outcome and states of delivery that make it true. A refusal and a failed
# delivery stay apart: other buyers, other labels, other actions (DOMAIN, COD mediation).
GROUPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "disputed": (
        (
            "a_to_z_claim",
            "chargeback",
            "complaint",
            "cod_refused",
            "return",
            "refund",
            "negative_review",
            "cancelled_by_buyer",
        ),
        ("refused",),
    ),
    "claimed": (("a_to_z_claim", "chargeback", "complaint"), ()),
    "refused": (("cod_refused",), ("refused",)),
    "failed": (("failed_delivery",), ("absent", "bad_address", "unreachable")),
    "returned": (("return", "refund"), ()),
    "reviewed": (("negative_review",), ()),
    "late": (("late_delivery",), ()),
    "withdrawn": (("cancelled_by_buyer",), ()),
    "delivered": ((), ("delivered",)),
}
EVENTS = (*GROUPS, "paid", "shipped", "cancelled")


@dataclass(frozen=True)
class Events:
    """`when[i, e]`: moment of event e of order i (as a position of `orders.keys`), or NEVER."""

    when: Ints  # (orders, len(EVENTS)) microseconds
    first: Ints  # (orders,) row of the first version of each order

    def of(self, name: str) -> Ints:
        """The moments of one event, (orders,)."""
        return self.when[:, EVENTS.index(name)]


def events(table: Callable[[str], Grouped]) -> Events:
    """The events of every order that the facts know; `table` gives each sorted table by name."""
    orders = table("orders")
    when = np.full((len(orders.keys), len(EVENTS)), NEVER, np.int64)
    if len(table("outcomes").rows):
        _from_outcomes(when, orders, table("outcomes"))
    if len(table("deliveries").rows):
        _from_deliveries(when, orders, table("deliveries"))
    for name in ("paid", "shipped", "cancelled"):
        _from_versions(when, orders, name)
    return Events(when, orders.starts)


def _means(choices: tuple[str, ...], which: int) -> npt.NDArray[np.bool_]:
    """(choices, events): the events that each kind of outcome or state of delivery makes true."""
    return np.array(
        [[e in GROUPS and choice in GROUPS[e][which] for e in EVENTS] for choice in choices]
    )


_OF_KIND = _means(OUTCOME_KINDS, 0)
_OF_STATUS = _means(DELIVERY_STATUSES, 1)


def _note(when: Ints, orders: Ints, happened: npt.NDArray[np.bool_], moments: Ints) -> None:
    """Lowers `when` to the moments of the events that each row makes true."""
    row, event = np.nonzero(happened & (orders >= 0)[:, None])
    np.minimum.at(when, (orders[row], event), moments[row])


def _from_outcomes(when: Ints, orders: Grouped, outcomes: Grouped) -> None:
    moments = np.maximum(outcomes.column("known_at"), outcomes.column("opened_at"))
    position = orders.position(outcomes.column("order_key"))
    _note(when, position, _OF_KIND[outcomes.column("kind")], moments)


def _from_deliveries(when: Ints, orders: Grouped, deliveries: Grouped) -> None:
    moments = np.maximum(deliveries.column("known_at"), deliveries.column("attempted_at"))
    position = orders.position(deliveries.column("order_key"))
    _note(when, position, _OF_STATUS[deliveries.column("status")], moments)


def _from_versions(when: Ints, orders: Grouped, name: str) -> None:
    at = orders.column(f"{name}_at")
    known = np.flatnonzero(at != NONE)
    if len(known) == 0:
        return
    position = np.searchsorted(orders.ends, known, "right")
    moments = np.maximum(orders.column("known_at")[known], at[known])
    np.minimum.at(when[:, EVENTS.index(name)], position, moments)
