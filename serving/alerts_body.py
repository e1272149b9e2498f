"""What callers read and send about alerts; `/openapi.json` is made from these types.

Knows nothing of how an alert comes about. Times are RFC 3339 text here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from outreach.alert_briefing import Briefing
from serving.described import described
from serving.diagnosis import read_json, refuse_nul, unknown_fields
from serving.problems import FieldError, refused
from store.alert_types import ROOT_CAUSES, Alert, RootCause

MAX_WORDS = 2_000  # characters of a reason; the rest belongs into the shop's own papers
_Words = Annotated[str, Meta(min_length=1, max_length=MAX_WORDS)]


class CloseAlert(Struct, frozen=True, forbid_unknown_fields=True):
    """What `POST /v1/alerts/{alert_id}/close` takes: why, in a word and in words, and by whom."""

    root_cause: RootCause
    reason: _Words
    by: _Words


class Closed(Struct, frozen=True):
    """How an alert was closed."""

    at: str
    by: str
    root_cause: str
    reason: str


class AlertShown(Struct, frozen=True):
    """One alert; `evidence` is the SHA-256 of its frozen file, null until it is frozen."""

    id: str
    shop_id: str
    order_id: str | None
    buyer_id: str | None
    code: str
    text: str
    state: Literal["open", "closed"]
    raised_at: str
    deadline: str
    role: str
    cause: dict[str, Any]
    closed: Closed | None
    evidence: str | None


class AlertsAnswer(Struct, frozen=True):
    """A page of alerts in the order they were raised; `next` is where to go on, always."""

    alerts: list[AlertShown]
    next: str


class AlertAnswer(Struct, frozen=True):
    """One alert with its briefing, in parts and as text to be passed on."""

    alert: AlertShown
    briefing: Briefing
    text: str


class ClosedAnswer(Struct, frozen=True):
    """The alert as it was closed."""

    alert: AlertShown


def shown(alert: Alert, told: Mapping[str, Any], closed_at: str | None) -> AlertShown:
    """An alert as callers read it; `told` is what a score's answer says of it."""
    closed = None
    if closed_at is not None:
        words = (alert.closed_by or "", alert.root_cause or "", alert.reason or "")
        closed = Closed(closed_at, *words)
    return AlertShown(
        shop_id=alert.shop_id,
        order_id=alert.order_id,
        buyer_id=alert.buyer_id,
        closed=closed,
        evidence=alert.evidence,
        **told,
    )


def close_request(body: bytes) -> CloseAlert:
    """The body of a closing; raises the `Problem` that names each wrong field."""
    sent = read_json(body)
    if not isinstance(sent, dict):
        raise refused([FieldError("", described(sent), "an object")])
    names = [field.name for field in msgspec.structs.fields(CloseAlert)]
    errors = [*unknown_fields(sent, names), *_wrong(sent)]
    if errors:
        raise refused(errors)
    refuse_nul(sent)
    return msgspec.convert(sent, CloseAlert)


def _wrong(sent: Mapping[str, Any]) -> list[FieldError]:
    expected = {
        "root_cause": "one of " + ", ".join(ROOT_CAUSES),
        "reason": f"text of 1 to {MAX_WORDS} characters",
        "by": "the name of whoever closes it",
    }
    found = []
    for name, what in expected.items():
        value = sent.get(name)
        right = isinstance(value, str) and len(value.strip()) > 0 and len(value) <= MAX_WORDS
        if not right or (name == "root_cause" and value not in ROOT_CAUSES):
            got = described(value) if name in sent else "nothing"
            found.append(FieldError(name, got, what))
    return found
