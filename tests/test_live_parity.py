"""Live through the store equals batch from the files: one function, a smaller table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shops import START_US, random_shop

from features.build import FeatureSettings, Queries
from features.encoded import WEIGHTS, Encoding, Encodings
from features.facts import Facts, facts_of_records, key_of
from features.inputs import input_names, inputs
from features.past import CAP
from features.population import Population
from features.schema import DAY_US
from store import Store, open_store

SETTINGS = FeatureSettings("USD", {"BRL": 0.2, "CLP": 0.001}, "America/Sao_Paulo")
WORDS = Encodings(Encoding.rounded(np.random.default_rng(2).normal(0, 0.5, WEIGHTS), 0.1))


def differing(left: np.ndarray, right: np.ndarray) -> list[str]:
    same = (left == right) | (np.isnan(left) & np.isnan(right))
    return [name for name, equal in zip(input_names(), same, strict=True) if not equal]


def live(store: Store, facts: Facts, order_key: int, as_of: int) -> np.ndarray:
    """One order from the few rows that share its buyer, phone or address."""
    near = store.neighbourhood([order_key], [as_of])
    query = Queries(np.array([order_key]), np.array([as_of]))
    return inputs(near, query, Population(facts, SETTINGS.money), SETTINGS, WORDS)[0]


@pytest.mark.parametrize("seed", range(4))
def test_live_through_the_store_equals_batch_from_the_files(seed: int, tmp_path: Path) -> None:
    records = random_shop(seed)
    facts = facts_of_records(records)
    with open_store(tmp_path / "store.sqlite") as store:
        store.write(records, received_at=START_US + 400 * DAY_US)
        keys = np.unique(facts["orders"]["order_key"])
        draw = np.random.default_rng(seed)
        known = facts["orders"]["known_at"]
        first = np.array([known[facts["orders"]["order_key"] == key].min() for key in keys])
        moments = first + 1 + (draw.random(len(keys)) * 30 * DAY_US).astype(np.int64)
        population = Population(facts, SETTINGS.money)
        batch = inputs(facts, Queries(keys, moments), population, SETTINGS, WORDS)
        assert np.isfinite(batch[::3, -1]).any(), "some buyers wrote"
        for at in range(0, len(keys), 3):
            found = live(store, facts, int(keys[at]), int(moments[at]))
            assert differing(found, batch[at]) == []


def test_a_locker_with_more_orders_than_the_cap_is_cut_alike(tmp_path: Path) -> None:
    """The latest CAP orders of a key count, live and in training, whoever else shares it."""
    orders = CAP + 40
    shop = {"shop_id": "s", "currency": "USD", "amount_minor": 100}
    rows = [
        {
            **shop,
            "order_id": f"o{n}",
            "known_at": START_US + n,
            "placed_at": START_US + n,
            "buyer_id": f"b{n % 3}",
        }
        for n in range(orders)
    ]
    doors = [
        {
            "shop_id": "s",
            "order_id": f"o{n}",
            "known_at": START_US + n,
            "recorded_at": START_US + n,
            "line1": "Locker 7",
        }
        for n in range(orders)
    ]
    facts = facts_of_records({"orders": rows, "addresses": doors})
    as_of = START_US + orders + 5
    with open_store(tmp_path / "store.sqlite") as store:
        store.write({"orders": rows, "addresses": doors}, received_at=as_of)
        key = key_of("order", "s", f"o{orders - 1}")
        query = Queries(np.array([key]), np.array([as_of]))
        batch = inputs(facts, query, Population(facts, SETTINGS.money), SETTINGS, WORDS)[0]
        assert differing(live(store, facts, key, as_of), batch) == []
        assert (
            batch[input_names().index("address_orders_before")] == CAP - 1
        )  # its own is one of them
