"""What phrases mean where they stand: denied, quoted, about another shop, over, or meant.

Knows nothing of learned weights: its findings are facts that rules alone or a model may use.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from features.signal_match import Hit
from features.signal_names import CONTEXTS, KINDS, SIGNALS
from features.signal_phrases import ADDED, CONTEXT
from features.signal_syntax import Phrase

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


NONE: frozenset[int] = frozenset()
NOTHING = Findings((), (), NONE, NONE, ())


class Rules:
    """Immutable; reads hits of these phrases."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self.codes = [_code(phrase) for phrase in phrases]

    def fired(self, text: str, hits: Sequence[Hit]) -> Findings:
        """What the rules alone would report: `columns` and `hinted` stay empty."""
        coded = [(*self.codes[hit[0]], hit[1], hit[2]) for hit in hits]
        if all(signal < 0 or kind in (_HINT, _NEVER) for signal, kind, _, _ in coded):
            return NOTHING
        return _Places(text, [hit for hit in coded if hit[0] < 0 or hit[1] != _HINT]).read(())

    def findings(self, text: str, hits: Sequence[Hit]) -> Findings:
        """What the hits mean in their places."""
        shape = _shape(text)
        if not hits:
            return Findings((), (), frozenset(), frozenset(), (*shape, SHAPE_FROM + 10))
        return _Places(text, [(*self.codes[hit[0]], hit[1], hit[2]) for hit in hits]).read(shape)


class _Places:
    """One text being read: its hits as (signal or -1, kind or context, start, end)."""

    def __init__(self, text: str, hits: list[tuple[int, int, int, int]]) -> None:
        self.text = text
        self.contexts = [(kind, start, end) for signal, kind, start, end in hits if signal < 0]
        self.nevers = [(s, start, end) for s, kind, start, end in hits if s >= 0 and kind == _NEVER]
        self.others = [hit for hit in hits if hit[0] >= 0 and hit[1] != _NEVER]
        marks = '"' in text or "《" in text
        self.quoted = [found.span() for found in QUOTED.finditer(text)] if marks else []
        self.questions = "?" in text

    def read(self, shape: Sequence[int]) -> Findings:
        held: set[int] = {CONTEXT_FROM + context for context, _, _ in self.contexts}
        held.update(shape)
        meant, hinted = [], []
        fired, added = set(), set()
        for signal, kind, start, end in self.others:
            base = signal * len(PER_SIGNAL)
            beside = self._beside(start, end) if self.contexts else NONE
            held.add(base + (HINT if kind == _HINT else SURE))
            if beside:
                held.update([base + BESIDE + context for context in beside])
            if self.quoted and any(a <= start and end <= b for a, b in self.quoted):
                held.add(base + IN_QUOTES)
            if self.questions and self._asked(end):
                held.add(base + ASKED)
            if DENIES in beside or (self.nevers and self._never(signal, start, end)):
                continue
            if kind == _HINT:
                hinted.append((signal, start, end))
                continue
            meant.append((signal, start, end))
            held.add(base + (TWICE if base + MEANT in held else MEANT))
            if kind == _ADDED:
                added.add(signal)
            if kind == _ADDED or beside.isdisjoint(CANCELLING):
                fired.add(signal)
        self._summed(held, hinted)
        columns = tuple(sorted(held))
        return Findings(tuple(meant), tuple(hinted), frozenset(fired), frozenset(added), columns)

    def _summed(self, held: set[int], hinted: list[tuple[int, int, int]]) -> None:
        held.update([signal * len(PER_SIGNAL) + NEVER for signal, _, _ in self.nevers])
        seen: set[int] = set()
        for signal, _, _ in hinted:
            base = signal * len(PER_SIGNAL)
            if signal in seen:
                held.add(base + HINTS)
            elif base + SURE not in held:
                held.add(base + ALONE)
            seen.add(signal)

    def _beside(self, start: int, end: int) -> set[int]:
        """Contexts in the sentence of [start, end); a denial only before it in its clause."""
        found = set()
        for context, a, b in self.contexts:
            if context in found:
                continue
            if context == DENIES:
                near = b <= start and start - b <= DENIAL_REACH
                if near and not CLAUSE.search(self.text, b, start):
                    found.add(context)
            elif not SENTENCE.search(self.text, min(b, end), max(a, start)):
                found.add(context)
        return found

    def _never(self, signal: int, start: int, end: int) -> bool:
        return any(
            s == signal
            and (
                (a < end and start < b) or not CLAUSE.search(self.text, min(b, end), max(a, start))
            )
            for s, a, b in self.nevers
        )

    def _asked(self, end: int) -> bool:
        stop = SENTENCE.search(self.text, max(0, end - 1))
        return stop is not None and stop.group() == "?"


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
