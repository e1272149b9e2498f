"""The columns of what the buyer's messages say: signals, language, shouting, what was asked.

Knows nothing of features. A column of messages is (m,), one value a message of the conversation,
in the order they were sent; `messages.owner` names its query.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints, Joined
from features.facts import DTYPES, NONE
from features.joined import Truths
from features.reading import Said
from features.signal_names import RED, SIGNALS

_BITS = np.arange(len(SIGNALS))[:, None]
# What an ops lead would call trouble: everything but questions, dates and where to leave a parcel.
TROUBLE = tuple(
    name
    for name in SIGNALS
    if name not in {"address_change", "expectation_gap", "gift_deadline", "delivery_instruction"}
)
_TROUBLE = [SIGNALS.index(name) for name in TROUBLE]
_RED = [SIGNALS.index(name) for name in RED]
_SAID = [(DTYPES["messages"].names or ()).index(name) for name in Said._fields]
_LISTED = (DTYPES["products"].names or ()).index("listed")


def said_facts(message_facts: Ints) -> Ints:
    """(facts, m): what each message says, as in `reading.Said`."""
    return message_facts[_SAID]


def hits(said_signals: Ints) -> Floats:
    """(SIGNALS, m): 1 where the message carries the signal."""
    return ((said_signals >> _BITS) & 1).astype(np.float64)


def hit_counts(messages: Joined, hits: Floats) -> Floats:
    """(SIGNALS, n): messages that carry each signal."""
    return messages.reduced(np.add, hits, 0.0)


def in_trouble(hits: Floats) -> Truths:
    """Messages that carry any signal of TROUBLE."""
    found: Truths = np.logical_or.reduce(hits[_TROUBLE] > 0, axis=0)
    return found


def in_red(hits: Floats) -> Truths:
    """Messages that carry any signal of RED."""
    found: Truths = np.logical_or.reduce(hits[_RED] > 0, axis=0)
    return found


def buyer_rank(messages: Joined, from_buyer: Truths) -> Floats:
    """Place of each of the buyer's messages among them, from 1."""
    return _running(messages, from_buyer)


def buyer_count(messages: Joined, from_buyer: Truths) -> Floats:
    """Messages from the buyer."""
    return messages.count(from_buyer)


def thirds(messages: Joined, from_buyer: Truths, buyer_rank: Floats, buyer_count: Floats) -> Truths:
    """(2, m): whether a message is in the first, in the last third of the buyer's."""
    of_all = messages.spread(buyer_count)
    first = from_buyer & (3 * buyer_rank <= of_all)
    last = from_buyer & (3 * buyer_rank > 2 * of_all) & (of_all >= 3)
    return np.array((first, last))


def growth(messages: Joined, hits: Floats, thirds: Truths) -> Floats:
    """(SIGNALS, n): share of messages with the signal in the last third less that in the first."""
    first, last = thirds
    early = messages.reduced(np.add, hits * first, 0.0) / _none_is_nan(messages.count(first))
    late = messages.reduced(np.add, hits * last, 0.0) / _none_is_nan(messages.count(last))
    return late - early


def chased_again(messages: Joined, hits: Floats, from_seller: Truths) -> Truths:
    """Messages that chase although the shop has answered an earlier chase."""
    chases = hits[SIGNALS.index("chasing")] > 0
    answered = from_seller & (_running(messages, chases) > 0)
    again: Truths = chases & (_running(messages, answered) > 0)
    return again


def seller_silence_us(
    messages: Joined,
    as_of: Floats,
    message_sent_at: Floats,
    from_buyer: Truths,
    answered_at: Floats,
) -> Floats:
    """How long each of the buyer's messages waited, or waits; NaN of others'."""
    until = np.fmin(answered_at, messages.spread(as_of))
    return np.where(from_buyer, until - message_sent_at, np.nan)


def answered_at(messages: Joined, message_sent_at: Floats, from_seller: Truths) -> Floats:
    """When the shop next wrote after each message; NaN where it has not."""
    count = len(messages)
    places = np.where(from_seller, np.arange(count), count)
    following = np.minimum.accumulate(places[::-1])[::-1]
    owner, sent_at = np.append(messages.owner, -1), np.append(message_sent_at, np.nan)
    return np.where(owner.take(following) == messages.owner, sent_at.take(following), np.nan)


def switches(messages: Joined, said_language: Ints, from_buyer: Truths) -> Truths:
    """Messages of the buyer in another language than the buyer's one before."""
    known = (from_buyer & (said_language != NONE)).nonzero()[0]
    language, owner = said_language.take(known), messages.owner.take(known)
    other = np.zeros(len(messages), np.bool_)
    other[known[1:]] = (language[1:] != language[:-1]) & (owner[1:] == owner[:-1])
    return other


def attributes_asked(messages: Joined, said_asked: Ints) -> Ints:
    """Attributes that the buyer asked about, bits."""
    return messages.reduced(np.bitwise_or, said_asked, 0)


def attributes_listed(items: Joined, product_facts: Ints) -> Ints:
    """Attributes that any listing of the order speaks of, bits; NONE where none says anything."""
    own = product_facts[_LISTED]
    known = items.reduced(np.bitwise_or, np.where(own == NONE, 0, own), 0)
    told = items.reduced(np.logical_or, own != NONE, 0.0)
    return np.where(told, known, NONE)


def _running(messages: Joined, chosen: Truths) -> Floats:
    """How many chosen messages of its conversation each message has before it or is itself."""
    total: Floats = chosen.cumsum(dtype=np.float64)
    if messages.queries == 1 or len(messages) == 0:
        return total
    starts = messages.starts
    before = total.take(starts) - chosen.take(starts)
    lengths = np.diff(np.append(starts, len(messages)))
    within: Floats = total - before.repeat(lengths)
    return within


def _none_is_nan(counts: Floats) -> Floats:
    return np.where(counts > 0, counts, np.nan)
