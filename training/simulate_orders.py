"""Orders as they are placed: who buys what, when, how it is paid, and how long it will take.

Knows nothing of what becomes of them: fates and messages are drawn from what is settled here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.schema import DAY_US, HOUR_US
from training.simulate_waits import Memory, expected_wait, promise
from training.simulate_world import SIZES, Flags, Floats, Ints, Rng, World, places

Words = npt.NDArray[np.object_]

EXTRA_LINES = (0.76, 0.17, 0.07)  # shares of orders with 0, 1, 2 further products
SIZES_SHARE, SIZES_SHARE_RETURNER = 0.03, 0.25  # of orders of sized products
CHANGE_SHARES = (0.93, 0.055, 0.015)  # of orders with 0, 1, 2 address changes
MENDS_DEFECT = 0.5  # chance that a change also mends a badly written address
HOUR_WEIGHTS = (3, 2, 1, 1, 1, 1, 2, 3, 5, 6, 7, 7, 8, 7, 7, 6, 6, 6, 7, 8, 10, 11, 9, 6)  # local


@dataclass(frozen=True)
class Lines:
    """Lines of all orders of a block, sorted by order and line.

    Attributes:
        order: (l,) position of the order in the block.
        line: (l,) 1, 2, ...
        product: (l,) numbers.
        variant: (l,) variant within its product, 0, 1, ...
        quantity: (l,) pieces.
        price_ratio: (l,) price over the product's usual price.
        price_usd: (l,) price of a piece.
    """

    order: Ints
    line: Ints
    product: Ints
    variant: Ints
    quantity: Ints
    price_ratio: Floats
    price_usd: Floats


@dataclass(frozen=True)
class Placed:
    """n orders of a block in order of time, as they were placed.

    Attributes:
        number: (n,) running number through the simulation.
        day: (n,) days since the simulation's start.
        placed_at, ships_at, decide_at: (n,) us; placing, shipment if nothing stops it, decision.
        ship_by_at, deliver_by_at: (n,) us; what was promised.
        buyer, country, city, seller: (n,) numbers.
        payment: (n,) names of payment methods.
        carrier: (n,) position in the country's carriers.
        express: (n,) faster service.
        first_order, night: (n,) truths.
        expected_wait: (n,) days the seller is expected to take.
        changes: (n,) address changes, 0 to 2.
        defects_first, defects: (n,) defects of the first and of the latest address.
        goods_usd, discount_usd, shipping_usd: (n,) money.
        lines: what was bought.
    """

    number: Ints
    day: Ints
    placed_at: Ints
    ships_at: Ints
    decide_at: Ints
    ship_by_at: Ints
    deliver_by_at: Ints
    buyer: Ints
    country: Ints
    city: Ints
    seller: Ints
    payment: Words
    carrier: Ints
    express: Flags
    first_order: Flags
    night: Flags
    expected_wait: Floats
    changes: Ints
    defects_first: Ints
    defects: Ints
    goods_usd: Floats
    discount_usd: Floats
    shipping_usd: Floats
    lines: Lines

    @property
    def amount_usd(self) -> Floats:
        """(n,) what the buyer pays in all."""
        return np.asarray(self.goods_usd - self.discount_usd + self.shipping_usd)


def place(rng: Rng, world: World, memory: Memory, days: range) -> Placed:
    """All orders of these days; `memory` is brought up to date."""
    day = np.repeat(np.arange(days.start, days.stop), world.per_day[days.start : days.stop])
    buyer = _draw(rng.random(len(day)), world.buyers.activity)
    country = world.buyers.country[buyer]
    hour, placed_at, order = _clock(rng, world, day, country)
    day, buyer, country, hour, placed_at = (
        column[order] for column in (day, buyer, country, hour, placed_at)
    )
    lines, seller = _fill(rng, world, Basket(buyer, day))
    wait = expected_wait(rng, world, memory, days, day=day, seller=seller)
    promises = promise(rng, world, placed_at, seller, country, wait)
    changes = rng.choice(3, len(day), p=CHANGE_SHARES)
    defects_first = world.buyers.defects[buyer]
    mended = (changes > 0) & (rng.random(len(day)) < MENDS_DEFECT)
    paid = lines.price_usd * lines.quantity
    goods: Floats = np.bincount(lines.order, weights=paid, minlength=len(day)).astype(np.float64)
    off = np.where(rng.random(len(day)) < 0.2, rng.uniform(0.05, 0.3, len(day)), 0.0)
    number = memory.next_number + np.arange(len(day))
    memory.next_number += len(day)
    return Placed(
        number=number,
        day=day,
        placed_at=placed_at,
        buyer=buyer,
        country=country,
        city=world.buyers.city[buyer],
        seller=seller,
        payment=_payment(rng, country),
        carrier=rng.integers(0, 3, len(day)),
        first_order=_first_orders(memory, buyer),
        night=(hour >= 23) | (hour < 5),
        expected_wait=wait,
        changes=changes,
        defects_first=defects_first,
        defects=np.where(mended, 0, defects_first),
        goods_usd=goods,
        discount_usd=goods * off,
        shipping_usd=np.where(promises.express, 9.0, 4.0) * (goods < 80),
        lines=lines,
        **vars(promises),
    )


def _draw(uniform: Floats, cumulative: Floats) -> Ints:
    """Positions drawn by cumulative weights that end near 1."""
    found = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return np.asarray(np.minimum(found, len(cumulative) - 1), dtype=np.int64)


def _clock(rng: Rng, world: World, day: Ints, country: Ints) -> tuple[Ints, Ints, Ints]:
    """Local hour and moment of placing, and the order of time."""
    weights = np.array(HOUR_WEIGHTS) / sum(HOUR_WEIGHTS)
    local = rng.choice(24, len(day), p=weights)
    offset = np.array([row["utc_offset_hours"] for row in places().values()])[country]
    within = rng.integers(0, HOUR_US, len(day)) // 1_000_000 * 1_000_000
    placed_at = world.start_at + day * DAY_US + (local - offset) % 24 * HOUR_US + within
    return local, placed_at, np.argsort(placed_at, kind="stable")


def _first_orders(memory: Memory, buyer: Ints) -> Flags:
    first = np.zeros(len(buyer), dtype=bool)
    first[np.unique(buyer, return_index=True)[1]] = True
    first &= ~memory.seen[buyer]
    memory.seen[buyer] = True
    return first


def _payment(rng: Rng, country: Ints) -> Words:
    chosen = np.empty(len(country), dtype=object)
    for number, row in enumerate(places().values()):
        here = np.flatnonzero(country == number)
        names = np.array(list(row["payments"]), dtype=object)
        shares = np.array(list(row["payments"].values()))
        chosen[here] = names[rng.choice(len(names), len(here), p=shares / shares.sum())]
    return chosen


@dataclass(frozen=True)
class Basket:
    """Whose baskets are filled, (n,) buyers, and when, (n,) days since the start."""

    buyer: Ints
    day: Ints


def _fill(rng: Rng, world: World, basket: Basket) -> tuple[Lines, Ints]:
    """The lines of each order, all of one seller, and that seller."""
    goods, buyer, count = world.products, basket.buyer, len(basket.buyer)
    first = _draw(rng.random(count), goods.popularity)
    seller = goods.seller[first]
    extra = np.repeat(np.arange(count), rng.choice(3, count, p=EXTRA_LINES))
    more = _from_same_seller(rng, world, seller[extra])
    sized = np.diff(goods.variant_start)[first] == len(SIZES)
    chance = np.where(world.buyers.returner[buyer], SIZES_SHARE_RETURNER, SIZES_SHARE)
    again = np.flatnonzero(sized & (rng.random(count) < chance))
    product = np.concatenate([first, first[again], more])
    order = np.concatenate([np.arange(count), again, extra])
    variant = (rng.random(len(product)) * np.diff(goods.variant_start)[product]).astype(np.int64)
    variant[count : count + len(again)] = (variant[again] + 1) % len(SIZES)
    sort = np.argsort(order, kind="stable")
    return _lines(rng, world, basket, order[sort], product[sort], variant[sort]), seller


def _from_same_seller(rng: Rng, world: World, seller: Ints) -> Ints:
    goods = world.products
    upper = goods.popularity[goods.seller_start[seller + 1] - 1]
    before = np.concatenate([[0.0], goods.popularity])[goods.seller_start[seller]]
    found = np.searchsorted(goods.popularity, before + rng.random(len(seller)) * (upper - before))
    return np.asarray(np.minimum(found, goods.seller_start[seller + 1] - 1), dtype=np.int64)


def _lines(
    rng: Rng, world: World, basket: Basket, order: Ints, product: Ints, variant: Ints
) -> Lines:
    count = len(order)
    usual = 1 + rng.choice(3, count, p=(0.88, 0.09, 0.03))
    bulk = rng.integers(5, 31, count)
    ratio = world.price_ratio[product, basket.day[order] // 7]
    return Lines(
        order=order,
        line=np.arange(count) - np.searchsorted(order, order) + 1,
        product=product,
        variant=variant,
        quantity=np.where(world.buyers.reseller[basket.buyer[order]], bulk, usual),
        price_ratio=ratio,
        price_usd=world.products.price_usd[product] * ratio,
    )
