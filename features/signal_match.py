"""All phrases in one automaton: which stand where in a plain text.

Knows nothing of what a phrase means, nor whether it is denied or quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

from features.signal_phrases import Part

Hit = tuple[int, int, int]  # index of the phrase, start, end (of the plain text)
BREAK = re.compile(r"[!?;\n。]|\.(?!\w)")  # no gap reaches across the end of a sentence
SPACED = "\u2e80"  # scripts below it put spaces between words, and so do we
SHORT = 4  # letters that beside Chinese too mean something only between blanks
STEPS = 64  # stretches a way through a phrase may have at most
MARKS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum() and code != 0x27)
BLANKED = str.maketrans(MARKS + "¿¡。、《》", " " * (len(MARKS) + 6))
BLANKED_BYTES = bytes.maketrans(MARKS.encode(), b" " * len(MARKS))
Step = tuple[int, int, bool]  # index of the phrase, place of the stretch, whether it is the last


class _Spelling:
    """One pattern of the automaton: the phrases it begins, and those it goes on with."""

    def __init__(self, trim_left: int, trim_right: int, checked: bool) -> None:
        self.trim_left = trim_left
        self.trim_right = trim_right
        self.checked = checked
        self.whole: list[int] = []
        self.begins: list[int] = []
        self.goes_on: dict[int, tuple[int, int, bool]] = {}


class Matcher:
    """Immutable; finds phrases given by the ways to read them. Phrase i is `phrases[i]`."""

    def __init__(self, phrases: Sequence[Sequence[Sequence[Part]]]) -> None:
        spellings: dict[tuple[str, bool], _Spelling] = {}
        route = 0
        for index, routes in enumerate(phrases):
            for parts in routes:
                route += STEPS
                _enter(spellings, index, route, parts)
        self._spellings = list(spellings.values())
        self._automaton = (
            AhoCorasick([pattern for pattern, _ in spellings], store_patterns=False)
            if spellings
            else None
        )

    def hits(self, text: str) -> list[Hit]:
        """Every phrase in the text, overlapping ones too, in order of their ends."""
        found: list[Hit] = []
        if self._automaton is None:
            return found
        begun: dict[int, list[tuple[int, int]]] = {}
        matches = self._automaton.find_matches_as_indexes(_blanked(text), overlapping=True)
        for number, first, last in matches:
            spelling = self._spellings[number]
            start, end = first + spelling.trim_left, last - spelling.trim_right
            if spelling.checked and _within_word(text, start, end):
                continue
            for index in spelling.whole:
                found.append((index, start, end))
            if spelling.goes_on and begun:
                _go_on(text, spelling, begun, (start, end), found)
            for place in spelling.begins:
                begun.setdefault(place, []).append((start, end))
        return found


def _go_on(
    text: str,
    spelling: _Spelling,
    begun: dict[int, list[tuple[int, int]]],
    span: tuple[int, int],
    found: list[Hit],
) -> None:
    """Carry on the phrases whose next stretch this is."""
    start, end = span
    for place in spelling.goes_on.keys() & begun.keys():
        index, gap, last = spelling.goes_on[place]
        first = _reached(text, begun[place], start, gap)
        if first is None:
            continue
        if last:
            found.append((index, first, end))
        else:
            begun.setdefault(place + 1, []).append((first, end))


def _reached(text: str, earlier: Sequence[tuple[int, int]], start: int, gap: int) -> int | None:
    """Where a phrase began whose latest part lies at most `gap` before start, in its sentence."""
    for begun, ended in reversed(earlier):
        if 0 <= start - ended <= gap and not BREAK.search(text, ended, start):
            return begun
    return None


def _enter(spellings: dict[tuple[str, bool], _Spelling], index: int, route: int, parts: Sequence[Part]) -> None:
    for step, part in enumerate(parts):
        last = step == len(parts) - 1
        for text, stem in part.spellings:
            spelling = _entry(spellings, text, stem, part.dense)
            if step == 0 and last:
                spelling.whole.append(index)
            elif step == 0:
                spelling.begins.append(route)
            else:
                spelling.goes_on[route + step - 1] = (index, part.gap, last)


def _entry(spellings: dict[tuple[str, bool], _Spelling], text: str, stem: bool, dense: bool) -> _Spelling:
    """The pattern of a spelling: blanks at its ends stand for the boundaries of words.

    Beside Chinese there may be no blank, so there the neighbours are looked at instead.
    """
    words = text.translate(BLANKED).strip()
    dense = dense and not (words.isascii() and len(words) < SHORT)
    left = " " if _letter(words[0]) and not dense else ""
    right = " " if _letter(words[-1]) and not stem and not dense else ""
    # The text searched begins with one blank more than the text.
    checked = dense and not stem
    fresh = _Spelling(len(left) - 1, len(right) + 1, checked)
    return spellings.setdefault((left + words + right, checked), fresh)


def _blanked(text: str) -> str:
    """The text with blanks for marks, one more before it, and one after it."""
    if text.isascii():
        return f" {text.encode('ascii').translate(BLANKED_BYTES).decode('ascii')} "
    return f" {text.translate(BLANKED)} "


def _letter(character: str) -> bool:
    """Of a script that puts spaces between words."""
    return character < SPACED and character.isalnum()


def _within_word(text: str, start: int, end: int) -> bool:
    """Whether [start, end) begins or ends in the middle of a word of such a script."""
    if start and _letter(text[start]) and _letter(text[start - 1]):
        return True
    return end < len(text) and _letter(text[end]) and _letter(text[end - 1])
