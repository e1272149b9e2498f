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
# One pattern of the automaton: what its blanks add left and right, whether its neighbours are
# looked at, the phrases it is, the places it begins, and by place the phrases it goes on with.
Pattern = tuple[int, int, bool, list[int], list[int], dict[int, tuple[int, int, bool]]]
Patterns = dict[tuple[str, bool], Pattern]


class Matcher:
    """Immutable; finds phrases given by the ways to read them. Phrase i is `phrases[i]`."""

    def __init__(self, phrases: Sequence[Sequence[Sequence[Part]]]) -> None:
        patterns: Patterns = {}
        route = 0
        for index, routes in enumerate(phrases):
            for parts in routes:
                route += STEPS
                _enter(patterns, index, route, parts)
        self._patterns = list(patterns.values())
        texts = [text for text, _ in patterns]
        self._automaton = AhoCorasick(texts, store_patterns=False) if texts else None

    def hits(self, text: str) -> list[Hit]:
        """Every phrase in the text, overlapping ones too, in order of their ends."""
        found: list[Hit] = []
        if self._automaton is None:
            return found
        patterns = self._patterns
        begun: dict[int, list[tuple[int, int]]] = {}
        matches = self._automaton.find_matches_as_indexes(_blanked(text), overlapping=True)
        for number, first, last in matches:
            left, right, checked, whole, begins, goes_on = patterns[number]
            start, end = first + left, last - right
            if checked and _within_word(text, start, end):
                continue
            for index in whole:
                found.append((index, start, end))  # noqa: PERF401 - mostly one; a call costs more
            if begun and goes_on and not goes_on.keys().isdisjoint(begun):
                _go_on(text, goes_on, begun, (start, end), found)
            for place in begins:
                if place in begun:
                    begun[place].append((start, end))
                else:
                    begun[place] = [(start, end)]
        return found


def _go_on(
    text: str,
    goes_on: dict[int, tuple[int, int, bool]],
    begun: dict[int, list[tuple[int, int]]],
    span: tuple[int, int],
    found: list[Hit],
) -> None:
    """Carry on the phrases whose next stretch this is."""
    start, end = span
    for place in goes_on.keys() & begun.keys():
        index, gap, last = goes_on[place]
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


def _enter(patterns: Patterns, index: int, route: int, parts: Sequence[Part]) -> None:
    for step, part in enumerate(parts):
        last = step == len(parts) - 1
        for text, stem in part.spellings:
            *_, whole, begins, goes_on = _entry(patterns, text, stem, part.dense)
            if step == 0 and last:
                whole.append(index)
            elif step == 0:
                begins.append(route)
            else:
                goes_on[route + step - 1] = (index, part.gap, last)


def _entry(patterns: Patterns, text: str, stem: bool, dense: bool) -> Pattern:
    """The pattern of a spelling: blanks at its ends stand for the boundaries of words.

    Beside Chinese there may be no blank, so there the neighbours are looked at instead.
    """
    words = text.translate(BLANKED).strip()
    dense = dense and not (words.isascii() and len(words) < SHORT)
    left = " " if _letter(words[0]) and not dense else ""
    right = " " if _letter(words[-1]) and not stem and not dense else ""
    checked = dense and not stem and (_letter(words[0]) or _letter(words[-1]))
    # The text searched begins with one blank more than the text.
    fresh: Pattern = (len(left) - 1, len(right) + 1, checked, [], [], {})
    return patterns.setdefault((left + words + right, checked), fresh)


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
