"""Conversations: who writes about what and when, from how the buyer feels to what went wrong.

Knows nothing of words: it plans topics and moments; simulate_texts.py finds the sentences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.schema import HOUR_US, OUTCOME_KINDS
from training.simulate_fates import Fates, Mood
from training.simulate_orders import Placed
from training.simulate_world import Flags, Floats, Ints, Rng

MINUTE_US = HOUR_US // 60
BUYER, SELLER, SYSTEM = range(3)  # positions in features.schema.SENDERS
TOPICS = (
    "small_talk",
    "thanks",
    "doubt",
    "delivery_instruction",
    "gift_deadline",
    "chasing",
    "anxiety",
    "absolute_demand",
    "anger",
    "cancel_wish",
    "address_change",
    "platform_threat",
    "legal_threat",
    "regulator_threat",
    "bad_review_threat",
    "refund_demand",
    "not_as_described",
    "broken",
    "safety_injury",
    "property_damage",
    "seller_answer",
    "seller_late_answer",
    "seller_proactive",
    "system",
)
NOTHING = -1
# What a buyer of each level writes first and, perhaps, in the same breath: topic → chance.
FIRST_TOPIC: tuple[dict[str, float], ...] = (
    {"chasing": 1.0},
    {"chasing": 0.75, "anxiety": 0.25},
    {"chasing": 0.55, "absolute_demand": 0.25, "anxiety": 0.2},
    {"chasing": 0.35, "anger": 0.4, "absolute_demand": 0.25},
)
SECOND_TOPIC: tuple[dict[str, float], ...] = (
    {"": 1.0},
    {"": 0.9, "anxiety": 0.1},
    {"": 0.35, "anxiety": 0.35, "absolute_demand": 0.2, "refund_demand": 0.1},
    {
        "platform_threat": 0.35,
        "bad_review_threat": 0.2,
        "refund_demand": 0.15,
        "anger": 0.16,
        "legal_threat": 0.07,
        "regulator_threat": 0.07,
    },
)
SHOWS_LESS = 0.08  # of dissatisfied buyers write as if one level calmer
CALM_CHASERS = 0.03  # of content buyers chase all the same
CHATTER_SHARES = {"small_talk": 0.13, "delivery_instruction": 0.08, "thanks": 0.03}
TELLS_CHANGE = 0.7  # of address changes come with a message
SYSTEM_SHARE = 0.20
CHASES_AGAIN = 0.5  # of the dissatisfied, when the parcel has not left after a day
LATE_ANSWERS = 0.75  # of unanswered buyers get an answer after all, a day later on average
WRITES_BEFORE_OUTCOME = 0.6  # of buyers whose parcel came and who then open something
AFTER_TOPICS = {
    "a_to_z_claim": ("platform_threat", "refund_demand"),
    "complaint": ("broken", "anger"),
    "return": ("not_as_described", "refund_demand"),
    "refund": ("broken", "refund_demand"),
    "negative_review": ("not_as_described", "bad_review_threat"),
}
HARM_SHARE = 0.02  # of complaints report a hazard or damage to something else


@dataclass(frozen=True)
class Notes:
    """m planned messages.

    Attributes:
        order: (m,) position of the order in the block.
        sent_at: (m,) us.
        sender: (m,) BUYER, SELLER or SYSTEM.
        topic, second: (m,) positions in TOPICS; `second` may be NOTHING.
        level: (m,) dissatisfaction of the buyer then, 0 to 3.
    """

    order: Ints
    sent_at: Ints
    sender: Ints
    topic: Ints
    second: Ints
    level: Ints


def draw_chatter(rng: Rng, placed: Placed) -> dict[str, Flags]:
    """Who writes about everyday things, whatever the mood."""
    count = len(placed.number)
    said = {topic: rng.random(count) < share for topic, share in CHATTER_SHARES.items()}
    said["address_change"] = (placed.changes > 0) & (rng.random(count) < TELLS_CHANGE)
    said["chasing"] = rng.random(count) < CALM_CHASERS
    return said


def plan(
    rng: Rng,
    placed: Placed,
    mood: Mood,
    fates: Fates,
    *,
    chatter: dict[str, Flags],
    contacted_at: dict[int, int],
) -> Notes:
    """Every message of the block, in order of time; `contacted_at` is position → us."""
    before = _before_decision(rng, placed, mood, chatter)
    parts = [
        before,
        _answers(rng, placed, mood, before),
        _chasing_on(rng, placed, mood, fates),
        _before_outcomes(rng, fates),
        _system(rng, placed),
        _contacts(contacted_at),
    ]
    joined = [
        np.concatenate([getattr(part, name) for part in parts]) for name in Notes.__annotations__
    ]
    sort = np.argsort(joined[1], kind="stable")
    return Notes(*(column[sort] for column in joined))


def _notes(
    order: Ints,
    sent_at: Ints,
    sender: int,
    topic: Ints | str,
    second: Ints | None = None,
    level: Ints | None = None,
) -> Notes:
    count = len(order)
    if isinstance(topic, str):
        topic = np.full(count, TOPICS.index(topic))
    return Notes(
        order=np.asarray(order, dtype=np.int64),
        sent_at=np.asarray(sent_at, dtype=np.int64),
        sender=np.full(count, sender),
        topic=topic,
        second=np.full(count, NOTHING) if second is None else second,
        level=np.zeros(count, dtype=np.int64) if level is None else level,
    )


def _within(rng: Rng, placed: Placed, order: Ints, low: float, high: float) -> Ints:
    """Moments between placing and the decision, as shares of that span."""
    span = placed.decide_at[order] - placed.placed_at[order]
    return placed.placed_at[order] + (rng.uniform(low, high, len(order)) * span).astype(np.int64)


def _pick(rng: Rng, chances: dict[str, float], count: int) -> Ints:
    codes = [TOPICS.index(topic) if topic else NOTHING for topic in chances]
    weights = np.array(list(chances.values()))
    return np.array(codes)[rng.choice(len(codes), count, p=weights / weights.sum())]


def _before_decision(rng: Rng, placed: Placed, mood: Mood, chatter: dict[str, Flags]) -> Notes:
    """What a buyer writes in the first hours, worse at every level."""
    count = len(placed.number)
    shown = mood.level - ((mood.level > 0) & (rng.random(count) < SHOWS_LESS))
    moody = (mood.level > 0) | chatter["chasing"]
    first, second = np.full(count, NOTHING), np.full(count, NOTHING)
    for level in range(4):
        here = np.flatnonzero(moody & (shown == level))
        first[here] = _pick(rng, FIRST_TOPIC[level], len(here))
        second[here] = _pick(rng, SECOND_TOPIC[level], len(here))
    order = np.flatnonzero(moody)
    parts = [
        _notes(
            order, _within(rng, placed, order, 0.3, 0.6), BUYER, first[order], level=shown[order]
        )
    ]
    order = np.flatnonzero(moody & (second != NOTHING))
    parts.append(
        _notes(
            order, _within(rng, placed, order, 0.6, 0.85), BUYER, second[order], level=shown[order]
        )
    )
    said = {
        **{topic: flags for topic, flags in chatter.items() if topic != "chasing"},
        "doubt": mood.doubt,
        "gift_deadline": mood.gift_deadline,
        "cancel_wish": mood.cancel_wish,
    }
    for topic, flags in said.items():
        order = np.flatnonzero(flags)
        low, high = (0.6, 0.85) if topic == "cancel_wish" else (0.01, 0.5)
        parts.append(_notes(order, _within(rng, placed, order, low, high), BUYER, topic))
    columns = [np.concatenate([getattr(p, name) for p in parts]) for name in Notes.__annotations__]
    return Notes(*columns)


def _answers(rng: Rng, placed: Placed, mood: Mood, before: Notes) -> Notes:
    """One answer to each buyer who wrote: before the decision, a day late, or never."""
    order = np.unique(before.order)
    last = np.zeros(len(placed.number), dtype=np.int64)
    np.maximum.at(last, before.order, before.sent_at)
    answered = mood.answered[order]
    soon = order[answered]
    gap = (rng.uniform(0.05, 0.9, len(soon)) * (placed.decide_at[soon] - last[soon])).astype(
        np.int64
    )
    early = _notes(soon, last[soon] + gap, SELLER, "seller_answer")
    slow = order[~answered & (rng.random(len(order)) < LATE_ANSWERS)]
    wait = MINUTE_US + (rng.exponential(20.0, len(slow)) * HOUR_US).astype(np.int64)
    late = _notes(slow, placed.decide_at[slow] + wait, SELLER, "seller_late_answer")
    columns = [
        np.concatenate([getattr(early, name), getattr(late, name)])
        for name in Notes.__annotations__
    ]
    return Notes(*columns)


def _chasing_on(rng: Rng, placed: Placed, mood: Mood, fates: Fates) -> Notes:
    """The dissatisfied chase again when a day has passed and nothing has left."""
    waiting = placed.ships_at > placed.decide_at + 6 * HOUR_US
    again = (mood.level > 0) & waiting & (fates.fate != 0)
    order = np.flatnonzero(again & (rng.random(len(again)) < CHASES_AGAIN))
    span = placed.ships_at[order] - placed.decide_at[order]
    sent_at = placed.decide_at[order] + (rng.uniform(0.2, 0.9, len(order)) * span).astype(np.int64)
    return _notes(order, sent_at, BUYER, "chasing", level=mood.level[order])


def _before_outcomes(rng: Rng, fates: Fates) -> Notes:
    """Buyers often say what is wrong in the days before they open something."""
    orders, sent, firsts, seconds = [], [], [], []
    for kind, (first, second) in AFTER_TOPICS.items():
        column = OUTCOME_KINDS.index(kind)
        order = np.flatnonzero(fates.happened[:, column])
        order = order[rng.random(len(order)) < WRITES_BEFORE_OUTCOME]
        room = fates.opened_at[order, column] - fates.arrived_at[order]
        share: Floats = rng.uniform(0.2, 0.95, len(order))
        orders.append(order)
        sent.append(fates.arrived_at[order] + (share * np.maximum(room, 0)).astype(np.int64))
        topic = np.full(len(order), TOPICS.index(first))
        if kind == "complaint":
            harm = rng.random(len(order)) < HARM_SHARE
            kinds = (TOPICS.index("safety_injury"), TOPICS.index("property_damage"))
            topic[harm] = rng.choice(kinds, int(harm.sum()))
        firsts.append(topic)
        seconds.append(np.full(len(order), TOPICS.index(second)))
    order = np.concatenate(orders)
    level = np.full(len(order), 2)
    return _notes(
        order, np.concatenate(sent), BUYER, np.concatenate(firsts), np.concatenate(seconds), level
    )


def _system(rng: Rng, placed: Placed) -> Notes:
    order = np.flatnonzero(rng.random(len(placed.number)) < SYSTEM_SHARE)
    return _notes(order, placed.placed_at[order] + MINUTE_US, SYSTEM, "system")


def _contacts(contacted_at: dict[int, int]) -> Notes:
    order = np.array(list(contacted_at), dtype=np.int64)
    sent_at = np.array(list(contacted_at.values()), dtype=np.int64)
    return _notes(order, sent_at, SELLER, "seller_proactive")
