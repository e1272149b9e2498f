"""What rows can only learn from other rows: when an item was known, and who said it first.

Knows nothing of maps or files: it works on the tables that the checks made.
"""
# ruff: noqa: S608 - names in SQL are our own tables' and columns'

from __future__ import annotations

import numpy as np

from features.facts import NONE, key_of
from features.schema import TABLES
from training.ingest_desk import Connection, literal
from training.ingest_types import Sink

_UNKNOWN_ORDER = (
    "is not given, and the order is neither in these files nor in the store, so when the item was "
    "known is unknown: ingest the orders before, or together with, their items"
)


def settle_items(connection: Connection, store: Sink, *, with_orders: bool) -> None:
    """Gives each item without `known_at` the time its order was placed, or refuses it.

    The order is looked for among the accepted orders of this ingest, then in the store.
    """
    placed = "CREATE TABLE staged.placed (shop_id VARCHAR, order_id VARCHAR, placed_at BIGINT)"
    connection.execute(placed)
    if with_orders:
        connection.execute(
            "INSERT INTO staged.placed SELECT shop_id, order_id, min(placed_at) "
            "FROM staged.orders WHERE problems IS NULL GROUP BY shop_id, order_id"
        )
        _take_placed(connection)
    lost = "FROM staged.items WHERE known_at IS NULL AND problems IS NULL"
    orphans = connection.execute(f"SELECT DISTINCT shop_id, order_id {lost}").fetchall()
    if orphans:
        _look_up(connection, store, orphans)
        _take_placed(connection)
    connection.execute(
        f"UPDATE staged.items SET problems = [{_problem('known_at', _UNKNOWN_ORDER)}] "
        "WHERE known_at IS NULL AND problems IS NULL"
    )


def _take_placed(connection: Connection) -> None:
    connection.execute(
        "UPDATE staged.items SET known_at = placed.placed_at FROM staged.placed AS placed "
        "WHERE items.known_at IS NULL AND items.shop_id = placed.shop_id "
        "AND items.order_id = placed.order_id"
    )


def _look_up(connection: Connection, store: Sink, orphans: list[tuple[str, str]]) -> None:
    orders = store.facts(tables=("orders",))["orders"]
    order = np.argsort(orders["order_key"], kind="stable")
    keys, times = orders["order_key"][order], orders["placed_at"][order]
    wanted = np.array([key_of("order", shop, one) for shop, one in orphans], dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = (keys[at] == wanted) & (times[at] != NONE) if len(keys) else np.zeros(len(wanted), bool)
    rows = [(*orphans[place], int(times[at[place]])) for place in np.flatnonzero(found)]
    if rows:
        shops, names, moments = map(list, zip(*rows, strict=True))
        connection.execute(
            "INSERT INTO staged.placed SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
            "unnest(?::BIGINT[])",
            [shops, names, moments],
        )


def settle_twins(connection: Connection, table: str, names: tuple[str, ...]) -> None:
    """Marks rows that say again what a row before them says; refuses those that say otherwise.

    Twins share shop, key and `known_at`; `names` are the columns that the map gave.
    """
    spec = TABLES[table]
    key = ", ".join(("shop_id", *spec.key, "known_at"))
    content = f"hash({', '.join(names)})"
    said = f"another row of the same {', '.join(spec.key)} and known_at, which stays, differs"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE twins AS SELECT row_id, {content} = first_value({content}) "
        f"OVER same AS alike, row_number() OVER same AS place FROM staged.{table} "
        f"SEMI JOIN (SELECT {key} FROM staged.{table} WHERE problems IS NULL GROUP BY {key} "
        f"HAVING count(*) > 1) USING ({key}) WHERE problems IS NULL "
        f"WINDOW same AS (PARTITION BY {key} ORDER BY row_id)"
    )
    connection.execute(
        f"UPDATE staged.{table} SET twin = twins.alike, problems = CASE WHEN NOT twins.alike "
        f"THEN [{_problem(spec.key[-1], said)}] END FROM twins "
        f"WHERE twins.place > 1 AND twins.row_id = {table}.row_id"
    )


def refuse(connection: Connection, table: str, reasons: dict[int, str]) -> None:
    """Refuses rows, by their `row_id`, after the checks."""
    if not reasons:
        return
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE refused AS "
        "SELECT unnest(?::BIGINT[]) AS row_id, unnest(?::VARCHAR[]) AS reason",
        [list(reasons), list(reasons.values())],
    )
    connection.execute(
        f"UPDATE staged.{table} SET problems = [{{'field': {literal(TABLES[table].key[-1])}, "
        f"'reason': refused.reason}}] FROM refused WHERE refused.row_id = {table}.row_id"
    )


def count(connection: Connection, table: str) -> tuple[int, int, int]:
    """How many rows of the table are to be written, say nothing new, and are refused."""
    found = connection.execute(
        "SELECT count(*) FILTER (problems IS NULL AND NOT twin), "
        "count(*) FILTER (problems IS NULL AND twin), count(problems) "
        f"FROM staged.{table}"
    ).fetchall()
    return (int(found[0][0]), int(found[0][1]), int(found[0][2]))


def _problem(field: str, said: str) -> str:
    return f"{{'field': {literal(field)}, 'reason': {literal(said)}}}"
