"""What is answered about an order that can no longer be helped: its last score, and no action.

Knows nothing of how that score came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from serving.answers import Stage
from store import Score


def last_answer(score: Score, stage: Stage, alerts: Sequence[dict[str, Any]]) -> bytes:
    """The answer as it was given, but for what can still be done and the alerts open now."""
    answer = msgspec.json.decode(score.answer)
    answer |= {"flagged": False, "action": None, "stage": stage, "alerts": alerts}
    return msgspec.json.encode(answer)
