"""What answers say whatever the score: alerts that are open, and no action once it is too late.

Knows nothing of how that score came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from outreach.alerts import for_answer
from serving.answers import Stage
from store import Score
from store.alert_types import Alert

Alerts = dict[int, list[dict[str, Any]]]  # order_key → its open alerts, as answered


def open_alerts(found: Iterable[Alert]) -> Alerts:
    """Open alerts as the answers about their orders show them."""
    by_order: Alerts = {}
    for alert in found:
        if alert.order_key is not None:
            by_order.setdefault(alert.order_key, []).extend(for_answer([alert]))
    return by_order


def last_answer(score: Score, stage: Stage, alerts: Sequence[dict[str, Any]]) -> bytes:
    """The answer as it was given, but for what can still be done and the alerts open now."""
    answer = msgspec.json.decode(score.answer)
    answer |= {"flagged": False, "action": None, "stage": stage, "alerts": alerts}
    return msgspec.json.encode(answer)
