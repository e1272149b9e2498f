"""What an ingest hands around and hands back: its one error, its counts, and what it writes into.

Knows nothing of files, SQL or the real store: whatever has these two methods can be written to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from features.facts import Facts
from store.errors import RowRefused

Progress = Callable[[int, int | None, str], None]
"""Called with (done, total or None where unknown, what is being done)."""

Record = Mapping[str, object]


class IngestError(Exception):
    """An ingest that cannot go on: nothing was written. Names the file, column or map line."""


class Counted(Protocol):
    """How many rows of one table a write took in."""

    @property
    def inserted(self) -> int:
        """Rows that said something new."""

    @property
    def unchanged(self) -> int:
        """Rows that said what was known already."""


class Written(Protocol):
    """What one write did."""

    @property
    def tables(self) -> Mapping[str, Any]:
        """Table name → `Counted`."""


class Sink(Protocol):
    """The part of the store that an ingest uses."""

    def write(
        self,
        records: Mapping[str, Sequence[Record]],
        *,
        received_at: int,
        refused: list[RowRefused] | None,
    ) -> Written:
        """Store rows in one transaction; an absent column keeps its value, None clears it.

        Rows that cannot be stored beside what is there are added to `refused`.
        """

    def facts(self, *, tables: Sequence[str]) -> Facts:
        """Everything known of these tables, as arrays."""


@dataclass(frozen=True)
class FileCount:
    """What was in one input file."""

    file: str  # the path as the user gave it
    rows: int  # records that could be read
    unreadable: int  # records that could not; they are in the rejects


@dataclass(frozen=True)
class TableCount:
    """What became of the rows that the map gave for one table."""

    new: int
    unchanged: int  # said before, by this ingest or an earlier one
    rejected: int

    @property
    def rows(self) -> int:
        """All rows that the map gave."""
        return self.new + self.unchanged + self.rejected


@dataclass(frozen=True)
class IngestSummary:
    """What an ingest read, wrote and refused."""

    files: tuple[FileCount, ...]
    tables: Mapping[str, TableCount]
    rejects: Path | None  # one JSON line per refused row; None where every row went in

    @property
    def rejected(self) -> int:
        """Rows and records refused, over all files and tables."""
        unreadable = sum(count.unreadable for count in self.files)
        return unreadable + sum(count.rejected for count in self.tables.values())
