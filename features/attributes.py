"""Which attributes of a product a text speaks of: its size, its plug, whether it may be washed.

Knows nothing of products or of who speaks. A listing and a question are compared by what they
mention, each in its own language: `attributes.toml` names an attribute in several.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from ahocorasick_rs import AhoCorasick, MatchKind

from features.text import plain

SIGNS = re.compile(r"[^\w]+")
MOST = 62  # attributes: a fact is 64 bits, of which one says unknown and one the sign


@dataclass(frozen=True)
class Attributes:
    """The vocabulary.

    Attributes:
        names: of the attributes; their order is that of the bits.
        automaton: finds every word at once.
        bits: of each word of the automaton.

    """

    names: tuple[str, ...]
    automaton: AhoCorasick
    bits: tuple[int, ...]

    def mentioned(self, text: str | None) -> int:
        """The attributes that a text names, as bits in the order of `names`; 0 for none."""
        mask = 0
        folded = f" {_folded(text or '')} "
        for word, _, _ in self.automaton.find_matches_as_indexes(folded, overlapping=True):
            mask |= self.bits[word]
        return mask

    def named(self, mask: int) -> tuple[str, ...]:
        """The names of the bits that are set.

        >>> attributes().named(attributes().mentioned("Is it dishwasher safe? 能机洗吗"))
        ('dishwasher', 'washable')
        """
        return tuple(name for bit, name in enumerate(self.names) if mask >> bit & 1)


@cache
def attributes() -> Attributes:
    """The vocabulary of `attributes.toml`; ValueError where it is too long for a fact."""
    text = (files("features") / "attributes.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(text)
    if len(tables) > MOST:
        raise ValueError(
            f"expected at most {MOST} attributes in attributes.toml, got {len(tables)}"
        )
    words = [
        (_pattern(word), 1 << bit)
        for bit, table in enumerate(tables.values())
        for word in table["words"]
    ]
    automaton = AhoCorasick([pattern for pattern, _ in words], matchkind=MatchKind.Standard)
    return Attributes(tuple(tables), automaton, tuple(bit for _, bit in words))


def _folded(text: str) -> str:
    """A text as messages are folded, words apart by single spaces."""
    return " ".join(SIGNS.sub(" ", plain(text).text).split())


def _pattern(word: str) -> str:
    """A word as it stands in a folded text: between spaces, or anywhere where none are written."""
    folded = _folded(word.removesuffix("*"))
    if not folded:
        raise ValueError(f"expected words in attributes.toml, got {word!r}")
    if not folded.isascii():
        return folded
    return f" {folded}" if word.endswith("*") else f" {folded} "
