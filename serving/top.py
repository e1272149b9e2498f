"""The list of a day: the riskiest orders that can still be helped, as they rank now.

Knows nothing of HTTP. A stored answer keeps the band it was given; the list shows where the order
stands among all that were scored since.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import msgspec
from msgspec import Raw

from outreach.ranking import band, places_that_matter
from serving.seen import Question, Seen
from serving.service import Service
from store import Score


def top_of(
    service: Service, day: int, shop: str | None, platform: str | None, most: int
) -> list[Raw]:
    """At most `most` results of a UTC day, riskiest first; orders on their way are left out."""
    for times in count(2):
        wanted = times * most
        scores = service.store.latest_scores(day, shop, platform, wanted)
        open_ = _unshipped(service, scores)
        if len(open_) >= most or len(scores) < wanted:
            break
    places: dict[str, dict[int, int]] = {}
    for score in open_[:most]:
        if score.shop_id not in places:
            places[score.shop_id] = _places(service, score.shop_id, day)
    per_day = service.settings.outreach.per_day
    beyond = places_that_matter(per_day)
    return [
        _as_ranked(score, places[score.shop_id].get(score.order_key, beyond), per_day)
        for score in open_[:most]
    ]


def _unshipped(service: Service, scores: Sequence[Score]) -> list[Score]:
    if not scores:
        return []
    now = service.clock()
    asked = [Question(s.shop_id, s.order_id, s.order_key, now, keep=True) for s in scores]
    facts = service.store.neighbourhood([s.order_key for s in scores], cap=1)
    stages = Seen(facts, asked).stages
    return [s for s, stage in zip(scores, stages, strict=True) if stage == "unshipped"]


def _places(service: Service, shop_id: str, day: int) -> dict[int, int]:
    most = places_that_matter(service.settings.outreach.per_day)
    ranked = service.store.latest_scores(day, shop_id, None, most)
    return {score.order_key: place for place, score in enumerate(ranked)}


def _as_ranked(score: Score, place: int, per_day: int) -> Raw:
    answer = msgspec.json.decode(score.answer)
    answer |= {"band": band(place, per_day), "flagged": place < per_day}
    return Raw(msgspec.json.encode(answer))
