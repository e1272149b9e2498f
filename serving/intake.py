"""What happens on a POST: what was told is stored in one write, what was asked is scored.

Knows nothing of HTTP beyond bytes in and bytes out, and nothing of how a score comes about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.facts import key_of
from serving import parse, wire
from serving.answers import ScoreAnswer, StoredAnswer, encode
from serving.auth import Caller
from serving.checks import Found, Row, in_text
from serving.problems import FieldError, refused
from serving.remember import remember
from serving.scoring import Answer
from serving.seen import Question, Seen, refuse_unknown
from serving.service import Service

RESCORED = ("messages", "addresses")  # events that change what an unshipped order scores


def score(service: Service, caller: Caller, body: bytes) -> bytes:
    """The answer of `POST /v1/score`."""
    model = service.champion.loaded()  # before anything is stored: a refusal stores nothing
    now = service.clock()
    request = parse.score_request(body, parse.Arrival(now, caller.shop_of))
    most = service.settings.serving.max_orders
    if len(request.asked) > most:
        count = FieldError("orders", f"{len(request.asked)} of them", f"1 to {most} of them")
        raise refused([count])
    _refuse_strangers(service, request, now)
    as_of = _stored_until(service, request.told, now)
    given = service.scorer.answer([_asked(each, as_of) for each in request.asked], request.reasons)
    return encode(ScoreAnswer(_model_of(given) or model.name, [each.json for each in given]))


def events(service: Service, caller: Caller, table: str, body: bytes) -> bytes:
    """The answer of `POST /v1/<table>`."""
    now = service.clock()
    told = parse.event_rows(body, table, parse.Arrival(now, caller.shop_of))
    rows = told.rows[table]
    written = remember(service.store, told, now)
    counts = written.tables[table]
    questions = _touched(rows, max(service.clock(), written.last_known_at + 1))
    rescored = table in RESCORED and questions and service.champion.ready
    given = (
        service.scorer.answer(questions, len(questions) == 1 or "flagged", known_only=True)
        if rescored
        else []
    )
    return encode(
        StoredAnswer(
            stored=[_shown(table, row, now) for row in rows],
            received_at=in_text(now),
            inserted=counts.inserted,
            unchanged=counts.unchanged,
            model=_model_of(given),
            results=[each.json for each in given],
        )
    )


def _stored_until(service: Service, told: Found, now: int) -> int:
    """Store what was told; the moment just after all of it was known."""
    if not told.rows:
        return now
    written = remember(service.store, told, now)
    return max(service.clock(), written.last_known_at + 1)


def _refuse_strangers(service: Service, request: parse.ScoreRequest, now: int) -> None:
    """Refuse orders that are only asked about and not known, before others' rows are stored."""
    told = {(row["shop_id"], row["order_id"]) for row in request.told.rows.get("orders", ())}
    only_asked = [
        _asked(each, now)
        for each in request.asked
        if each.as_of is not None or (each.shop_id, each.order_id) not in told
    ]
    if only_asked and request.told.rows:
        facts = service.store.neighbourhood([each.order_key for each in only_asked], cap=1)
        refuse_unknown(only_asked, Seen(facts, only_asked))


def _asked(asked: parse.Asked, now: int) -> Question:
    keep = asked.as_of is None
    key = key_of("order", asked.shop_id, asked.order_id)
    as_of = now if asked.as_of is None else asked.as_of
    return Question(asked.shop_id, asked.order_id, key, as_of, keep, asked.path)


def _touched(rows: Sequence[Row], as_of: int) -> list[Question]:
    """Each order that the rows belong to, once."""
    named = {(row["shop_id"], row["order_id"]): None for row in rows if row.get("order_id")}
    return [
        Question(shop, order, key_of("order", shop, order), as_of, keep=True)
        for shop, order in named
    ]


def _model_of(answers: Sequence[Answer]) -> str | None:
    """The model that gave all the answers, if it was one."""
    names = {answer.model for answer in answers}
    return names.pop() if len(names) == 1 else None


def _shown(table: str, row: Row, received_at: int) -> dict[str, Any]:
    """A row as callers write it; a `known_at` that only means "when received" is left out."""
    times = wire.TIMES[table]
    shown = {n: in_text(v) if n in times and v is not None else v for n, v in row.items()}
    if row["known_at"] == received_at:
        del shown["known_at"]
    return shown
