"""What is answered about an order that can no longer be helped: its last score, and no action.

Knows nothing of how that score came about.
"""

from __future__ import annotations

import msgspec

from serving.answers import Stage
from store import Score


def last_answer(score: Score, stage: Stage) -> bytes:
    """The answer as it was given, but for what can still be done."""
    answer = msgspec.json.decode(score.answer)
    answer |= {"flagged": False, "action": None, "stage": stage}
    return msgspec.json.encode(answer)
