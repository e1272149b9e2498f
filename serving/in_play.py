"""Which orders can still be helped at a moment: neither shipped nor cancelled, nor already ended.

Knows nothing of scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts import Facts
from features.schema import DAY_US
from serving.seen import Question
from store import Store

# Days since placing within which an unshipped order counts as open, the first that leaves at most
# `MOST` of them: an export's orders that never shipped would otherwise fill the list for ever.
WINDOWS_DAYS = (60, 30, 14, 7, 3, 1)
MOST = 5000  # orders in one list; some seconds of work


@dataclass(frozen=True, slots=True)
class InPlay:
    """The open orders of a moment, and the facts to filter them by."""

    questions: list[Question]
    platform_keys: list[int]


def in_play(store: Store, as_of: int, shop: str | None, *, keep: bool) -> InPlay:
    """Orders open at a moment (microseconds UTC), as questions about that moment."""
    keys = _open(store, as_of, shop)
    names = store.order_ids(keys.tolist())
    facts = store.neighbourhood(keys.tolist(), cap=1)
    ended = _ended(facts, as_of)
    orders = facts["orders"]
    platforms = dict(
        zip(orders["order_key"].tolist(), orders["platform_key"].tolist(), strict=True)
    )
    kept = [key for key in keys.tolist() if key not in ended]
    questions = [Question(*names[key], key, as_of, keep=keep) for key in kept]
    return InPlay(questions, [platforms[key] for key in kept])


def _open(store: Store, as_of: int, shop: str | None) -> npt.NDArray[np.int64]:
    shops = None if shop is None else [shop]
    for days in WINDOWS_DAYS:
        since = as_of - days * DAY_US
        keys = store.open_orders(as_of=as_of, placed_from=since, shops=shops)
        if len(keys) <= MOST:
            break
    return keys[:MOST]


def _ended(facts: Facts, as_of: int) -> set[int]:
    """Orders that were delivered to, or disputed, before the moment: they did ship."""
    tables = (facts["deliveries"], facts["outcomes"])
    return {key for rows in tables for key in rows["order_key"][rows["known_at"] < as_of].tolist()}
