"""A value and a column in words, for answers about bad input, without a customer's words.

Knows nothing of requests. Only numbers, times, currency codes, choices and field names are shown,
shortened to `SHOWN` characters; of anything else the kind and the size.
"""

from __future__ import annotations

import json
import re
from typing import Any

from features.schema import MAX_TEXT, Column, Kind

SHOWN = 40  # characters of a value that an answer may repeat
_NUMBER_OR_TIME = re.compile(r"[0-9TZtz:.,+\- eE]{1,40}")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_CURRENCY = re.compile(r"[A-Za-z]{1,8}")

TIME_EXPECTED = "an RFC 3339 time with an offset, such as 2026-01-31T09:30:00Z"
CURRENCY_EXPECTED = "an ISO 4217 currency code, such as USD"


def in_words(column: Column) -> str:
    """What a column takes, in words for whoever sent something else."""
    if column.choices:
        return "one of " + ", ".join(column.choices)
    if column.name == "currency":
        return CURRENCY_EXPECTED
    empty = "text of 1 to" if column.required else "text of at most"
    return {
        Kind.TEXT: f"{empty} {MAX_TEXT} characters",
        Kind.TIME: TIME_EXPECTED,
        Kind.MONEY: "a whole number in minor units (12.90 is 1290), zero or more",
        Kind.INTEGER: f"a whole number of {int(column.minimum or 0)} or more",
        Kind.NUMBER: "a number" + _range(column),
        Kind.FLAG: "true or false",
        Kind.JSON: "an object of texts, numbers and truths",
    }[column.kind]


def _range(column: Column) -> str:
    if column.minimum is None:
        return ""
    upper = "" if column.maximum is None else f" to {column.maximum:g}"
    return f" from {column.minimum:g}{upper}" if upper else f" of {column.minimum:g} or more"


def shown_name(name: str) -> str:
    """A field name as an answer shows it: itself where it looks like one, else its length."""
    return name if _WORD.fullmatch(name) else f"<a name of {len(name)} characters>"


def join(path: str, name: str) -> str:
    """The path of a field inside a path: `orders[3]` and `as_of` give `orders[3].as_of`."""
    return f"{path}.{shown_name(name)}" if path else shown_name(name)


def described(value: Any, column: Column | None = None) -> str:
    """A value without a customer's words: its kind and size, or itself where it cannot be words."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        # A number in a text's place may be a phone or a postcode.
        return "a number" if column is None or _is_words(column) else _number(value)
    if isinstance(value, str):
        shown = column is not None and not _is_words(column) and _telling(column).fullmatch(value)
        return json.dumps(value) if shown else f"text of {len(value)} characters"
    return f"an array of {len(value)}" if isinstance(value, list) else "an object"


def _is_words(column: Column) -> bool:
    return column.kind is Kind.TEXT and not column.choices and column.name != "currency"


def _telling(column: Column) -> re.Pattern[str]:
    if column.name == "currency":
        return _CURRENCY
    return _WORD if column.choices else _NUMBER_OR_TIME


def _number(value: float) -> str:
    return str(value) if abs(value) < 1e30 else "a very large number"
