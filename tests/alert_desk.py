"""A reader of a few plain words, and rows, for the tests of red alerts and their evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from store_rows import HOUR, NOON, SHOP, key, message, order, said_of

from features.signals import SIGNALS, Reading, Span
from outreach.alerts import Watch
from store import Store
from store.home import Home

WORDS = {
    "my lawyer": "legal_threat",
    "Procon": "regulator_threat",
    "chargeback": "platform_threat",
    "on fire": "safety_injury",
    "broke my TV": "property_damage",
    "clowns": "anger",
    "worried": "anxiety",
}
THREAT = "my lawyer will write to you"


def read(shop_id: str, text: str) -> Reading:
    """Every word of WORDS that the text holds, in the house's own order."""
    del shop_id
    spans = [Span(s, text.index(w), text.index(w) + len(w)) for w, s in WORDS.items() if w in text]
    return Reading("en", tuple(sorted(spans, key=lambda span: SIGNALS.index(span.signal))))


def new_home(folder: Path, settings: str = "") -> Home:
    home = Home(folder / "home")
    home.path.mkdir(parents=True)
    home.settings_path.write_text(settings)
    return home.create()


def watch(store: Store, home: Home) -> Watch:
    """A watch that quotes by the words above; which messages it looks at, their facts say."""
    looks = Watch(store, home)
    looks.read = read
    return looks


def write(store: Store, received_at: int = NOON, **tables: Any) -> None:
    store.write(tables, received_at=received_at)


def threat(message_id: str = "m1", known_at: int = NOON, **said: Any) -> dict[str, Any]:
    return message(message_id, known_at, **{"order_id": "A", "text": THREAT, **said})


def claim(known_at: int = NOON, **said: Any) -> dict[str, Any]:
    return said_of(known_at=known_at, **{"kind": "a_to_z_claim", "opened_at": NOON, **said})


def codes(alerts: Any) -> list[str]:
    return [alert.code for alert in alerts]


__all__ = [
    "HOUR", "NOON", "SHOP", "THREAT", "claim", "codes", "key", "message", "new_home", "order",
    "read", "said_of", "threat", "watch", "write",
]  # fmt: skip
