"""`GET /openapi.json`: the contract for machines, made from the very types that decode and encode.

Knows nothing of how an answer comes about. A test compares its paths with the app's routes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from serving import alerts_body, answers, reading, wire
from serving.problems import ProblemBody

_REF = "#/components/schemas/{name}"


@dataclass(frozen=True)
class Operation:
    """One path and method: what it does, who may, what it takes and gives."""

    method: str
    path: str
    summary: str
    scope: str | None
    takes: tuple[type[Any], ...] = ()
    gives: type[Any] | None = None
    asks: tuple[tuple[str, str], ...] = ()  # query parameters: name and description
    list_too: bool = False  # an array of what it takes is taken as well


def _events() -> list[Operation]:
    said = {
        "messages": "Store messages; an unshipped order is scored again.",
        "addresses": "Store addresses; an unshipped order is scored again.",
        "outcomes": "Store outcomes: what orders ended in.",
        "deliveries": "Store delivery attempts.",
        "outreach": "Store who was contacted, or held out, and how.",
    }
    return [
        Operation(
            "post",
            f"/v1/{table}",
            summary,
            "events",
            takes=(wire.EVENT_TYPES[table],),
            gives=answers.StoredAnswer,
            list_too=True,
        )
        for table, summary in said.items()
    ]


_LIMIT = ("limit", "At most this many, 1 to 1000.")
_SHOP = ("shop", "Only this shop; a key tied to a shop reaches only that.")
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "post",
        "/v1/score",
        "Store what is told of one order or up to 1000, and score them.",
        "score",
        takes=(wire.OneOrder, wire.ManyOrders),
        gives=answers.ScoreAnswer,
    ),
    *_events(),
    Operation(
        "get",
        "/v1/scores",
        "Every score in the order it was made, to resume from a cursor.",
        "read",
        gives=answers.ScoresAnswer,
        asks=(("after", "The `next` of the page before; absent for the first."), _LIMIT),
    ),
    Operation(
        "get",
        "/v1/top",
        "The riskiest orders of a day, riskiest first.",
        "read",
        gives=answers.TopAnswer,
        asks=(
            ("day", "UTC day as 2026-01-31; today where absent."),
            _SHOP,
            ("platform", "Only orders of this platform."),
            _LIMIT,
        ),
    ),
    Operation(
        "get",
        "/v1/orders/{order_id}",
        "All that is remembered of an order: timeline, scores, reasons.",
        "read",
        gives=answers.OrderAnswer,
        asks=(_SHOP,),
    ),
    Operation(
        "get",
        "/v1/alerts",
        "Red alerts in the order they were raised, to resume from a cursor.",
        "read",
        gives=alerts_body.AlertsAnswer,
        asks=(
            _SHOP,
            ("state", "`open` or `closed`; both where absent."),
            ("after", "The `next` of the page before; absent for the first."),
            _LIMIT,
        ),
    ),
    Operation(
        "get",
        "/v1/alerts/{alert_id}",
        "One red alert with its briefing.",
        "read",
        gives=alerts_body.AlertAnswer,
        asks=(("lang", "Language of the briefing, `en` or `zh`; `en` where absent."),),
    ),
    Operation(
        "post",
        "/v1/alerts/{alert_id}/close",
        "Close a red alert, with its root cause, a reason and a name.",
        "events",
        takes=(alerts_body.CloseAlert,),
        gives=alerts_body.ClosedAnswer,
    ),
    Operation(
        "post",
        "/v1/read",
        "What messages say: their signals, with the words that carry them; nothing is stored.",
        "read",
        takes=(reading.ReadMessage,),
        gives=reading.ReadAnswer,
        list_too=True,
    ),
    Operation("get", "/healthz", "Whether the process is alive.", None),
    Operation(
        "get", "/readyz", "Whether it can score, each dependency by name.", None,
        gives=answers.ReadyAnswer,
    ),
    Operation("get", "/metrics", "Prometheus metrics over all workers.", None),
    Operation("get", "/openapi.json", "This document.", None),
)  # fmt: skip


@lru_cache(maxsize=1)
def document() -> bytes:
    """The OpenAPI 3.1 document as JSON bytes."""
    kinds = {kind for each in OPERATIONS for kind in (*each.takes, each.gives) if kind}
    kinds |= {ProblemBody, answers.Result}
    ranked = sorted(kinds, key=lambda kind: kind.__name__)
    _, schemas = msgspec.json.schema_components(ranked, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "riskradar", "version": "1", "summary": "Scores orders by risk."},
            "paths": paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _described(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {
            "200": {"description": "Done.", **_content(_one(operation.gives))},
            "default": {
                "description": "A problem, as RFC 9457 says them.",
                **_content(_one(ProblemBody), "application/problem+json"),
            },
        },
    }
    if operation.scope:
        told["security"] = [{"key": []}]
        told["description"] = f"Needs a key with the scope `{operation.scope}`."
    if operation.takes:
        told["requestBody"] = {"required": True, **_content(_body(operation))}
    if operation.asks or "{" in operation.path:
        told["parameters"] = _parameters(operation)
    return told


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    inside = [
        {"name": name, "in": "path", "required": True, "schema": text}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    asked = [
        {"name": name, "in": "query", "required": False, "description": said, "schema": text}
        for name, said in operation.asks
    ]
    return inside + asked


def _one(kind: type[Any] | None) -> dict[str, Any] | None:
    return None if kind is None else {"$ref": _REF.format(name=kind.__name__)}


def _body(operation: Operation) -> dict[str, Any]:
    forms = [{"$ref": _REF.format(name=kind.__name__)} for kind in operation.takes]
    if operation.list_too:
        most = wire.MAX_ORDERS
        forms.append({"type": "array", "items": forms[0], "minItems": 1, "maxItems": most})  # type: ignore[dict-item]  # JSON has no one type
    return {"oneOf": forms} if len(forms) > 1 else dict(forms[0])


def _content(schema: dict[str, Any] | None, kind: str = "application/json") -> dict[str, Any]:
    return {} if schema is None else {"content": {kind: {"schema": schema}}}
