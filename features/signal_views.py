"""A message as numbers for the learned part: once as a whole, once clause by clause.

Knows nothing of weights: it says which rows and columns hold, for fitting and for reading alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from features.signal_match import Hit
from features.signal_names import CONTEXTS, SIGNALS
from features.signal_rules import CLAUSE, Findings
from features.signal_vector import Grams, grams

SHORTEST = 6  # characters of a clause of its own; a shorter one joins its neighbour
KINDS_OF_HIT = 4  # sure, hint, never, added
CONTEXT_HERE = len(SIGNALS) * KINDS_OF_HIT
CONTEXT_ANYWHERE = CONTEXT_HERE + len(CONTEXTS)
ASKED = CONTEXT_ANYWHERE + len(CONTEXTS)
SEVERAL = ASKED + 1
CLAUSE_COLUMNS = SEVERAL + 1


@dataclass(frozen=True, slots=True)
class Views:
    """One message.

    `grams` of the whole text; `bounds` (k + 1,) the characters between which its k clauses lie;
    `inside` (k, n) which gram lies in which clause; `columns` the findings that hold;
    `phrases` the phrases found, each once; `clauses` for each clause its columns and phrases.
    """

    grams: Grams
    bounds: list[int]
    inside: NDArray[np.bool_]
    columns: tuple[int, ...]
    phrases: list[int]
    clauses: list[tuple[list[int], list[int]]]


def views(
    text: str, hits: Sequence[Hit], codes: Sequence[tuple[int, int]], found: Findings
) -> Views:
    """The views of a plain text; `codes` gives (signal or -1, kind or context) of each phrase."""
    whole = grams(text)
    bounds = clause_bounds(text)
    # The first clause takes in the blank that grams put before the text, the last the one after.
    lows, highs = np.array([-1, *bounds[1:-1]])[:, None], np.array(bounds[1:])[:, None]
    inside = (whole.starts >= lows) & (whole.ends <= highs)
    anywhere = {CONTEXT_ANYWHERE + codes[hit[0]][1] for hit in hits if codes[hit[0]][0] < 0}
    if len(bounds) > 2:
        anywhere.add(SEVERAL)
    clauses = []
    for low, high in pairwise(bounds):
        here = [hit[0] for hit in hits if low < hit[2] <= high]
        columns = anywhere.union([_column(codes[index]) for index in here])
        if "?" in text[low:high]:
            columns.add(ASKED)
        clauses.append((sorted(columns), sorted(set(here))))
    return Views(whole, bounds, inside, found.columns, sorted({hit[0] for hit in hits}), clauses)


def clause_bounds(text: str) -> list[int]:
    """0, where each further clause begins, and the end (past the last blank that grams add)."""
    bounds = [0]
    for mark in CLAUSE.finditer(text):
        if mark.end() - bounds[-1] >= SHORTEST:
            bounds.append(mark.end())
    if len(bounds) > 1 and len(text) - bounds[-1] < SHORTEST:
        bounds.pop()
    bounds.append(len(text) + 8)
    return bounds


def _column(code: tuple[int, int]) -> int:
    signal, kind = code
    return CONTEXT_HERE + kind if signal < 0 else signal * KINDS_OF_HIT + kind
