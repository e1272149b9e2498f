"""What was known of an order when its alert was raised, however much has come since.

Knows nothing of files. Rows are numbered in the order of their commit and an alert keeps the last
number of each table on its raising, so the same rows are found whenever they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import bindparam, select

from features.facts import key_of
from features.schema import TABLES, Kind
from store.alert_types import Alert, MessageCause
from store.scores import Score, scores_of
from store.sqlite import Connection, Database, compiled
from store.tables import OF_ORDERS, RECORDS, key_column
from store.timeline import Record

# Rows that an order's own rows name: table → the column that names them.
_NAMED = {"products": "product_id", "sellers": "seller_id", "buyers": "buyer_id"}


def alert_records(database: Database, alert: Alert) -> tuple[list[Record], list[Score]]:
    """Rows and scores as known on raising; see `Store.alert_records`."""
    with database.reading() as connection:
        records = list(_own(connection, alert))
        records += list(_named(connection, alert, records))
    places = {name: place for place, name in enumerate(TABLES)}
    records.sort(key=lambda record: (record.known_at, places[record.table]))
    return records, _scores(database, alert)


def _own(connection: Connection, alert: Alert) -> Iterator[Record]:
    if alert.order_key is not None:
        for table in OF_ORDERS:
            yield from _rows(connection, table, "order_key", alert.order_key, alert)
    elif isinstance(alert.cause, MessageCause):  # a message before any order: itself
        key = key_of("message", alert.shop_id, alert.cause.message_id)
        yield from _rows(connection, "messages", "message_key", key, alert)


def _named(connection: Connection, alert: Alert, records: Sequence[Record]) -> Iterator[Record]:
    for table, column in _NAMED.items():
        own = key_column(TABLES[table])
        names = {name for record in records if (name := record.values.get(column)) is not None}
        for name in sorted(names):
            key = key_of(own.removesuffix("_key"), alert.shop_id, name)
            yield from _rows(connection, table, own, key, alert)


@cache
def _known(name: str, column: str) -> str:
    """(key, row) → the rows of a table with that key, up to that row."""
    table = RECORDS[name]
    shown = (table.c.shop_id, table.c.known_at, table.c.received_at)
    known = (table.c[column] == bindparam("key")) & (table.c.id <= bindparam("last"))
    query = select(*shown, *(table.c[c] for c in TABLES[name].names))
    return compiled(query.where(known).order_by(table.c.id)).text


def _rows(
    connection: Connection, name: str, column: str, key: int, alert: Alert
) -> Iterator[Record]:
    columns, given = TABLES[name].columns, (key, _last(alert, name))
    rows = connection.execute(_known(name, column), given)
    for shop_id, known_at, received_at, *values in rows:
        named = {c.name: _shown(c.kind, v) for c, v in zip(columns, values, strict=True)}
        yield Record(name, shop_id, known_at, received_at, named)


def _last(alert: Alert, table: str) -> int:
    """The last row of a table when the alert was raised; 0, none, in one that is not stored."""
    return (alert.known or {}).get(table, 0)


def _shown(kind: Kind, value: Any) -> Any:
    if value is None:
        return None
    if kind is Kind.JSON:
        return msgspec.json.decode(value)
    return bool(value) if kind is Kind.FLAG else value


def _scores(database: Database, alert: Alert) -> list[Score]:
    if alert.order_key is None:
        return []
    last = _last(alert, "scores")
    return [score for score in scores_of(database, alert.order_key) if score.seq <= last]
