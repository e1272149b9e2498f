"""What callers may send: one strict type per table, made from the schema so that they cannot drift.

Knows nothing of what is done with a record; times arrive as aware datetimes and leave in `parse`.
An absent field is `UNSET` (it keeps its value), null is `None` (it clears the value).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from features.schema import MAX_TEXT, TABLES, Column, Kind

MAX_WHOLE = 2**53  # largest whole number that every JSON reader keeps exactly
MAX_ORDERS = 1000  # orders or events in one request; more belongs into `riskradar ingest`
MAX_INSIDE = 1000  # items, addresses or messages of one order

Attribute = str | bool | int | float | None  # a null attribute is one that is not known
Scope = Literal["score", "events", "read"]
Reasons = Literal["flagged"] | bool
INSIDE = ("items", "addresses", "messages")  # tables that may come inside an order
EVENTS = ("messages", "addresses", "outcomes", "deliveries", "outreach")

_Time = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]


def _plain_type(column: Column) -> Any:
    if column.choices:
        return Literal[column.choices]
    low = None if column.minimum is None else int(column.minimum)
    high = MAX_WHOLE if column.maximum is None else int(column.maximum)
    types: dict[Kind, Any] = {
        Kind.TEXT: Annotated[
            str, Meta(min_length=1 if column.required else None, max_length=MAX_TEXT)
        ],
        Kind.TIME: _Time,
        Kind.MONEY: Annotated[int, Meta(ge=0, le=MAX_WHOLE, description="whole minor units")],
        Kind.INTEGER: Annotated[int, Meta(ge=low, le=high)],
        Kind.NUMBER: Annotated[float, Meta(ge=column.minimum, le=column.maximum)],
        Kind.FLAG: bool,
        Kind.JSON: dict[Annotated[str, Meta(min_length=1, max_length=200)], Attribute],
    }
    return types[column.kind]


def _field(column: Column, required: bool) -> tuple[Any, ...]:
    if required:
        return (column.name, _plain_type(column))
    return (column.name, _plain_type(column) | None | UnsetType, UNSET)


# Fields beside the columns that any record may carry.
_SHOP: Any = Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType
_KNOWN: Any = _Time | UnsetType


def list_of(kind: Any, *, least: int = 0, most: int = MAX_ORDERS) -> Any:
    """The type of an array of `least` to `most` of that type."""
    array: Any = list
    return Annotated[array[kind], Meta(min_length=least, max_length=most)]


def _struct(name: str, fields: list[tuple[Any, ...]]) -> type[msgspec.Struct]:
    made: type[msgspec.Struct] = msgspec.defstruct(
        name, fields, kw_only=True, forbid_unknown_fields=True, gc=False
    )
    return made


def _inside(table: str) -> type[msgspec.Struct]:
    """A record inside an order: its order_id is the order's and need not be said again."""
    fields = [
        _field(column, column.required and column.name != "order_id")
        for column in TABLES[table].columns
    ]
    return _struct(f"{table.capitalize()}InOrder", [*fields, ("known_at", _KNOWN, UNSET)])


def _event(table: str) -> type[msgspec.Struct]:
    fields = [_field(column, column.required) for column in TABLES[table].columns]
    extra = [("shop_id", _SHOP, UNSET), ("known_at", _KNOWN, UNSET)]
    return _struct(table.capitalize() + "Event", [*fields, *extra])


def _order_fields() -> list[tuple[Any, ...]]:
    # Only the id is required: an update may leave out the rest. A new order needs `placed_at`,
    # which is checked against what the store knows.
    columns = TABLES["orders"].columns
    own = [_field(column, column.name == "order_id") for column in columns]
    lists: list[tuple[Any, ...]] = [
        (table, list_of(INSIDE_TYPES[table], most=MAX_INSIDE) | UnsetType, UNSET)
        for table in INSIDE
    ]
    extra = [("shop_id", _SHOP, UNSET), ("known_at", _KNOWN, UNSET), ("as_of", _KNOWN, UNSET)]
    return [*own, *lists, *extra]


INSIDE_TYPES = {table: _inside(table) for table in INSIDE}
EVENT_TYPES = {table: _event(table) for table in EVENTS}
Order = _struct("Order", _order_fields())
OneOrder = _struct("OneOrder", [*_order_fields(), ("reasons", Reasons | UnsetType, UNSET)])
ManyOrders = _struct(
    "ManyOrders",
    [("orders", list_of(Order, least=1)), ("reasons", Reasons | UnsetType, UNSET)],
)

# Names of the time columns a record of each table may carry, its own clock last.
TIMES: dict[str, tuple[str, ...]] = {
    name: (*(c.name for c in spec.columns if c.kind is Kind.TIME), "known_at")
    for name, spec in TABLES.items()
}
