"""`POST /v1/read`: what messages say, by the very reader that stored messages are read by.

Knows nothing of orders; nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from flask import Blueprint, Response
from msgspec import Meta, Struct

from features.schema import MAX_TEXT, SENDERS
from features.signals import Reading
from serving.api import body, caller, json_response
from serving.described import described, join
from serving.diagnosis import read_json, unknown_fields
from serving.problems import MAX_ERRORS, FieldError, refused
from serving.service import Service
from serving.wire import MAX_ORDERS

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
_Name = Annotated[str, Meta(max_length=200)]
_SAID = {
    "id": "text of up to 200 characters, or absent",
    "text": f"text of up to {MAX_TEXT} characters",
    "sender": f"one of {', '.join(SENDERS)}, or absent for the buyer",
    "shop_id": "text of up to 200 characters, or absent",
}


class ReadMessage(Struct, frozen=True, forbid_unknown_fields=True):
    """One message to read; a shop's own phrases are used where it is named."""

    text: Text
    id: _Name | None = None
    sender: Literal["buyer", "seller", "system"] | None = None
    shop_id: _Name | None = None


class SeenSignal(Struct, frozen=True):
    """A signal and the words that carry it: code points [start, end) of the text as sent."""

    signal: str
    start: int
    end: int
    text: str


class ReadAnswer(Struct, frozen=True):
    """What one message says; `lang` is zh, en, es, pt or und."""

    id: str | None
    lang: str
    signals: list[SeenSignal]


def blueprint(service: Service) -> Blueprint:
    """`POST /v1/read`."""
    routes = Blueprint("reading", __name__, url_prefix="/v1")

    @routes.post("/read")
    def read() -> Response:
        caller(service, "read")
        asked, many = read_request(body())
        readers = service.store.readers
        found = [
            answered(one, readers.of(one.shop_id or "").read(one.text, one.sender or "buyer"))
            for one in asked
        ]
        return json_response(msgspec.json.encode(found if many else found[0]))

    return routes


def answered(asked: ReadMessage, reading: Reading) -> ReadAnswer:
    """A reading as callers see it."""
    return ReadAnswer(asked.id, reading.lang, seen_in(asked.text, reading))


def seen_in(text: str, reading: Reading) -> list[SeenSignal]:
    """The signals of a text with their words."""
    return [SeenSignal(*found) for found in reading.quoted(text)]


def read_request(sent: bytes) -> tuple[list[ReadMessage], bool]:
    """The messages of a body, and whether it was an array; a `Problem` names each wrong field."""
    value = read_json(sent)
    many = isinstance(value, list)
    rows = value if many else [value]
    if not 1 <= len(rows) <= MAX_ORDERS:
        raise refused([FieldError("", f"{len(rows)} of them", f"1 to {MAX_ORDERS} of them")])
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        errors += _wrong(row, f"[{index}]" if many else "")
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise refused(errors)
    return msgspec.convert(rows, list[ReadMessage]), many


def _wrong(row: Any, path: str) -> list[FieldError]:
    if not isinstance(row, Mapping):
        return [FieldError(path, described(row), 'an object such as {"text": "..."}')]
    fields = {field.name: field for field in msgspec.structs.fields(ReadMessage)}
    found = unknown_fields(row, list(fields), path)
    for name, field in fields.items():
        if name not in row and field.required:
            found.append(FieldError(join(path, name), "nothing", _SAID[name]))
        elif name in row:
            try:
                msgspec.convert(row[name], field.type)
            except msgspec.ValidationError:
                found.append(FieldError(join(path, name), described(row[name]), _SAID[name]))
    return found
