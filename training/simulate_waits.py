"""How long an order waits for its seller: habits, backlog, and what was promised at placing.

Knows nothing of what was bought or of what comes of the wait.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.schema import DAY_US, HOUR_US, SECOND_US
from training.simulate_world import Flags, Floats, Ints, Rng, World, cities

DECIDE_HOURS = 24  # the decision moment is at most this long after placing
SLOW_DAY_SHARE, SLOW_DAY_CAPACITY = 0.03, 0.3  # days on which a seller's staff is short
LONGEST_BACKLOG_DAYS = 3.0


@dataclass
class Memory:
    """What one block of days hands to the next; the only thing here that changes.

    Attributes:
        seen: (buyers,) has ordered before.
        backlog: (sellers,) orders waiting.
        next_number: the next order's running number.
    """

    seen: Flags
    backlog: Floats
    next_number: int = 0


def expected_wait(
    rng: Rng, world: World, memory: Memory, days: range, *, day: Ints, seller: Ints
) -> Floats:
    """Days until shipment: the seller's habit and the backlog on the morning of the day."""
    sellers = world.sellers
    usual = sellers.share * world.per_day.mean()
    morning = np.empty((len(days), len(usual)))
    arrivals = np.zeros_like(morning)
    np.add.at(arrivals, (day - days.start, seller), 1.0)
    for number in range(len(days)):
        short = rng.random(len(usual)) < SLOW_DAY_SHARE
        capacity = sellers.headroom * usual * np.where(short, SLOW_DAY_CAPACITY, 1.0)
        morning[number] = memory.backlog / np.maximum(usual, 0.5)
        left = np.maximum(memory.backlog + arrivals[number] - capacity, 0.0)
        memory.backlog = np.minimum(left, LONGEST_BACKLOG_DAYS * np.maximum(usual, 0.5))
    return np.clip(sellers.wait_days[seller] + morning[day - days.start, seller], 0.3, 5.0)


@dataclass(frozen=True)
class Promises:
    """What is promised at placing, (n,) each; see Placed for the meaning."""

    ships_at: Ints
    decide_at: Ints
    ship_by_at: Ints
    deliver_by_at: Ints
    express: Flags


def promise(
    rng: Rng, world: World, placed_at: Ints, seller: Ints, country: Ints, wait: Floats
) -> Promises:
    """When it ships if nothing stops it, what was promised, and the moment of decision."""
    home = np.array([number for number, _ in cities()])[world.sellers.city[seller]]
    express = rng.random(len(placed_at)) < 0.25
    promise_days = np.where(express, 6, 10) + 7 * (home != country)
    takes = wait * np.exp(rng.normal(0.0, 0.3, len(wait)))
    takes = np.clip(takes, 0.1, promise_days - 1.0)
    ships_at = placed_at + (takes * DAY_US).astype(np.int64) // SECOND_US * SECOND_US
    return Promises(
        ships_at=ships_at,
        decide_at=np.minimum(ships_at, placed_at + DECIDE_HOURS * HOUR_US),
        ship_by_at=placed_at + np.where(express, 1, 3) * DAY_US,
        deliver_by_at=placed_at + promise_days * DAY_US,
        express=express,
    )
