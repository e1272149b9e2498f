"""The desk at which files are staged: the database, its folder, the tally of a file, SQL's quotes.

Knows nothing of file kinds or mappings.
"""
# ruff: noqa: S608 - names and texts in SQL go through `quoted` and `literal`

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from training.ingest_text import Dialect
from training.ingest_tidy import Unread
from training.ingest_types import IngestError, Progress

Connection = duckdb.DuckDBPyConnection
_FEW = 10  # records of another encoding that are taken for accidents...
_ACCIDENTS = 0.01  # ...and the share of records; beyond both it is the whole file


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def iter_rows(found: Any, size: int = 20_000) -> Iterator[tuple[Any, ...]]:
    """The rows of a result, fetched a batch at a time."""
    while batch := found.fetchmany(size):
        yield from batch


@dataclass(frozen=True)
class Desk:
    """Where files are loaded: a staging database, its folder, and who hears of trouble."""

    connection: Connection
    folder: Path
    dialect: Dialect
    refuse: Callable[[str, Unread], None]  # called with the file and each unreadable record
    progress: Progress


class Tally:
    """Counts one file's records as they are read."""

    def __init__(self, path: Path, desk: Desk) -> None:
        """Starts at none."""
        self._path, self._desk = path, desk
        self.rows = self.unread = self.foreign = 0
        self.first: Unread | None = None

    def add(self, rows: int, unread: Unread | None = None) -> None:
        """Counts records read and one that was not."""
        self.rows += rows
        if unread is not None:
            self.unread += 1
            self.foreign += unread.encoding
            self.first = self.first or unread
            self._desk.refuse(str(self._path), unread)

    def refuse_hopeless(self) -> None:
        """Raises IngestError where nothing could be read, or the encoding is another."""
        everything = self.rows + self.unread
        foreign = self.foreign > max(_FEW, _ACCIDENTS * everything)
        if self.first is not None and (self.rows == 0 or foreign):
            raise IngestError(
                f"{self._path}: {self.unread} of {everything} records cannot be read; the first, "
                f"line {self.first.line}: {self.first.reason}."
            )


def create(desk: Desk, path: Path, table: str, source: str) -> int:
    """Makes the file's table from what SQL can select from, and says how many rows it has."""
    found = desk.connection.execute(
        f"CREATE TABLE {table} AS SELECT * EXCLUDE (_line), "
        f"{literal(str(path))} AS _file, _line FROM {source}"
    )
    return int(found.fetchall()[0][0])
