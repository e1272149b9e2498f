"""Rows as they were said, made ready to be stored: normal values, identities, packed facts.

Knows nothing of what the store already holds, so all of this happens before its lock is taken.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from features.facts import DTYPES, NONE, facts_of, key_of
from features.schema import TABLES
from store.errors import MissingValue, UnknownColumn
from store.statements import TablePlan, table_plan
from store.versions import ABSENT, Values

Row = Mapping[str, Any]
Records = Mapping[str, Sequence[Row]]
_CLOCKS = frozenset({"shop_id", "known_at"})
_ALLOWED = {name: _CLOCKS.union(spec.names) for name, spec in TABLES.items()}


@dataclass(frozen=True)
class Packed:
    """Facts of rows, cut apart.

    Attributes:
        blobs: the packed facts of each row.
        hashed: the plan's hashed columns, one tuple per row, unknown being None.
        links: (link_key, ...) of each row, unknown left out.
    """

    blobs: list[bytes]
    hashed: list[tuple[int | None, ...]]
    links: list[tuple[int, ...]]


@dataclass(frozen=True)
class Prepared:
    """All rows given for one table.

    Attributes:
        table: its name.
        plan: how the table is written.
        shops, known_at: of each row.
        said: values of each row in the plan's order, ABSENT where nothing was said.
        keys: identity of each row, without its moment: (64-bit key, other key columns...).
        packed: facts of the rows as if they were the first of their keys.
    """

    table: str
    plan: TablePlan
    shops: list[str]
    known_at: list[int]
    said: list[Values]
    keys: list[Hashable]
    packed: Packed


def prepare(table: str, rows: Sequence[Row], received_at: int) -> Prepared:
    """Rows of one table (n ≥ 1), ready to be placed among their versions.

    Raises UnknownColumn for a table or column that the schema lacks, MissingValue for a row
    without its key.
    """
    if table not in TABLES:
        raise UnknownColumn(f"Expected one of the tables {', '.join(TABLES)}, got {table!r}.")
    plan = table_plan(table)
    named = _named(table, rows)
    columns = {
        name: [row.get(name, ABSENT) for row in rows] for name in plan.names if name in named
    }
    _normalise(columns, plan)
    shops = [row["shop_id"] for row in rows]
    known_at = [
        received_at if moment is None else moment
        for moment in [row.get("known_at") for row in rows]
    ]
    absent = [ABSENT] * len(rows)
    said: list[Values] = list(zip(*(columns.get(name, absent) for name in plan.names), strict=True))
    return Prepared(
        table,
        plan,
        shops,
        known_at,
        said,
        _identities(table, plan, shops, said),
        pack(table, plan, shops, known_at, said),
    )


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


def _normalise(columns: dict[str, list[Any]], plan: TablePlan) -> None:
    """Equal contents get equal values: NaN is unknown, JSON has one spelling."""
    for place in plan.number_at:
        if (numbers := columns.get(plan.names[place])) is not None:
            numbers[:] = [None if number != number else number for number in numbers]  # noqa: PLR0124 - only NaN differs from itself
    for place in plan.json_at:
        if (objects := columns.get(plan.names[place])) is not None:
            objects[:] = [_canonical(value) for value in objects]


def _canonical(value: Any) -> Any:
    if value is None or value is ABSENT:
        return value
    found = msgspec.json.decode(value) if isinstance(value, str) else value
    return msgspec.json.encode(found, order="sorted").decode()


def _identities(
    table: str, plan: TablePlan, shops: list[str], said: list[Values]
) -> list[Hashable]:
    others = plan.key_at
    keys: list[Hashable] = [
        (_hashed(plan.domain, shop, values[0]), *[values[at] for at in others])
        for shop, values in zip(shops, said, strict=True)
    ]
    for position, key in enumerate(keys):
        if _incomplete(key):
            missing = [
                plan.names[at]
                for at in (0, *others)
                if said[position][at] is ABSENT or said[position][at] in (None, "")
            ]
            raise MissingValue(
                f"{table}: a row needs its key, but {', '.join(missing)} is unknown.",
                table=table,
                key=key_values(plan, shops[position], said[position]),
                position=position,
            )
    return keys


def _hashed(domain: str, shop: str, value: Any) -> int:
    return NONE if value is ABSENT else key_of(domain, shop, value)


def _incomplete(key: Any) -> bool:
    return key[0] == NONE or (len(key) > 1 and (None in key or ABSENT in key))


def key_values(plan: TablePlan, shop: str, values: Values) -> dict[str, object]:
    """The key columns of a row by name, to name it in a message."""
    named = {plan.names[at]: values[at] for at in (0, *plan.key_at)}
    return {"shop_id": shop, **{k: None if v is ABSENT else v for k, v in named.items()}}


def pack(
    table: str,
    plan: TablePlan,
    shops: Sequence[str],
    known_at: Sequence[int],
    rows: Sequence[Values],
) -> Packed:
    """Facts of rows (n,) given as values in the plan's order."""
    if not rows:
        return Packed([], [], [])
    columns: dict[str, Sequence[Any]] = {"shop_id": shops, "known_at": known_at}
    for name, column in zip(plan.names, zip(*rows, strict=True), strict=True):
        known = [None if value is ABSENT else value for value in column]
        columns[name] = known
    facts = facts_of(table, columns)
    size, data = DTYPES[table].itemsize, facts.tobytes()
    hashed = [_or_none(facts[name].tolist()) for name in plan.hashed]
    links = [facts[name].tolist() for name in plan.linking]
    tied = zip(*links, strict=True) if links else [()] * len(rows)
    return Packed(
        [data[at : at + size] for at in range(0, len(data), size)],
        list(zip(*hashed, strict=True)),
        [tuple(key for key in keys if key != NONE) for keys in tied],
    )


def _or_none(keys: list[int]) -> list[int | None]:
    return [None if key == NONE else key for key in keys]
