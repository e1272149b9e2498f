"""Why a simulated order ends badly: the causes, their coefficients, and the exact probabilities.

Knows nothing of rows, texts or dates: a matrix of causes goes in, probabilities come out. Every
number here is an assumption of ours about a synthetic shop and is repeated in docs/simulator.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.schema import OUTCOME_KINDS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cause:
    """One cause: what it is, and whether a record shows it or only history hints at it."""

    words: str
    hidden: bool


CAUSES: dict[str, Cause] = {
    "variant_flaw": Cause("worst hidden flaw among the variants bought, 0 to 2.5", hidden=True),
    "basket_of_sizes": Cause("one product ordered in several sizes, 0 or 1", hidden=False),
    "serial_returner": Cause("the buyer returns by habit, 0 or 1", hidden=True),
    "serial_refuser": Cause("the buyer refuses parcels by habit, 0 or 1", hidden=True),
    "first_order": Cause("the buyer's first order here, 0 or 1", hidden=False),
    "reseller": Cause("the buyer resells, 0 or 1", hidden=False),
    "expected_wait_days": Cause("days the seller will take, minus 1, at most 4", hidden=True),
    "route_slowness": Cause("hidden slowness of this carrier in this city, sd 0.7", hidden=True),
    "region_refusal": Cause("hidden habit of refusing in this city, sd 0.9", hidden=True),
    "address_defects": Cause("defects of the latest address, 0 to 2", hidden=False),
    "address_changes": Cause("address changes before shipment, 0 to 2", hidden=False),
    "locker": Cause("goes to a shared parcel locker, 0 or 1", hidden=False),
    "uneasy": Cause("dissatisfaction is at least 1 of 3, 0 or 1", hidden=True),
    "upset": Cause("dissatisfaction is at least 2 of 3, 0 or 1", hidden=True),
    "hostile": Cause("dissatisfaction is 3 of 3, 0 or 1", hidden=True),
    "unanswered": Cause("buyer's messages unanswered at the decision, 0 or 1", hidden=False),
    "cancel_wish": Cause("the buyer wrote to cancel, 0 or 1", hidden=False),
    "doubt": Cause("the buyer asked what the product is like, 0 or 1", hidden=False),
    "gift_deadline": Cause("the buyer named a day it is needed, 0 or 1", hidden=False),
    "amount": Cause("natural log of (amount in USD / 40)", hidden=False),
    "price_above_usual": Cause("natural log of (price / the product's usual price)", hidden=False),
    "night_order": Cause("placed 23:00 to 05:00 local time, 0 or 1", hidden=False),
    "cash_on_delivery": Cause("paid on delivery, 0 or 1", hidden=False),
    "peak_season": Cause("placed 5 November to 24 December, 0 or 1", hidden=False),
    "years": Cause("years since the simulation's start: the drift", hidden=False),
}

# Log-odds. Rows are the kinds of outcome; "intercept" is the log-odds where every cause is 0.
COEFFICIENTS: dict[str, dict[str, float]] = {
    "cancelled_by_buyer": {
        "intercept": -6.0,
        "cancel_wish": 4.2,
        "expected_wait_days": 0.4,
        "night_order": 0.4,
        "price_above_usual": 2.0,
        "uneasy": 0.3,
        "upset": 0.4,
        "hostile": 0.6,
        "serial_refuser": 0.8,
    },
    "cod_refused": {
        "intercept": -3.0,
        "region_refusal": 1.1,
        "serial_refuser": 2.4,
        "first_order": 0.8,
        "amount": 0.5,
        "cancel_wish": 1.2,
        "upset": 0.6,
        "doubt": 0.4,
    },
    "failed_delivery": {
        "intercept": -5.3,
        "address_defects": 2.0,
        "address_changes": 1.3,
        "route_slowness": 0.4,
        "locker": -1.0,
        "cash_on_delivery": 0.4,
        "first_order": 0.4,
    },
    "late_delivery": {
        "intercept": -4.6,
        "expected_wait_days": 0.8,
        "route_slowness": 1.1,
        "peak_season": 0.6,
        "address_changes": 0.4,
    },
    "a_to_z_claim": {
        "intercept": -6.0,
        "uneasy": 1.2,
        "upset": 1.0,
        "hostile": 1.0,
        "unanswered": 1.0,
        "expected_wait_days": 0.3,
        "amount": 0.3,
        "first_order": 0.3,
    },
    "chargeback": {
        "intercept": -6.8,
        "first_order": 1.0,
        "amount": 0.6,
        "address_changes": 1.4,
        "hostile": 0.8,
        "night_order": 0.4,
    },
    "complaint": {
        "intercept": -6.0,
        "uneasy": 1.3,
        "upset": 1.2,
        "hostile": 1.2,
        "unanswered": 1.3,
        "variant_flaw": 0.6,
        "gift_deadline": 0.5,
        "expected_wait_days": 0.3,
    },
    "return": {
        "intercept": -5.0,
        "variant_flaw": 1.1,
        "serial_returner": 2.5,
        "basket_of_sizes": 1.9,
        "doubt": 1.8,
        "amount": 0.4,
        "reseller": -0.9,
        "price_above_usual": 1.2,
        "years": 0.2,
    },
    "refund": {
        "intercept": -6.0,
        "variant_flaw": 0.7,
        "serial_returner": 1.2,
        "upset": 1.0,
        "doubt": 0.4,
    },
    "negative_review": {
        "intercept": -5.9,
        "variant_flaw": 0.9,
        "uneasy": 1.2,
        "upset": 1.0,
        "hostile": 1.0,
        "unanswered": 1.2,
        "gift_deadline": 0.3,
        "expected_wait_days": 0.3,
    },
}

# What became of the parcel, and what that adds to the log-odds of what the buyer does afterwards.
FATES = ("cancelled", "refused", "failed", "late", "on_time")
CANCELLED, REFUSED, FAILED, LATE, ON_TIME = range(5)
FATE_OF_KIND = {
    "cancelled_by_buyer": CANCELLED,
    "cod_refused": REFUSED,
    "failed_delivery": FAILED,
    "late_delivery": LATE,
}
AFTERWARDS: dict[str, dict[str, float]] = {
    "a_to_z_claim": {"failed": 2.0, "late": 1.2, "on_time": 0.0},
    "chargeback": {"failed": 1.5, "late": 0.4, "on_time": 0.0},
    "complaint": {"failed": 1.5, "late": 1.0, "on_time": 0.0},
    "return": {"late": 0.2, "on_time": 0.0},
    "refund": {"late": 0.8, "on_time": 0.0},
    "negative_review": {"failed": 0.8, "late": 1.2, "on_time": 0.0},
}

# Dissatisfaction before shipment: level 0 to 3. The score below plus a standard logistic draw is
# cut at these thresholds, so P(level >= k) = sigmoid(score - threshold k).
DISSATISFACTION = {
    "intercept": -2.5,
    "expected_wait_days": 0.55,
    "temper": 0.8,
    "peak_season": 0.3,
    "gift_deadline": 0.4,
}
LEVEL_THRESHOLDS = (0.0, 1.2, 2.4)

# A dispute, as `best_risk` counts it: everything but what hurts nobody but the clock or the basket.
DISPUTE_KINDS = tuple(
    kind for kind in OUTCOME_KINDS if kind not in ("late_delivery", "cancelled_by_buyer")
)


def sigmoid(log_odds: Floats) -> Floats:
    """Log-odds → probability, same shape."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)))


@dataclass(frozen=True)
class Chances:
    """Exact probabilities of n orders, given every cause.

    Attributes:
        fates: (n, 5) probability of each of FATES; rows sum to 1.
        kinds: (n, 5, 10) probability of each kind of OUTCOME_KINDS given the fate.
    """

    fates: Floats
    kinds: Floats

    def of_kind(self, kind: str) -> Floats:
        """(n,) probability in [0, 1] that an outcome of this kind opens."""
        given = self.kinds[:, :, OUTCOME_KINDS.index(kind)]
        return np.asarray((self.fates * given).sum(axis=1))

    def of_any(self, kinds: Iterable[str] = DISPUTE_KINDS) -> Floats:
        """(n,) probability in [0, 1] that an outcome of at least one of these kinds opens."""
        chosen = [OUTCOME_KINDS.index(kind) for kind in kinds]
        none = np.prod(1.0 - self.kinds[:, :, chosen], axis=2)
        return np.asarray(1.0 - (self.fates * none).sum(axis=1))


@dataclass(frozen=True)
class Possible:
    """Which kinds can happen to each order at all: (n,) truths.

    Attributes:
        a_to_z_claim: the platform has A-to-Z claims (Amazon).
        chargeback: paid with a card, at once or in instalments.
        cod_refused: paid on delivery.
    """

    a_to_z_claim: Flags
    chargeback: Flags
    cod_refused: Flags


def log_odds_of(kind: str, causes: Floats) -> Floats:
    """(n, causes) → (n,) log-odds of a kind before its fate is added."""
    weights = np.array([COEFFICIENTS[kind].get(name, 0.0) for name in CAUSES])
    return np.asarray(COEFFICIENTS[kind]["intercept"] + causes @ weights)


def chances_of(causes: Floats, possible: Possible) -> Chances:
    """Causes (n, len(CAUSES)) → the exact chances: first the parcel's fate, then the buyer's."""
    count = len(causes)
    given = np.zeros((count, len(FATES), len(OUTCOME_KINDS)))
    for kind, fate in FATE_OF_KIND.items():
        given[:, fate, OUTCOME_KINDS.index(kind)] = 1.0
    for kind, shifts in AFTERWARDS.items():
        base = log_odds_of(kind, causes)
        allowed = getattr(possible, kind, np.ones(count, dtype=bool))
        for after, shift in shifts.items():
            chance = np.where(allowed, sigmoid(base + shift), 0.0)
            given[:, FATES.index(after), OUTCOME_KINDS.index(kind)] = chance
    return Chances(_fates(causes, possible), given)


def _fates(causes: Floats, possible: Possible) -> Floats:
    """A chain: cancelled, else refused, else failed, else late, else on time."""
    left = np.ones(len(causes))
    columns = []
    for kind in FATE_OF_KIND:
        step = sigmoid(log_odds_of(kind, causes))
        if kind == "cod_refused":
            step = np.where(possible.cod_refused, step, 0.0)
        columns.append(left * step)
        left = left * (1.0 - step)
    return np.column_stack([*columns, left])


def on_the_surface(causes: Floats) -> Floats:
    """The causes with every hidden one set to its mean: what a record shows without history."""
    seen = causes.copy()
    for column, cause in enumerate(CAUSES.values()):
        if cause.hidden:
            seen[:, column] = causes[:, column].mean()
    return seen
