"""What phrases mean where they stand: denied, quoted, about another shop, over, or meant.

Knows nothing of learned weights: its findings are facts that rules alone or a model may use.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from features.signal_match import Hit
from features.signal_names import CONTEXTS, KINDS, SIGNALS
from features.signal_phrases import ADDED, CONTEXT, Phrase

CLAUSE = re.compile(r"[!?;\n。、()\"]|[,:](?!\d)|\.(?!\w)| - ")
SENTENCE = re.compile(r"[!?;\n。]|\.(?!\w)")
QUOTED = re.compile(r"\"[^\"]{2,200}\"|《[^》]*》")
DENIAL_REACH = 40  # characters from a denial to what it denies
CANCELLING = tuple(CONTEXTS.index(name) for name in ("over", "elsewhere", "quotes", "policy"))
DENIES = CONTEXTS.index("denies")

# Columns of the findings: the same for each signal, then contexts, then the shape of the text.
PER_SIGNAL = (
    "meant",
    "sure",
    "meant twice",
    "hint",
    "hint alone",
    "hints",
    "never",
    "quoted",
    "asked",
    *(f"beside {name}" for name in CONTEXTS),
)
MEANT, SURE, TWICE, HINT, ALONE, HINTS, NEVER, IN_QUOTES, ASKED, BESIDE = range(10)
SHAPE = (
    "question",
    "exclamation",
    "shouting",
    "short",
    "long",
    "very long",
    "number",
    "quotation",
    "title",
    "several sentences",
    "nothing found",
    "constant",
)
CONTEXT_FROM = len(SIGNALS) * len(PER_SIGNAL)
SHAPE_FROM = CONTEXT_FROM + len(CONTEXTS)
FINDINGS = SHAPE_FROM + len(SHAPE)
_SURE, _HINT, _NEVER, _ADDED = range(4)
_KIND = {**{kind: number for number, kind in enumerate(KINDS)}, ADDED: _ADDED}


@dataclass(frozen=True, slots=True)
class Findings:
    """What the rules found in one plain text.

    `meant` and `hinted` are (signal index, start, end) of phrases not cancelled; `fired` the
    signal indices that the rules alone would report, `added` those of an operator's phrases;
    `columns` the numbers of the findings that hold, ascending, each in [0, FINDINGS).
    """

    meant: tuple[tuple[int, int, int], ...]
    hinted: tuple[tuple[int, int, int], ...]
    fired: frozenset[int]
    added: frozenset[int]
    columns: tuple[int, ...]


class Rules:
    """Immutable; reads hits of these phrases."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._codes = [_code(phrase) for phrase in phrases]

    def findings(self, text: str, hits: Sequence[Hit]) -> Findings:
        """What the hits mean in their places."""
        columns = _shape(text)
        if not hits:
            return Findings((), (), frozenset(), frozenset(), (*columns, SHAPE_FROM + 10))
        return _Reading(text, [(*self._codes[hit[0]], hit[1], hit[2]) for hit in hits]).read(
            columns
        )


class _Reading:
    """One text being read: its hits as (signal or -1, kind or context, start, end)."""

    def __init__(self, text: str, hits: list[tuple[int, int, int, int]]) -> None:
        self.text = text
        self.clauses = [found.start() for found in CLAUSE.finditer(text)]
        self.sentences = [found.start() for found in SENTENCE.finditer(text)]
        self.quoted = [found.span() for found in QUOTED.finditer(text)]
        self.contexts = [(kind, start, end) for signal, kind, start, end in hits if signal < 0]
        self.nevers = [(s, start, end) for s, kind, start, end in hits if s >= 0 and kind == _NEVER]
        self.others = [hit for hit in hits if hit[0] >= 0 and hit[1] != _NEVER]

    def read(self, columns: list[int]) -> Findings:
        held: set[int] = {CONTEXT_FROM + context for context, _, _ in self.contexts}
        meant, hinted = [], []
        fired, added = set(), set()
        for signal, kind, start, end in self.others:
            base = signal * len(PER_SIGNAL)
            beside = self._beside(start, end)
            quoted = any(a <= start and end <= b for a, b in self.quoted)
            held.update(base + BESIDE + context for context in beside)
            held.add(base + (HINT if kind == _HINT else SURE))
            if quoted:
                held.add(base + IN_QUOTES)
            if self._asked(end):
                held.add(base + ASKED)
            if self._never(signal, start, end) or DENIES in beside:
                continue
            if kind == _HINT:
                hinted.append((signal, start, end))
                continue
            meant.append((signal, start, end))
            held.add(base + (TWICE if base + MEANT in held else MEANT))
            if kind == _ADDED:
                added.add(signal)
            if kind == _ADDED or not beside.intersection(CANCELLING):
                fired.add(signal)
        self._summed(held, hinted)
        ordered = tuple(sorted(held.union(columns)))
        return Findings(tuple(meant), tuple(hinted), frozenset(fired), frozenset(added), ordered)

    def _summed(self, held: set[int], hinted: list[tuple[int, int, int]]) -> None:
        held.update(signal * len(PER_SIGNAL) + NEVER for signal, _, _ in self.nevers)
        counts: dict[int, int] = {}
        for signal, _, _ in hinted:
            counts[signal] = counts.get(signal, 0) + 1
        for signal, count in counts.items():
            base = signal * len(PER_SIGNAL)
            if base + SURE not in held:
                held.add(base + ALONE)
            if count > 1:
                held.add(base + HINTS)

    def _beside(self, start: int, end: int) -> set[int]:
        """Contexts in the sentence of [start, end); a denial only before it in its clause."""
        found = set()
        for context, a, b in self.contexts:
            if context == DENIES:
                near = b <= start and start - b <= DENIAL_REACH
                if near and _same(self.clauses, a, start):
                    found.add(context)
            elif _same(self.sentences, a, start) or _same(self.sentences, b, end):
                found.add(context)
        return found

    def _never(self, signal: int, start: int, end: int) -> bool:
        return any(
            s == signal and ((a < end and start < b) or _same(self.clauses, a, start))
            for s, a, b in self.nevers
        )

    def _asked(self, end: int) -> bool:
        stop = bisect_right(self.sentences, end - 1)
        return stop < len(self.sentences) and self.text[self.sentences[stop]] == "?"


def _same(stops: list[int], a: int, b: int) -> bool:
    """Whether no stop lies between two places."""
    return bisect_right(stops, a) == bisect_right(stops, b)


def _code(phrase: Phrase) -> tuple[int, int]:
    if phrase.table == CONTEXT:
        return -1, CONTEXTS.index(phrase.kind)
    return SIGNALS.index(phrase.table), _KIND[phrase.kind]


def _shape(text: str) -> list[int]:
    size = len(text)
    sentences = sum(map(text.count, "!?。.;\n"))
    holds = (
        "?" in text,
        "!" in text,
        False,  # shouting is seen in the original only
        size < 16,
        size > 80,
        size > 200,
        any(digit in text for digit in "0123456789"),
        '"' in text,
        "《" in text,
        sentences > 1,
        False,
        True,
    )
    return [SHAPE_FROM + number for number, held in enumerate(holds) if held]
