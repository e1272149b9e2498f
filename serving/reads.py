"""The routes for machines that read: every score, the list of a day, all about one order.

Knows nothing of how scores come about. A key that is tied to a shop reads only that shop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response, request
from msgspec import Raw

from features.addresses import Defect, defects
from features.facts import key_of
from features.schema import in_text
from serving import arguments
from serving.answers import OrderAnswer, ScoreLine, ScoresAnswer, TopAnswer, encode
from serving.api import caller, json_response
from serving.auth import Caller
from serving.problems import Problem
from serving.reading import seen_in
from serving.service import Service
from serving.top import top_of
from serving.wire import TIMES
from store import Record, Score

PAGE = 100  # scores in a page where no limit is asked
PAGES_AT_ONCE = 50  # pages that one request reads on, for a key whose shop they do not belong to


def blueprint(service: Service) -> Blueprint:
    """`GET /v1/scores`, `GET /v1/top` and `GET /v1/orders/{order_id}`."""
    reads = Blueprint("reads", __name__, url_prefix="/v1")

    @reads.get("/scores")
    def scores() -> Response:
        who = caller(service, "read")
        arguments.known(request.args, ("after", "limit"))
        after, limit = arguments.cursor(request.args), arguments.limit(request.args, PAGE)
        return json_response(scores_page(service, who, after, limit))

    @reads.get("/top")
    def top() -> Response:
        who = caller(service, "read")
        arguments.known(request.args, ("day", "shop", "platform", "limit"))
        day = arguments.day(request.args, service.clock())
        shop = request.args.get("shop")
        shop = who.shop_of(shop, "?shop") if shop or who.tied_to else None
        most = arguments.limit(request.args, service.settings.outreach.per_day)
        found = top_of(service, day, shop, request.args.get("platform"), most)
        return json_response(encode(TopAnswer(arguments.day_in_text(day), found)))

    @reads.get("/orders/<path:order_id>")
    def order(order_id: str) -> Response:
        who = caller(service, "read")
        arguments.known(request.args, ("shop",))
        shop_id = who.shop_of(request.args.get("shop"), "?shop")
        return json_response(all_about(service, shop_id, order_id))

    return reads


def scores_page(service: Service, who: Caller, after: int, limit: int) -> bytes:
    """The scores after a place, in the order in which they were committed."""
    found: list[ScoreLine] = []
    for _ in range(PAGES_AT_ONCE):
        page = service.store.scores_after(after, limit)
        for score in page:
            after = score.seq
            if who.tied_to in (None, score.shop_id):
                found.append(_line(score))
            if len(found) == limit:
                break
        if len(found) == limit or len(page) < limit:
            break
    return encode(ScoresAnswer(found, arguments.cursor_in_text(after)))


def _line(score: Score) -> ScoreLine:
    cursor = arguments.cursor_in_text(score.seq)
    return ScoreLine(cursor, in_text(score.scored_at), Raw(score.answer))


def all_about(service: Service, shop_id: str, order_id: str) -> bytes:
    """Timeline, scores and reasons of one order; a `Problem` where nothing is known of it."""
    records = service.store.timeline(shop_id, order_id)
    if not records:
        raise Problem("not-found", "expected an order told before, got the id of none.")
    scores = service.store.scores_of(key_of("order", shop_id, order_id))
    return encode(
        OrderAnswer(
            order_id=order_id,
            shop_id=shop_id,
            timeline=[_told(record) | _seen(service, shop_id, record) for record in records],
            scores=[Raw(score.answer) for score in scores],
            reasons=_reasons(service, scores[-1]) if scores else Raw(b"[]"),
        )
    )


def _told(record: Record) -> dict[str, Any]:
    times = TIMES[record.table]
    values = {
        name: in_text(value) if name in times else value
        for name, value in record.values.items()
        if value is not None
    }
    known_at, received_at = in_text(record.known_at), in_text(record.received_at)
    return {"table": record.table, "known_at": known_at, "received_at": received_at, **values}


def _seen(service: Service, shop_id: str, record: Record) -> dict[str, Any]:
    """What we see in a record's words: signals of a message, defects of an address, each in place.

    All defects: people may see those too that no model learns from.
    """
    values = record.values
    if record.table == "messages" and values.get("text"):
        read = service.store.readers.of(shop_id).read(values["text"], values.get("sender") or "")
        return {"signals": seen_in(values["text"], read)}
    if record.table == "addresses":
        return {"defects": [_defect(values, found) for found in defects(values)]}
    return {}


def _defect(values: Mapping[str, Any], found: Defect) -> dict[str, Any]:
    part = str(values.get(found.field) or "")[found.start : found.end]
    return {
        "code": found.code,
        "field": found.field,
        "start": found.start,
        "end": found.end,
        "text": part,
    }


def _reasons(service: Service, last: Score) -> Raw:
    """The reasons of the last score: as answered, or worked out now if its model still serves."""
    answered = msgspec.json.decode(last.answer)["reasons"]
    if not answered and service.champion.ready:
        answered = service.scorer.reasons_of(last)
    return Raw(msgspec.json.encode(answered))
