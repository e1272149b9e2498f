"""Phrases worked out for the automaton: every spelling of every stretch, and how they follow.

Knows nothing of messages. Working the phrases that ship out takes seconds, so the table of them is
shipped too, with a digest of the files that it was made from.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path

import msgspec

from features.signal_phrases import FILES, phrases
from features.signal_syntax import Part, Phrase, routes_of
from features.text import small_words

FILE = "phrases/table.bin"
SPACED = "\u2e80"  # scripts below it put spaces between words, and so do we
SHORT = 4  # letters that beside Chinese too mean something only between blanks
ODDS = 0.3  # by which each further letter makes a spelling less likely to stand in a text
DENSE_ODDS = 0.15  # the same of a Chinese character
SMALL_ODDS = 0.5  # the same of a small word such as "the"
MARKS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum() and code != 0x27)
BLANKED = str.maketrans(MARKS + "¿¡。、《》", " " * (len(MARKS) + 6))

# One pattern of the automaton: what its blanks add left and right, whether its neighbours are
# looked at, the phrases it is, whether it is a stretch of longer ones, and the routes it gives
# away; None for what is empty.
Pattern = tuple[int, int, bool, tuple[int, ...] | None, bool, tuple[int, ...] | None]
# A way to read a phrase of several stretches: the phrase, the stretches, the gap before each, and
# the place of the stretch least likely to stand in any text.
Way = tuple[int, tuple[int, ...], tuple[int, ...], int]


class Table(msgspec.Struct, frozen=True):
    """What a matcher is made from.

    Attributes:
        texts: of the patterns, as the automaton looks for them.
        patterns: the same many.
        stretches: each the numbers of the patterns that are its spellings.
        ways: of the phrases that have several stretches.

    """

    texts: list[str]
    patterns: list[Pattern]
    stretches: list[tuple[int, ...]]
    ways: list[Way]


class _Shipped(msgspec.Struct, frozen=True):
    """The table in the file, the phrases it is of, and the digest of theirs."""

    digest: str
    phrases: list[tuple[str, str, str, str]]
    table: Table


def table_of(known: Sequence[Phrase]) -> Table:
    """The table of some phrases; BadPhrase where the syntax of one is broken."""
    made = _Making()
    for index, phrase in enumerate(known):
        for parts in routes_of(phrase):
            made.enter(index, parts)
    return made.table()


def shipped_table() -> tuple[tuple[Phrase, ...], Table]:
    """The phrases that ship and their table, worked out anew where their files were edited."""
    found = _read()
    if found is not None and found.digest == digest_of_files():
        return tuple(Phrase(*one) for one in found.phrases), found.table
    known = phrases()
    return known, table_of(known)


def write_table(path: Path) -> None:
    """Work out the table of the phrases that ship, for `FILE` beside them."""
    known = phrases()
    said = [(one.table, one.kind, one.text, one.source) for one in known]
    shipped = _Shipped(digest_of_files(), said, table_of(known))
    path.write_bytes(zlib.compress(msgspec.msgpack.encode(shipped), 9))


def table_is_of_files() -> bool:
    """Whether the table that ships was made from the phrase files that ship."""
    found = _read()
    return found is not None and found.digest == digest_of_files()


def digest_of_files() -> str:
    """Changes whenever a phrase file does, or what is made of it."""
    digest = blake2b(digest_size=16)
    for name in (*(f"phrases/{name}.toml" for name in FILES), "signal_syntax.py", "text.py"):
        file = files("features").joinpath(name)
        if file.is_file():
            digest.update(name.encode() + file.read_bytes())
    return digest.hexdigest()


def _read() -> _Shipped | None:
    file = files("features").joinpath(FILE)
    if not file.is_file():
        return None
    try:
        return msgspec.msgpack.decode(zlib.decompress(file.read_bytes()), type=_Shipped)
    except (zlib.error, msgspec.DecodeError):
        return None


class _Making:
    """A table in the making."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, bool], int] = {}
        self.sides: list[tuple[int, int]] = []
        self.whole: dict[int, list[int]] = {}
        self.partial: set[int] = set()
        self.rare: dict[int, list[int]] = {}
        self.stretches: dict[tuple[int, ...], int] = {}
        self.ways: list[Way] = []

    def enter(self, index: int, parts: Sequence[Part]) -> None:
        """One way to read a phrase."""
        found = [
            tuple(sorted({self._number(text, stem, part.dense) for text, stem in part.spellings}))
            for part in parts
        ]
        if len(parts) == 1:
            for number in found[0]:
                own = self.whole.setdefault(number, [])
                if index not in own[-1:]:  # another way to read it may have the same spelling
                    own.append(index)
            return
        self.partial.update(*found)
        odds = [sum(_odds(text) for text, _ in part.spellings) for part in parts]
        rarest = odds.index(min(odds))
        for number in found[rarest]:
            self.rare.setdefault(number, []).append(len(self.ways))
        stretches = tuple(self.stretches.setdefault(one, len(self.stretches)) for one in found)
        self.ways.append((index, stretches, tuple(part.gap for part in parts), rarest))

    def table(self) -> Table:
        """What was made."""
        patterns = [
            (
                left,
                right,
                checked,
                tuple(self.whole.get(number, ())) or None,
                number in self.partial,
                tuple(self.rare.get(number, ())) or None,
            )
            for number, ((_, checked), (left, right)) in enumerate(
                zip(self.numbers, self.sides, strict=True)
            )
        ]
        texts = [text for text, _ in self.numbers]
        return Table(texts, patterns, list(self.stretches), self.ways)

    def _number(self, text: str, stem: bool, dense: bool) -> int:
        """The pattern of a spelling: blanks at its ends stand for the boundaries of words.

        Beside Chinese there may be no blank, so there the neighbours are looked at instead.
        """
        words = text.translate(BLANKED).strip()
        short = words.isascii() and len(words) < SHORT
        dense = not short and (dense or words.isdigit())
        left = " " if letter(words[0]) and not dense else ""
        right = " " if letter(words[-1]) and not stem and not dense else ""
        checked = dense and not stem and (letter(words[0]) or letter(words[-1]))
        number = self.numbers.setdefault((left + words + right, checked), len(self.numbers))
        if number == len(self.sides):
            # The text searched begins with one blank more than the text.
            self.sides.append((len(left) - 1, len(right) + 1))
        return number


def letter(character: str) -> bool:
    """Whether it is of a script that puts spaces between words."""
    return character < SPACED and character.isalnum()


@cache
def _odds(text: str) -> float:
    """About how likely a spelling stands in any message; only the order matters."""
    if text >= SPACED:
        return DENSE_ODDS ** len(text)
    words = text.split()
    rare = [len(word) for word in words if word not in small_words()]
    return ODDS ** max(rare) if rare else SMALL_ODDS ** len(words)
