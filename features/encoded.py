"""What the shop's own outcomes taught about what buyers say; the weights come with the model.

Knows nothing of outcomes or of how weights are fitted: they are data, of a bundle or of one fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.cut import Floats, Ints, Joined
from features.facts import DTYPES
from features.index import Index
from features.schema import SENDERS
from features.signal_names import SIGNALS
from features.sketch import BITS, FIELDS

ENCODED_VERSION = 1  # raise it whenever the same weights may give another value
# Weights are whole multiples of this, and at most MOST: then every sum of them is exact in a
# double, whatever the order of summation, and an order alone equals its row in the batch.
STEP = 2.0**-20
MOST = 64.0  # log-odds; a word is never worth a hundredth of that
BLOCK = 1 << 16  # queries at a time: bounds memory at some 100 MB
_AT_ONCE = 4_096  # messages whose bytes are looked up at a time, some 4 MB of places
_BUYER = SENDERS.index("buyer")
_MESSAGE = DTYPES["messages"].names or ()
_SENDER = _MESSAGE.index("sender")
_READ = [*map(_MESSAGE.index, FIELDS), _MESSAGE.index("signals")]  # 64 bits each
WEIGHTS = BITS + len(SIGNALS)


@dataclass(frozen=True, eq=False)
class Encoding:
    """What each bit of a message is worth, in log-odds against the average message.

    Attributes:
        weights: (WEIGHTS,) of the sketch's bits, then of the signals; multiples of STEP.
        intercept: of a message that carries none of them; a multiple of STEP.

    """

    weights: Floats
    intercept: float

    def __post_init__(self) -> None:
        every = np.append(self.weights, self.intercept)
        if self.weights.shape != (WEIGHTS,) or self.weights.dtype != np.float64:
            raise ValueError(
                f"expected {WEIGHTS} float64 weights of a message's bits, got "
                f"{self.weights.shape} of {self.weights.dtype}."
            )
        if not (np.abs(every) <= MOST).all() or (every != np.rint(every / STEP) * STEP).any():
            raise ValueError(f"expected weights within {MOST:g}, multiples of {STEP:g}.")

    @classmethod
    def rounded(cls, weights: Floats, intercept: float) -> Encoding:
        """The nearest weights that can be summed exactly."""
        every = np.clip(np.rint(np.append(weights, intercept) / STEP) * STEP, -MOST, MOST)
        return cls(every[:-1] + 0.0, float(every[-1] + 0.0))

    def scores(self, words: Ints) -> Floats:
        """(m, len(_READ)) words of messages → (m,) log-odds of each."""
        table, out = self._by_byte, np.empty(len(words))
        parts = words.view(np.uint8).reshape(len(words), -1)
        for start in range(0, len(words), _AT_ONCE):
            at = parts[start : start + _AT_ONCE] + _PLACES
            out[start : start + _AT_ONCE] = table.take(at).sum(axis=1)
        return out + self.intercept

    @cached_property
    def _by_byte(self) -> Floats:
        """What each value of each byte is worth: 136 look-ups instead of 1,088 bits."""
        bits = np.zeros(64 * len(_READ))
        bits[:WEIGHTS] = self.weights
        values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
        return np.ascontiguousarray((values @ bits.reshape(-1, 8).T).T).ravel()


_PLACES = 256 * np.arange(8 * len(_READ))


@dataclass(frozen=True, eq=False)
class Conversations:
    """What buyers had written about orders by their moments.

    Attributes:
        messages: rows of the messages' table by query: the buyer's, latest versions.
        which: (m,) place of each among `words`.
        words: (u, 17) the bits of each different message.

    """

    messages: Joined
    which: Ints
    words: Ints

    @classmethod
    def known(cls, index: Index, order_key: Ints, as_of: Ints) -> Conversations:
        """Those of orders (n,), as known strictly before moments (n,)."""
        table = index["messages"]
        found = table.in_force(order_key, as_of, "message_key")
        found = found.where(table.column("sender").take(found.row) == _BUYER)
        rows, which = found.row, np.arange(len(found))
        if found.queries > 1:
            rows, which = np.unique(found.row, return_inverse=True)
        return cls(found, which, np.ascontiguousarray(table.facts(rows)[_READ].T))

    def trouble(self, scores: Floats) -> Floats:
        """`conversation_trouble` (n,) by what each message scores, (m,)."""
        return conversation_trouble(self.messages, scores)

    def bits(self, places: Ints) -> npt.NDArray[np.uint8]:
        """(r, WEIGHTS) of 0 and 1: the bits of some of `words`, in the order of the weights."""
        parts = self.words.take(places, axis=0).view(np.uint8)
        return np.unpackbits(parts, axis=1, bitorder="little", count=WEIGHTS)


def conversation_trouble(buyers_messages: Joined, message_scores: Floats) -> Floats:
    """How much the buyer's words sound like those that ended in trouble at this shop.

    (n,) float64 in (-inf, inf), log-odds.
    Missing where the buyer has not written, or where too few outcomes followed messages to learn.
    A shop's own buyers say in their own words that it goes wrong; the mean over what they wrote.
    """
    count = buyers_messages.counts()
    total = buyers_messages.reduced(np.add, message_scores, 0.0)
    return total / np.where(count > 0, count, np.nan)


CONVERSATION = conversation_trouble.__name__


@dataclass(frozen=True)
class Encodings:
    """Everything fitted that a model reads beside the features.

    Attributes:
        conversation: None where there was too little to learn from; its column is then unknown.

    """

    conversation: Encoding | None = None

    def columns(self, index: Index, order_key: Ints, as_of: Ints) -> Floats:
        """(1, n): `conversation_trouble` of orders (n,) at moments (n,)."""
        out = np.full((1, len(order_key)), np.nan)
        if self.conversation is not None:
            for start in range(0, len(order_key), BLOCK):
                some = slice(start, start + BLOCK)
                found = Conversations.known(index, order_key[some], as_of[some])
                if len(found.words):
                    scores = self.conversation.scores(found.words)
                    out[0, some] = found.trouble(scores.take(found.which))
        return out

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """As a bundle keeps them; nothing where nothing was fitted."""
        if self.conversation is None:
            return {}
        intercept = np.array(self.conversation.intercept)
        return {"conversation_weights": self.conversation.weights, "conversation_base": intercept}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Encodings:
        """As `arrays` gave them; ValueError where they are not ours."""
        if not arrays:
            return cls()
        if set(arrays) != {"conversation_weights", "conversation_base"}:
            raise ValueError(f"expected the weights of conversations, got {sorted(arrays)}.")
        base = arrays["conversation_base"]
        if base.shape != ():
            raise ValueError(f"expected one intercept of conversations, got {base.shape}.")
        return cls(Encoding(arrays["conversation_weights"], float(base)))


NONE_FITTED = Encodings()
