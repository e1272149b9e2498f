"""The routes for machines that tell and ask: scores and events.

Knows nothing of what happens with a body; it checks the key, hands on bytes and gives back bytes.
Cookies are never looked at, so a browser's session cannot be borrowed.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from serving import wire
from serving.auth import Caller
from serving.service import Service

JSON = "application/json"


def json_response(body: bytes) -> Response:
    """Bytes of JSON as an answer."""
    return Response(body, content_type=JSON)


def caller(service: Service, scope: wire.Scope) -> Caller:
    """Whoever is asking, if the key they sent has the scope; a `Problem` otherwise."""
    return service.keys.caller(request.environ.get("HTTP_AUTHORIZATION"), scope)


def body() -> bytes:
    """The bytes of the request's body; raises where it is longer than `MAX_CONTENT_LENGTH`."""
    data = request.get_data(cache=False)
    most = request.max_content_length
    # A body that does not say its length is cut at the limit instead of refused.
    if most is not None and len(data) >= most and request.content_length is None:
        raise RequestEntityTooLarge
    return data


def blueprint(service: Service) -> Blueprint:
    """`POST /v1/score` and `POST /v1/<events>`."""
    api = Blueprint("api", __name__, url_prefix="/v1")

    @api.post("/score")
    def score() -> Response:
        who = caller(service, "score")
        return json_response(service.intake.score(who, body()))

    for table in wire.EVENTS:
        api.add_url_rule(f"/{table}", table, _events_view(service, table), methods=["POST"])
    return api


def _events_view(service: Service, table: str) -> Callable[[], Response]:
    def events() -> Response:
        who = caller(service, "events")
        return json_response(service.intake.events(who, table, body()))

    return events
