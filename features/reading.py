"""What messages and listings say, as facts: bits of signals and attributes, language, capitals.

Knows nothing of orders: a message is read once, on arrival, and its words travel no further.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from features.attributes import attributes
from features.identity import NONE, Values
from features.signal_names import LANGUAGES, SIGNALS
from features.signal_phrases import phrases as known_phrases
from features.signals import READER_VERSION, PhraseChanges, Reader, reader

LANGUAGE_CODES = {name: code for code, name in enumerate(LANGUAGES)}  # NONE where nobody can tell
_BIT = {name: 1 << bit for bit, name in enumerate(SIGNALS)}
_GAP = "expectation_gap"


@dataclass(frozen=True)
class Readers:
    """The reader of each shop: the phrases that ship, and what the operator made of them.

    Attributes:
        changes: for every shop.
        shops: for single shops, on top of these.

    """

    changes: PhraseChanges = field(default_factory=PhraseChanges)
    shops: Mapping[str, PhraseChanges] = field(default_factory=dict)

    @classmethod
    def told(
        cls, phrases: Mapping[str, Any], shops: Mapping[str, Mapping[str, Any]], where: str
    ) -> Readers:
        """The readers of tables {signal: {"add": [...], "remove": [...]}}, of all and of each shop.

        Raises BadPhrase naming `where`, the table and the entry.
        """
        changes = PhraseChanges.of(phrases, f"{where} [signals.phrases]")
        own = {
            shop: PhraseChanges.of(tables, f"{where} [signals.shops.{shop}.phrases]")
            for shop, tables in shops.items()
        }
        for each in (changes, *map(changes.joined, own.values())):
            if each.remove:
                known_phrases(each)
        return cls(changes, own)

    def of(self, shop_id: str) -> Reader:
        """The reader of a shop's messages."""
        own = self.shops.get(shop_id)
        changes = self.changes if own is None else self.changes.joined(own)
        return reader(changes if changes.add or changes.remove else None)

    @cached_property
    def digest(self) -> str:
        """Changes whenever the same message may read differently."""
        said = [
            (shop, changes.add, changes.remove)
            for shop, changes in [("", self.changes), *sorted(self.shops.items())]
        ]
        text = json.dumps([READER_VERSION, said], ensure_ascii=False)
        return blake2b(text.encode(), digest_size=8).hexdigest()


DEFAULT = Readers()


class Said(NamedTuple):
    """The facts of one message.

    Attributes:
        signals: bits in the order of SIGNALS; 0 where the message carries none.
        language: place among LANGUAGES, NONE where the text does not tell.
        letters: that could be capital or not, as in Latin script.
        capitals: of them.
        asked: attributes that the buyer asks about, bits as in `attributes()`.

    """

    signals: int = 0
    language: int = NONE
    letters: int = 0
    capitals: int = 0
    asked: int = 0


NOTHING = Said()


def said(texts: Values, senders: Values, readers: Sequence[Reader]) -> list[Said]:
    """The facts of messages; only the buyer's say anything."""
    return [
        _read(own, text) if text and sender == "buyer" else NOTHING
        for text, sender, own in zip(texts, senders, readers, strict=True)
    ]


@lru_cache(maxsize=1 << 15)  # buyers say the same things: reading costs a hundred times a look-up
def _read(own: Reader, text: str) -> Said:
    found = own.read(text)
    bits = 0
    for signal in found.signals:
        bits |= _BIT[signal]
    capitals = sum(map(str.isupper, text))
    return Said(
        signals=bits,
        language=LANGUAGE_CODES.get(found.lang, NONE),
        letters=capitals + sum(map(str.islower, text)),
        capitals=capitals,
        asked=attributes().mentioned(text) if bits & _BIT[_GAP] else 0,
    )


@lru_cache(maxsize=1 << 14)
def listed(title: str | None, description: str | None, attributes_said: str | None) -> int:
    """The attributes that a listing speaks of, as bits; NONE where it says nothing at all."""
    parts = [part for part in (title, description, attributes_said) if part]
    return attributes().mentioned("\n".join(parts)) if parts else NONE
