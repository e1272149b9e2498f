"""The statements of the hot path, built from the tables and compiled to text once per process.

Knows nothing of values. One execution costs some 5 µs, so whatever can share a statement does.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, bindparam, literal_column, select, union_all
from sqlalchemy.sql import ClauseElement

from features.schema import TABLES, Kind
from store.sqlite import Statement, compiled, insert, joined_bytes, keys_given
from store.tables import (
    LINKING,
    LINKS,
    OF_ORDERS,
    OF_OTHERS,
    PAST,
    RECORDS,
    hashed_columns,
    key_column,
    version_columns,
)


@dataclass(frozen=True)
class TablePlan:
    """How one table is written.

    Attributes:
        names: schema columns in order; a row's values lie in it.
        key_at: places in `names` of the other key columns.
        required_at: places in `names` of what may never be unknown.
        numbers, objects: the columns of those kinds, which are normalised before they are compared.
        hashed: facts stored as columns of their own.
        linking: facts that tie the row's order to others.
        versions: one key list → all versions of those keys, in any order:
            (key, shop_id, known_at, *names).
        add: inserts (hashed..., known_at, received_at, facts, shop_id, *names).
    """

    names: tuple[str, ...]
    key_at: tuple[int, ...]
    required_at: tuple[int, ...]
    numbers: tuple[str, ...]
    objects: tuple[str, ...]
    hashed: tuple[str, ...]
    linking: tuple[str, ...]
    versions: str
    add: str


@cache
def table_plan(name: str) -> TablePlan:
    """The plan of one table of the schema."""
    spec, table = TABLES[name], RECORDS[name]
    return TablePlan(
        names=spec.names,
        key_at=tuple(spec.names.index(column) for column in spec.key[1:]),
        required_at=tuple(i for i, column in enumerate(spec.columns) if column.required),
        numbers=tuple(c.name for c in spec.columns if c.kind is Kind.NUMBER),
        objects=tuple(c.name for c in spec.columns if c.kind is Kind.JSON),
        hashed=hashed_columns(spec),
        linking=LINKING.get(name, ()),
        versions=_checked(_versions(name), ("keys",)),
        add=_insert(table, without=("id",)),
    )


def _versions(name: str) -> Select[Any]:
    spec, table, keys = TABLES[name], RECORDS[name], keys_given("keys")
    own = table.c[key_column(spec)]
    return select(
        own, table.c.shop_id, table.c.known_at, *(table.c[c] for c in spec.names)
    ).select_from(keys.join(table, own == keys.c.value))


def _insert(table: Table, without: tuple[str, ...] = ()) -> str:
    names = tuple(column.name for column in table.columns if column.name not in without)
    statement = insert(table).values({name: bindparam(name) for name in names})
    return _checked(statement, names)


def _checked(statement: ClauseElement, names: tuple[str, ...]) -> str:
    made: Statement = compiled(statement)
    if made.names != names:  # pragma: no cover - a fault of this module, caught at start
        raise AssertionError(f"expected parameters {names}, compiled to {made.names}")
    return made.text


@cache
def add_link() -> str:
    """Inserts (order_key, link_key, known_at), keeping the earliest moment."""
    statement = insert(LINKS).values({c.name: bindparam(c.name) for c in LINKS.columns})
    earlier = statement.excluded.known_at
    return _checked(
        statement.on_conflict_do_update(
            index_elements=[LINKS.c.order_key, LINKS.c.link_key],
            set_={"known_at": earlier},
            where=earlier < LINKS.c.known_at,
        ),
        ("order_key", "link_key", "known_at"),
    )


@cache
def links_of() -> str:
    """(order_key, known before) → the keys that the order is tied to by then."""
    tied = (LINKS.c.order_key == bindparam("order_key")) & (LINKS.c.known_at < bindparam("as_of"))
    return _checked(select(LINKS.c.link_key).where(tied), ("order_key", "as_of"))


@cache
def latest_linked() -> str:
    """(link_key, known before) → the orders tied to it, latest first; fetch as many as wanted.

    Orders of which only an address is known do not count: features knows nothing of them either.
    """
    tied = (LINKS.c.link_key == bindparam("link_key")) & (LINKS.c.known_at < bindparam("as_of"))
    orders = RECORDS["orders"]
    exists = select(orders.c.id).where(orders.c.order_key == LINKS.c.order_key).exists()
    latest = (LINKS.c.known_at.desc(), LINKS.c.order_key.desc())
    return _checked(
        select(LINKS.c.order_key).where(tied, exists).order_by(*latest), ("link_key", "as_of")
    )


@cache
def facts_of_orders() -> str:
    """Lists of orders and of those tied to them → (index in OF_ORDERS, facts of its rows, joined).

    (near, own): `near` holds the own ones too; of the others only the tables of PAST are read.
    """
    # Materialised: seven readings of a list cost 150 µs more than one.
    lists = {
        name: select(keys_given(name).c.value).cte(f"{name}_orders").prefix_with("MATERIALIZED")
        for name in ("near", "own")
    }
    parts: list[Select[Any, Any]] = []
    for index, name in enumerate(OF_ORDERS):
        wanted, table = lists["near" if name in PAST else "own"], RECORDS[name]
        source = wanted.join(table, table.c.order_key == wanted.c.value)
        joined = joined_bytes(table.c.facts)
        parts.append(select(literal_column(str(index)), joined).select_from(source))
    return _checked(union_all(*parts), ("near", "own"))


@cache
def facts_of_others() -> str:
    """Lists of product, seller and buyer keys → (index in OF_OTHERS, facts), as above."""
    parts: list[Select[Any, Any]] = []
    for index, name in enumerate(OF_OTHERS):
        keys, table = keys_given(name), RECORDS[name]
        own = version_columns(table, TABLES[name])[0]
        source = keys.join(table, own == keys.c.value)
        joined = joined_bytes(table.c.facts)
        parts.append(select(literal_column(str(index)), joined).select_from(source))
    return _checked(union_all(*parts), OF_OTHERS)


def compile_all() -> None:
    """Compile everything now, some 30 ms, so that no first request has to."""
    for name in TABLES:
        table_plan(name)
    for statement in (add_link, links_of, latest_linked, facts_of_orders, facts_of_others):
        statement()
