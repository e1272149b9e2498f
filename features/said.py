"""Features of what the buyer's messages about the order say: signals, growth, what was asked.

Knows nothing of phrases or languages; `features.signals` reads them, once, on arrival.
"""

from __future__ import annotations

import numpy as np

from features.basket import least, most
from features.cut import Floats, Ints, Joined
from features.facts import NONE
from features.joined import Truths
from features.order import hours_between
from features.schema import HOUR_US


def absolute_demands(hit_counts_absolute_demand: Floats) -> Floats:
    """Messages in which the buyer makes a time or condition non-negotiable.

    (n,) float64 in [0, inf), messages.
    Never missing.
    What is promised to such a buyer and missed by an hour is a claim; one of the four radar signs.
    """
    return hit_counts_absolute_demand


def chasing_messages(hit_counts_chasing: Floats) -> Floats:
    """Messages that ask how far the order has got.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Chasing before shipment is one of the four radar signs.
    """
    return hit_counts_chasing


def anxious_messages(hit_counts_anxiety: Floats) -> Floats:
    """Messages that voice worry or distrust.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Worry that nobody answers becomes a claim; one of the four radar signs.
    """
    return hit_counts_anxiety


def angry_messages(hit_counts_anger: Floats) -> Floats:
    """Messages that voice outrage, insult or contempt.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Anger before shipment is rarely about this parcel alone.
    """
    return hit_counts_anger


def red_messages(messages: Joined, in_red: Truths) -> Floats:
    """Messages with a threat of law, authority or platform, an injury or damage.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Red alerts stand above the model; it may learn from them all the same.
    """
    return messages.count(in_red)


def platform_threats(hit_counts_platform_threat: Floats) -> Floats:
    """Messages that speak of a claim or dispute as a step against the shop.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Buyers who name the step know where its button is.
    """
    return hit_counts_platform_threat


def review_threats(hit_counts_bad_review_threat: Floats) -> Floats:
    """Messages that announce a bad review or public exposure.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Announced reviews are written.
    """
    return hit_counts_bad_review_threat


def cancel_wishes(hit_counts_cancel_wish: Floats) -> Floats:
    """Messages that want the order stopped.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Shipped against the buyer's wish, a parcel is refused at the door.
    """
    return hit_counts_cancel_wish


def address_change_wishes(hit_counts_address_change: Floats) -> Floats:
    """Messages that want another address, recipient or phone.

    (n,) float64 in [0, inf), messages.
    Never missing.
    A wish that nobody carried out is a failed delivery.
    """
    return hit_counts_address_change


def refund_demands(hit_counts_refund_demand: Floats) -> Floats:
    """Messages that want money back or ask after it.

    (n,) float64 in [0, inf), messages.
    Never missing.
    Money asked for before shipment is rarely about this order alone.
    """
    return hit_counts_refund_demand


def product_questions(hit_counts_expectation_gap: Floats) -> Floats:
    """Messages that ask whether the product is or does something specific.

    (n,) float64 in [0, inf), messages.
    Never missing.
    What is asked before shipment is claimed as not described after it.
    """
    return hit_counts_expectation_gap


def gift_deadlines(hit_counts_gift_deadline: Floats) -> Floats:
    """Messages that name the day or event that the goods are needed for.

    (n,) float64 in [0, inf), messages.
    Never missing.
    A birthday cannot be moved.
    """
    return hit_counts_gift_deadline


def delivery_instructions(hit_counts_delivery_instruction: Floats) -> Floats:
    """Messages that say how the parcel is to be sent or handed over.

    (n,) float64 in [0, inf), messages.
    Never missing.
    An instruction not followed is a parcel not received.
    """
    return hit_counts_delivery_instruction


def troubled_message_share(messages: Joined, in_trouble: Truths, buyer_count: Floats) -> Floats:
    """Share of the buyer's messages that carry a signal of trouble.

    (n,) float64 in [0, 1], share.
    Missing where the buyer has not written.
    Two worried messages of two weigh more than two of twenty.
    """
    return messages.count(in_trouble) / np.where(buyer_count > 0, buyer_count, np.nan)


def hours_to_first_trouble(
    placed_at: Floats, messages: Joined, message_sent_at: Floats, in_trouble: Truths
) -> Floats:
    """Hours from placing to the first message with a signal of trouble.

    (n,) float64 in (-inf, inf), hours.
    Missing where no message carries one.
    Trouble within the hour is another kind than trouble after a week's silence.
    """
    return hours_between(placed_at, least(messages, np.where(in_trouble, message_sent_at, np.nan)))


def hours_since_trouble(
    as_of: Floats, messages: Joined, message_sent_at: Floats, in_trouble: Truths
) -> Floats:
    """Hours since the last message with a signal of trouble.

    (n,) float64 in (-inf, inf), hours.
    Missing where no message carries one.
    What was said a minute ago is still open.
    """
    return hours_between(most(messages, np.where(in_trouble, message_sent_at, np.nan)), as_of)


def anxiety_growth(growth_anxiety: Floats) -> Floats:
    """How much more of the last third of the buyer's messages are anxious than of the first.

    (n,) float64 in [-1, 1], share.
    Missing where the buyer wrote fewer than three.
    A conversation that worsens ends in a dispute.
    """
    return growth_anxiety


def anger_growth(growth_anger: Floats) -> Floats:
    """How much more of the last third of the buyer's messages are angry than of the first.

    (n,) float64 in [-1, 1], share.
    Missing where the buyer wrote fewer than three.
    A conversation that worsens ends in a dispute.
    """
    return growth_anger


def chases_after_answer(messages: Joined, chased_again: Truths) -> Floats:
    """Messages that chase again after the shop has answered a chase.

    (n,) float64 in [0, inf), messages.
    Never missing.
    The answer did not help, which is worse than none.
    """
    return messages.count(chased_again)


def seller_silence_hours(messages: Joined, seller_silence_us: Floats) -> Floats:
    """Longest time that a message of the buyer waited for the shop, or waits still.

    (n,) float64 in (-inf, inf), hours.
    Missing where the buyer has not written.
    The buyer remembers the longest one.
    """
    return most(messages, seller_silence_us) / HOUR_US


def shouting_share(messages: Joined, said_letters: Ints, said_capitals: Ints) -> Floats:
    """Share of capitals among the letters that the buyer wrote in scripts that have them.

    (n,) float64 in [0, 1], share.
    Missing where the buyer wrote no such letter.
    People shout in capitals.
    """
    letters = messages.reduced(np.add, said_letters, 0).astype(np.float64)
    capitals = messages.reduced(np.add, said_capitals, 0)
    return capitals / np.where(letters > 0, letters, np.nan)


def language_switches(messages: Joined, switches: Truths) -> Floats:
    """Times that the buyer went on in another language.

    (n,) float64 in [0, inf), times.
    Never missing.
    A buyer who tries another language was not understood in the first.
    """
    return messages.count(switches)


def attributes_not_listed(attributes_asked: Ints, attributes_listed: Ints) -> Floats:
    """Attributes of the product that the buyer asked about and the listing does not mention.

    (n,) float64 in [0, inf), attributes.
    Missing where the listing's text is unknown.
    What the listing lacks is expected all the same (fast charging of a power bank).
    """
    lacking = np.bitwise_count(attributes_asked & ~attributes_listed).astype(np.float64)
    return np.where(attributes_listed == NONE, np.nan, lacking)
