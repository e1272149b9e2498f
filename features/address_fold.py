"""A text as the address checks compare it, with the way back to the signs as received.

Knows nothing of addresses. Full width, case, accents and invisible signs are folded one code point
at a time, so a place in the folded text is a place in the original.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple


class _Folds(dict[int, int | None]):
    """Code point → the one it is compared as, or None where it is invisible or an accent."""

    def __missing__(self, code: int) -> int | None:
        self[code] = _fold(chr(code))
        return self[code]


def _fold(letter: str) -> int | None:
    if "\x80" <= letter < "\xa0" or letter == "\xad":  # what UTF-8 read as Latin-1 leaves behind
        return ord(letter)
    category = unicodedata.category(letter)
    if category in {"Cs", "Cc", "Cf"}:  # half a sign, which no encoding knows, or an invisible one
        return 0xFFFD if category == "Cs" else ord(" ") if letter.isspace() else None
    if category == "Mn" and ord(letter) < 0x900:  # later signs carry vowels (Indic, Thai)
        return None
    if letter.isdecimal():
        return ord("0") + unicodedata.decimal(letter)
    narrow = unicodedata.normalize("NFKC", letter)
    plain = unicodedata.normalize("NFKD", narrow if len(narrow) == 1 else letter)
    if len(plain) > 1 and all(map(unicodedata.combining, plain[1:])):
        narrow = plain[0]
    if len(narrow) != 1:
        return ord(letter)
    lower = narrow.lower()
    return ord(lower if len(lower) == 1 else narrow)


_FOLDS = _Folds()


class Folded(NamedTuple):
    """One field.

    Attributes:
        raw: as received.
        text: folded: lower case, narrow, without accents and invisible signs.
        places: for each sign of `text` its place in `raw`; None where they are the same.

    """

    raw: str
    text: str
    places: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where [start, end) of the folded text is in the text as received."""
        if self.places is None or start >= end:
            return start, end
        return self.places[start], self.places[end - 1] + 1

    def whole(self) -> tuple[int, int]:
        """Where the text is in the field, without the space around it."""
        start = len(self.raw) - len(self.raw.lstrip())
        return start, max(start, len(self.raw.rstrip()))


def fold(raw: str) -> Folded:
    """The text folded.

    >>> fold("Calle Ñuñoa 5").text
    'calle nunoa 5'
    """
    if raw.isascii() and raw.isprintable():
        return Folded(raw, raw.lower())
    text = raw.translate(_FOLDS)
    if len(text) == len(raw):
        return Folded(raw, text)
    kept = tuple(place for place, sign in enumerate(raw) if _FOLDS[ord(sign)] is not None)
    return Folded(raw, text, kept)
