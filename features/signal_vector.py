"""A plain text as numbers of rows: its character n-grams and pairs of words, hashed.

Knows nothing of signals or weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = 16  # of the hash: 65,536 rows for n-grams
ROWS = 1 << BITS
GRAMS = (1, 2, 3, 4, 5, 6)  # lengths of n-grams in characters
LONGEST = 2000  # characters read; what comes after is the same message still
DENSE_FROM = 0x2E80
_PRIME = 0x9E3779B97F4A7C15  # odd, so that its powers can be undone
_MASK = (1 << 64) - 1
_INVERSE = pow(_PRIME, -1, 1 << 64)


def _powers(base: int) -> NDArray[np.uint64]:
    powers, value = [], 1
    for _ in range(LONGEST + 8):
        powers.append(value)
        value = value * base & _MASK
    return np.array(powers, dtype=np.uint64)


_UP, _DOWN = _powers(_PRIME), _powers(_INVERSE)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_SHIFT = np.uint64(64 - BITS)
_PAIR = np.uint64(0xA0761D6478BD642F)


@dataclass(frozen=True, slots=True)
class Grams:
    """The rows of a text's n-grams, and the characters [starts, ends) of the text that each spans."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def grams(text: str) -> Grams:
    """All n-grams of a plain text, then its words, neighbouring pairs, and pairs one word apart."""
    padded = f" {text[:LONGEST]} "
    codes = np.frombuffer(padded.encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    size = codes.size
    sums = np.zeros(size + 1, dtype=np.uint64)
    np.cumsum((codes + np.uint64(1)) * _UP[:size], out=sums[1:])
    edges = _word_edges(codes)
    hashes, starts, ends = [], [], []
    places = np.arange(size + 1)
    for length in GRAMS:
        if length > size:
            break
        hashes.append((sums[length:] - sums[:-length]) * _DOWN[: size + 1 - length])
        starts.append(places[: size + 1 - length])
        ends.append(places[length:])
    first, last = edges
    words = (sums[last] - sums[first]) * _DOWN[first]
    if words.size:
        hashes.append(words * _PAIR)
        starts.append(first)
        ends.append(last)
    for apart in (1, 2):
        if words.size > apart:
            hashes.append((words[:-apart] * _PAIR + words[apart:] + np.uint64(apart)) * _PAIR)
            starts.append(first[:-apart])
            ends.append(last[apart:])
    rows = (np.concatenate(hashes) * _MIX) >> _SHIFT
    return Grams(
        rows.astype(np.int64),
        np.maximum(np.concatenate(starts) - 1, 0),
        np.minimum(np.concatenate(ends) - 1, size - 2),
    )


def _word_edges(codes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where words begin and end; in a script without spaces each character is a word."""
    inside = (codes >= 0x30) & ~((codes >= 0x3A) & (codes < 0x61)) & ~((codes > 0x7A) & (codes < 0xC0))
    dense = codes >= DENSE_FROM
    begins = inside.copy()
    begins[1:] &= ~inside[:-1] | dense[1:] | dense[:-1]
    stops = inside.copy()
    stops[:-1] &= ~inside[1:] | dense[1:] | dense[:-1]
    return np.flatnonzero(begins), np.flatnonzero(stops) + 1
