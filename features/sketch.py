"""A sketch of a text: which of 1,024 bits its words, word pairs and character pairs fall on.

Knows nothing of what words mean; what each bit is worth is learned elsewhere. No word can be read
back from a sketch: a thousand bits stand for all the words of four languages.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from itertools import pairwise
from operator import or_
from zlib import crc32

import numpy as np
import numpy.typing as npt

from features.identity import Values
from features.text import plain

BITS = 1_024
BYTES = BITS // 8
LAST = BITS - 1
FIELDS = tuple(f"sketch_{at}" for at in range(BITS // 64))  # facts, int64, the lowest bits first
NOTHING = bytes(BYTES)
# Words of scripts with blanks, marks that carry feeling; runs of kana and Han, which have none.
_WORDS = re.compile(r"[^\W\u3040-\u30ff\u3400-\u9fff]+|[!?]")
_RUNS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
_MIX, _OTHER = 0x9E3779B1, 0x85EBCA77  # odd: of xxHash; "not good" and "good not" are two pairs
_BIT = [1 << at for at in range(BITS)]


@lru_cache(maxsize=1 << 15)
def sketch(text: str) -> bytes:
    """The sketch of a message, `BYTES` long; the same on every machine.

    Words and pairs of neighbouring words; of Chinese and Japanese, characters and pairs of them.
    All numbers count as one word: an order number is shared with no other order.
    """
    folded = plain(text).text
    words = [
        crc32(b"0" if word.isdigit() else word.encode("utf-8", "replace"))
        for word in _WORDS.findall(folded)
    ]
    found = [_BIT[word & LAST] for word in words]
    found += _pairs(words)
    if not folded.isascii():
        for run in _RUNS.findall(folded):
            codes = list(map(ord, run))
            found += [_BIT[code * _OTHER >> 12 & LAST] for code in codes]
            found += _pairs(codes)
    return reduce(or_, found, 0).to_bytes(BYTES, "little")


def _pairs(values: list[int]) -> list[int]:
    return [_BIT[one * _MIX + two * _OTHER >> 12 & LAST] for one, two in pairwise(values)]


def sketches(texts: Values, senders: Values) -> list[npt.NDArray[np.int64]]:
    """The facts FIELDS of messages, (n,) each; only the buyer's leave a trace.

    Each different text is read once.
    """
    wanted = [
        text if text and sender == "buyer" else None
        for text, sender in zip(texts, senders, strict=True)
    ]
    known = {text: sketch(text) if text else NOTHING for text in set(wanted)}
    facts = np.frombuffer(b"".join([known[text] for text in wanted]), "<i8")
    return list(facts.reshape(-1, len(FIELDS)).T)
