"""Writing records: each row finds its place among the versions of its key, in one transaction.

Knows nothing of scores. Nothing is ever overwritten; a row that says nothing new adds nothing.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from features.facts import key_of
from features.schema import TABLES
from store.errors import BadVersion, MissingValue, RowRefused
from store.prepare import Packed, Prepared, Records, key_values, pack, prepare
from store.sqlite import Connection, Database, key_list
from store.statements import add_link
from store.versions import ABSENT, Fresh, History, place_all


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
    """

    tables: dict[str, Counts]
    last_known_at: int
    order_keys: tuple[int, ...]


def write(
    database: Database, records: Records, *, received_at: int, refused: list[RowRefused] | None
) -> Written:
    """Store rows in one transaction; see `Store.write`."""
    given = [
        prepare(table, rows, received_at) for table, rows in _in_order(records).items() if rows
    ]
    problems: list[RowRefused] = []
    with database.writing() as connection:
        effects = [_write(connection, each, received_at, problems) for each in given]
        if problems and refused is None:
            raise problems[0]
    if refused is not None:
        refused.extend(problems)
    return Written(
        {each.table: effect.counts for each, effect in zip(given, effects, strict=True)},
        max((effect.last_known_at for effect in effects), default=received_at),
        tuple(sorted(set[int]().union(*(effect.order_keys for effect in effects)))),
    )


def _in_order(records: Records) -> Records:
    """Tables as the schema lists them, then unknown names, which `prepare` refuses."""
    known = {table: records[table] for table in TABLES if table in records}
    return {**known, **{t: rows for t, rows in records.items() if t not in known}}


@dataclass(frozen=True)
class _Effect:
    counts: Counts
    last_known_at: int
    order_keys: set[int]


def _write(
    connection: Connection, given: Prepared, received_at: int, problems: list[RowRefused]
) -> _Effect:
    placed = place_all(
        _histories(connection, given),
        given.keys,
        given.said,
        given.known_at,
        received_at=received_at,
        required_at=given.plan.required_at,
    )
    problems += [_clash(given, position) for position in placed.clashing]
    problems += [_missing(given, position) for position in placed.lacking]
    fresh = placed.fresh
    facts = _facts(given, fresh)
    _insert(connection, given, fresh, facts, received_at)
    failed = len(placed.clashing) + len(placed.lacking)
    return _Effect(
        Counts(len(fresh), len(given.keys) - len(fresh) - failed, failed),
        max(*given.known_at, *(version.known_at for version in fresh), given.known_at[0]),
        _orders(given, given.packed) | _orders(given, facts),
    )


def _orders(given: Prepared, facts: Packed) -> set[int]:
    if given.plan.hashed[-1] != "order_key":
        return set()
    return {keys[-1] for keys in facts.hashed if keys[-1] is not None}


def _histories(connection: Connection, given: Prepared) -> dict[Hashable, History]:
    """The stored versions of the keys given, by known_at."""
    plan = given.plan
    wanted = key_list(list({key[0] for key in given.keys}))  # type: ignore[index]
    others = [3 + at for at in plan.key_at]
    histories: dict[Hashable, History] = {}
    for row in connection.execute(plan.versions, (wanted,)):
        key = (row[0], *[row[at] for at in others])
        histories.setdefault(key, []).append((row[2], row[3:]))
    for history in histories.values():
        if len(history) > 1:
            history.sort(key=lambda version: version[0])
    return histories


def _insert(
    connection: Connection, given: Prepared, fresh: list[Fresh], facts: Packed, received_at: int
) -> None:
    if not fresh:
        return
    rows, links = [], []
    for version, blob, hashed, tied in zip(
        fresh, facts.blobs, facts.hashed, facts.links, strict=True
    ):
        shop = given.shops[version.position]
        rows.append((*hashed, version.known_at, received_at, blob, shop, *version.values))
        links += [(hashed[0], key, version.known_at) for key in tied]
    connection.executemany(given.plan.add, rows)
    if links:
        connection.executemany(add_link(), links)


def _facts(given: Prepared, fresh: list[Fresh]) -> Packed:
    """Facts of new versions: those prepared, or worked out anew where values were filled in."""
    packed = given.packed
    changed = [version for version in fresh if not version.as_said]
    anew = pack(
        given.table,
        given.plan,
        [given.shops[version.position] for version in changed],
        [version.known_at for version in changed],
        [version.values for version in changed],
    )
    again = {version.position: index for index, version in enumerate(changed)}
    sources = [
        (anew, again[v.position]) if v.position in again else (packed, v.position) for v in fresh
    ]
    return Packed(
        [source.blobs[index] for source, index in sources],
        [source.hashed[index] for source, index in sources],
        [source.links[index] for source, index in sources],
    )


def _clash(given: Prepared, position: int) -> BadVersion:
    key = key_values(given.plan, given.shops[position], given.said[position])
    return BadVersion(
        f"{given.table} {key}: expected one content at known_at={given.known_at[position]}, got"
        " another one than is stored, and it was received no later. Send the moment at which the"
        " change became known as known_at.",
        table=given.table,
        key=key,
        position=position,
    )


def _missing(given: Prepared, position: int) -> MissingValue:
    plan, said = given.plan, given.said[position]
    names = [plan.names[at] for at in plan.required_at if said[at] in (None, ABSENT)]
    key = key_values(plan, given.shops[position], said)
    return MissingValue(
        f"{given.table} {key}: expected a value in {', '.join(names)}, got none, and none was"
        " known before. Send it with the first version of the row.",
        table=given.table,
        key=key,
        position=position,
    )


def order_key(shop_id: str, order_id: str) -> int:
    """The 64-bit key of an order."""
    return key_of("order", shop_id, order_id)
