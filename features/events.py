"""What happened to each order, and when that was first both true and known.

Knows nothing of who asks: one row per order, one column per event, NEVER where it has not
happened. Being the first moment, a later record can only add events, never move one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

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
    "reviewed": (("negative_review",), ()),
    "late": (("late_delivery",), ()),
    "refused": (("cod_refused",), ("refused",)),
    "failed": (("failed_delivery",), ("absent", "bad_address", "unreachable")),
    "returned": (("return", "refund"), ()),
    "withdrawn": (("cancelled_by_buyer",), ()),
    "claimed": (("a_to_z_claim", "chargeback", "complaint"), ()),
    "delivered": ((), ("delivered",)),
}
RATES = tuple(GROUPS)[:7]  # the events whose share of orders is a feature
VERSIONS = ("paid", "shipped", "cancelled")  # told by the order itself, at `{name}_at`
EVENTS = (*GROUPS, *VERSIONS)


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
    when = np.empty((len(orders.keys), len(EVENTS)), np.int64)
    when[:, : len(GROUPS)] = NEVER
    if len(when):
        when[:, len(GROUPS) :] = _from_versions(orders)
        _note(when, orders, [table("outcomes"), table("deliveries")])
    return Events(when, orders.starts)


# (choices, GROUPS): the events that each kind of outcome, then each state of delivery, makes true.
_MEANS = np.array(
    [
        [choice in groups[which] for groups in GROUPS.values()]
        for which, choices in enumerate((OUTCOME_KINDS, DELIVERY_STATUSES))
        for choice in choices
    ]
)


def _note(when: Ints, orders: Grouped, told: Sequence[Grouped]) -> None:
    """Lowers `when` to the moments of the events that outcomes and deliveries make true."""
    outcomes, deliveries = told
    what = (outcomes.column("kind"), deliveries.column("status") + len(OUTCOME_KINDS))
    happened = (outcomes.column("opened_at"), deliveries.column("attempted_at"))
    known_at, order_key = (
        np.concatenate([table.column(name) for table in told]) for name in ("known_at", "order_key")
    )
    position = orders.position(order_key)
    means = _MEANS.take(np.concatenate(what), axis=0) & (position >= 0)[:, None]
    row, event = means.nonzero()
    moments = np.maximum(known_at, np.concatenate(happened))
    np.minimum.at(when.reshape(-1), position.take(row) * len(EVENTS) + event, moments.take(row))


def _from_versions(orders: Grouped) -> Ints:
    """(orders, VERSIONS): the first moment at which any version of an order says so."""
    at = np.array([orders.column(f"{name}_at") for name in VERSIONS])
    moments = np.where(at == NONE, NEVER, np.maximum(at, orders.column("known_at")))
    first: Ints = np.minimum.reduceat(moments, orders.starts, axis=1)
    return first.T
