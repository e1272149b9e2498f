"""Export files as tables of a staging database: one table a file, every record with its line.

Knows nothing of orders or mappings: a CSV or JSON column is text, a Parquet column is what it is,
and each record carries `_file` and `_line`.
"""
# ruff: noqa: S608 - names and texts in SQL go through `quoted` and `literal`

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from training.ingest_desk import Desk, Tally, create, literal, quoted
from training.ingest_json import load_json
from training.ingest_text import Lines, columns_of, distinct, open_text
from training.ingest_tidy import tidy
from training.ingest_types import FileCount, IngestError

TEXT_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
PARQUET_SUFFIXES = (".parquet", ".pq")
_LONGEST = 16_000_000  # characters of one record


def stem_and_suffix(path: Path) -> tuple[str, str]:
    """The file's name without suffixes, and the suffix that says its kind.

    >>> stem_and_suffix(Path("a/Orders 2024.csv.gz"))
    ('Orders 2024', '.csv')
    """
    bare = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return bare.stem, bare.suffix.lower()


@dataclass(frozen=True)
class Loaded:
    """One file in the staging database."""

    stem: str  # the file's name without its suffixes: `orders.csv.gz` is `orders`
    table: str  # its table, as SQL writes it
    columns: tuple[str, ...]  # without `_file` and `_line`
    count: FileCount

    @property
    def shown(self) -> str:
        """The path as the user gave it."""
        return self.count.file


def load(desk: Desk, number: int, path: Path) -> Loaded:
    """The file as the table `files."<number>"`. IngestError, naming it, where it cannot be read."""
    stem, suffix = stem_and_suffix(path)
    table, tally = f'files."{number}"', Tally(path, desk)
    if not path.is_file():
        raise IngestError(f"{path}: expected a file, found none. Check the path.")
    try:
        if suffix in TEXT_SUFFIXES:
            _load_text(desk, path, table, tally)
        elif suffix in JSON_SUFFIXES:
            load_json(desk, path, table, tally)
        elif suffix in PARQUET_SUFFIXES:
            _load_parquet(desk, path, table, tally)
        else:
            raise IngestError(_unknown_suffix(path, suffix))
    except (OSError, EOFError, zlib.error, UnicodeError, duckdb.Error) as error:
        raise IngestError(f"{path} cannot be read: {_in_words(error)}.") from error
    tally.refuse_hopeless()
    names = [c[0] for c in desk.connection.execute(f"SELECT * FROM {table} LIMIT 0").description]
    columns = tuple(name for name in names if name not in {"_file", "_line"})
    return Loaded(stem, table, columns, FileCount(str(path), tally.rows, tally.unread))


def _load_text(desk: Desk, path: Path, table: str, tally: Tally) -> None:
    dialect = desk.dialect
    if stem_and_suffix(path)[1] in {".tsv", ".tab"} and dialect.delimiter is None:
        dialect = replace(dialect, delimiter="\t")
    tidied, size = desk.folder / "tidied.csv", path.stat().st_size
    with (
        open_text(path, dialect.encoding) as (text, raw),
        tidied.open("w", encoding="utf-8", newline="") as out,
    ):
        lines = Lines(text)
        names, delimiter = columns_of(path, lines, dialect)
        for rows, unread in tidy(lines, dialect, delimiter, len(names), out):
            tally.add(rows, unread)
            desk.progress(raw.tell(), size, f"reading {path.name}")
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    mark = literal('"' if dialect.quoted else "")
    create(
        desk,
        path,
        table,
        f"read_csv({literal(str(tidied))}, auto_detect=false, header=false, quote={mark}, "
        f"escape={mark}, delim={literal(delimiter)}, new_line='\\r\\n', "
        f"columns={{'_line': 'BIGINT', {types}}}, max_line_size={_LONGEST})",
    )
    tidied.unlink()


def _load_parquet(desk: Desk, path: Path, table: str, tally: Tally) -> None:
    source = f"read_parquet({literal(str(path.resolve()))})"
    desk.progress(0, None, f"reading {path.name}")
    names = [c[0] for c in desk.connection.execute(f"SELECT * FROM {source} LIMIT 0").description]
    chosen = ", ".join(
        f"{quoted(name)} AS {quoted(unique)}"
        for name, unique in zip(names, distinct(names), strict=True)
    )
    source = f"(SELECT {chosen}, file_row_number + 1 AS _line FROM {source})"
    tally.add(create(desk, path, table, source))


def _unknown_suffix(path: Path, suffix: str) -> str:
    known = ", ".join((*TEXT_SUFFIXES, *JSON_SUFFIXES, *PARQUET_SUFFIXES))
    return (
        f"{path}: expected a file whose name ends in {known} (or that and .gz), "
        f"got {suffix or 'no ending'!r}. Export it in one of these, or rename it."
    )


def _in_words(error: Exception) -> str:
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return f"its gzip is broken or cut short ({error})"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not {error.encoding}; say its encoding with --encoding"
    if isinstance(error, UnicodeEncodeError):
        return "its bytes are not text of the encoding; say which it is with --encoding"
    return str(error).splitlines()[0].rstrip(". ")
