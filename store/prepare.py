"""Rows as they were said, made ready to be stored: normal values, identities, packed facts.

Knows nothing of what the store already holds, so all of this happens before its lock is taken.
Rows become columns here: most of the work on twenty thousand rows is then done by a few calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import msgspec
import numpy as np

from features.facts import DEFAULT, DTYPES, NONE, Readers, facts_of
from features.schema import TABLES
from store.errors import MissingValue, UnknownColumn
from store.statements import TablePlan, table_plan
from store.versions import ABSENT, Values

Row = Mapping[str, Any]
Records = Mapping[str, Sequence[Row]]
Columns = Mapping[str, Sequence[Any]]


def _offset(kind: np.dtype[np.void], fact: str) -> int:
    fields = kind.fields
    if fields is None:  # pragma: no cover - facts are structured arrays
        raise TypeError(f"expected a structured type, got {kind}")
    return int(fields[fact][1])


_CLOCKS = frozenset({"shop_id", "known_at"})
# Where the moment stands among a row's packed facts, bytes from their start.
_KNOWN_AT = {name: _offset(kind, "known_at") for name, kind in DTYPES.items()}
_ALLOWED = {name: _CLOCKS.union(spec.names) for name, spec in TABLES.items()}


@dataclass(frozen=True)
class Batch:
    """Rows whose values are complete, as columns of equal length (n,).

    Attributes:
        plan: how their table is written.
        shops: shop_id of each.
        known_at: of each, microseconds UTC.
        columns: schema columns by name; one that is not there is unknown.
        blobs: packed facts of each.
        hashed: the plan's hashed columns, unknown being None; the first is the key's.
        links: the facts that tie the order to others, NONE where unknown.
    """

    plan: TablePlan
    shops: Sequence[str]
    known_at: Sequence[int]
    columns: Columns
    blobs: list[bytes]
    hashed: list[list[int | None]]
    links: list[list[int]]

    def take(self, positions: Sequence[int]) -> Batch:
        """Only some of the rows."""
        if len(positions) == len(self.blobs):
            return self
        return Batch(
            self.plan,
            [self.shops[at] for at in positions],
            [self.known_at[at] for at in positions],
            {name: [column[at] for at in positions] for name, column in self.columns.items()},
            [self.blobs[at] for at in positions],
            [[column[at] for at in positions] for column in self.hashed],
            [[column[at] for at in positions] for column in self.links],
        )

    @property
    def order_keys(self) -> set[int]:
        """The orders that the rows belong to; none for products, sellers and buyers."""
        if self.plan.hashed[-1] != "order_key":
            return set()
        return {key for key in self.hashed[-1] if key is not None}


@dataclass(frozen=True)
class Prepared:
    """All rows given for one table.

    Attributes:
        table: its name.
        plan: how the table is written.
        keys: identity of each row, without its moment: (64-bit key, other key columns...).
        said: schema columns by name, ABSENT where a row said nothing; one not there: none did.
        first: the rows as they are if they are the first of their keys; `known_at` is NONE where
            the row does not say it, until `stamped`.
        readers: read what messages say.
    """

    table: str
    plan: TablePlan
    keys: list[tuple[Any, ...]]
    said: Columns
    first: Batch
    readers: Readers

    def stamped(self, received_at: int) -> Prepared:
        """The same, rows that do not say when they were known being known at `received_at`."""
        first = self.first
        if NONE not in first.known_at:
            return self
        unsaid = [at for at, moment in enumerate(first.known_at) if moment == NONE]
        known_at, blobs = list(first.known_at), list(first.blobs)
        stamp = received_at.to_bytes(8, "little", signed=True)
        start = _KNOWN_AT[self.table]
        for at in unsaid:
            known_at[at] = received_at
            blobs[at] = blobs[at][:start] + stamp + blobs[at][start + 8 :]
        return replace(self, first=replace(first, known_at=known_at, blobs=blobs))

    def rows(self) -> list[Values]:
        """What each row said, in the plan's order."""
        unsaid = [ABSENT] * len(self.keys)
        return list(zip(*(self.said.get(n, unsaid) for n in self.plan.names), strict=True))

    def key_values(self, position: int) -> dict[str, object]:
        """The key columns of a row by name, to name it in a message."""
        return _key_values(self.plan, self.first, position)

    @property
    def complete(self) -> bool:
        """Whether every row has all that is required, even as the first of its key."""
        columns = self.first.columns
        names = (self.plan.names[at] for at in self.plan.required_at)
        return all(name in columns and None not in columns[name] for name in names)

    def lacking(self, position: int) -> list[str]:
        """Required columns that the row leaves unknown if it is the first of its key."""
        columns = self.first.columns
        names = (self.plan.names[at] for at in self.plan.required_at)
        return [n for n in names if n not in columns or columns[n][position] is None]


def prepare(table: str, rows: Sequence[Row], readers: Readers = DEFAULT) -> Prepared:
    """Rows of one table (n ≥ 1), ready to be stamped and placed among their versions.

    Raises UnknownColumn for a table or column that the schema lacks, MissingValue for a row
    without its key.
    """
    if table not in TABLES:
        raise UnknownColumn(f"Expected one of the tables {', '.join(TABLES)}, got {table!r}.")
    plan = table_plan(table)
    said, known = _columns(plan, rows, _named(table, rows))
    shops = [row["shop_id"] for row in rows]
    moments = [row.get("known_at") for row in rows]
    known_at = [NONE if moment is None else moment for moment in moments]
    first = pack(table, plan, shops, known_at, known, readers)
    return Prepared(table, plan, _identities(table, plan, first), said, first, readers)


def _named(table: str, rows: Sequence[Row]) -> set[str]:
    """The columns that any row names."""
    named: set[str] = set()
    for row in rows:
        if not row.keys() <= named:
            named.update(row)
    unknown = named - _ALLOWED[table]
    if unknown:
        raise UnknownColumn(
            f"Expected columns of {table} ({', '.join(TABLES[table].names)}),"
            f" got {', '.join(sorted(unknown))}."
        )
    return named


def _columns(plan: TablePlan, rows: Sequence[Row], named: set[str]) -> tuple[Columns, Columns]:
    """What was said, ABSENT where nothing was, and the same with None there."""
    names = [name for name in plan.names if name in named]
    if all(len(row) == len(named) for row in rows):  # all name the same columns
        said = {name: [row[name] for row in rows] for name in names}
        _normalise(said, plan)
        return said, said
    said = {name: [row.get(name, ABSENT) for row in rows] for name in names}
    _normalise(said, plan)
    known = {
        name: [None if value is ABSENT else value for value in column]
        for name, column in said.items()
    }
    return said, known


def _normalise(columns: dict[str, list[Any]], plan: TablePlan) -> None:
    """Equal contents get equal values: NaN is unknown, JSON has one spelling."""
    for name in plan.numbers:
        if name in columns:
            columns[name] = [None if v != v else v for v in columns[name]]  # noqa: PLR0124 - only NaN differs from itself
    for name in plan.objects:
        if name in columns:
            columns[name] = [_canonical(value) for value in columns[name]]


def _canonical(value: Any) -> Any:
    if value is None or value is ABSENT:
        return value
    found = msgspec.json.decode(value) if isinstance(value, str) else value
    return msgspec.json.encode(found, order="sorted").decode()


def pack(
    table: str,
    plan: TablePlan,
    shops: Sequence[str],
    known_at: Sequence[int],
    columns: Columns,
    readers: Readers = DEFAULT,
) -> Batch:
    """Rows (n,) with their facts worked out; a column that is not there is unknown."""
    facts = facts_of(table, {**columns, "shop_id": shops, "known_at": known_at}, readers)
    size, data = DTYPES[table].itemsize, facts.tobytes()
    return Batch(
        plan,
        shops,
        known_at,
        columns,
        [data[at : at + size] for at in range(0, len(data), size)],
        [[None if k == NONE else k for k in facts[name].tolist()] for name in plan.hashed],
        [facts[name].tolist() for name in plan.linking],
    )


def links_of(rows: Batch) -> list[tuple[int | None, int, int]]:
    """(order_key, link_key, known_at) of what the rows tie their orders to."""
    return [
        (order, link, known_at)
        for column in rows.links
        for order, link, known_at in zip(rows.hashed[0], column, rows.known_at, strict=True)
        if link != NONE
    ]


def _identities(table: str, plan: TablePlan, rows: Batch) -> list[tuple[Any, ...]]:
    names = [plan.names[at] for at in plan.key_at]
    unsaid: Sequence[None] = [None] * len(rows.blobs)
    others = [rows.columns.get(name, unsaid) for name in names]
    if None in rows.hashed[0] or any(None in column for column in others):
        raise _no_key(table, plan, rows)
    return list(zip(rows.hashed[0], *others, strict=True))


def _no_key(table: str, plan: TablePlan, rows: Batch) -> MissingValue:
    """The error of the first row that lacks a part of its key."""
    for position in range(len(rows.blobs)):
        key = _key_values(plan, rows, position)
        missing = [name for name, value in key.items() if value is None or value == ""]
        if missing:
            break
    return MissingValue(
        f"{table}: a row needs its key, but {', '.join(missing)} is unknown.",
        table=table,
        key=key,
        position=position,
    )


def _key_values(plan: TablePlan, rows: Batch, position: int) -> dict[str, object]:
    names = [plan.names[at] for at in (0, *plan.key_at)]
    nothing = list(repeat(None, position + 1))
    key: dict[str, object] = {"shop_id": rows.shops[position]}
    return key | {name: rows.columns.get(name, nothing)[position] for name in names}
