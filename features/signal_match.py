"""All phrases in one automaton: which stand where in a plain text.

Knows nothing of what a phrase means, nor whether it is denied or quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from ahocorasick_rs import AhoCorasick

from features.signal_table import BLANKED, MARKS, Table, letter

Hit = tuple[int, int, int]  # index of the phrase, start, end (of the plain text)
BREAK = re.compile(r"[!?;\n。]|\.(?!\w)")  # no gap reaches across the end of a sentence
BITS = 1021  # of the quick look for all stretches of a phrase
BLANKED_BYTES = bytes.maketrans(MARKS.encode(), b" " * len(MARKS))
# As `signal_table.Pattern`, with the routes themselves; None where there is none.
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
    """Immutable; finds the phrases of a table, each by its number there."""

    def __init__(self, table: Table) -> None:
        stretches = [frozenset(numbers) for numbers in table.stretches]
        bits = [1 << sum(numbers) % BITS for numbers in stretches]
        routes = [
            Route(
                index,
                tuple([stretches[at] for at in places]),
                gaps,
                rarest,
                reduce(or_, [bits[at] for at in places]),
            )
            for index, places, gaps, rarest in table.ways
        ]
        self._patterns: list[Packed] = [
            (
                left,
                right,
                checked,
                whole,
                partial,
                tuple([routes[at] for at in rare]) if rare else None,
            )
            for left, right, checked, whole, partial, rare in table.patterns
        ]
        self._bits = _bits(stretches, bits)
        texts = table.texts
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


class Layered:
    """Phrases that ship without those taken out, and then an operator's own."""

    def __init__(
        self, shipped: Matcher, removed: frozenset[int], added: Matcher, count: int
    ) -> None:
        """`count` phrases ship; the added ones are numbered after them."""
        self._shipped, self._removed, self._added, self._count = shipped, removed, added, count

    def hits(self, text: str) -> list[Hit]:
        """As `Matcher.hits`."""
        found = [hit for hit in self._shipped.hits(text) if hit[0] not in self._removed]
        return found + [(at + self._count, a, b) for at, a, b in self._added.hits(text)]


def _bits(stretches: Sequence[frozenset[int]], bits: Sequence[int]) -> dict[int, int]:
    """For each pattern the bits of all stretches it stands in."""
    found: dict[int, int] = {}
    for numbers, bit in zip(stretches, bits, strict=True):
        for number in numbers:
            found[number] = found.get(number, 0) | bit
    return found


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


def _blanked(text: str) -> str:
    """The text with blanks for marks, one more before it, and one after it."""
    if text.isascii():
        return f" {text.encode('ascii').translate(BLANKED_BYTES).decode('ascii')} "
    return f" {text.translate(BLANKED)} "


def _within_word(text: str, start: int, end: int) -> bool:
    """Whether [start, end) begins or ends in the middle of a word of such a script."""
    if start and letter(text[start]) and letter(text[start - 1]):
        return True
    return end < len(text) and letter(text[end]) and letter(text[end - 1])
