"""Rows of sellers and products, with a later version of each.

Knows nothing of orders.
"""

from __future__ import annotations

import numpy as np

from features.schema import DAY_US
from training.simulate_rows import Columns, product_id, seller_id
from training.simulate_world import CATEGORIES, Ints, Rng, World, cities, places

LISTED_BEFORE_DAYS = 30  # products and sellers are known this long before the first order
DESCRIPTION = "A {name} for every day. Model {model}. Ships from our own warehouse."
POOR_DESCRIPTION = "{name} {model}"


def seller_columns(rng: Rng, world: World) -> Columns:
    """Sellers: a rating that follows how fast they ship and answer, renewed half way through."""
    sellers = world.sellers
    many = len(sellers.city)
    home = [cities()[number] for number in sellers.city.tolist()]
    codes = tuple(places())
    twice = {
        "seller_id": [seller_id(n) for n in range(many)],
        "city": [city["city"] for _, city in home],
        "region": [city["region"] for _, city in home],
        "postcode": [city["postcode"].replace("#", "0") for _, city in home],
        "country": [codes[number] for number, _ in home],
        "lat": [city["lat"] for _, city in home],
        "lon": [city["lon"] for _, city in home],
    }
    base = 4.9 - 0.25 * sellers.wait_days - 0.6 * (1.0 - sellers.answer_chance)
    rating = np.round(np.clip(base + rng.normal(0.0, 0.15, (2, many)), 1.0, 5.0), 2)
    return {
        **{name: values * 2 for name, values in twice.items()},
        "known_at": _two_clocks(rng, world, many),
        "attributes": [{"rating": float(value)} for value in rating.ravel()],
    }


def product_columns(rng: Rng, world: World) -> Columns:
    """Products: listing text, photos and stock; flawed ones are listed a little worse."""
    goods = world.products
    many = len(goods.category)
    names = tuple(CATEGORIES)
    worst = np.maximum.reduceat(goods.flaw, goods.variant_start[:-1])
    poor = rng.random(many) < np.where(worst > 1.0, 0.45, 0.2)
    size = rng.lognormal(0.0, 0.25, (4, many))
    weight = np.array([row[1] for row in CATEGORIES.values()])[goods.category] * size[0]
    said = [names[number].replace("_", " ") for number in goods.category.tolist()]
    texts = [POOR_DESCRIPTION if is_poor else DESCRIPTION for is_poor in poor.tolist()]
    once = {
        "product_id": [product_id(n) for n in range(many)],
        "category": [names[number] for number in goods.category.tolist()],
        "title": [f"{name.capitalize()} {n:04d}" for n, name in enumerate(said)],
        "description": [
            t.format(name=s, model=n) for n, (t, s) in enumerate(zip(texts, said, strict=True))
        ],
        "photos": np.where(poor, rng.integers(1, 3, many), rng.integers(3, 9, many)).tolist(),
        "weight_g": np.round(weight).tolist(),
        "length_cm": np.round(30 * size[1], 1).tolist(),
        "width_cm": np.round(20 * size[2], 1).tolist(),
        "height_cm": np.round(10 * size[3], 1).tolist(),
    }
    return {
        **{name: list(values) * 2 for name, values in once.items()},
        "known_at": _two_clocks(rng, world, many),
        "stock": rng.integers(0, 400, 2 * many).tolist(),
    }


def _two_clocks(rng: Rng, world: World, many: int) -> list[int]:
    """When the first and the second version of each row became known."""
    first = np.full(many, world.start_at - LISTED_BEFORE_DAYS * DAY_US)
    span: Ints = (rng.uniform(0.4, 0.6, many) * world.days * DAY_US).astype(np.int64)
    return [*first.tolist(), *(world.start_at + span).tolist()]
