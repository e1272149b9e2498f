"""Fit the learned part of the message reader and write its weights: `python -m training.signals`.

Knows nothing of the messages set aside: those are read by `benchmarks/signals.py` alone.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import features
from features.signal_model import FILE, Weights, phrase_digest, phrase_key
from features.signal_names import RED, SIGNALS
from features.signals import Reader
from training.measure_signals import Judged, judged
from training.signals_data import Message, folds, for_learning, labels
from training.signals_fit import Fitted, fit, margins
from training.signals_matrix import matrices

FOLDS = 5
RED_BETA = 1.25  # how many times a missed red alert weighs a false one when a threshold is chosen
SILENT = -99.0  # margin of a message that is not the buyer's

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learned:
    """Weights, and how the same recipe did on originals that each of its fits had not seen."""

    weights: Weights
    crossed: Judged


def learn(messages: Sequence[Message], reader: Reader, *, count: int = FOLDS) -> Learned:
    """Weights fitted on all messages, with thresholds chosen by cross-validation on originals."""
    seen = matrices(messages, reader)
    carried, optional = labels(messages)
    buyers = np.array([message.sender == "buyer" for message in messages])
    fold = folds([message.text for message in messages], count)
    judged_margins = np.full(carried.shape, SILENT)
    for number in range(count):
        held_out = (fold == number) & buyers
        fitted = fit(seen, carried, optional, (fold != number) & buyers)
        judged_margins[held_out] = margins(fitted, seen)[held_out]
    original = np.array([message.original for message in messages])
    chosen = thresholds(judged_margins[original], carried[original], optional[original])
    final = fit(seen, carried, optional, buyers)
    crossed = judged(judged_margins[original] > chosen, carried[original], optional[original])
    return Learned(weights(final, chosen, reader), crossed)


def thresholds(
    judged_margins: Floats, carried: NDArray[np.bool_], optional: NDArray[np.bool_]
) -> Floats:
    """(16,) the margin of each signal that does best on messages which their fit had not seen."""
    chosen = []
    for index, name in enumerate(SIGNALS):
        kept = ~optional[:, index]
        beta = RED_BETA if name in RED else 1.0
        chosen.append(_threshold(judged_margins[kept, index], carried[kept, index], beta))
    return np.array(chosen)


def _threshold(scores: Floats, truth: NDArray[np.bool_], beta: float) -> float:
    """The cut with the best F-beta, midway between the scores around it."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    reached = np.arange(1, truth.size + 1)
    best = int(np.argmax((1 + beta**2) * hits / (reached + beta**2 * truth.sum() + 1e-9)))
    below = scores[order[best + 1]] if best + 1 < truth.size else scores[order[best]] - 1
    return float((scores[order[best]] + below) / 2)


def weights(fitted: Fitted, chosen: Floats, reader: Reader) -> Weights:
    """A fit in the form that ships."""
    keys = np.array([phrase_key(phrase) for phrase in reader.phrases], dtype=np.uint64)
    order = np.argsort(keys)
    squares = (fitted.idf**2)[:, None]
    both = (fitted.whole, fitted.clauses)

    def floats(values: Floats) -> NDArray[np.float32]:
        return values.astype(np.float32)

    return Weights(
        grams=floats(np.hstack([fitted.whole.grams, fitted.clauses.grams, squares])),
        columns=floats(fitted.whole.columns),
        clause_columns=floats(fitted.clauses.columns),
        phrases=floats(np.hstack([view.phrases for view in both])[order]),
        keys=keys[order],
        bias=floats(np.concatenate([view.bias for view in both])),
        thresholds=floats(chosen),
        digest=phrase_digest(reader.phrases),
    )


def main() -> None:
    """Refit on everything that may be learned from, and write the weights beside the phrases."""
    learned = learn(for_learning(), Reader.of_phrases())
    for folder in features.__path__:
        Path(folder, FILE).write_bytes(learned.weights.save())
    sys.stdout.write(f"cross-validated: {learned.crossed}\n")


if __name__ == "__main__":
    main()
