"""From the bytes of a request to rows of our tables: strict types, whole times, no doubt left.

Knows nothing of what the store already holds; `checks` says what the rows must satisfy together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from serving import checks, diagnosis, wire

Row = dict[str, Any]
_AS_THEY_ARE = (datetime,)
_decode_one = msgspec.json.Decoder(wire.OneOrder).decode
_decode_many = msgspec.json.Decoder(wire.ManyOrders).decode
_decode_event = {t: msgspec.json.Decoder(wire.EVENT_TYPES[t]).decode for t in wire.EVENTS}
_decode_events = {
    t: msgspec.json.Decoder(wire.list_of(wire.EVENT_TYPES[t], least=1)).decode for t in wire.EVENTS
}
_REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Asked:
    """One order that a caller wants scored: who, as of when (None: just after what was told)."""

    shop_id: str
    order_id: str
    as_of: int | None
    path: str  # where it stood in the request, for what is found out later


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """What `POST /v1/score` was told (rows of any tables) and asked (orders, in their order)."""

    asked: tuple[Asked, ...]
    reasons: wire.Reasons
    told: checks.Found
    received_at: int  # microseconds UTC


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and for whom a request came in: what an absent `known_at` or `shop_id` means."""

    received_at: int  # microseconds UTC
    shop_of: Callable[[str | None, str], str]  # (shop_id sent, path) → shop_id, or a Problem


def score_request(body: bytes, arrival: Arrival) -> ScoreRequest:
    """Rows and questions of a body of `POST /v1/score`; raises a `Problem` naming each path."""
    # `"orders"` with its quotes cannot stand inside a JSON text, so one search of the bytes tells
    # the forms apart, save for a value that is exactly "orders", which the second try settles.
    many = b'"orders"' in body
    sent: Any
    try:
        sent = (_decode_many if many else _decode_one)(body)
    except _REFUSALS:
        sent = _second_try(body) if many else None
        if sent is None:
            diagnosis.explain_score(body)
    whole: Row = msgspec.to_builtins(sent, builtin_types=_AS_THEY_ARE)
    _no_nul(body, whole)
    reasons = whole.pop("reasons", None)
    if "orders" not in whole:
        return _gathered([whole], [""], True if reasons is None else reasons, arrival)
    orders = whole["orders"]
    paths = [f"orders[{index}]" for index in range(len(orders))]
    return _gathered(orders, paths, "flagged" if reasons is None else reasons, arrival)


def _second_try(body: bytes) -> Any:
    try:
        return _decode_one(body)
    except _REFUSALS:
        return None


def event_rows(body: bytes, table: str, arrival: Arrival) -> checks.Found:
    """Rows of a body of `POST /v1/<table>`, one record or an array; raises a `Problem`."""
    many = body.lstrip()[:1] == b"["
    try:
        sent = (_decode_events if many else _decode_event)[table](body)
    except _REFUSALS:
        diagnosis.explain_events(body, table)
    plain = msgspec.to_builtins(sent, builtin_types=_AS_THEY_ARE)
    _no_nul(body, plain)
    rows: list[Row] = plain if many else [plain]
    found = checks.Found()
    for index, row in enumerate(rows):
        path = f"[{index}]" if many else ""
        row["shop_id"] = arrival.shop_of(row.get("shop_id"), path)
        _stamp(row, table, path, found)
        found.keep(table, row, path)
    found.check(arrival.received_at)
    return found


def _no_nul(body: bytes, value: Any) -> None:
    if b"\\u0000" in body:
        diagnosis.refuse_nul(value)


def _gathered(
    orders: list[Row], paths: list[str], reasons: wire.Reasons, arrival: Arrival
) -> ScoreRequest:
    found = checks.Found()
    asked = [_order(order, path, found, arrival) for order, path in zip(orders, paths, strict=True)]
    checks.no_order_twice(asked, found)
    found.check(arrival.received_at)
    return ScoreRequest(tuple(asked), reasons, found, arrival.received_at)


def _order(order: Row, path: str, found: checks.Found, arrival: Arrival) -> Asked:
    """Keep what one order tells in `found`, and answer what is asked about it."""
    order["shop_id"] = shop_id = arrival.shop_of(order.get("shop_id"), path)
    inside = {table: order.pop(table) for table in wire.INSIDE if table in order}
    as_of = found.time(order.pop("as_of", None), path, "as_of")
    asked = Asked(shop_id, order["order_id"], as_of, path)
    if as_of is not None:  # a question only: nothing of it is kept
        found.past(as_of, arrival.received_at, path, "as_of")
        return asked
    says_something = len(order) > 2  # more than shop_id and order_id
    _stamp(order, "orders", path, found)
    if says_something:
        found.keep("orders", order, path)
    for table, rows in inside.items():
        for index, row in enumerate(rows):
            _inside(
                row,
                table,
                f"{path}.{table}[{index}]" if path else f"{table}[{index}]",
                order,
                found,
            )
    return asked


def _inside(row: Row, table: str, path: str, order: Row, found: checks.Found) -> None:
    if row.get("order_id") is None:
        row["order_id"] = order["order_id"]
    elif row["order_id"] != order["order_id"]:
        found.wrong(path, "order_id", "the id of another order", "the id of the order it is in")
    row["shop_id"] = order["shop_id"]
    _stamp(row, table, path, found)
    if "known_at" in order:
        row.setdefault("known_at", order["known_at"])
    found.keep(table, row, path)


def _stamp(row: Row, table: str, path: str, found: checks.Found) -> None:
    """Turn the times of a row into microseconds; without `known_at` the store stamps it."""
    for name in wire.TIMES[table]:
        moment = row.get(name)
        if moment is not None:
            row[name] = found.time(moment, path, name)
