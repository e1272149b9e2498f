"""Outreach with a known effect: who makes the list, who is held out, whom a contact saves.

Knows nothing of the real policy: it only has to write rows like it and leave a known effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.schema import DAY_US, HOUR_US
from training.simulate_orders import Placed
from training.simulate_world import Flags, Floats, Ints, Rng, World

LIST_READY_HOURS = 0.5  # after midnight UTC: the list of the orders placed the day before
SHIFT_HOURS = 12  # an order that ships before the shift ends is not listed
CONTACT_COST_MINOR = 150  # minor units of the home currency


@dataclass(frozen=True)
class OutreachPlan:
    """How the simulated team works its list.

    Attributes:
        share: of each day's orders that have not shipped by the morning, listed: the riskiest.
        holdout: share of buyers who are never contacted, decided once per buyer.
        effect: what a contact multiplies the chance of every kind but late_delivery by, 0 to 1.
        noise: standard deviation, in log-odds, of the team's idea of the risk around the truth.
        starts_after_days: no list before.
        experiment: its name, written into `script_id`.
    """

    share: float = 0.10
    holdout: float = 0.10
    effect: float = 0.60
    noise: float = 1.0
    starts_after_days: int = 0
    experiment: str = "sim-contact-1"

    def __post_init__(self) -> None:
        """ValueError where a share is none."""
        for name in ("share", "holdout", "effect"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(
                    f"OutreachPlan: {name!r} must be between 0 and 1, got {value}. Give a share."
                )


@dataclass(frozen=True)
class Listing:
    """The lists of a block's days.

    Attributes:
        listed: (n,) truths.
        held_out: (n,) truths, among the listed.
        worked: (n,) the contact undid whatever would have gone wrong.
        assigned_at: (n,) us.
        sent_at: (n,) us; meaningless unless contacted.
        propensity: (n,) probability of the arm that was assigned.
    """

    listed: Flags
    held_out: Flags
    worked: Flags
    assigned_at: Ints
    sent_at: Ints
    propensity: Floats

    @property
    def contacted(self) -> Flags:
        """(n,) listed and not held out."""
        return self.listed & ~self.held_out


def work_lists(
    rng: Rng,
    world: World,
    placed: Placed,
    *,
    plan: OutreachPlan | None,
    risk: Floats,
    open_until: Ints,
) -> Listing:
    """Each morning the riskiest open orders of the day before; nobody without a plan."""
    plan = plan or OutreachPlan(share=0.0)
    count = len(placed.number)
    ready = (LIST_READY_HOURS * HOUR_US + DAY_US) * np.ones(count)
    assigned_at = world.start_at + placed.day * DAY_US + ready.astype(np.int64)
    eligible = open_until > assigned_at + SHIFT_HOURS * HOUR_US
    eligible &= placed.day >= plan.starts_after_days
    score = np.log(risk / (1.0 - risk)) + rng.normal(0.0, plan.noise, count)
    listed = _riskiest(placed, score, eligible, plan.share)
    lucky = world.buyers.lucky[placed.buyer]
    held_out = listed & (lucky < plan.holdout)
    works = rng.random(count) >= plan.effect
    spent = (rng.uniform(1.0, SHIFT_HOURS - 1.0, count) * HOUR_US).astype(np.int64)
    return Listing(
        listed=listed,
        held_out=held_out,
        worked=listed & ~held_out & works,
        assigned_at=assigned_at,
        sent_at=assigned_at + spent,
        propensity=np.where(held_out, plan.holdout, 1.0 - plan.holdout),
    )


def _riskiest(placed: Placed, score: Floats, eligible: Flags, share: float) -> Flags:
    """The top share of each day's eligible orders, one per buyer and day."""
    order = np.lexsort((-score, ~eligible, placed.day))
    day, able = placed.day[order], eligible[order]
    first = np.searchsorted(day, day)
    quota = np.ceil(share * np.bincount(day, weights=able)[day])
    top = able & (np.arange(len(day)) - first < quota)
    pairs = day * (placed.buyer.max(initial=0) + 1) + placed.buyer[order]
    once = np.zeros(len(day), dtype=bool)
    once[np.unique(pairs, return_index=True)[1]] = True
    listed = np.zeros(len(day), dtype=bool)
    listed[order] = top & once
    return listed


def action_for(placed: Placed) -> list[str]:
    """What the team would do about each order, by what its record shows."""
    risky_address = (placed.defects_first > 0) | (placed.changes > 0)
    on_delivery = placed.payment == "cash_on_delivery"
    slow = placed.expected_wait > 2.5
    chosen = np.select(
        [risky_address, on_delivery, slow],
        ["confirm_address", "confirm_order", "disclose_delay"],
        "reassure",
    )
    return [str(name) for name in chosen]
