"""The simulated shop before any order: its buyers, sellers, products and places, with their flaws.

Knows nothing of time passing: everything here is drawn once from the seed and never changes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from features.schema import DAY_US

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rng = np.random.Generator

ORDERS_PER_BUYER = 3.0  # on average; the spread is a gamma's, so some buyers order dozens of times
LOCKER_SHARE = 0.06  # of buyers who use a shared parcel locker
BUYERS_PER_LOCKER = 40
RETURNER_SHARE, REFUSER_SHARE, RESELLER_SHARE = 0.08, 0.06, 0.004
FLAWED_SHARE = 0.20  # of variants
DEFECT_SHARES = (0.90, 0.08, 0.02)  # of homes written with 0, 1, 2 defects
PRICE_RATIOS, PRICE_SHARES = (1.0, 0.85, 1.25), (0.78, 0.12, 0.10)  # of weeks
SIZES = ("S", "M", "L", "XL")
# category: usual price in USD, weight in grams, comes in sizes
CATEGORIES = {
    "dress": (32, 350, True),
    "shoes": (55, 900, True),
    "jacket": (70, 1100, True),
    "headphones": (60, 300, False),
    "power_bank": (28, 400, False),
    "lamp": (35, 1500, False),
    "kettle": (40, 1300, False),
    "backpack": (45, 800, False),
}


@cache
def places() -> dict[str, Any]:
    """The countries of sim_places.toml by ISO 3166 code."""
    return tomllib.loads(Path(__file__).with_name("sim_places.toml").read_text("utf-8"))


@cache
def cities() -> tuple[tuple[int, dict[str, Any]], ...]:
    """Every city as (number of its country, its row), in the order of sim_places.toml."""
    named = enumerate(places().values())
    return tuple((number, city) for number, country in named for city in country["cities"])


@dataclass(frozen=True)
class Sellers:
    """m sellers; every order is filled by one of them.

    Attributes:
        city: (m,) numbers of cities.
        share: (m,) share of all orders.
        wait_days: (m,) usual days from order to shipment without a backlog.
        answer_chance: (m,) chance that a message is answered before the decision.
        headroom: (m,) daily capacity as a multiple of the usual daily orders.
    """

    city: Ints
    share: Floats
    wait_days: Floats
    answer_chance: Floats
    headroom: Floats


@dataclass(frozen=True)
class Products:
    """p products, sorted by seller; variants are numbered through all products.

    Attributes:
        seller: (p,) whose it is.
        category: (p,) number of its category.
        price_usd: (p,) usual price.
        popularity: (p,) cumulative weight over all products, for drawing.
        seller_start: (m + 1,) first product of each seller.
        variant_start: (p + 1,) first variant of each product.
        flaw: (v,) hidden flaw of each variant, 0 to 2.5.
    """

    seller: Ints
    category: Ints
    price_usd: Floats
    popularity: Floats
    seller_start: Ints
    variant_start: Ints
    flaw: Floats


@dataclass(frozen=True)
class Buyers:
    """b buyers with their habits and their homes.

    Attributes:
        activity: (b,) cumulative weight, for drawing.
        country, city: (b,) numbers.
        language, platform: (b,) positions in their country's lists.
        returner, refuser, reseller: (b,) habits.
        temper: (b,) standard normal; how soon a wait annoys.
        locker: (b,) number of the shared locker, or -1.
        defects: (b,) defects in the way the home address is written, 0 to 2.
        digits: (b,) random number that phone, postcode, street and house are read from.
        age_days: (b,) days between registration and the simulation's start; may be negative.
        lucky: (b,) uniform in [0, 1); decides the arm of an experiment, once per buyer.
    """

    activity: Floats
    country: Ints
    city: Ints
    language: Ints
    platform: Ints
    returner: Flags
    refuser: Flags
    reseller: Flags
    temper: Floats
    locker: Ints
    defects: Ints
    digits: Ints
    age_days: Floats
    lucky: Floats


@dataclass(frozen=True)
class World:
    """Everything that does not change.

    Attributes:
        sellers, products, buyers: who and what there is.
        refusal: (cities,) hidden habit of refusing parcels.
        price_ratio: (p, weeks) price over the usual price, by week.
        slowness: (cities, 3) hidden slowness of each of the country's three carriers.
        start_at, days: when the simulation begins (us) and how long it is.
        per_day: (days,) orders placed each day.
        shop_id: the shop all rows belong to.
    """

    sellers: Sellers
    products: Products
    buyers: Buyers
    refusal: Floats
    slowness: Floats
    price_ratio: Floats
    start_at: int
    days: int
    per_day: Ints
    shop_id: str

    @property
    def end_at(self) -> int:
        """The moment the simulation ends: nothing known later exists."""
        return self.start_at + self.days * DAY_US


def is_peak(day: Ints, start_at: int) -> Flags:
    """Whether days since the start lie between 5 November and 24 December."""
    dates = (np.int64(start_at // DAY_US) + day).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    of_month = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    number = month * 100 + of_month
    return np.asarray((number >= 1105) & (number <= 1224))


def draw_world(rng: Rng, *, orders: int, start_at: int, days: int, shop_id: str) -> World:
    """All that is fixed, for a shop of this many orders."""
    sellers = _draw_sellers(rng, 12 + min(48, orders // 2000))
    products = _draw_products(rng, sellers, count=40 + min(2000, int(0.6 * orders**0.5)))
    count = len(cities())
    weeks = rng.choice(PRICE_RATIOS, (len(products.seller), days // 7 + 1), p=PRICE_SHARES)
    return World(
        sellers=sellers,
        products=products,
        buyers=_draw_buyers(rng, max(30, int(orders / ORDERS_PER_BUYER))),
        refusal=rng.normal(0.0, 0.9, count),
        slowness=rng.normal(0.0, 0.7, (count, 3)),
        start_at=start_at,
        days=days,
        price_ratio=weeks * np.exp(rng.normal(0.0, 0.02, weeks.shape)),
        per_day=_orders_per_day(rng, orders, start_at, days),
        shop_id=shop_id,
    )


def _orders_per_day(rng: Rng, orders: int, start_at: int, days: int) -> Ints:
    """Exactly `orders`, more on weekends and in the peak season, growing 10 % a year."""
    day = np.arange(days)
    weekday = (start_at // DAY_US + day + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    weight = 1.0 + 0.2 * (weekday >= 5) + 0.5 * is_peak(day, start_at) + 0.1 * day / 365
    return rng.multinomial(orders, weight / weight.sum())


def _draw_sellers(rng: Rng, count: int) -> Sellers:
    share = rng.gamma(1.5, 1.0, count) + 0.1

    return Sellers(
        city=rng.choice(len(cities()), count),
        share=share / share.sum(),
        wait_days=np.clip(rng.lognormal(0.0, 0.55, count), 0.3, 4.0),
        answer_chance=rng.beta(4.0, 1.6, count),
        headroom=rng.uniform(1.05, 1.6, count),
    )


def _draw_products(rng: Rng, sellers: Sellers, *, count: int) -> Products:
    many = len(sellers.share)
    spare = rng.choice(many, max(0, count - many), p=sellers.share)
    seller = np.sort(np.concatenate([np.arange(many), spare]))
    total = len(seller)
    category = rng.integers(0, len(CATEGORIES), total)
    usual = np.array([row[0] for row in CATEGORIES.values()], dtype=float)[category]
    sized = np.array([row[2] for row in CATEGORIES.values()])[category]
    variants = np.where(sized, len(SIZES), 2)
    start = np.concatenate([[0], np.cumsum(variants)])
    weight = rng.gamma(1.2, 1.0, total) + 0.1
    within = np.bincount(seller, weights=weight)[seller]
    flawed = rng.random(start[-1]) < FLAWED_SHARE
    return Products(
        seller=seller,
        category=category,
        price_usd=usual * rng.lognormal(0.0, 0.4, total),
        popularity=np.cumsum(weight / within * sellers.share[seller]),
        seller_start=np.searchsorted(seller, np.arange(many + 1)),
        variant_start=start,
        flaw=np.where(flawed, np.clip(rng.exponential(1.2, start[-1]) + 0.3, 0, 2.5), 0.0),
    )


def _draw_buyers(rng: Rng, count: int) -> Buyers:
    country = rng.choice(len(places()), count, p=[c["weight"] for c in places().values()])
    reseller = rng.random(count) < RESELLER_SHARE
    lockers = max(1, int(count * LOCKER_SHARE / BUYERS_PER_LOCKER / 12))  # in each city
    city, locker = _homes(rng, country, lockers)
    activity = (rng.gamma(0.6, 1.0, count) + 0.05) * np.where(reseller, 12.0, 1.0)
    return Buyers(
        activity=np.cumsum(activity) / activity.sum(),
        country=country,
        city=city,
        language=_choose(rng, country, "languages"),
        platform=_choose(rng, country, "platforms"),
        returner=(rng.random(count) < RETURNER_SHARE) & ~reseller,
        refuser=rng.random(count) < REFUSER_SHARE,
        reseller=reseller,
        temper=rng.normal(0.0, 1.0, count),
        locker=locker,
        defects=rng.choice(3, count, p=DEFECT_SHARES) * (locker < 0),
        digits=rng.integers(0, 2**62, count),
        age_days=rng.exponential(400.0, count) - 30.0,
        lucky=rng.random(count),
    )


def _homes(rng: Rng, country: Ints, lockers: int) -> tuple[Ints, Ints]:
    """City and locker of each buyer; a locker serves one city, earlier cities are larger."""
    city = np.zeros(len(country), dtype=np.int64)
    locker = np.full(len(country), -1, dtype=np.int64)
    uses = rng.random(len(country)) < LOCKER_SHARE
    first = 0
    for number, row in enumerate(places().values()):
        here = np.flatnonzero(country == number)
        weight = 1.0 / (1.0 + np.arange(len(row["cities"])))
        city[here] = first + rng.choice(len(weight), len(here), p=weight / weight.sum())
        first += len(weight)
    locker[uses] = city[uses] * lockers + rng.integers(0, lockers, uses.sum())
    return city, locker


def _choose(rng: Rng, country: Ints, what: str) -> Ints:
    """A position in each buyer's country's list of `what`, by its shares."""
    chosen = np.zeros(len(country), dtype=np.int64)
    for number, row in enumerate(places().values()):
        here = np.flatnonzero(country == number)
        shares = np.array(list(row[what].values()))
        chosen[here] = rng.choice(len(shares), len(here), p=shares / shares.sum())
    return chosen
