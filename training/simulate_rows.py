"""Rows of our tables from simulated orders: ids, versions, times, and nothing after the end.

Knows nothing of causes: it writes down what the other simulate modules have settled.
"""

from __future__ import annotations

from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt

from features.schema import DAY_US, HOUR_US, SECOND_US, TABLES
from training.simulate_causes import CANCELLED
from training.simulate_fates import Fates, Mood, platforms_of
from training.simulate_orders import Placed
from training.simulate_world import CATEGORIES, SIZES, Flags, Floats, Ints, Rng, World, places

Columns = dict[str, list[Any]]  # column name → values, all of one length; None is unknown
Words = npt.NDArray[np.object_]

COLOURS = ("black", "white")
PAID_LATER = ("bank_transfer", "voucher")  # these pay hours after placing
FEED_MINUTES = 20  # until a shipment reaches the record, at most


def order_id(number: int) -> str:
    """The id of a running number, such as O00000042."""
    return f"O{number:08d}"


def buyer_id(number: int) -> str:
    """The id of a buyer's number."""
    return f"B{number:07d}"


def product_id(number: int) -> str:
    """The id of a product's number."""
    return f"P{number:05d}"


def seller_id(number: int) -> str:
    """The id of a seller's number."""
    return f"S{number:03d}"


def finish(table: str, columns: Columns, *, world: World) -> Columns:
    """Every column of the table, shop_id included, and only rows known before the end."""
    keep = [known_at < world.end_at for known_at in columns["known_at"]]
    many = len(keep)
    named: Columns = {"shop_id": [world.shop_id] * sum(keep)}
    for name in ("known_at", *TABLES[table].names):
        values = list(compress(columns.get(name) or [None] * many, keep))
        named[name] = [_whole(at) for at in values] if name.endswith("_at") else values
    return named


def _whole(moment: int | None) -> int | None:
    """A moment in whole seconds, as shops record it."""
    return moment if moment is None else moment - moment % SECOND_US


def optional(values: Ints, known: Flags) -> Words:
    """Whole numbers as Python's, None where not known."""
    chosen = values.astype(object)
    chosen[~known] = None
    return chosen


def minor(world_usd: Floats, country: Ints) -> Ints:
    """US dollars → minor units of each country's currency (all have two digits)."""
    rate = np.array([row["per_usd"] for row in places().values()])[country]
    return np.asarray(np.rint(world_usd * rate * 100), dtype=np.int64)


def order_columns(rng: Rng, world: World, placed: Placed, mood: Mood, fates: Fates) -> Columns:
    """Orders: a version at placing, at payment, at shipment or cancellation."""
    count = len(placed.number)
    base = _order_base(rng, world, placed, mood)
    cancelled = fates.fate == CANCELLED
    later = np.isin(placed.payment.astype(str), PAID_LATER)
    on_delivery = placed.payment == "cash_on_delivery"
    wait = rng.uniform(0.02, 0.8, count) * (placed.decide_at - placed.placed_at)
    paid_at = np.where(later, placed.placed_at + wait.astype(np.int64), placed.placed_at)
    feed = rng.integers(0, FEED_MINUTES * 60, count) * SECOND_US
    collected = on_delivery & (fates.fate > 2)
    every = np.arange(count)
    at_once, never = ~later & ~on_delivery, np.zeros(count, dtype=bool)
    shipped = np.flatnonzero(~cancelled)
    versions = [  # rows, known_at, paid, paid_at, shipped, cancelled
        (every, placed.placed_at, at_once, paid_at, never, never),
        (np.flatnonzero(later), paid_at, ~on_delivery, paid_at, never, never),
        (shipped, placed.ships_at + feed, ~on_delivery, paid_at, ~never, never),
        (np.flatnonzero(cancelled), fates.cancelled_at, ~on_delivery, paid_at, never, ~never),
        (np.flatnonzero(collected), fates.arrived_at, ~never, fates.arrived_at, ~never, never),
    ]
    columns: Columns = {name: [] for name in (*base, *_CLOCKS)}
    for rows, known_at, paid, paid_when, ships, cancels in versions:
        for name, values in base.items():
            columns[name] += values[rows].tolist()
        columns["known_at"] += known_at[rows].tolist()
        columns["paid_at"] += optional(paid_when, paid)[rows].tolist()
        columns["shipped_at"] += optional(placed.ships_at, ships)[rows].tolist()
        columns["cancelled_at"] += optional(fates.cancelled_at, cancels)[rows].tolist()
    return columns


_CLOCKS = ("known_at", "paid_at", "shipped_at", "cancelled_at")


def _order_base(rng: Rng, world: World, placed: Placed, mood: Mood) -> dict[str, Words]:
    """What never changes about the orders, each column (n,) of Python values."""
    count = len(placed.number)
    countries = list(places().values())
    carriers = [row["carriers"] for row in countries]
    country = placed.country.tolist()
    in_parts = placed.payment == "instalments"
    gift = mood.gift_deadline & (rng.random(count) < 0.5)
    columns: dict[str, Any] = {
        "order_id": [order_id(number) for number in placed.number.tolist()],
        "platform": platforms_of(world, placed),
        "buyer_id": [buyer_id(number) for number in placed.buyer.tolist()],
        "placed_at": placed.placed_at.tolist(),
        "ship_by_at": placed.ship_by_at.tolist(),
        "deliver_by_at": placed.deliver_by_at.tolist(),
        "amount_minor": minor(placed.amount_usd, placed.country).tolist(),
        "currency": [countries[c]["currency"] for c in country],
        "shipping_minor": minor(placed.shipping_usd, placed.country).tolist(),
        "discount_minor": minor(placed.discount_usd, placed.country).tolist(),
        "payment_method": placed.payment.tolist(),
        "instalments": optional(rng.integers(2, 13, count), in_parts).tolist(),
        "ship_service": np.where(placed.express, "express", "standard").tolist(),
        "carrier": [carriers[c][k] for c, k in zip(country, placed.carrier.tolist(), strict=True)],
        "is_business": world.buyers.reseller[placed.buyer].tolist(),
        "is_gift": (gift | (rng.random(count) < 0.04)).tolist(),
        "channel": np.where(rng.random(count) < 0.65, "app", "web").tolist(),
    }
    return {name: _words(values) for name, values in columns.items()}


def _words(values: list[Any]) -> Words:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def item_columns(world: World, placed: Placed) -> Columns:
    """Items: known with their order, never changed."""
    lines, names = placed.lines, tuple(CATEGORIES)
    sized = [row[2] for row in CATEGORIES.values()]
    category = world.products.category[lines.product].tolist()
    return {
        "order_id": [order_id(n) for n in placed.number[lines.order].tolist()],
        "line": lines.line.tolist(),
        "known_at": placed.placed_at[lines.order].tolist(),
        "product_id": [product_id(p) for p in lines.product.tolist()],
        "seller_id": [seller_id(s) for s in placed.seller[lines.order].tolist()],
        "category": [names[c] for c in category],
        "variant": [
            (SIZES if sized[c] else COLOURS)[v]
            for c, v in zip(category, lines.variant.tolist(), strict=True)
        ],
        "quantity": lines.quantity.tolist(),
        "unit_price_minor": minor(lines.price_usd, placed.country[lines.order]).tolist(),
    }


def buyer_columns(world: World, placed: Placed) -> Columns:
    """Buyers who order for the first time in this block."""
    first = np.flatnonzero(placed.first_order)
    who = placed.buyer[first]
    registered = world.start_at - (world.buyers.age_days[who] * DAY_US).astype(np.int64)
    registered = np.minimum(registered, placed.placed_at[first] - HOUR_US // 4)
    busy = np.diff(world.buyers.activity, prepend=0.0)[who] * len(world.buyers.activity)
    tiers = np.select([busy > 3.0, busy > 1.2], ["gold", "silver"], "basic")
    return {
        "buyer_id": [buyer_id(number) for number in who.tolist()],
        "known_at": registered.tolist(),
        "registered_at": registered.tolist(),
        "attributes": [{"loyalty_tier": str(tier)} for tier in tiers],
    }
