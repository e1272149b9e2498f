"""Logistic regressions over what the reader sees: one a signal for messages, one for clauses.

Knows nothing of files or phrases; fitting is deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.signal_names import SIGNALS
from training.signals_matrix import Counts, Matrices

COUNT = len(SIGNALS)
RARE = 3  # messages that hold a gram or phrase, below which it is left out
COLUMN_SCALE = 0.3  # how freely a finding's weight may grow, against grams at 1
PHRASE_SCALE = 0.2  # the same of a single phrase
STRENGTH = 30.0  # inverse of the penalty on weights
STOP = 1e-2  # of the solver; closer fits judge no better
ROUNDS = 300

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """Weights of one view: grams (ROWS, 16), columns, phrases (…, 16), bias (16,), idf (ROWS,)."""

    grams: Floats
    columns: Floats
    phrases: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Fitted:
    """Both views, and the weight of each gram in the length of a text."""

    whole: View
    clauses: View
    idf: Floats


def fit(
    seen: Matrices, carried: NDArray[np.bool_], optional: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> Fitted:
    """Fit on the messages where `rows` (n,) holds, each signal without those it is optional in."""
    idf = gram_weights(seen.whole.grams[rows])
    clause_rows = rows[seen.message]
    whole = _fit_view(seen.whole, idf, carried, optional, rows)
    clauses = _fit_view(seen.clauses, idf, seen.carried, optional[seen.message], clause_rows)
    return Fitted(whole, clauses, idf)


def margins(fitted: Fitted, seen: Matrices) -> Floats:
    """(n, 16) the sum of a message's margin and its likeliest clause's."""
    clauses = _margins(fitted.clauses, fitted.idf, seen.clauses)
    best = np.full((seen.whole.grams.shape[0], COUNT), -np.inf)
    np.maximum.at(best, seen.message, clauses)
    return _margins(fitted.whole, fitted.idf, seen.whole) + best


def gram_weights(grams: Any) -> Floats:
    """(ROWS,) inverse document frequency of each gram, zero where it is rare."""
    held = np.asarray((grams > 0).sum(axis=0)).ravel()
    weights = np.log((1 + grams.shape[0]) / (1 + held)) + 1
    # Rounded as it ships, so that reading divides by the very same lengths.
    squares = np.where(held >= RARE, weights**2, 0.0).astype(np.float16).astype(np.float64)
    return np.sqrt(squares)


def _fit_view(
    counts: Counts,
    idf: Floats,
    carried: NDArray[np.bool_],
    optional: NDArray[np.bool_],
    rows: NDArray[np.bool_],
) -> View:
    used = np.flatnonzero(idf)
    often = np.flatnonzero(np.asarray((counts.phrases[rows] > 0).sum(axis=0)).ravel() >= RARE)
    matrix = sp.hstack(
        [
            scaled(counts.grams, idf)[:, used],
            counts.columns * COLUMN_SCALE,
            counts.phrases[:, often] * PHRASE_SCALE,
        ]
    ).tocsr()
    grams = np.zeros((idf.size, COUNT))
    columns = np.zeros((counts.columns.shape[1], COUNT))
    phrases = np.zeros((counts.phrases.shape[1], COUNT))
    bias = np.zeros(COUNT)
    for signal in range(COUNT):
        kept = rows & ~optional[:, signal]
        weights, bias[signal] = _fit_signal(matrix[kept], carried[kept, signal])
        grams[used, signal] = weights[: used.size] * idf[used]
        columns[:, signal] = weights[used.size : used.size + len(columns)] * COLUMN_SCALE
        phrases[often, signal] = weights[used.size + len(columns) :] * PHRASE_SCALE
    return View(grams, columns, phrases, bias)


def _fit_signal(matrix: Any, carried: NDArray[np.bool_]) -> tuple[Floats, float]:
    if carried.all() or not carried.any():
        return np.zeros(matrix.shape[1]), 20.0 if carried.any() else -20.0
    model = LogisticRegression(
        C=STRENGTH, solver="liblinear", dual=True, tol=STOP, max_iter=ROUNDS, random_state=0
    )
    model.fit(matrix, carried)
    return model.coef_[0], float(model.intercept_[0])


def scaled(grams: Any, idf: Floats) -> Any:
    """Counts of grams, each text divided by its length in weighted grams."""
    lengths = np.sqrt(np.maximum(grams @ idf**2, 1.0))
    return (sp.diags(1 / lengths) @ grams @ sp.diags(idf)).tocsr()


def _margins(view: View, idf: Floats, counts: Counts) -> Floats:
    lengths = np.sqrt(np.maximum(counts.grams @ idf**2, 1.0))
    sums: Floats = (counts.grams @ view.grams) / lengths[:, None]
    total: Floats = sums + counts.columns @ view.columns + counts.phrases @ view.phrases + view.bias
    return total
