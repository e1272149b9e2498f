"""A plain text as numbers of rows: its character n-grams, words and pairs of words, hashed.

Knows nothing of signals or weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BITS = 16  # of the hash: 65,536 rows
ROWS = 1 << BITS
LENGTHS = 3  # n-grams of 1 to this many characters
LONGEST = 2000  # characters read; what comes after is the same message still
DENSE_FROM = 0x2E80  # scripts from here on put no spaces between words
_PRIME = 0x9E3779B97F4A7C15  # odd, so that its powers can be undone
_MASK = (1 << 64) - 1
_MIX = np.uint64(0xD6E8FEB86659FD93)
_PAIR = np.uint64(0xA0761D6478BD642F)
_APART = np.uint64(0xE7037ED1A0B428DB)
_SHIFT = np.uint64(64 - BITS)


def _powers(base: int) -> NDArray[np.uint64]:
    powers, value = [], 1
    for _ in range(LONGEST + 16):
        powers.append(value)
        value = value * base & _MASK
    return np.array(powers, dtype=np.uint64)


def _classes() -> NDArray[np.uint8]:
    """0 for marks and blanks, 1 for letters and digits, 2 where each character is a word."""
    letters = [chr(code).isalnum() for code in range(DENSE_FROM)]
    return np.array([*letters, *[2] * (0x10000 - DENSE_FROM)], dtype=np.uint8)


_UP, _DOWN = _powers(_PRIME), _powers(pow(_PRIME, -1, 1 << 64))
_DOWN_COLUMN = _DOWN[:, None]
_CLASSES = _classes()
_PLACES = np.arange(LONGEST + 16)
_REACH = np.arange(1, LENGTHS + 1)


@dataclass(frozen=True, slots=True)
class Grams:
    """Hashed grams of a text.

    `rows` (n,) int64 in [0, ROWS); `starts` and `ends` (n,) bound the characters of the text each
    spans: from -1, and to past its end, where it takes in the blanks around it.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def grams(text: str) -> Grams:
    """All n-grams of a plain text, then its words, neighbouring pairs, and pairs one word apart.

    At the end of the text the longer n-grams are cut short.
    """
    padded = f" {text[:LONGEST]} "
    size = len(padded)
    codes = np.frombuffer(padded.encode("utf-32-le", "replace"), dtype=np.uint32)
    sums = np.empty(size + 1 + LENGTHS, dtype=np.uint64)
    sums[0] = 0
    np.cumsum(codes * _UP[:size], out=sums[1 : size + 1])
    sums[size + 1 :] = sums[size]
    # Row i of the windows holds the sums at i + 1, ..., i + LENGTHS: a view, not a copy.
    windows = np.ndarray((size, LENGTHS), np.uint64, sums, 8, (8, 8))
    characters = (windows - sums[:size, None]) * _DOWN_COLUMN[:size]
    first, last = _words(codes)
    words = (sums[last] - sums[first]) * _DOWN[first] * _PAIR
    pairs = words[:-1] * _PAIR + words[1:]
    apart = words[:-2] * _APART + words[2:]
    rows = np.concatenate((characters.ravel(), words, pairs, apart))
    rows *= _MIX
    rows >>= _SHIFT
    places = _PLACES[:size]
    starts = np.concatenate((places.repeat(LENGTHS), first, first[:-1], first[:-2]))
    reached = (places[:, None] + _REACH).ravel()
    ends = np.concatenate((reached, last, last[1:], last[2:]))
    return Grams(rows.view(np.int64), starts - 1, ends - 1)


def _words(codes: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where words begin and end; in a script without spaces each character is a word."""
    classes = _CLASSES[np.minimum(codes, 0xFFFF)]
    parted = classes[1:] * classes[:-1] != 1
    inside = classes != 0
    return np.flatnonzero(inside[1:] & parted) + 1, np.flatnonzero(inside[:-1] & parted) + 1
