"""The synthetic orders that a bundle carries as its proof, the same for every bundle.

Knows nothing of models. They come from the simulator with a fixed seed, so they have buyers who
return, conversations, address changes and outcomes, and are nobody's data.
"""

from __future__ import annotations

from typing import Any

from features.schema import DAY_US, HOUR_US
from training.simulate import simulate

START_US = 1_735_689_600_000_000  # 2025-01-01
DAYS = 30
ORDERS = 60  # simulated, so that those asked about have a past
ASKED = 24


def proof_orders() -> tuple[dict[str, list[dict[str, Any]]], list[tuple[str, str, int]]]:
    """Records of a small synthetic shop, and (shop_id, order_id, as_of) of its last orders."""
    tables = simulate(orders=ORDERS, seed=7, start_at=START_US, days=DAYS, shop_id="proof").tables
    first: dict[str, int] = {}
    for row in tables["orders"]:
        order, known_at = str(row["order_id"]), int(row["known_at"])
        first[order] = min(known_at, first.get(order, known_at))
    latest = sorted(first, key=lambda order: first[order])[-ASKED:]
    moments = (1, 6 * HOUR_US, DAY_US)
    asked = [
        ("proof", order, first[order] + moments[at % len(moments)])
        for at, order in enumerate(latest)
    ]
    return tables, asked
