"""Bringing a store to this code's layout and facts, by one process while the others wait.

Knows nothing of particular columns: missing tables, columns and indexes are added as
`store.tables` describes them; what needs more is a step of its own in STEPS.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Index, Table, bindparam, delete, func, literal_column, select, update
from sqlalchemy.schema import CreateIndex, CreateTable

from features.facts import DEFAULT, FACTS_VERSION, Readers
from store.errors import StoreNewer, StoreOlder
from store.prepare import links_of, pack
from store.sqlite import Connection, Database, column_ddl, column_names, compiled, insert, is_table
from store.statements import add_link, table_plan
from store.tables import LINKS, META, METADATA, RECORDS, SCHEMA_VERSION

CHUNK = 20_000  # rows whose facts are worked out at once; some 50 MB
PATIENCE_S = 3_600.0  # working out the facts of many millions of rows anew takes minutes
# Version found → what turns it into the next one, beyond adding what is missing.
STEPS: dict[int, Callable[[Connection], None]] = {}
_STAMP = compiled(select(META.c.value).where(META.c.name == literal_column("'stamp'"))).text
PHRASES = "phrases"  # the digest of what read the messages
_MESSAGES = compiled(select(func.count()).select_from(RECORDS["messages"]))
_GET = compiled(select(META.c.value).where(META.c.name == bindparam("name")))
_insert = insert(META).values(name=bindparam("name"), value=bindparam("value"))
_SET = compiled(
    _insert.on_conflict_do_update(
        index_elements=[META.c.name], set_={"value": _insert.excluded.value}
    )
)


class Stamp(msgspec.Struct, frozen=True):
    """What a store was last written with.

    Attributes:
        schema: SCHEMA_VERSION, 0 in a file without a stamp.
        facts: FACTS_VERSION.
        layout: digest of all tables, columns and indexes.
    """

    schema: int = 0
    facts: int = 0
    layout: str = ""


def ours() -> Stamp:
    """The stamp of this code."""
    layout = blake2b("\n".join(_ddl()).encode(), digest_size=8).hexdigest()
    return Stamp(SCHEMA_VERSION, FACTS_VERSION, layout)


def bring_up_to_date(database: Database, readers: Readers = DEFAULT) -> None:
    """Create or upgrade the store where needed, then hold every transaction to its stamp.

    Raises StoreNewer where newer code wrote it, StoreOlder where it may only be read.
    """
    wanted = ours()
    with database.reading() as connection:
        found = _found(connection)
    _refuse_newer(database, found, wanted)
    if found != wanted:
        if database.readonly:
            raise StoreOlder(
                f"The store {database.path} is at {found} and this code needs {wanted}."
                " Open it once for writing, for example with `riskradar keys list`."
            )
        with database.writing(PATIENCE_S) as connection:
            _upgrade(database, connection, wanted, readers)
    database.stamp = (_STAMP, _text(wanted))


def _upgrade(
    database: Database, connection: Connection, wanted: Stamp, readers: Readers = DEFAULT
) -> None:
    found = _found(connection)  # again: another process may have been first
    _refuse_newer(database, found, wanted)
    if found == wanted:
        return
    for table in METADATA.sorted_tables:
        _add_columns(database, connection, table)
    for text in _ddl():
        connection.execute(text)
    for version in range(found.schema, wanted.schema):
        if version in STEPS:
            STEPS[version](connection)
    if found.facts != wanted.facts:
        work_out_facts(connection, readers)
    connection.execute(_SET.text, ("stamp", _text(wanted)))
    connection.execute(_SET.text, (PHRASES, readers.digest))


def work_out_facts(connection: Connection, readers: Readers = DEFAULT) -> None:
    """Facts, keys and links of every row anew, from what was said."""
    connection.execute(compiled(delete(LINKS)).text)
    for name in RECORDS:
        last = 0
        while (following := _work_out_chunk(connection, name, last, readers)) is not None:
            last = following


def read_again(database: Database, readers: Readers) -> int:
    """Facts of all messages anew, where other phrases read them; see `Store.read_again`.

    In transactions of a chunk, so that a running service waits for none of them for long. Broken
    off, it begins anew the next time; until then some messages are read by the old phrases.
    """
    with database.reading() as connection:
        told = connection.execute(_GET.text, (PHRASES,)).fetchone()
        (count,) = connection.execute(_MESSAGES.text).fetchone()
    if told == (readers.digest,):
        return 0
    last = 0
    while True:
        with database.writing() as connection:
            following = _work_out_chunk(connection, "messages", last, readers)
            if following is None:
                connection.execute(_SET.text, (PHRASES, readers.digest))
                return int(count)
        last = following


def _work_out_chunk(connection: Connection, name: str, after: int, readers: Readers) -> int | None:
    """Facts of the next rows by id; the last id done, None where no row is left."""
    table, plan = RECORDS[name], table_plan(name)
    columns = (table.c.id, table.c.shop_id, table.c.known_at, *(table.c[c] for c in plan.names))
    query = compiled(select(*columns).where(table.c.id > bindparam("after")).order_by(table.c.id))
    rows = connection.execute(query.text, (after,)).fetchmany(CHUNK)
    if not rows:
        return None
    ids, shops, known_at, *values = zip(*rows, strict=True)
    said = dict(zip(plan.names, values, strict=True))
    packed = pack(name, plan, shops, known_at, said, readers)
    changed: dict[str, Any] = {
        column: bindparam(f"new_{column}") for column in (*plan.hashed, "facts")
    }
    change = compiled(update(table).where(table.c.id == bindparam("row")).values(changed))
    new = [*(f"new_{column}" for column in plan.hashed), "new_facts", "row"]
    connection.executemany(
        change.text,
        [
            change.values(dict(zip(new, row, strict=True)))
            for row in zip(*packed.hashed, packed.blobs, ids, strict=True)
        ],
    )
    connection.executemany(add_link(), links_of(packed))
    return int(ids[-1])


def _add_columns(database: Database, connection: Connection, table: Table) -> None:
    if not is_table(connection, table.name):
        return
    there = column_names(connection, table.name)
    unknown = [name for name in there if name not in table.columns]
    if unknown:
        raise StoreNewer(
            f"The store {database.path} has {table.name}.{', '.join(unknown)}, which this code"
            " does not know. Use the newer code that made it."
        )
    for column in table.columns:
        if column.name not in there:
            kind = column_ddl(column)
            connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {kind}")


def _refuse_newer(database: Database, found: Stamp, wanted: Stamp) -> None:
    if found.schema > wanted.schema or found.facts > wanted.facts:
        raise StoreNewer(
            f"The store {database.path} was written by newer code: schema {found.schema}, facts"
            f" {found.facts}; this code knows schema {wanted.schema}, facts {wanted.facts}."
            " Use the newer code; nothing was changed."
        )


def _found(connection: Connection) -> Stamp:
    if not is_table(connection, META.name):
        return Stamp()
    row = connection.execute(_STAMP).fetchone()
    return msgspec.json.decode(row[0], type=Stamp) if row else Stamp()


def _text(stamp: Stamp) -> str:
    return msgspec.json.encode(stamp).decode()


def _ddl() -> list[str]:
    """Statements that create every table and index that is missing."""
    tables = METADATA.sorted_tables
    indexes = [index for table in tables for index in sorted(table.indexes, key=_name)]
    return [
        *(compiled(CreateTable(table, if_not_exists=True)).text for table in tables),
        *(compiled(CreateIndex(index, if_not_exists=True)).text for index in indexes),
    ]


def _name(index: Index) -> str:
    return str(index.name)
