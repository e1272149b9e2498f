"""Writing records: each row finds its place among the versions of its key, in one transaction.

Knows nothing of scores. Nothing is ever overwritten; a row that says nothing new adds nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import attrgetter, itemgetter
from typing import Any

from features.facts import DEFAULT, Readers
from features.schema import TABLES
from store.errors import BadVersion, MissingValue, RowRefused
from store.prepare import Batch, Prepared, Records, links_of, pack, prepare
from store.sqlite import Connection, Database, key_list
from store.statements import add_link
from store.versions import History, place_all

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Counts:
    """What became of the rows given for one table.

    Attributes:
        inserted: rows that became a new version.
        unchanged: rows that said nothing new.
        refused: rows left out and reported to `refused`.
    """

    inserted: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Written:
    """What a write did.

    Attributes:
        tables: counts of each table that rows were given for.
        last_known_at: the latest `known_at` among the rows given, as stored (a moment that other
            content held was passed on to `received_at`); `received_at` where no row was given.
        order_keys: the orders that rows given belong to, changed or not, ascending.
        received_at: when the rows were received, microseconds UTC.
    """

    tables: dict[str, Counts]
    last_known_at: int
    order_keys: tuple[int, ...]
    received_at: int


def write(
    database: Database,
    records: Records,
    *,
    received_at: int | Callable[[], int],
    refused: list[RowRefused] | None,
    readers: Readers = DEFAULT,
) -> Written:
    """Store rows in one transaction; see `Store.write`."""
    given = [prepare(table, rows, readers) for table, rows in _in_order(records).items() if rows]
    with database.writing() as connection:
        # A clock is read with the lock held: whoever writes later is received later.
        moment = received_at() if callable(received_at) else received_at
        stamped = [each.stamped(moment) for each in given]
        return _write_all(connection, stamped, moment, refused)


def _write_all(
    connection: Connection,
    given: Sequence[Prepared],
    received_at: int,
    refused: list[RowRefused] | None,
) -> Written:
    effects = [_Effect(max(each.first.known_at), each.first.order_keys) for each in given]
    for each, effect in zip(given, effects, strict=True):
        _write(connection, each, received_at, effect)
    problems = [
        problem
        for effect in effects
        for problem in sorted(effect.problems, key=attrgetter("position"))
    ]
    if problems and refused is None:
        raise problems[0]
    if refused is not None:
        refused.extend(problems)
    return Written(
        {each.table: effect.counts(each) for each, effect in zip(given, effects, strict=True)},
        max((effect.last_known_at for effect in effects), default=received_at),
        tuple(sorted(set[int]().union(*(effect.order_keys for effect in effects)))),
        received_at,
    )


def _in_order(records: Records) -> Records:
    """Tables as the schema lists them, then unknown names, which `prepare` refuses."""
    known = {table: records[table] for table in TABLES if table in records}
    if len(known) == len(records):
        return known
    return {**known, **{t: rows for t, rows in records.items() if t not in known}}


@dataclass
class _Effect:
    """What became of one table's rows, as it becomes known."""

    last_known_at: int
    order_keys: set[int]
    inserted: int = 0
    problems: list[RowRefused] = field(default_factory=list)

    def add(self, rows: Batch) -> None:
        self.inserted += len(rows.blobs)
        self.last_known_at = max([self.last_known_at, *rows.known_at])
        self.order_keys |= rows.order_keys

    def counts(self, given: Prepared) -> Counts:
        refused = len(self.problems)
        return Counts(self.inserted, len(given.keys) - self.inserted - refused, refused)


def _write(connection: Connection, given: Prepared, received_at: int, effect: _Effect) -> None:
    """Add what is new: rows of new keys as they are, others where they belong among versions."""
    histories = _histories(connection, given)
    new, rest = _divided(given.keys, histories)
    if not given.complete:
        lacking = {position for position in new if given.lacking(position)}
        effect.problems += [_missing(given, position) for position in sorted(lacking)]
        new = [position for position in new if position not in lacking]
    if new:
        _insert(connection, given.first.take(new), received_at)
        effect.inserted += len(new)
    placed = _placed(given, rest, histories, received_at, effect) if rest else None
    if placed:
        _insert(connection, placed, received_at)
        effect.add(placed)


def _divided(
    keys: list[Key], histories: Mapping[Key, History]
) -> tuple[Sequence[int], Sequence[int]]:
    """Positions of rows whose key nobody else has, here or in the store, and of the others."""
    everywhere = range(len(keys))
    if len(set(keys)) == len(keys) and histories.keys().isdisjoint(keys):
        return everywhere, ()
    times = Counter(keys)
    alone = [times[key] == 1 and key not in histories for key in keys]
    return [at for at in everywhere if alone[at]], [at for at in everywhere if not alone[at]]


def _histories(connection: Connection, given: Prepared) -> dict[Key, History]:
    """The stored versions of the keys given, by known_at."""
    plan = given.plan
    # In the order given, which is mostly that of their storage.
    wanted = key_list(list(dict.fromkeys([key[0] for key in given.keys])))
    others = [3 + at for at in plan.key_at]
    histories: dict[Key, History] = {}
    for row in connection.execute(plan.versions, (wanted,)):
        key = (row[0], *[row[at] for at in others])
        histories.setdefault(key, []).append((row[2], row[3:]))
    for history in histories.values():
        if len(history) > 1:
            history.sort(key=itemgetter(0))
    return histories


def _placed(
    given: Prepared,
    positions: Sequence[int],
    histories: dict[Key, History],
    received_at: int,
    effect: _Effect,
) -> Batch | None:
    """The versions that some rows add to the histories of their keys, None where none is new."""
    said = given.rows()
    placed = place_all(
        histories,
        [given.keys[at] for at in positions],
        [said[at] for at in positions],
        [given.first.known_at[at] for at in positions],
        received_at=received_at,
        required_at=given.plan.required_at,
    )
    effect.problems += [_clash(given, positions[at]) for at in placed.clashing]
    effect.problems += [_missing(given, positions[at]) for at in placed.lacking]
    if not placed.fresh:
        return None
    values = zip(*(version.values for version in placed.fresh), strict=True)
    return pack(
        given.table,
        given.plan,
        [given.first.shops[positions[version.position]] for version in placed.fresh],
        [version.known_at for version in placed.fresh],
        dict(zip(given.plan.names, values, strict=True)),
        given.readers,
    )


def _insert(connection: Connection, rows: Batch, received_at: int) -> None:
    unknown = [None] * len(rows.blobs)
    clocks = (rows.known_at, repeat(received_at), rows.blobs, rows.shops)
    values = (rows.columns.get(name, unknown) for name in rows.plan.names)
    connection.executemany(rows.plan.add, zip(*rows.hashed, *clocks, *values, strict=False))
    if links := links_of(rows):
        connection.executemany(add_link(), links)


def _clash(given: Prepared, position: int) -> BadVersion:
    key = given.key_values(position)
    return BadVersion(
        f"{given.table} {key}: expected one content at"
        f" known_at={given.first.known_at[position]}, got another one than is stored, and it was"
        " received no later. Send the moment at which the change became known as known_at.",
        table=given.table,
        key=key,
        position=position,
    )


def _missing(given: Prepared, position: int) -> MissingValue:
    key = given.key_values(position)
    return MissingValue(
        f"{given.table} {key}: expected a value in {', '.join(given.lacking(position))}, got none,"
        " and none was known before. Send it with the first version of the row.",
        table=given.table,
        key=key,
        position=position,
    )
