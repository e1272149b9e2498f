"""All phrases in one automaton: which stand where in a plain text.

Knows nothing of what a phrase means, nor whether it is denied or quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from ahocorasick_rs import AhoCorasick

from features.signal_syntax import Part
from features.text import small_words

Hit = tuple[int, int, int]  # index of the phrase, start, end (of the plain text)
BREAK = re.compile(r"[!?;\n。]|\.(?!\w)")  # no gap reaches across the end of a sentence
SPACED = "\u2e80"  # scripts below it put spaces between words, and so do we
SHORT = 4  # letters that beside Chinese too mean something only between blanks
BITS = 1021  # of the quick look for all stretches of a phrase
ODDS = 0.3  # by which each further letter makes a spelling less likely to stand in a text
DENSE_ODDS = 0.15  # the same of a Chinese character
SMALL_ODDS = 0.5  # the same of a small word such as "the"
MARKS = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum() and code != 0x27)
BLANKED = str.maketrans(MARKS + "¿¡。、《》", " " * (len(MARKS) + 6))
BLANKED_BYTES = bytes.maketrans(MARKS.encode(), b" " * len(MARKS))
# One pattern of the automaton: what its blanks add left and right, whether its neighbours are
# looked at, the phrases it is, whether it is a stretch of longer ones, and those it gives away.
Pattern = tuple[int, int, bool, list[int], list[bool], list["Route"]]
Patterns = dict[tuple[str, bool], Pattern]
# The same, with None for what is empty: reading it touches no memory of its own.
Packed = tuple[int, int, bool, tuple[int, ...] | None, bool, tuple["Route", ...] | None]
Found = tuple[int, int, int]  # number of the pattern, start, end
Places = dict[int, list[tuple[int, int]]]  # where the patterns of each number stand


@dataclass(frozen=True, slots=True)
class Route:
    """A way to read a phrase of several stretches.

    `stretches` are the numbers of the patterns of each; `gaps` what may lie before each; the
    stretch `rarest` is the one least likely to stand in any text, looked for first; `needs` has a
    bit for each stretch, shared with some others: all must be seen before it is worth a walk.
    """

    index: int
    stretches: tuple[frozenset[int], ...]
    gaps: tuple[int, ...]
    rarest: int
    needs: int


class Matcher:
    """Immutable; finds phrases given by the ways to read them. Phrase i is `phrases[i]`."""

    def __init__(self, phrases: Sequence[Sequence[Sequence[Part]]]) -> None:
        patterns: Patterns = {}
        numbers: dict[tuple[str, bool], int] = {}
        for index, routes in enumerate(phrases):
            for parts in routes:
                _enter(patterns, numbers, index, parts)
        self._patterns: list[Packed] = [
            (left, right, checked, tuple(whole) or None, bool(partial), tuple(rarest) or None)
            for left, right, checked, whole, partial, rarest in patterns.values()
        ]
        texts = [text for text, _ in patterns]
        self._bits = _bits(pattern[5] for pattern in patterns.values())
        self._automaton = AhoCorasick(texts, store_patterns=False) if texts else None

    def hits(self, text: str) -> list[Hit]:
        """Every phrase in the text, overlapping ones too."""
        found: list[Hit] = []
        if self._automaton is None:
            return found
        patterns = self._patterns
        stretches: list[Found] = []
        likely: list[tuple[Route, int, int]] = []
        matches = self._automaton.find_matches_as_indexes(_blanked(text), overlapping=True)
        for number, first, last in matches:
            left, right, checked, whole, partial, rarest = patterns[number]
            start, end = first + left, last - right
            if checked and _within_word(text, start, end):
                continue
            if whole:
                found += [(index, start, end) for index in whole]
            if partial:
                stretches.append((number, start, end))
                if rarest:
                    likely += [(route, start, end) for route in rarest]
        if likely and len(stretches) > 1:
            found += self._completed(text, stretches, likely)
        return found

    def _completed(
        self, text: str, stretches: list[Found], likely: list[tuple[Route, int, int]]
    ) -> list[Hit]:
        """The phrases whose rarest stretch stands somewhere, and the others around it."""
        found = []
        seen = 0
        places: Places = {}
        for number, start, end in stretches:
            seen |= self._bits.get(number, 0)
            places.setdefault(number, []).append((start, end))
        for route, start, end in likely:
            if route.needs & seen == route.needs:
                reached = _walk(text, places, route, start, end)
                if reached:
                    found.append((route.index, *reached))
        return found


def _bits(routes: Iterable[Iterable[Route]]) -> dict[int, int]:
    """For each pattern the bits of all stretches it stands in."""
    bits: dict[int, int] = {}
    stretches = {numbers for route in chain.from_iterable(routes) for numbers in route.stretches}
    for numbers in stretches:
        bit = _bit(numbers)
        for number in numbers:
            bits[number] = bits.get(number, 0) | bit
    return bits


def _bit(numbers: frozenset[int]) -> int:
    return 1 << sum(numbers) % BITS


def _walk(text: str, places: Places, route: Route, start: int, end: int) -> tuple[int, int] | None:
    """From the rarest stretch back to the first and on to the last, to the nearest each time."""
    for step in range(route.rarest - 1, -1, -1):
        before = _before(places, route.stretches[step], start, route.gaps[step + 1])
        if before is None or BREAK.search(text, before[1], start):
            return None
        start = before[0]
    for step in range(route.rarest + 1, len(route.stretches)):
        after = _after(places, route.stretches[step], end, route.gaps[step])
        if after is None or BREAK.search(text, end, after[0]):
            return None
        end = after[1]
    return start, end


def _before(
    places: Places, numbers: frozenset[int], start: int, gap: int
) -> tuple[int, int] | None:
    """The latest of these patterns that ends at most `gap` before start."""
    best: tuple[int, int] | None = None
    for number in places.keys() & numbers:
        for first, last in places[number]:
            if 0 <= start - last <= gap and (best is None or last > best[1]):
                best = first, last
    return best


def _after(places: Places, numbers: frozenset[int], end: int, gap: int) -> tuple[int, int] | None:
    """The earliest of these patterns that begins at most `gap` after end."""
    best: tuple[int, int] | None = None
    for number in places.keys() & numbers:
        for first, last in places[number]:
            if 0 <= first - end <= gap and (best is None or first < best[0]):
                best = first, last
    return best


def _enter(
    patterns: Patterns,
    numbers: dict[tuple[str, bool], int],
    index: int,
    parts: Sequence[Part],
) -> None:
    stretches = []
    for part in parts:
        keys = [_entry(patterns, text, stem, part.dense) for text, stem in part.spellings]
        stretches.append(frozenset(numbers.setdefault(key, len(numbers)) for key in keys))
        for key in keys:
            if len(parts) == 1:
                patterns[key][3].append(index)
            elif not patterns[key][4]:
                patterns[key][4].append(True)
    if len(parts) > 1:
        odds = [sum(_odds(text) for text, _ in part.spellings) for part in parts]
        rarest = odds.index(min(odds))
        needs = 0
        for numbered in stretches:
            needs |= _bit(numbered)
        gaps = tuple(part.gap for part in parts)
        route = Route(index, tuple(stretches), gaps, rarest, needs)
        dense = parts[rarest].dense
        for key in {_entry(patterns, *spelling, dense) for spelling in parts[rarest].spellings}:
            patterns[key][5].append(route)


def _odds(text: str) -> float:
    """About how likely a spelling stands in any message; only the order matters."""
    if text >= SPACED:
        return DENSE_ODDS ** len(text)
    words = text.split()
    rare = [len(word) for word in words if word not in small_words()]
    return ODDS ** max(rare) if rare else SMALL_ODDS ** len(words)


def _entry(patterns: Patterns, text: str, stem: bool, dense: bool) -> tuple[str, bool]:
    """The pattern of a spelling: blanks at its ends stand for the boundaries of words.

    Beside Chinese there may be no blank, so there the neighbours are looked at instead.
    """
    words = text.translate(BLANKED).strip()
    short = words.isascii() and len(words) < SHORT
    dense = not short and (dense or words.isdigit())
    left = " " if _letter(words[0]) and not dense else ""
    right = " " if _letter(words[-1]) and not stem and not dense else ""
    checked = dense and not stem and (_letter(words[0]) or _letter(words[-1]))
    # The text searched begins with one blank more than the text.
    key = (left + words + right, checked)
    patterns.setdefault(key, (len(left) - 1, len(right) + 1, checked, [], [], []))
    return key


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
