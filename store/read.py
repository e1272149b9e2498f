"""Reading records back: all facts for learning, and the few that one order needs.

Knows nothing of features: it hands out rows, and every version of them, in whatever order
features wants to sort them; who asks cuts them at a moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, FromClause, Select, Table, bindparam, func, select
from sqlalchemy.sql import ClauseElement

from features.facts import DTYPES, NONE, Facts, from_bytes
from features.schema import LATEST_US, TABLES
from store.errors import UnknownColumn
from store.sqlite import Connection, Database, Statement, compiled, key_list, keys_given
from store.statements import facts_of_orders, facts_of_others, latest_linked, links_of
from store.tables import OF_ORDERS, OF_OTHERS, RECORDS, key_column

CAP = 500  # orders per buyer, phone or address: lockers and resellers have many thousands
EVER_US = 2 * LATEST_US  # later than anything that can be known
FETCH = 50_000  # rows read at once
KEYS_AT_ONCE = 5_000  # keys bound to one statement

Array = npt.NDArray[Any]


def facts(
    database: Database,
    *,
    shops: Iterable[str] | None,
    known_before: int | None,
    tables: Iterable[str] | None,
) -> Facts:
    """All facts of one state of the store; see `Store.facts`."""
    names = list(TABLES) if tables is None else list(tables)
    for name in names:
        if name not in TABLES:
            raise UnknownColumn(f"Expected tables of {', '.join(TABLES)}; got {name!r}.")
    given = {"shops": None if shops is None else key_list(list(shops)), "before": known_before}
    with database.reading() as connection:
        return {name: in_key_order(name, _scan(connection, name, given)) for name in names}


def _scan(connection: Connection, name: str, given: dict[str, Any]) -> Array:
    statement = _scan_statement(RECORDS[name], given)
    cursor = connection.execute(statement.text, statement.values(given))
    packed = bytearray()
    while rows := cursor.fetchmany(FETCH):
        packed += b"".join([blob for (blob,) in rows])
    return np.frombuffer(packed, DTYPES[name])


def _scan_statement(table: Table, given: dict[str, Any]) -> Statement:
    statement = select(table.c.facts)
    if given["shops"] is not None:
        statement = statement.where(table.c.shop_id.in_(select(keys_given("shops").c.value)))
    if given["before"] is not None:
        statement = statement.where(table.c.known_at < bindparam("before"))
    return compiled(statement)


def in_key_order(name: str, rows: Array) -> Array:
    """Rows sorted by their key, then `known_at`."""
    if len(rows) < 2:
        return rows
    spec = TABLES[name]
    by = (key_column(spec), *spec.key[1:], "known_at")
    ranked: Array = rows[np.lexsort([rows[fact] for fact in reversed(by)])]
    return ranked


def neighbourhood(
    database: Database, order_keys: Sequence[int], as_of: Sequence[int] | None, cap: int
) -> Facts:
    """Facts that some orders' features need; see `Store.neighbourhood`."""
    own = [int(key) for key in order_keys]
    moments = [EVER_US] * len(own) if as_of is None else [int(moment) for moment in as_of]
    with database.reading() as connection:
        near = _near(connection, set(zip(own, moments, strict=True)), cap)
        found = _of_orders(connection, near, sorted(set(own)))
        return found | _of_others(connection, found, own)


def _near(connection: Connection, asked: set[tuple[int, int]], cap: int) -> list[int]:
    """The orders asked about, and those tied to what they are tied to."""
    near = {order for order, _ in asked}
    links = {
        (link, before)
        for order, before in asked
        for (link,) in connection.execute(links_of(), (order, before)).fetchall()
    }
    for link in links:
        latest = connection.execute(latest_linked(), link)
        near.update([order for (order,) in latest.fetchmany(cap)])
        latest.close()
    return sorted(near)


def _of_orders(connection: Connection, near: list[int], own: list[int]) -> Facts:
    blobs: list[list[bytes]] = [[] for _ in OF_ORDERS]
    for part in _parts(near, own):
        for index, blob in connection.execute(facts_of_orders(), part):
            blobs[index].append(blob or b"")
    return {name: from_bytes(name, blobs[index]) for index, name in enumerate(OF_ORDERS)}


def _parts(*lists: list[int]) -> Iterator[list[str]]:
    """The lists as they are bound, cut to what one statement takes."""
    for start in range(0, max(map(len, lists), default=0), KEYS_AT_ONCE):
        yield [key_list(some[start : start + KEYS_AT_ONCE]) for some in lists]


def _of_others(connection: Connection, found: Facts, own: list[int]) -> Facts:
    """Products, sellers and buyers that the orders' own rows name."""
    items, orders = _rows_of(found["items"], own), _rows_of(found["orders"], own)
    keys = [
        _distinct(items["product_key"]),
        _distinct(items["seller_key"]),
        _distinct(orders["buyer_key"]),
    ]
    blobs: list[list[bytes]] = [[] for _ in OF_OTHERS]
    for part in _parts(*keys):
        for index, blob in connection.execute(facts_of_others(), part):
            blobs[index].append(blob or b"")
    return {name: from_bytes(name, blobs[index]) for index, name in enumerate(OF_OTHERS)}


def _rows_of(rows: Array, own: list[int]) -> Array:
    alone = len(own) == 1  # isin costs 20 µs, of which one order needs none
    mine = rows["order_key"] == own[0] if alone else np.isin(rows["order_key"], own)
    chosen: Array = rows[mine]
    return chosen


def _distinct(keys: npt.NDArray[np.int64]) -> list[int]:
    return sorted(set(keys.tolist()) - {NONE})


def _run(connection: Connection, statement: ClauseElement, **given: Any) -> list[tuple[Any, ...]]:
    made = compiled(statement)
    return connection.execute(made.text, made.values(given)).fetchall()


def open_orders(
    database: Database,
    *,
    as_of: int,
    placed_from: int | None,
    placed_to: int | None,
    shops: Iterable[str] | None,
) -> npt.NDArray[np.int64]:
    """Orders neither shipped nor cancelled by a moment; see `Store.open_orders`."""
    statement = _open(RECORDS["orders"].alias("said"), some_shops=shops is not None)
    with database.reading() as connection:
        rows = _run(
            connection,
            statement,
            as_of=as_of,
            placed_from=0 if placed_from is None else placed_from,
            placed_to=EVER_US if placed_to is None else placed_to,
            shops=None if shops is None else key_list(list(shops)),
        )
    return np.sort(np.array([key for (key,) in rows], np.int64))


def _open(said: FromClause, *, some_shops: bool) -> Select[Any]:
    """(as_of, placed_from, placed_to[, shops]) → keys of orders whose latest version is open."""
    as_of: ColumnElement[int] = bindparam("as_of")
    later = RECORDS["orders"].alias("later")
    superseded = (
        select(later.c.id)
        .where(later.c.order_key == said.c.order_key, later.c.known_at > said.c.known_at)
        .where(later.c.known_at < as_of)
    )
    statement = (
        select(said.c.order_key)
        .where(said.c.known_at < as_of, ~superseded.exists())
        .where(func.coalesce(said.c.shipped_at, as_of) >= as_of)
        .where(func.coalesce(said.c.cancelled_at, as_of) >= as_of)
        .where(said.c.placed_at >= bindparam("placed_from"))
        .where(said.c.placed_at < bindparam("placed_to"))
    )
    if some_shops:
        given = select(keys_given("shops").c.value)
        statement = statement.where(said.c.shop_id.in_(given))
    return statement


def order_ids(database: Database, order_keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(shop_id, order_id) of each key; orders that only events name are found too."""
    found: dict[int, tuple[str, str]] = {}
    with database.reading() as connection:
        for name in OF_ORDERS:
            wanted = sorted({int(key) for key in order_keys} - found.keys())
            if not wanted:
                break
            keys, table = keys_given("keys"), RECORDS[name]
            named = select(table.c.order_key, table.c.shop_id, table.c.order_id).select_from(
                keys.join(table, table.c.order_key == keys.c.value)
            )
            rows = _run(connection, named, keys=key_list(wanted))
            found |= {key: (shop, order) for key, shop, order in rows}
    return found
