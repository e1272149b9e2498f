"""Checks what a map gave against our tables: every value read, every wrong one named.

Knows nothing of files or of the store. For each table it makes `staged.<table>`: the values, the
shop, the times, and `problems` (null where the row is right).
"""
# ruff: noqa: S608 - names and texts in SQL go through `quoted` and `literal`

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from features.schema import ALWAYS_KNOWN_US, DAY_US, TABLES, Column, Kind, TableSpec
from training.ingest_desk import Connection, literal, quoted
from training.ingest_kinds import as_text, reads, reason, value
from training.ingest_run import in_words
from training.ingest_types import IngestError

DEFAULT_SHOP = "default"  # of rows and ingests that name none
# Two systems' clocks differ by hours; an event a day before what it follows is another mistake.
SKEW_US = DAY_US
_HAND_ON = " Hand the text on: the ingest reads it, and refuses bad rows one by one."
_EARLY = "is more than a day before"
KNOWN_AT, SHOP_ID = Column("known_at", Kind.TIME), Column("shop_id", Kind.TEXT)
_OURS = ("shop_id", "known_at", "_file", "_line", "received_at")

# (table, a time, the time that it cannot precede)
_ORDER_OF_TIMES = (
    ("orders", "paid_at", "placed_at"),
    ("orders", "ship_by_at", "placed_at"),
    ("orders", "deliver_by_at", "placed_at"),
    ("orders", "shipped_at", "placed_at"),
    ("orders", "cancelled_at", "placed_at"),
    ("outcomes", "closed_at", "opened_at"),
    ("outreach", "sent_at", "assigned_at"),
)


@dataclass(frozen=True)
class Given:
    """What a map's view of one table has, and what is said for rows that do not say it."""

    spec: TableSpec
    types: dict[str, str]  # column of the view → DuckDB type
    shop_id: str | None
    platform: str | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Our columns that the view has; the others keep the value they had."""
        return tuple(column for column in self.spec.columns if column.name in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of our columns that rows get a value in."""
        filled = self.spec.name == "orders" and self.platform is not None
        return tuple(
            name
            for name in self.spec.names
            if name in self.types or (filled and name == "platform")
        )


def take(
    connection: Connection, map_name: str, table: str, *, shop_id: str | None, platform: str | None
) -> Given | None:
    """Reads the view's rows into `staged.raw_<table>`; None where there are none.

    Raises IngestError, naming the view and the column, where one is unknown, missing, or of a
    type that cannot be read, and where computing the view fails.
    """
    try:
        made = connection.execute(f"CREATE TABLE staged.raw_{table} AS SELECT * FROM {table}")
    except duckdb.Error as error:
        hint = _HAND_ON if isinstance(error, duckdb.ConversionException) else ""
        raise IngestError(f"{map_name}, view {table}: {in_words(error)}{hint}") from error
    rows = made.fetchall()[0][0]
    found = connection.execute(f"DESCRIBE staged.raw_{table}").fetchall()
    given = Given(TABLES[table], {row[0].lower(): row[1] for row in found}, shop_id, platform)
    if rows:
        _refuse_columns(f"{map_name}, view {table}{_files_of(connection, given)}", given)
    return given if rows else None


def _files_of(connection: Connection, given: Given) -> str:
    """Where the rows came from, as far as the view says."""
    if "_file" not in given.types:
        return ""
    found = connection.execute(f"SELECT DISTINCT _file FROM staged.raw_{given.spec.name}")
    return f" ({', '.join(sorted(str(row[0]) for row in found.fetchall()))})"


def _refuse_columns(view: str, given: Given) -> None:
    spec = given.spec
    unknown = [name for name in given.types if name not in spec.names and name not in _OURS]
    if unknown:
        raise IngestError(
            f"{view}: expected columns among {', '.join(spec.names)}, shop_id and known_at; got "
            f"{', '.join(unknown)}. What a shop knows beyond them goes into attributes, as JSON."
        )
    # Rows that say when they were learned may be updates of what the store has; the store then
    # refuses those that turn out to be the first of their key.
    may_lack = set(spec.names) - set(spec.key) if "known_at" in given.types else set()
    lacking = [c.name for c in spec.columns if c.required and c.name not in given.types]
    if set(lacking) - may_lack:
        raise IngestError(
            f"{view}: the column {', '.join(lacking)} is required and missing; "
            f"got {', '.join(sorted(given.types))}."
        )
    for column in (*given.columns, KNOWN_AT, SHOP_ID):
        type_name = given.types.get(column.name, "VARCHAR")
        if not reads(column.kind, type_name):
            raise IngestError(
                f"{view}: {column.name} is of kind {column.kind}, which cannot be read from "
                f"{type_name}. Convert it in the map."
            )


def stage(connection: Connection, given: Given, received_at: int) -> None:
    """Makes `staged.<table>` of the raw rows: `row_id`, values, shop, times and problems."""
    table = given.spec.name
    judged = [*given.columns, KNOWN_AT, SHOP_ID]
    texts = ", ".join(f"{_text_of(given, c)} AS {quoted('t_' + c.name)}" for c in judged)
    values = ", ".join(
        f"{value(c.kind, quoted('t_' + c.name))} AS {quoted('v_' + c.name)}" for c in judged
    )
    reasons = ", ".join(
        f"{reason(c, quoted('t_' + c.name), quoted('v_' + c.name))} AS {quoted('r_' + c.name)}"
        for c in judged
    )
    named = [(c.name, quoted("r_" + c.name)) for c in judged] + _order_of_times(given)
    problems = ", ".join(
        f"CASE WHEN {sql} IS NOT NULL THEN {{'field': {literal(name)}, 'reason': {sql}}} END"
        for name, sql in named
    )
    any_reason = ", ".join(sql for _, sql in named)
    kept = ", ".join(f"{quoted('v_' + name)} AS {quoted(name)}" for name in given.names)
    connection.execute(
        f"CREATE TABLE staged.{table} AS "
        f"WITH texts AS (SELECT rowid AS row_id, {texts} FROM staged.raw_{table}), "
        f"found AS (SELECT *, {values} FROM texts), "
        f"judged AS (SELECT *, {reasons} FROM found) "
        f"SELECT row_id, v_shop_id AS shop_id, {_known_at(given, received_at)} AS known_at, "
        f"{kept}, false AS twin, CASE WHEN coalesce({any_reason}) IS NOT NULL THEN "
        f"list_filter([{problems}], lambda one: one IS NOT NULL) END AS problems FROM judged"
    )


def _text_of(given: Given, column: Column) -> str:
    name = column.name
    text = as_text(quoted(name), given.types[name]) if name in given.types else "NULL::VARCHAR"
    if name == "shop_id":
        return f"coalesce({text}, {literal(given.shop_id or DEFAULT_SHOP)})"
    if name == "platform" and given.platform is not None:
        return f"coalesce({text}, {literal(given.platform)})"
    return text


def _known_at(given: Given, received_at: int) -> str:
    """When the row was learned: as the view says, else at its own time."""
    own = given.spec.own_time
    if given.spec.name == "items":
        return "v_known_at"  # an item takes its order's, later
    if own is None:
        return f"coalesce(v_known_at, {ALWAYS_KNOWN_US})"
    # A buyer whose registration nobody told; an update that does not repeat its order's placing.
    otherwise = ALWAYS_KNOWN_US if own in given.types else received_at
    return f"coalesce(v_known_at, {f'v_{own}' if own in given.types else 'NULL'}, {otherwise})"


def _order_of_times(given: Given) -> list[tuple[str, str]]:
    pairs = [(late, early) for table, late, early in _ORDER_OF_TIMES if table == given.spec.name]
    if given.spec.own_time is not None:
        pairs.append(("known_at", given.spec.own_time))
    return [
        (
            late,
            f"CASE WHEN v_{late} < v_{early} - {SKEW_US} THEN '{_EARLY} {early}' END",
        )
        for late, early in pairs
        if late in (*given.names, "known_at") and early in given.names
    ]
