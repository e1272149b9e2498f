"""Features of the messages about the order so far: how many, how long, how long unanswered.

Knows nothing of what they say; that is read elsewhere.
"""

from __future__ import annotations

import numpy as np

from features.basket import least, most
from features.joined import Floats, Joined, Truths
from features.order import hours_between
from features.schema import HOUR_US


def buyer_messages(messages: Joined, from_buyer: Truths) -> Floats:
    """Messages from the buyer about this order.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Most buyers never write.
    """
    return messages.count(from_buyer)


def seller_messages(messages: Joined, from_seller: Truths) -> Floats:
    """Messages from the shop about this order.

    (n,) float64 in [0, inf), messages.
    Never missing.
    An answer given is half the trouble.
    """
    return messages.count(from_seller)


def buyer_messages_24h(as_of: Floats, messages: Joined, buyer_wrote_sent_at: Floats) -> Floats:
    """Messages from the buyer in the past 24 hours.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Chasing comes in bursts.
    """
    return messages.count(buyer_wrote_sent_at >= messages.spread(as_of - 24 * HOUR_US))


def unanswered_messages(messages: Joined, waits: Truths) -> Floats:
    """Messages from the buyer since the shop last answered.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Platforms count these by the hour.
    """
    return messages.count(waits)


def hours_unanswered(
    as_of: Floats, messages: Joined, buyer_wrote_sent_at: Floats, waits: Truths
) -> Floats:
    """Hours that the buyer's earliest unanswered message has waited.

    (n,) float64 in (-inf, inf), hours.
    Missing where no message waits.
    Past 24 hours the answer limit of Amazon and Taobao is broken.
    """
    earliest = least(messages, np.where(waits, buyer_wrote_sent_at, np.nan))
    return hours_between(earliest, as_of)


def hours_since_buyer_message(
    as_of: Floats, messages: Joined, buyer_wrote_sent_at: Floats
) -> Floats:
    """Hours since the buyer last wrote.

    (n,) float64 in (-inf, inf), hours.
    Missing where the buyer has not written.
    Anger cools, worry grows.
    """
    return hours_between(most(messages, buyer_wrote_sent_at), as_of)


def longest_answer_hours(
    messages: Joined, buyer_wrote_sent_at: Floats, seller_sent_at: Floats
) -> Floats:
    """Longest time the shop took from a buyer's message to its next one.

    (n,) float64 in [0, inf), hours.
    Missing where no buyer's message was followed by an answer.
    The buyer remembers the longest one.
    """
    hours = np.empty(len(messages))
    hours.fill(np.nan)
    hours[1:] = hours_between(buyer_wrote_sent_at[:-1], seller_sent_at[1:])
    hours[messages.starts] = np.nan  # the first message answers nobody
    return most(messages, hours)


def buyer_text_length(buyer_length_total: Floats) -> Floats:
    """Characters that the buyer wrote in all.

    (n,) float64 in [0, inf), characters.
    Missing where the buyer has not written.
    Long messages are written by the worried.
    """
    return buyer_length_total


def buyer_questions(buyer_questions_total: Floats) -> Floats:
    """Question marks in the buyer's messages.

    (n,) float64 in [0, inf), marks.
    Missing where the buyer has not written.
    A question not answered is asked again elsewhere.
    """
    return buyer_questions_total


def buyer_exclamations(buyer_exclamations_total: Floats) -> Floats:
    """Exclamation marks in the buyer's messages.

    (n,) float64 in [0, inf), marks.
    Missing where the buyer has not written.
    Feeling, of either kind.
    """
    return buyer_exclamations_total


def hours_to_first_message(
    placed_at: Floats, messages: Joined, buyer_wrote_sent_at: Floats
) -> Floats:
    """Hours from placing to the buyer's first message.

    (n,) float64 in (-inf, inf), hours.
    Missing where the buyer has not written.
    A message within the hour corrects something; days later it chases.
    """
    return hours_between(placed_at, least(messages, buyer_wrote_sent_at))
