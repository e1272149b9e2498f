"""The name of an order's platform, from the key that its facts carry.

Knows nothing of what platforms are. Facts hold hashes; there are few platforms, so each worker
learns their names once and remembers them.
"""

from __future__ import annotations

from features.facts import NONE
from store import Store

MAX_HELD = 10_000  # names of platforms, over all shops


class Platforms:
    """Platform key → name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[int, str | None] = {NONE: None}

    def name(self, key: int, shop_id: str, order_id: str) -> str | None:
        """The name behind a key that this order's facts carry; None where it is unknown."""
        if key not in self._names:
            if len(self._names) >= MAX_HELD:
                self._names = {NONE: None}
            self._names[key] = self._told(shop_id, order_id)
        return self._names[key]

    def _told(self, shop_id: str, order_id: str) -> str | None:
        versions = [r for r in self._store.timeline(shop_id, order_id) if r.table == "orders"]
        return versions[-1].values["platform"] if versions else None
