"""A small synthetic shop for the tests of learning: orders, outcomes and a matrix to learn from.

Knows nothing of riskradar's features: its matrix is one informative column and one of noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.facts import Facts, facts_of_records, key_of
from features.schema import DAY_US, HOUR_US

SHOP = "s"
START = 1_600_000_000_000_000  # 2020-09-13, microseconds


def at(days: float) -> int:
    """A moment so many days after the shop's first."""
    return START + round(days * DAY_US)


def order(number: int | str, placed: float, **columns: Any) -> dict[str, Any]:
    """One order placed so many days after the start, known at once."""
    placed_at = at(placed)
    row = {"shop_id": SHOP, "order_id": str(number), "placed_at": placed_at, "known_at": placed_at}
    return {**row, "platform": "own", "buyer_id": f"b{number}", **columns}


def outcome(number: int | str, kind: str, opened: float, **columns: Any) -> dict[str, Any]:
    """One outcome opened so many days after the start, known at once."""
    row = {"shop_id": SHOP, "order_id": str(number), "kind": kind, "opened_at": at(opened)}
    return {**row, "known_at": at(opened), **columns}


def key(number: int | str) -> int:
    """The key of an order."""
    return key_of("order", SHOP, str(number))


def facts(**tables: list[dict[str, Any]]) -> Facts:
    """Facts of the given tables."""
    return facts_of_records(tables)


class LittleShop:
    """`orders` orders over `days`, shipped after two days; a return depends on `danger`."""

    def __init__(self, orders: int, days: float, *, seed: int = 0, rate: float = 0.15) -> None:
        draws = np.random.default_rng(seed)
        placed = np.sort(draws.uniform(0, days, orders))
        self.danger = draws.normal(size=orders)
        logit = np.log(rate / (1 - rate)) + 1.2 * self.danger
        returned = draws.random(orders) < 1 / (1 + np.exp(-logit))
        waits = draws.uniform(5, 25, orders)
        rows, outcomes = [], []
        for i in range(orders):
            buyer = f"b{i % (orders // 2)}"
            rows.append(order(i, placed[i], buyer_id=buyer))
            shipped = at(placed[i]) + 2 * DAY_US
            rows.append(
                order(i, placed[i], buyer_id=buyer, shipped_at=shipped, known_at=shipped + HOUR_US)
            )
            if returned[i]:
                outcomes.append(outcome(i, "return", placed[i] + waits[i]))
        self.facts = facts(orders=rows, outcomes=outcomes)
        self.as_of = at(days)
        self.names = ("danger", "noise")
        keys = np.array([key(i) for i in range(orders)])
        self._sorted = np.argsort(keys)
        self._keys = keys[self._sorted]

    def matrix(self, queries: Any) -> np.ndarray:
        """(n, 2) float32: the danger of the order, and noise with gaps."""
        at_row = self._sorted[np.searchsorted(self._keys, queries.order_key)]
        noise = (queries.order_key % 1000) / 1000.0
        noise = np.where(noise < 0.2, np.nan, noise)
        return np.column_stack([self.danger[at_row], noise]).astype(np.float32)
