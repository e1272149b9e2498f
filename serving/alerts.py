"""The routes of red alerts: list them, read one with its briefing, close it with a reason.

Knows nothing of what raises an alert. A key that is tied to a shop reaches only that shop's.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request

from features.schema import in_text
from outreach.alert_briefing import as_text, briefing
from outreach.alert_words import LANGUAGES, Language
from outreach.alerts import for_answer
from serving import arguments
from serving.alerts_body import (
    AlertAnswer,
    AlertsAnswer,
    AlertShown,
    ClosedAnswer,
    close_request,
    shown,
)
from serving.answers import encode
from serving.api import body, caller, json_response
from serving.auth import Caller
from serving.problems import FieldError, Problem, refused
from serving.service import Service
from store.alert_types import Alert, AlertClosed, AlertMissing, Closing, State

PAGE = 100  # alerts in a page where no limit is asked
SWEPT = 20_000  # rows of messages that one reading of the list looks through before it answers
STATES: tuple[State, ...] = ("open", "closed")


def blueprint(service: Service) -> Blueprint:
    """`GET /v1/alerts`, `GET /v1/alerts/{alert_id}` and `POST /v1/alerts/{alert_id}/close`."""
    routes = Blueprint("alerts", __name__, url_prefix="/v1/alerts")

    @routes.get("")
    def alerts() -> Response:
        who = caller(service, "read")
        arguments.known(request.args, ("shop", "state", "after", "limit"))
        return json_response(_page(service, who, request.args))

    @routes.get("/<alert_id>")
    def alert(alert_id: str) -> Response:
        who = caller(service, "read")
        arguments.known(request.args, ("lang",))
        language = _language(request.args)
        return json_response(_one(service, _found(service, who, alert_id), language))

    @routes.post("/<alert_id>/close")
    def close(alert_id: str) -> Response:
        who = caller(service, "events")
        return json_response(_closed(service, _found(service, who, alert_id), body()))

    return routes


def _page(service: Service, who: Caller, given: Mapping[str, str]) -> bytes:
    """A page of alerts; what nobody has looked at yet is looked at first."""
    shop = given.get("shop")
    shop = who.shop_of(shop, "?shop") if shop or who.tied_to else None
    state, after = _state(given), arguments.cursor(given)
    limit = arguments.limit(given, PAGE)
    service.watch.sweep(service.clock(), most=SWEPT)
    page = service.store.alerts(shop=shop, state=state, after=after, limit=limit)
    following = page[-1].seq if page else after
    return encode(AlertsAnswer([_shown(a) for a in page], arguments.cursor_in_text(following)))


def _state(given: Mapping[str, str]) -> State | None:
    asked = given.get("state")
    for state in STATES:
        if asked == state:
            return state
    if asked is None:
        return None
    got = f"text of {len(asked)} characters"
    raise refused([FieldError("?state", got, "one of " + ", ".join(STATES))])


def _language(given: Mapping[str, str]) -> Language:
    asked = given.get("lang", "en")
    for language in LANGUAGES:
        if asked == language:
            return language
    got = f"text of {len(asked)} characters"
    raise refused([FieldError("?lang", got, "one of " + ", ".join(LANGUAGES))])


def _found(service: Service, who: Caller, alert_id: str) -> Alert:
    """The alert, if the key reaches it; of another shop's not even that it is there is told."""
    try:
        alert = service.store.alert(alert_id)
    except AlertMissing:
        alert = None
    if alert is None or who.tied_to not in (None, alert.shop_id):
        raise Problem("not-found", "expected the id of an alert, got the id of none.")
    return alert


def _shown(alert: Alert) -> AlertShown:
    (told,) = for_answer([alert])
    return shown(alert, told, None if alert.closed_at is None else in_text(alert.closed_at))


def _one(service: Service, alert: Alert, language: Language) -> bytes:
    told = briefing(
        service.store,
        alert,
        read=service.watch.read,
        language=language,
        timezone=service.settings.shop.timezone,
    )
    return encode(AlertAnswer(_shown(alert), told, as_text(told, language)))


def _closed(service: Service, alert: Alert, sent: bytes) -> bytes:
    asked = close_request(sent)
    closing = Closing(asked.root_cause, asked.reason, asked.by, service.clock())
    try:
        closed = service.store.close_alert(alert.alert_id, closing)
    except AlertClosed as error:
        wrong = FieldError("", "an alert closed before in other words", "an open alert")
        raise Problem("invalid-request", str(error), [wrong]) from None
    return encode(ClosedAnswer(_shown(closed)))
