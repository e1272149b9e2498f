"""Which signals a message carries in the end, and which of its words say so.

Knows nothing of offsets into the original, nor of how margins were learned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.signal_model import COUNT, Margins, Model
from features.signal_rules import Findings
from features.signal_views import Views

ENOUGH = 0.85  # share of what speaks for a signal in its clause that its words must keep
Place = tuple[int, int, int]  # signal index, start, end (of the plain text)


def decide(text: str, found: Findings, seen: Views, model: Model) -> list[Place]:
    """The places of the signals carried: by the learned part, or by an operator's own phrase."""
    margins = model.margins(seen)
    places: list[Place] = []
    carried = set(np.flatnonzero(margins.total > 0).tolist()) | found.added
    for signal in sorted(carried):
        said = [place for place in found.meant if place[0] == signal]
        places += said or [_words(text, signal, found, seen, margins)]
    return places


def _words(text: str, signal: int, found: Findings, seen: Views, margins: Margins) -> Place:
    """The run of words in the likeliest clause that carried the decision, hints included."""
    best = int(np.argmax(margins.clauses[:, signal]))
    low, high = seen.bounds[best], min(seen.bounds[best + 1], len(text))
    start, end = _run(_weights(signal, low, high, best, seen, margins))
    hints = [place for place in found.hinted if place[0] == signal and low <= place[1] < high]
    start = min([low + start, *(place[1] for place in hints)])
    end = max([low + end, *(place[2] for place in hints)])
    return (signal, *_whole_words(text, start, end))


def _weights(
    signal: int, low: int, high: int, clause: int, seen: Views, margins: Margins
) -> NDArray[np.float64]:
    """(high - low,) what each character of a clause adds: a gram's share for each it spans."""
    known = margins.known
    inside = seen.inside[clause][known]
    starts = np.maximum(seen.grams.starts[known][inside], low) - low
    ends = np.minimum(seen.grams.ends[known][inside], high) - low
    kept = ends > starts
    both = margins.weights[:, signal] + margins.weights[:, COUNT + signal]
    shares = both[inside][kept] / (ends - starts)[kept]
    steps = np.zeros(high - low + 1)
    np.add.at(steps, starts[kept], shares)
    np.add.at(steps, ends[kept], -shares)
    return np.cumsum(steps)[:-1]


def _run(weights: NDArray[np.float64]) -> tuple[int, int]:
    """The shortest run that keeps enough of the best run's sum; all if nothing speaks for it."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    lows = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lows))
    if end == 0:
        return 0, weights.size
    start = int(np.argmin(sums[:end]))
    wanted = ENOUGH * (sums[end] - sums[start])
    while end - start > 1:
        if sums[end] - sums[start + 1] >= wanted:
            start += 1
        elif sums[end - 1] - sums[start] >= wanted:
            end -= 1
        else:
            break
    return start, end


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widened to whole words, without the blanks and marks at its ends; never empty."""
    while start > 0 and _joined(text, start):
        start -= 1
    while end < len(text) and _joined(text, end):
        end += 1
    first, last = start, end
    while first < last and not text[first].isalnum():
        first += 1
    while last > first and not text[last - 1].isalnum():
        last -= 1
    if first < last:
        return first, last
    return (start, end) if start < end else (0, len(text))


def _joined(text: str, place: int) -> bool:
    """Whether a word of a script with spaces goes on across this place."""
    before, after = text[place - 1], text[place]
    return before.isalnum() and after.isalnum() and max(before, after) < "\u2e80"
