"""All phrases in one automaton: which stand where in a plain text.

Knows nothing of what a phrase means, nor whether it is denied or quoted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

from features.signal_phrases import Part

Hit = tuple[int, int, int]  # index of the phrase, start, end (of the plain text)
LEFT, RIGHT = 1, 2  # the spelling begins, ends with a letter of a script with spaces
BREAK = re.compile(r"[!?;\n。]|\.(?!\w)")  # no gap reaches across the end of a sentence
SPACED = "\u2e80"  # scripts below it put spaces between words, and so do we
STEPS = 16  # stretches a phrase may have at most


class Matcher:
    """Immutable; finds phrases given by the ways to read them. Phrase i is `phrases[i]`."""

    def __init__(self, phrases: Sequence[Sequence[Sequence[Part]]]) -> None:
        uses: dict[str, list[tuple[int, int, int, int, bool, bool]]] = {}
        route = 0
        for index, routes in enumerate(phrases):
            for parts in routes:
                route += STEPS
                for step, part in enumerate(parts):
                    last = step == len(parts) - 1
                    for spelling, stem in part.spellings:
                        use = (index, route + step, step, part.gap, stem, last)
                        uses.setdefault(spelling, []).append(use)
        self._uses = list(uses.values())
        self._bounds = [_bounds(spelling) for spelling in uses]
        self._automaton = AhoCorasick(list(uses), store_patterns=False) if uses else None

    def hits(self, text: str) -> list[Hit]:
        """Every phrase in the text, overlapping ones too, in order of their ends."""
        found: list[Hit] = []
        if self._automaton is None:
            return found
        begun: dict[int, list[tuple[int, int]]] = {}
        size = len(text)
        for spelling, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            bounds = self._bounds[spelling]
            if bounds & LEFT and start and _letter(text[start - 1]):
                continue
            open_end = bounds & RIGHT and end < size and _letter(text[end])
            for index, place, step, gap, stem, last in self._uses[spelling]:
                if open_end and not stem:
                    continue
                first: int | None = start
                if step:
                    first = _reached(text, begun.get(place - 1, ()), start, gap)
                if first is None:
                    continue
                if last:
                    found.append((index, first, end))
                else:
                    begun.setdefault(place, []).append((first, end))
        return found


def _letter(character: str) -> bool:
    """Of a script that puts spaces between words."""
    return character < SPACED and character.isalnum()


def _bounds(spelling: str) -> int:
    left = spelling[0].isalnum() and spelling[0] < SPACED
    right = spelling[-1].isalnum() and spelling[-1] < SPACED
    return LEFT * left + RIGHT * right


def _reached(text: str, earlier: Sequence[tuple[int, int]], start: int, gap: int) -> int | None:
    """Where a phrase began whose latest part lies at most `gap` before start, in its sentence."""
    for begun, ended in reversed(earlier):
        if 0 <= start - ended <= gap and not BREAK.search(text, ended, start):
            return begun
    return None
