"""Rows for the tests of the store, with everything that a claim does not speak of filled in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from features.facts import key_of
from store import Score, Store, open_store

NOON = 1_735_732_800_000_000  # 2025-01-01 12:00 UTC, microseconds
HOUR = 3_600_000_000
SHOP = "shop"


def order(order_id: str = "A", known_at: int = NOON, **said: Any) -> dict[str, Any]:
    return {
        "shop_id": SHOP,
        "known_at": known_at,
        "order_id": order_id,
        "placed_at": NOON,
        **said,
    }


def said_of(order_id: str = "A", known_at: int = NOON, **said: Any) -> dict[str, Any]:
    """A row of another table about an order, or an order without its placed_at."""
    return {"shop_id": SHOP, "known_at": known_at, "order_id": order_id, **said}


def address(order_id: str = "A", known_at: int = NOON, **said: Any) -> dict[str, Any]:
    return said_of(order_id, known_at, recorded_at=known_at, **said)


def message(message_id: str, known_at: int = NOON, **said: Any) -> dict[str, Any]:
    row = {"message_id": message_id, "sent_at": known_at, "sender": "buyer", **said}
    return {"shop_id": SHOP, "known_at": known_at, **row}


def key(order_id: str = "A") -> int:
    return key_of("order", SHOP, order_id)


def versions(store: Store, table: str = "orders", order_id: str = "A") -> list[tuple[int, Any]]:
    """(hours after noon, values) of each version of an order's rows in one table."""
    records = store.timeline(SHOP, order_id)
    return [((r.known_at - NOON) // HOUR, r.values) for r in records if r.table == table]


def told(store: Store, column: str, table: str = "orders", order_id: str = "A") -> list[Any]:
    """(hours after noon, value of one column) of each version."""
    return [(hours, values[column]) for hours, values in versions(store, table, order_id)]


def new_store(folder: Path) -> Store:
    return open_store(folder / "store.sqlite")


def score(order_id: str = "A", **said: Any) -> Score:
    given = {
        "shop_id": SHOP,
        "order_id": order_id,
        "order_key": key_of("order", said.get("shop_id", SHOP), order_id),
        "as_of": NOON,
        "scored_at": NOON,
        "model": "m1",
        "day": 20_089,
        "platform": "own",
        "risk": 0.5,
        "band": "high",
        "flagged": True,
        "answer": b"{}",
    }
    return Score(**(given | said))
