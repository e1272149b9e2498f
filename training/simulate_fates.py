"""What becomes of each order: causes assembled, dissatisfaction and fate drawn, contact applied.

Knows nothing of rows and texts: it turns placed orders into truths, levels and moments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.schema import DAY_US, HOUR_US, OUTCOME_KINDS
from training.simulate_causes import (
    CAUSES,
    DISSATISFACTION,
    FAILED,
    LATE,
    LEVEL_THRESHOLDS,
    ON_TIME,
    Chances,
    Possible,
)
from training.simulate_orders import Placed
from training.simulate_world import Flags, Floats, Ints, Rng, World, is_peak, places

MINUTE_US = HOUR_US // 60
YEAR_DAYS = 365.25
DOUBT_SHARE, DOUBT_SHARE_FIRST_ORDER = 0.07, 0.12
GIFT_DEADLINE_SHARE = 0.04
CANCEL_WISH_SHARES = (0.004, 0.012, 0.05, 0.15)  # by level of dissatisfaction
LATEST_OPENING_DAYS = 29.0  # after placing: inside the 30-day horizon
LATEST_CHARGEBACK_DAYS = 115.0
LATEST_DELIVERY_DAYS = 24.0
KNOWN_LATER_SHARE, KNOWN_LATER_DAYS = 0.15, 2.0  # outcomes that reach the record late, mean delay


@dataclass(frozen=True)
class Mood:
    """What the buyers of n orders feel and say before the decision.

    Attributes:
        level: (n,) dissatisfaction, 0 to 3.
        doubt, gift_deadline, cancel_wish: (n,) said in a message.
        writes: (n,) wrote anything before the decision.
        answered: (n,) the seller answered before the decision (true where nothing was written).
    """

    level: Ints
    doubt: Flags
    gift_deadline: Flags
    cancel_wish: Flags
    writes: Flags
    answered: Flags


@dataclass(frozen=True)
class Fates:
    """What happened in the end, also beyond the simulation's end.

    Attributes:
        fate: (n,) position in FATES.
        happened: (n, 10) truths, in the order of OUTCOME_KINDS.
        opened_at, known_at: (n, 10) us; meaningless where it did not happen.
        cancelled_at: (n,) us; meaningless unless cancelled.
        arrived_at: (n,) us; delivery or last attempt; meaningless where cancelled.
    """

    fate: Ints
    happened: Flags
    opened_at: Ints
    known_at: Ints
    cancelled_at: Ints
    arrived_at: Ints


def draw_mood(rng: Rng, world: World, placed: Placed, *, chatters: Flags) -> Mood:
    """Dissatisfaction by its formula, and what is said; `chatters` write whatever they feel."""
    count = len(placed.number)
    gift = rng.random(count) < GIFT_DEADLINE_SHARE
    doubt_share = np.where(placed.first_order, DOUBT_SHARE_FIRST_ORDER, DOUBT_SHARE)
    doubt = rng.random(count) < doubt_share
    score = (
        DISSATISFACTION["intercept"]
        + DISSATISFACTION["expected_wait_days"] * waits(placed)
        + DISSATISFACTION["temper"] * world.buyers.temper[placed.buyer]
        + DISSATISFACTION["peak_season"] * is_peak(placed.day, world.start_at)
        + DISSATISFACTION["gift_deadline"] * gift
    )
    felt = score + rng.logistic(0.0, 1.0, count)
    level = (felt[:, None] > np.array(LEVEL_THRESHOLDS)).sum(axis=1)
    cancel = rng.random(count) < np.array(CANCEL_WISH_SHARES)[level]
    writes = (level > 0) | doubt | gift | cancel | chatters
    answered = rng.random(count) < world.sellers.answer_chance[placed.seller]
    return Mood(level, doubt, gift, cancel, writes, answered | ~writes)


def waits(placed: Placed) -> Floats:
    """(n,) the cause `expected_wait_days`: days beyond the first, at most 4."""
    return np.minimum(placed.expected_wait - 1.0, 4.0)


def causes_of(world: World, placed: Placed, mood: Mood) -> Floats:
    """(n, len(CAUSES)) the causes in their order."""
    buyers, lines = world.buyers, placed.lines
    count = len(placed.number)
    flaw = np.zeros(count)
    variant = world.products.variant_start[lines.product] + lines.variant
    np.maximum.at(flaw, lines.order, world.products.flaw[variant])
    same = (np.diff(lines.order) == 0) & (np.diff(lines.product) == 0)
    same &= np.diff(lines.variant) != 0
    sizes = np.bincount(lines.order[1:], weights=same, minlength=count) > 0
    columns = {
        "variant_flaw": flaw,
        "basket_of_sizes": sizes,
        "serial_returner": buyers.returner[placed.buyer],
        "serial_refuser": buyers.refuser[placed.buyer],
        "first_order": placed.first_order,
        "reseller": buyers.reseller[placed.buyer],
        "expected_wait_days": waits(placed),
        "route_slowness": world.slowness[placed.city, placed.carrier],
        "region_refusal": world.refusal[placed.city],
        "address_defects": placed.defects,
        "address_changes": placed.changes,
        "locker": buyers.locker[placed.buyer] >= 0,
        "uneasy": mood.level >= 1,
        "upset": mood.level >= 2,
        "hostile": mood.level >= 3,
        "unanswered": ~mood.answered,
        "cancel_wish": mood.cancel_wish,
        "doubt": mood.doubt,
        "gift_deadline": mood.gift_deadline,
        "amount": np.log(placed.amount_usd / 40.0),
        "price_above_usual": np.log(lines.price_ratio[lines.line == 1]),
        "night_order": placed.night,
        "cash_on_delivery": placed.payment == "cash_on_delivery",
        "peak_season": is_peak(placed.day, world.start_at),
        "years": placed.day / YEAR_DAYS,
    }
    return np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in CAUSES])


def platforms_of(world: World, placed: Placed) -> list[str]:
    """(n,) the platform each order came through: its buyer's."""
    names = [list(row["platforms"]) for row in places().values()]
    chosen = world.buyers.platform[placed.buyer]
    return [names[c][p] for c, p in zip(placed.country.tolist(), chosen.tolist(), strict=True)]


def possible_of(world: World, placed: Placed) -> Possible:
    """Which kinds can happen at all: by platform and by payment method."""
    platform = np.array(platforms_of(world, placed), dtype=object)
    return Possible(
        a_to_z_claim=platform == "amazon",
        chargeback=np.isin(placed.payment.astype(str), ("card", "instalments")),
        cod_refused=placed.payment == "cash_on_delivery",
    )


def draw_fates(rng: Rng, placed: Placed, chances: Chances) -> tuple[Ints, Flags]:
    """Fate and kinds of each order, drawn from the exact chances."""
    count = len(placed.number)
    cumulative = np.cumsum(chances.fates, axis=1)[:, :-1]
    fate = (rng.random(count)[:, None] >= cumulative).sum(axis=1)
    given = chances.kinds[np.arange(count), fate]
    return fate, rng.random(given.shape) < given


def after_contact(fate: Ints, happened: Flags, worked: Flags) -> tuple[Ints, Flags]:
    """The same orders where a contact that worked undid every outcome but lateness."""
    late = np.zeros(len(OUTCOME_KINDS), dtype=bool)
    late[OUTCOME_KINDS.index("late_delivery")] = True
    happened = happened & (late | ~worked[:, None])
    undone = worked & (fate != LATE)
    return np.where(undone, ON_TIME, fate), happened


def draw_cancellations(rng: Rng, placed: Placed) -> Ints:
    """(n,) us; when the order would be cancelled: after the decision, within a day or so."""
    return placed.decide_at + _days(rng.uniform(0.01, 1.2, len(placed.number)))


def settle(
    rng: Rng, world: World, placed: Placed, *, fate: Ints, happened: Flags, cancelled_at: Ints
) -> Fates:
    """The moments of everything that happened."""
    count = len(fate)
    slow = world.slowness[placed.city, placed.carrier]
    share = 1.0 / (1.0 + np.exp(-rng.normal(0.2 + 0.5 * slow, 0.6)))
    arrived = placed.ships_at + (share * (placed.deliver_by_at - placed.ships_at)).astype(np.int64)
    later = placed.deliver_by_at + _days(0.2 + rng.exponential(2.0, count))
    arrived = np.where(fate == LATE, later, arrived)
    arrived = np.where(fate == FAILED, np.maximum(arrived, later - 2 * DAY_US), arrived)
    arrived = np.minimum(arrived, placed.placed_at + _days(LATEST_DELIVERY_DAYS))
    opened = _openings(rng, placed, arrived, cancelled_at)
    delay = np.where(rng.random(opened.shape) < KNOWN_LATER_SHARE, KNOWN_LATER_DAYS, 0.0)
    known = opened + _days(delay * rng.exponential(1.0, opened.shape))
    return Fates(fate, happened, opened, known, cancelled_at, arrived)


def _days(days: float | Floats) -> Ints:
    return np.asarray(np.asarray(days) * DAY_US).astype(np.int64)


def _openings(rng: Rng, placed: Placed, arrived: Ints, cancelled: Ints) -> Ints:
    """(n, 10) when each kind opens: days to weeks after arrival, inside its horizon."""
    count = len(arrived)
    opened = np.empty((count, len(OUTCOME_KINDS)), dtype=np.int64)
    for column, kind in enumerate(OUTCOME_KINDS):
        latest = LATEST_CHARGEBACK_DAYS if kind == "chargeback" else LATEST_OPENING_DAYS
        room = placed.placed_at + _days(latest) - arrived
        share = rng.beta(1.2, 2.5 if kind == "chargeback" else 3.0, count)
        opened[:, column] = arrived + (share * room).astype(np.int64)
    fixed = {
        "cancelled_by_buyer": cancelled,
        "cod_refused": arrived,
        "failed_delivery": arrived,
        "late_delivery": placed.deliver_by_at,
    }
    for kind, moment in fixed.items():
        opened[:, OUTCOME_KINDS.index(kind)] = moment
    return opened
