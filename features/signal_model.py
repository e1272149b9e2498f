"""The learned part: margins of each signal for a message, from weights that ship as data.

Knows nothing of how the weights were fitted, nor of the messages they were fitted on.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from features.signal_names import SIGNALS
from features.signal_syntax import Phrase
from features.signal_views import Views

COUNT = len(SIGNALS)
FILE = "signal_model.npz"
FORMAT = 1
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What was fitted, float32. The first 16 columns belong to the whole, the next to the clauses.

    `grams` (ROWS, 33), whose last column is the square of a gram's weight in a text's length;
    `columns` (FINDINGS, 16) of the whole; `clause_columns` (CLAUSE_COLUMNS, 16);
    `phrases` (p, 32) in the order of `keys` (p,) uint64, ascending; `bias` (32,);
    `thresholds` (16,) above which a sum of both margins fires; `digest` of the phrases fitted with.
    """

    grams: Floats
    columns: Floats
    clause_columns: Floats
    phrases: Floats
    keys: NDArray[np.uint64]
    bias: Floats
    thresholds: Floats
    digest: str

    def save(self) -> bytes:
        """The weights as a compressed file, halved to float16 but for the few that decide."""
        content = io.BytesIO()
        np.savez_compressed(
            content,
            format=np.array(FORMAT),
            grams=self.grams.astype(np.float16),
            columns=self.columns.astype(np.float16),
            clause_columns=self.clause_columns.astype(np.float16),
            phrases=self.phrases.astype(np.float16),
            keys=self.keys,
            bias=self.bias,
            thresholds=self.thresholds,
            digest=np.array(self.digest),
        )
        return content.getvalue()


def load(content: bytes) -> Weights:
    """Weights as `save` wrote them. Raises ValueError for another format."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        if int(file["format"]) != FORMAT:
            raise ValueError(
                f"{FILE}: expected format {FORMAT}, got {int(file['format'])}. "
                "Refit with `python -m training.signals`."
            )
        names = ("grams", "columns", "clause_columns", "phrases", "bias", "thresholds")
        floats = {name: file[name].astype(np.float32) for name in names}
        return Weights(**floats, keys=file["keys"], digest=str(file["digest"]))


@cache
def shipped() -> Weights:
    """The weights that ship."""
    return load(files("features").joinpath(FILE).read_bytes())


def phrase_key(phrase: Phrase) -> int:
    """A phrase's own number, whatever its place in a file."""
    name = f"{phrase.table}/{phrase.kind}/{phrase.text}".encode()
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")


def phrase_digest(phrases: Sequence[Phrase]) -> str:
    """A digest of phrases that weights are fitted with; their order does not matter."""
    keys = sorted({phrase_key(phrase) for phrase in phrases})
    return blake2b(np.array(keys, dtype=np.uint64).tobytes(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Margins:
    """Margins of one message.

    `total` (16,) above their thresholds, so that positive fires; `clauses` (k, 16) of each clause;
    `known` (m,) which of the message's grams have weights, and `weights` (m, 33) those weights.
    """

    total: Floats
    clauses: Floats
    known: NDArray[np.int64]
    weights: Floats


class Model:
    """The weights, put in the order of a reader's phrases; immutable."""

    def __init__(self, weights: Weights, phrases: Sequence[Phrase]) -> None:
        self._weights = weights
        # Only grams that were met often enough have weights: the others take no room in the cache.
        met = np.flatnonzero(weights.grams[:, -1])
        self._places = np.full(weights.grams.shape[0], -1, dtype=np.int32)
        self._places[met] = np.arange(met.size, dtype=np.int32)
        self._grams = np.ascontiguousarray(weights.grams[met])
        self._phrases = np.zeros((len(phrases), 2 * COUNT), dtype=np.float32)
        keys = np.array([phrase_key(phrase) for phrase in phrases], dtype=np.uint64)
        if weights.keys.size and keys.size:
            places = np.searchsorted(weights.keys, keys).clip(max=weights.keys.size - 1)
            known = weights.keys[places] == keys
            self._phrases[known] = weights.phrases[places[known]]

    def margins(self, seen: Views) -> Margins:
        """How much speaks for each signal, in the whole and in its likeliest clause."""
        weights = self._weights
        places = self._places.take(seen.grams.rows)
        known = np.flatnonzero(places >= 0)
        rows = self._grams.take(places[known], axis=0)
        whole = rows.sum(axis=0)
        sums = whole[None, :]
        if len(seen.clauses) > 1:
            sums = seen.inside[:, known].astype(np.float32) @ rows
        message = _scaled(whole[:COUNT], whole[-1]) + weights.bias[:COUNT]
        message += weights.columns.take(seen.columns, axis=0).sum(axis=0)
        if seen.phrases:
            message += self._phrases.take(seen.phrases, axis=0)[:, :COUNT].sum(axis=0)
        clauses = _scaled(sums[:, COUNT:-1], sums[:, -1:]) + weights.bias[COUNT:]
        for number, (columns, phrases) in enumerate(seen.clauses):
            if columns:
                clauses[number] += weights.clause_columns.take(columns, axis=0).sum(axis=0)
            if phrases:
                clauses[number] += self._phrases.take(phrases, axis=0)[:, COUNT:].sum(axis=0)
        total = message + clauses.max(axis=0) - weights.thresholds
        return Margins(total, clauses, known, rows)


def _scaled(sums: Floats, squares: Floats) -> Floats:
    """Sums over a text of this squared length, so that long and short texts weigh the same."""
    return np.divide(sums, np.sqrt(np.maximum(squares, 1.0)), dtype=np.float32)
