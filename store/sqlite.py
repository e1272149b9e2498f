"""Everything that is SQLite's own: connections, transactions, key lists and upserts.

Knows nothing of the tables. PostgreSQL will be a second module with the same names.

A transaction costs tens of microseconds here, which SQLAlchemy's execution layer alone would
double, so statements are built with SQLAlchemy, compiled once, and run as text on the plain
connection.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    URL,
    Column,
    ColumnElement,
    LargeBinary,
    Text,
    bindparam,
    cast,
    create_engine,
    func,
    literal_column,
    make_url,
)
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import ClauseElement, TableValuedAlias

from store.errors import StoreBusy, StoreError, StoreMissing, StoreNewer

__all__ = [
    "Database",
    "Statement",
    "column_ddl",
    "column_names",
    "compiled",
    "insert",
    "is_table",
    "joined_bytes",
    "key_list",
    "keys_given",
    "location",
    "where",
]

Connection = sqlite3.Connection
DatabaseError = sqlite3.DatabaseError
WITHOUT_ROWID: dict[str, Any] = {
    "sqlite_with_rowid": False
}  # the primary key is the table: no second tree
NEVER_REUSED: dict[str, Any] = {
    "sqlite_autoincrement": True
}  # a cursor over the ids never meets one twice
PATIENCE_S = 30.0  # a bulk import holds the lock for well under a second; longer is a fault
# Polling with a small random sleep: SQLite's own handler backs off to 100 ms, a tail of ours.
POLL_S = (0.0003, 0.002)
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",  # with WAL an acknowledged write survives kill -9
    "PRAGMA cache_size=-16000",  # KiB per connection
    # Pages, 64 MB. A running service checkpoints every few seconds beside its writers; this is for
    # everybody else, and makes the one write that has to wait for the disk a rare one.
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA journal_size_limit=67108864",  # bytes the log keeps after a bulk import
)


@dataclass(frozen=True)
class Statement:
    """A statement compiled to text.

    Attributes:
        text: SQL with one `?` per parameter.
        names: the parameters' names in the order of the `?`.
    """

    text: str
    names: tuple[str, ...]

    def values(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of `given` in the order of the `?`; KeyError where one is missing."""
        return tuple(given[name] for name in self.names)


def compiled(statement: ClauseElement) -> Statement:
    """SQLAlchemy's statement as SQLite's text."""
    made = statement.compile(dialect=sqlite_dialect(), compile_kwargs={"render_postcompile": True})
    names: Sequence[str] = getattr(made, "positiontup", None) or ()
    return Statement(str(made), tuple(names))


def keys_given(name: str) -> TableValuedAlias:
    """A parameter that holds many integers or texts (see `key_list`), as a table (value)."""
    return func.json_each(bindparam(name)).table_valued("value", name=f"{name}_given")


def key_list(keys: Sequence[int] | Sequence[str]) -> str:
    """What to bind to the parameter of `keys_given`."""
    return msgspec.json.encode(keys).decode()


def joined_bytes(column: ColumnElement[bytes]) -> ColumnElement[bytes]:
    """All values of a column of bytes as one, NULL where there is none; their order is not said.

    A row for each of a locker's thousand would be a thousand steps, each letting go of the
    interpreter's lock for others to take.
    """
    # Text is bytes with a length to SQLite, zeros among them: casting changes nothing.
    return cast(func.group_concat(cast(column, Text), literal_column("''")), LargeBinary)


def where(condition: ColumnElement[bool]) -> dict[str, Any]:
    """Arguments of an Index that covers only the rows meeting the condition."""
    return {"sqlite_where": condition}


def column_ddl(column: Column[Any]) -> str:
    """A column's type, as `ALTER TABLE ADD COLUMN` wants it."""
    return column.type.compile(dialect=sqlite_dialect())


def is_table(connection: Connection, name: str) -> bool:
    """Whether the store has a table of that name."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (name,))
    return found.fetchone() is not None


def column_names(connection: Connection, table: str) -> list[str]:
    """The columns that a table of the store has."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    return [name for (name,) in rows]


def location(url_or_path: str | os.PathLike[str]) -> Path:
    """The file that a path or a `sqlite:///` address names."""
    text = os.fspath(url_or_path)
    if "://" not in text:
        return Path(text)
    url = make_url(text)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise StoreError(
            f"A store is a path or sqlite:///PATH; got a {url.get_backend_name()} address."
            " Other databases are not supported yet."
        )
    return Path(url.database)


def is_busy(error: sqlite3.Error) -> bool:
    """Whether a lock was in the way, so that trying again makes sense."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY


class Database:
    """One file and its idle connections; threads and processes may share the file."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        if readonly and not path.exists():
            raise StoreMissing(f"Expected a store at {path}, found none. Ingest something first.")
        if not readonly and not path.exists():
            _create_private(path)
        self.path = path
        self.readonly = readonly
        self.stamp: tuple[str, str] | None = None  # a query, and what it must answer
        self._closed = False
        self._idle: deque[Connection] = deque()
        self._engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(path)),
            poolclass=NullPool,
            connect_args={
                "isolation_level": None,  # we say BEGIN ourselves
                "check_same_thread": False,  # one thread at a time, by the pool below
                "cached_statements": 512,
                "timeout": 0,
            },
        )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store, however long it takes."""
        with self._transaction("BEGIN", PATIENCE_S) as connection:
            yield connection

    @contextmanager
    def writing(self, patience_s: float = PATIENCE_S) -> Iterator[Connection]:
        """The one writing transaction at a time; StoreBusy where the wait exceeds patience_s."""
        if self.readonly:
            raise StoreError(f"The store {self.path} was opened for reading only.")
        with self._transaction("BEGIN IMMEDIATE", patience_s) as connection:
            yield connection

    def checkpoint(self) -> None:
        """Copy what the log holds into the file, as far as no reader needs it; blocks nobody."""
        connection = self._take()
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close what is idle now, and the rest when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
        self._engine.dispose()

    @contextmanager
    def _transaction(self, begin: str, patience_s: float) -> Iterator[Connection]:
        connection = self._take()
        try:
            self._patiently(connection, begin, patience_s)
            self._check_stamp(connection, patience_s)
            yield connection
            self._patiently(connection, "COMMIT", patience_s)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._give_back(connection)

    def _check_stamp(self, connection: Connection, patience_s: float) -> None:
        """Take the snapshot, and refuse to go on where newer code has upgraded the store."""
        if self.stamp is None:
            return
        query, expected = self.stamp
        found = self._patiently(connection, query, patience_s)
        if found != (expected,):
            raise StoreNewer(
                f"The store {self.path} was upgraded while this process had it open."
                " Restart this process with the code that upgraded it."
            )

    def _patiently(self, connection: Connection, text: str, patience_s: float) -> Any:
        """First row of a statement, waiting for other processes' locks within bounds."""
        deadline: float | None = None
        while True:
            try:
                return connection.execute(text).fetchone()
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                now = time.monotonic()
                deadline = deadline or now + patience_s
                if now > deadline:
                    raise StoreBusy(
                        f"Waited {patience_s:.0f} s for the lock of {self.path}, which another"
                        " process still holds. Try again, or see what is running."
                    ) from error
                time.sleep(random.uniform(*POLL_S))  # noqa: S311 - spreads waiters, no secret

    def _take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def _give_back(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def _connect(self) -> Connection:
        if self._closed:
            raise StoreError(f"The store {self.path} was closed; open it again.")
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        if not isinstance(connection, Connection):  # pragma: no cover - the driver is ours
            raise TypeError(f"expected a sqlite3 connection, got {type(connection).__name__}")
        pooled.detach()
        for pragma in _PRAGMAS:
            self._patiently(connection, pragma, PATIENCE_S)
        if self.readonly:
            connection.execute("PRAGMA query_only=ON")
        return connection


def _create_private(path: Path) -> None:
    """An empty file that only its owner reads, since it will hold people's addresses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:  # another process was first
        return
