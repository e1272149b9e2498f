"""Features of the messages about the order so far: how many, how long, how long unanswered.

Knows nothing of what they say; that is read elsewhere.
"""

from __future__ import annotations

import numpy as np

from features.basket import most, total
from features.cut import Floats, Ints, number
from features.facts import NONE
from features.order import hours_between
from features.schema import HOUR_US
from features.view import Truths


def _latest(owner: Ints, moments: Ints, queries: int) -> Ints:
    out = np.full(queries, NONE, np.int64)
    np.maximum.at(out, owner, moments)
    return out


def buyer_messages(as_of: Ints, message_owner: Ints, from_buyer: Truths) -> Floats:
    """Messages from the buyer about this order.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Most buyers never write.
    """
    return np.bincount(message_owner[from_buyer], minlength=len(as_of)).astype(np.float64)


def seller_messages(as_of: Ints, message_owner: Ints, from_seller: Truths) -> Floats:
    """Messages from the shop about this order.

    (n,) float64 in [0, inf), messages.
    Never missing.
    An answer given is half the trouble.
    """
    return np.bincount(message_owner[from_seller], minlength=len(as_of)).astype(np.float64)


def buyer_messages_24h(
    as_of: Ints, message_owner: Ints, message_sent_at: Ints, from_buyer: Truths
) -> Floats:
    """Messages from the buyer in the past 24 hours.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Chasing comes in bursts.
    """
    recent = from_buyer & (message_sent_at >= as_of[message_owner] - 24 * HOUR_US)
    return np.bincount(message_owner[recent], minlength=len(as_of)).astype(np.float64)


def unanswered_messages(
    as_of: Ints,
    message_owner: Ints,
    message_sent_at: Ints,
    from_buyer: Truths,
    from_seller: Truths,
) -> Floats:
    """Messages from the buyer since the shop last answered.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Platforms count these by the hour.
    """
    answered = _latest(message_owner[from_seller], message_sent_at[from_seller], len(as_of))
    waiting = from_buyer & (message_sent_at > answered[message_owner])
    return np.bincount(message_owner[waiting], minlength=len(as_of)).astype(np.float64)


def hours_unanswered(
    as_of: Ints,
    message_owner: Ints,
    message_sent_at: Ints,
    from_buyer: Truths,
    from_seller: Truths,
) -> Floats:
    """Hours that the buyer's earliest unanswered message has waited.

    (n,) float64 in (-inf, inf), hours.
    Missing where no message waits.
    Past 24 hours the answer limit of Amazon and Taobao is broken.
    """
    answered = _latest(message_owner[from_seller], message_sent_at[from_seller], len(as_of))
    waiting = from_buyer & (message_sent_at > answered[message_owner])
    owner = message_owner[waiting]
    hours = (as_of[owner] - message_sent_at[waiting]) / HOUR_US
    return most(owner, hours, len(as_of))


def hours_since_buyer_message(
    as_of: Ints, message_owner: Ints, message_sent_at: Ints, from_buyer: Truths
) -> Floats:
    """Hours since the buyer last wrote.

    (n,) float64 in (-inf, inf), hours.
    Missing where the buyer has not written.
    Anger cools, worry grows.
    """
    latest = _latest(message_owner[from_buyer], message_sent_at[from_buyer], len(as_of))
    return hours_between(latest, as_of)


def longest_answer_hours(
    as_of: Ints,
    message_owner: Ints,
    message_sent_at: Ints,
    from_buyer: Truths,
    from_seller: Truths,
) -> Floats:
    """Longest time the shop took from a buyer's message to its next one.

    (n,) float64 in [0, inf), hours.
    Missing where no buyer's message was followed by an answer.
    The buyer remembers the longest one.
    """
    if len(message_owner) < 2:
        return np.full(len(as_of), np.nan)
    follows = (message_owner[1:] == message_owner[:-1]) & from_buyer[:-1] & from_seller[1:]
    hours = (message_sent_at[1:] - message_sent_at[:-1])[follows] / HOUR_US
    return most(message_owner[1:][follows], hours, len(as_of))


def buyer_text_length(
    as_of: Ints, message_owner: Ints, message_length: Ints, from_buyer: Truths
) -> Floats:
    """Characters that the buyer wrote in all.

    (n,) float64 in [0, inf), characters.
    Missing where the buyer has not written.
    Long messages are written by the worried.
    """
    return total(message_owner[from_buyer], number(message_length[from_buyer]), len(as_of))


def buyer_questions(
    as_of: Ints, message_owner: Ints, message_questions: Ints, from_buyer: Truths
) -> Floats:
    """Question marks in the buyer's messages.

    (n,) float64 in [0, inf), marks.
    Missing where the buyer has not written.
    A question not answered is asked again elsewhere.
    """
    return total(message_owner[from_buyer], number(message_questions[from_buyer]), len(as_of))


def buyer_exclamations(
    as_of: Ints, message_owner: Ints, message_exclamations: Ints, from_buyer: Truths
) -> Floats:
    """Exclamation marks in the buyer's messages.

    (n,) float64 in [0, inf), marks.
    Missing where the buyer has not written.
    Feeling, of either kind.
    """
    return total(message_owner[from_buyer], number(message_exclamations[from_buyer]), len(as_of))


def hours_to_first_message(
    as_of: Ints,
    placed_at: Ints,
    message_owner: Ints,
    message_sent_at: Ints,
    from_buyer: Truths,
) -> Floats:
    """Hours from placing to the buyer's first message.

    (n,) float64 in (-inf, inf), hours.
    Missing where the buyer has not written.
    A message within the hour corrects something; days later it chases.
    """
    earlier = _latest(message_owner[from_buyer], -message_sent_at[from_buyer], len(as_of))
    first = np.where(earlier == NONE, NONE, -np.where(earlier == NONE, 0, earlier))
    return hours_between(placed_at, first)
