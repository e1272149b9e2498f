"""Views of messages as sparse matrices, one row a message and one row a clause.

Knows nothing of fitting; it counts what the reader would see, with the same functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from features.signal_names import SIGNALS
from features.signal_rules import FINDINGS
from features.signal_vector import ROWS
from features.signal_views import CLAUSE_COLUMNS, Views
from features.signals import Reader
from features.text import Plain, plain
from training.signals_data import Message

MOSTLY = 0.4  # share of a labelled span within a clause that makes the clause carry the signal
FEW = 2  # messages; seen without their phrases, rules do on these as they do on messages kept aside
FILLED = 0.6  # the same, as a share of the clause


@dataclass(frozen=True, slots=True)
class Counts:
    """Sparse counts (n, ...) of grams, columns and phrases."""

    grams: Any
    columns: Any
    phrases: Any


@dataclass(frozen=True, slots=True)
class Matrices:
    """All messages (n) and all their clauses (m).

    `message` (m,) is the message of each clause, `carried` (m, 16) the signals of each clause.
    """

    whole: Counts
    clauses: Counts
    message: NDArray[np.int64]
    carried: NDArray[np.bool_]


def matrices(messages: Sequence[Message], reader: Reader) -> Matrices:
    """What the reader sees in each message, and in each clause, as if the message were new to it.

    Whoever wrote the phrases had these messages at hand, so a phrase that few of them hold says
    more here than it will of a message to come: those few are seen without it.
    """
    seen = []
    carried = []
    all_folded = [plain(row.text) for row in messages]
    held = [reader.phrases_in(folded) for folded in all_folded]
    few = _held_by_few(messages, held)
    for row, folded, phrases_held in zip(messages, all_folded, held, strict=True):
        views = reader.views(folded, without=phrases_held & few[row.original])
        seen.append(views)
        carried.append(_carried(row, folded, views))
    message = np.repeat(np.arange(len(seen)), [len(views.clauses) for views in seen])
    phrases = max(1, len(reader.phrases))
    return Matrices(_wholes(seen, phrases), _clauses(seen, phrases), message, np.vstack(carried))


def _held_by_few(messages: Sequence[Message], held: Sequence[set[int]]) -> dict[bool, set[int]]:
    """For originals (True) and written messages the phrases that few of their kind hold."""
    counts: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
    for row, phrases_held in zip(messages, held, strict=True):
        counts[row.original].update(phrases_held)
    return {
        kind: {phrase for phrase, n in count.items() if n <= FEW} for kind, count in counts.items()
    }


def _wholes(seen: Sequence[Views], phrases: int) -> Counts:
    return Counts(
        _sparse([views.grams.rows for views in seen], ROWS),
        _sparse([views.columns for views in seen], FINDINGS),
        _sparse([views.phrases for views in seen], phrases),
    )


def _clauses(seen: Sequence[Views], phrases: int) -> Counts:
    rows = [views.grams.rows[inside] for views in seen for inside in views.inside]
    clauses = [clause for views in seen for clause in views.clauses]
    return Counts(
        _sparse(rows, ROWS),
        _sparse([columns for columns, _ in clauses], CLAUSE_COLUMNS),
        _sparse([found for _, found in clauses], phrases),
    )


def _sparse(rows: Sequence[Any], width: int) -> Any:
    """A matrix of counts from the column numbers of each row."""
    sizes = np.array([len(row) for row in rows])
    columns = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    ends = np.concatenate([[0], np.cumsum(sizes)])
    matrix = sp.csr_matrix(
        (np.ones(columns.size, dtype=np.float64), columns, ends), shape=(len(rows), width)
    )
    matrix.sum_duplicates()
    return matrix


def _carried(row: Message, folded: Plain, views: Views) -> NDArray[np.bool_]:
    """(k, 16) which clause carries which signal, from the labelled spans."""
    lows, highs = np.array(views.bounds[:-1]), np.array(views.bounds[1:])
    carried = np.zeros((lows.size, len(SIGNALS)), dtype=bool)
    for signal, start, end in row.spans:
        first, last = _folded_span(folded, start, end)
        common = np.minimum(last, highs) - np.maximum(first, lows)
        much = (common >= MOSTLY * (last - first)) | (common >= FILLED * (highs - lows))
        carried[:, SIGNALS.index(signal)] |= much | (common == common.max())
    return carried


def _folded_span(folded: Plain, start: int, end: int) -> tuple[int, int]:
    """Where characters [start, end) of the original lie in the folded text."""
    if folded.starts is None or folded.ends is None:
        return start, end
    inside = [
        place
        for place, (first, last) in enumerate(zip(folded.starts, folded.ends, strict=True))
        if first < end and last > start
    ]
    return (inside[0], inside[-1] + 1) if inside else (0, 1)
