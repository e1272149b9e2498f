"""What was said of one order, version by version, in the words it was said in.

Knows nothing of facts or scores; for people who replay an order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from features.facts import key_of
from features.schema import TABLES, Kind
from store.sqlite import Connection, Database, compiled
from store.tables import OF_ORDERS, RECORDS, key_column

# Rows that an order's own rows name: table → (column, tables that have it).
_NAMED = {"products": "product_id", "sellers": "seller_id", "buyers": "buyer_id"}


@dataclass(frozen=True)
class Record:
    """One version of one row.

    Attributes:
        table: name of its table.
        shop_id: the shop.
        known_at: when this content became known, microseconds UTC.
        received_at: when the row reached us, microseconds UTC.
        values: schema columns by name, unknown being None, `attributes` a dict.
    """

    table: str
    shop_id: str
    known_at: int
    received_at: int
    values: dict[str, Any]


def timeline(database: Database, shop_id: str, order_id: str) -> list[Record]:
    """All versions of an order's rows and of what they name; see `Store.timeline`."""
    order_key = key_of("order", shop_id, order_id)
    with database.reading() as connection:
        records = [
            record
            for table in OF_ORDERS
            for record in _rows(connection, table, "order_key", order_key)
        ]
        for table, column in _NAMED.items():
            for value in sorted({v for r in records if (v := r.values.get(column)) is not None}):
                key = key_of(key_column(TABLES[table]).removesuffix("_key"), shop_id, value)
                records += _rows(connection, table, key_column(TABLES[table]), key)
    places = {name: place for place, name in enumerate(TABLES)}
    return sorted(records, key=lambda record: (record.known_at, places[record.table]))


def _rows(connection: Connection, name: str, column: str, key: int) -> Iterator[Record]:
    spec, table = TABLES[name], RECORDS[name]
    shown = (table.c.shop_id, table.c.known_at, table.c.received_at)
    query = select(*shown, *(table.c[c] for c in spec.names))
    made = compiled(query.where(table.c[column] == bindparam("key")).order_by(table.c.id))
    for shop_id, known_at, received_at, *values in connection.execute(made.text, (key,)):
        named = {c.name: _shown(c.kind, v) for c, v in zip(spec.columns, values, strict=True)}
        yield Record(name, shop_id, known_at, received_at, named)


def _shown(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.JSON:
        return msgspec.json.decode(value)
    return bool(value) if kind is Kind.FLAG else value
