"""Why a body was refused: every wrong place by its path, what came there, what was expected.

Knows nothing of stored orders. Slow on purpose: it runs only when the strict decoder has already
refused, and asks the same types about one field at a time.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import msgspec

from features.schema import TABLES, Column, Kind
from serving import wire
from serving.described import described, in_words, join
from serving.problems import MAX_ERRORS, FieldError, Problem, refused

# Columns that records carry beside those of their table.
_EXTRA = {
    "shop_id": Column("shop_id", Kind.TEXT, required=True),
    "known_at": Column("known_at", Kind.TIME, required=True),
    "as_of": Column("as_of", Kind.TIME, required=True),
}


def explain_score(body: bytes) -> NoReturn:
    """Raise the problem of a body that `POST /v1/score` refused."""
    value = read_json(body)
    if not isinstance(value, dict):
        wrong = FieldError("", described(value), 'one order, or {"orders": [...]}')
        raise refused([wrong])
    if "orders" not in value:
        raise refused(_told(_record(value, "orders", wire.OneOrder, "")))
    errors = _outside(value, {"orders", "reasons"}, "")
    errors += _reasons(value, "")
    errors += _list(value["orders"], "orders", wire.Order, "orders", least=1)
    raise refused(_told(errors))


def explain_events(body: bytes, table: str) -> NoReturn:
    """Raise the problem of a body that `POST /v1/<table>` refused."""
    value = read_json(body)
    struct = wire.EVENT_TYPES[table]
    if isinstance(value, list):
        raise refused(_told(_list(value, table, struct, "", least=1)))
    if isinstance(value, dict):
        raise refused(_told(_record(value, table, struct, "")))
    raise refused([FieldError("", described(value), "one record or an array of records")])


def _told(errors: list[FieldError]) -> list[FieldError]:
    # The decoder refused and the walk found nothing: only a limit of the decoder itself remains.
    return errors or [FieldError("", "a value out of range", "values as in /openapi.json")]


def _list(
    value: Any, table: str, struct: type[msgspec.Struct], path: str, *, least: int = 0
) -> list[FieldError]:
    if not isinstance(value, list):
        return [FieldError(path, described(value), "an array")]
    most = wire.MAX_INSIDE
    if not least <= len(value) <= most:
        return [FieldError(path, f"{len(value)} of them", f"{least} to {most} of them")]
    found: list[FieldError] = []
    for index, record in enumerate(value):
        found += _record(record, table, struct, f"{path}[{index}]")
        if len(found) >= MAX_ERRORS:
            break
    return found


def _record(value: Any, table: str, struct: type[msgspec.Struct], path: str) -> list[FieldError]:
    if not isinstance(value, dict):
        return [FieldError(path, described(value), "an object")]
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    found = _outside(value, set(fields), path)
    for name, field in fields.items():
        if name not in value:
            if field.required:
                column = TABLES[table].column(name)
                found.append(FieldError(join(path, name), "nothing", in_words(column)))
        elif name in wire.INSIDE:
            found += _list(value[name], name, wire.INSIDE_TYPES[name], join(path, name))
        elif name == "reasons":
            found += _reasons(value, path)
        else:
            found += _field(value[name], table, name, field.type, path)
    return found


def _field(value: Any, table: str, name: str, wanted: Any, path: str) -> list[FieldError]:
    column = _EXTRA.get(name) or TABLES[table].column(name)
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError as error:
        expected = in_words(column)
        if column.kind is Kind.MONEY and isinstance(value, int) and value > 0:
            expected += f" and at most {wire.MAX_WHOLE}"
        return [FieldError(join(path, name) + _key(error), described(value, column), expected)]
    return []


def _key(error: msgspec.ValidationError) -> str:
    # The decoder says `$[...]` for a value of an object whose keys are the caller's own.
    return "[...]" if "[...]" in str(error) else ""


def _outside(value: Mapping[str, Any], names: set[str], path: str) -> list[FieldError]:
    return [
        FieldError(join(path, name), "an unknown field", _instead(name, names))
        for name in value
        if name not in names
    ]


def _instead(name: str, names: set[str]) -> str:
    near = get_close_matches(name, names, n=1)
    if near:
        return f"a field of the contract; did you mean {near[0]}?"
    return "a field of the contract, as in /openapi.json"


def _reasons(value: Mapping[str, Any], path: str) -> list[FieldError]:
    asked = value.get("reasons", True)
    if asked == "flagged" or isinstance(asked, bool):
        return []
    return [FieldError(join(path, "reasons"), described(asked), '"flagged", true or false')]


def unknown_fields(
    sent: Mapping[str, Any], names: Sequence[str], path: str = ""
) -> list[FieldError]:
    """Fields of an object that none of the few names is, each with the nearest name."""
    found = []
    for name in sent:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            expected = f"one of {', '.join(names)}"
            instead = f"{expected}; did you mean {near[0]}?" if near else expected
            found.append(FieldError(join(path, name), "an unknown field", instead))
    return found


def read_json(body: bytes) -> Any:
    """The body as plain values; raises the `Problem` that says where it is no JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        got = f"the invalid byte 0x{body[error.start]:02x} at byte {error.start}"
        wrong = FieldError("", got, "UTF-8")
        raise Problem("malformed-json", f"expected UTF-8, got {got}.", [wrong]) from None
    try:
        return msgspec.json.decode(body)
    except RecursionError:
        raise Problem(
            "malformed-json", "expected at most a few levels, got deep nesting."
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(text, error) from None


def _malformed(text: str, error: Exception) -> Problem:
    constants: list[str] = []

    def constant(name: str) -> float:
        constants.append(name)
        return float(name.replace("Infinity", "inf"))

    try:
        loose = json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError):
        loose = None
    errors = [
        FieldError(path, name, "a JSON number; leave the field out where it is unknown")
        for path, name in _not_finite(loose, "")
    ]
    if constants and errors:
        first = errors[0]
        return Problem("malformed-json", f"{first.path}: {first.got} is not JSON.", errors)
    at = re.search(r"byte \d+", str(error))
    where = at.group() if at else "its end"
    return Problem(
        "malformed-json",
        f"expected JSON, got something else at {where}.",
        [FieldError("", f"malformed at {where}", "one JSON value")],
    )


def _not_finite(value: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        name = "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
        return [(path, name)]
    return [found for where, inner in _inner(value, path) for found in _not_finite(inner, where)]


def _inner(value: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(join(path, key), inner) for key, inner in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    return []


def refuse_nul(value: Any) -> None:
    """Raise the problem of texts that hold a NUL character, which databases cut texts at."""
    paths = _nul(value, "")
    if paths:
        expected = "text without NUL characters"
        raise refused([FieldError(path, "text with a NUL character", expected) for path in paths])


def _nul(value: Any, path: str) -> list[str]:
    if isinstance(value, str):
        return [path] if "\0" in value else []
    return [found for where, inner in _inner(value, path) for found in _nul(inner, where)]
