"""Which orders of a day come first, and how an order's place in the day becomes a band.

Knows nothing of where scores are kept. Until costs and effects decide (expected saving), the order
is by `risk` alone. The one dial is *outreach per day*: the team can contact `per_day` orders, so
those are `high` and flagged; three times as many again are `elevated`, the ones that would follow
if the team grew or the day turned; the rest is `low`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

ELEVATED_TIMES = 4  # places up to this many times the team's capacity are `elevated`

Band = Literal["high", "elevated", "low"]


def places(risks: npt.ArrayLike, others: npt.ArrayLike = ()) -> npt.NDArray[np.int64]:
    """The place in its day of each new score, 0 being the riskiest.

    `risks` (n,) are the new scores of one shop and day in [0, 1]; `others` (m,), in any order, the
    latest scores of that day's other orders, of which only the highest need be given. No two new
    scores share a place: among equals, whoever was there first comes first, so that no more than
    `per_day` orders are ever flagged.

    >>> places([0.2, 0.9, 0.2], others=[0.5, 0.2]).tolist()
    [3, 0, 4]
    """
    new = np.asarray(risks, np.float64)
    standing = np.sort(np.asarray(others, np.float64))
    among_new = np.empty(len(new), np.int64)
    among_new[np.argsort(-new, kind="stable")] = np.arange(len(new))
    return among_new + len(standing) - np.searchsorted(standing, new, side="left")


def band(place: int, per_day: int) -> Band:
    """The band of a place, where the team contacts `per_day` orders.

    >>> [band(place, per_day=50) for place in (0, 49, 50, 199, 200)]
    ['high', 'high', 'elevated', 'elevated', 'low']
    """
    if place < per_day:
        return "high"
    return "elevated" if place < places_that_matter(per_day) else "low"


def places_that_matter(per_day: int) -> int:
    """How many of the day's highest scores decide every band."""
    return ELEVATED_TIMES * per_day
