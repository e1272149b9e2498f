"""The list of a day: the riskiest orders that can still be helped, riskiest first.

Knows nothing of HTTP. It is the list of `riskradar top`: every open order, scored. Today's orders
that nobody has asked about yet are scored when the list is read, and remembered; the list of a past
day is what could have been known at its end, and remembers nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Raw

from features.facts import key_of
from features.schema import DAY_US, SECOND_US
from outreach.ranking import band, places_that_matter
from serving.closed import open_alerts
from serving.in_play import in_play
from serving.remember import just_now
from serving.seen import Question, Seen
from serving.service import Service
from store import Score

SWEEP_EVERY_US = 10 * SECOND_US  # a page that reloads must not look through every order each time


def top_of(
    service: Service, day: int, shop: str | None, platform: str | None, most: int
) -> list[Raw]:
    """At most `most` results of a UTC day, riskiest first; none for a day to come."""
    today = service.clock() // DAY_US
    if day < today:
        return _of_the_past(service, day, shop, platform, most)
    if day == today and service.champion.ready:
        _score_the_rest(service, shop)
    return _of_today(service, day, shop, platform, most)


def _score_the_rest(service: Service, shop: str | None) -> None:
    """Score the open orders whose latest score is of an earlier day, or that have none."""
    if service.clock() < service.swept_at.get(shop, 0) + SWEEP_EVERY_US:
        return
    now = just_now(service.store, service.clock)
    service.swept_at[shop] = now
    asked = in_play(service.store, now, shop, keep=True).questions
    rest = [question for question in asked if not _scored_on(service, question, now // DAY_US)]
    if rest:
        service.scorer.answer(rest, known_only=True)


def _scored_on(service: Service, question: Question, day: int) -> bool:
    scores = service.store.scores_of(question.order_key)
    return bool(scores) and scores[-1].day >= day


def _of_today(
    service: Service, day: int, shop: str | None, platform: str | None, most: int
) -> list[Raw]:
    for times in count(2):
        wanted = times * most
        scores = service.store.latest_scores(day, shop, platform, wanted)
        open_ = _unshipped(service, scores)
        if len(open_) >= most or len(scores) < wanted:
            break
    listed = open_[:most]
    places = {shop_id: _places(service, shop_id, day) for shop_id in {s.shop_id for s in listed}}
    per_day = service.settings.outreach.per_day
    beyond = places_that_matter(per_day)
    alerts = open_alerts(service.store.open_alerts([score.order_key for score in listed]))
    return [
        _as_ranked(
            service,
            score,
            places[score.shop_id].get(score.order_key, beyond),
            alerts.get(score.order_key, ()),
        )
        for score in listed
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


def _as_ranked(service: Service, score: Score, place: int, alerts: Sequence[dict[str, Any]]) -> Raw:
    """A stored answer where it stands now: others may have been scored, alerts closed since."""
    per_day = service.settings.outreach.per_day
    answer = msgspec.json.decode(score.answer)
    answer |= {"band": band(place, per_day), "flagged": place < per_day, "alerts": alerts}
    if not answer["reasons"] and service.champion.ready:
        answer["reasons"] = service.scorer.reasons_of(score)
    return Raw(msgspec.json.encode(answer))


def _of_the_past(
    service: Service, day: int, shop: str | None, platform: str | None, most: int
) -> list[Raw]:
    found = in_play(service.store, (day + 1) * DAY_US, shop, keep=False)
    if not found.questions:
        return []
    answers = service.scorer.answer(found.questions)
    results: list[dict[str, Any]] = [
        msgspec.json.decode(answer.json)
        for answer, question, key in zip(answers, found.questions, found.platform_keys, strict=True)
        if platform in (None, "") or key == key_of("platform", question.shop_id, platform)
    ]
    results.sort(key=itemgetter("risk"), reverse=True)
    return [Raw(msgspec.json.encode(result)) for result in results[:most]]
