"""Simulated rows as files in our own ingest format: a CSV or Parquet file per table.

Knows nothing of how the rows came about. Times are RFC 3339 with Z, money is in minor units,
unknown is an empty field (null in Parquet), attributes are JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb
import numpy as np

from features.schema import TABLES, Kind, TableSpec

if TYPE_CHECKING:
    from training.simulate_rows import Columns
    from training.simulate_truth import Simulated

# The type of each kind of column in a Parquet file.
PARQUET_TYPES = {
    Kind.TEXT: "VARCHAR",
    Kind.TIME: "TIMESTAMPTZ",
    Kind.MONEY: "BIGINT",
    Kind.INTEGER: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
    Kind.JSON: "VARCHAR",
}


def write_files(
    simulated: Simulated, folder: Path, kind: Literal["csv", "parquet"] = "csv"
) -> list[Path]:
    """One file per table with rows, in `folder`, which is made; the paths in order of the tables.

    ValueError where `kind` is neither csv nor parquet.
    """
    return write_blocks([simulated], folder, kind)


def write_blocks(
    blocks: Iterable[Simulated], folder: Path, kind: Literal["csv", "parquet"] = "csv"
) -> list[Path]:
    """The same for the blocks of simulate_blocks, holding one block in memory at a time."""
    if kind not in ("csv", "parquet"):
        raise ValueError(f"write_files: kind must be csv or parquet, got {kind!r}. Choose one.")
    folder.mkdir(parents=True, exist_ok=True)
    paths = {table: folder / f"{table}.csv" for table in TABLES}
    filled = _write_csv(blocks, paths)
    for table in set(TABLES) - filled:
        paths[table].unlink()
    written = [paths[table] for table in TABLES if table in filled]
    return written if kind == "csv" else [_to_parquet(path) for path in written]


def _write_csv(blocks: Iterable[Simulated], paths: dict[str, Path]) -> set[str]:
    """Write all blocks; the names of the tables that got rows."""
    filled = set()
    with ExitStack() as stack:
        writers = {}
        for table, path in paths.items():
            file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            writers[table] = csv.writer(file, lineterminator="\n")
            writers[table].writerow(_header(TABLES[table]))
        for block in blocks:
            for table, columns in block.columns.items():
                writers[table].writerows(_fields(TABLES[table], columns))
                if columns["known_at"]:
                    filled.add(table)
    return filled


def _header(spec: TableSpec) -> tuple[str, ...]:
    return ("shop_id", "known_at", *spec.names)


def _fields(spec: TableSpec, columns: Columns) -> Iterable[tuple[Any, ...]]:
    """Rows of fields as text, in the order of the header."""
    formed = [columns["shop_id"], times(columns["known_at"])]
    for column in spec.columns:
        form = _FORMS.get(column.kind)
        values = columns[column.name]
        formed.append(form(values) if form else values)
    return zip(*formed, strict=True)


def times(values: list[int | None]) -> list[str]:
    """Microseconds UTC → RFC 3339 with Z; unknown → an empty text.

    >>> times([0, None])
    ['1970-01-01T00:00:00.000000Z', '']
    """
    moments = np.array([0 if value is None else value for value in values], dtype="datetime64[us]")
    texts = np.datetime_as_string(moments, timezone="UTC").tolist()
    return ["" if value is None else text for value, text in zip(values, texts, strict=True)]


def _flags(values: list[bool | None]) -> list[str]:
    return ["" if value is None else str(value).lower() for value in values]


def _objects(values: list[Any]) -> list[str]:
    return ["" if v is None else json.dumps(v, ensure_ascii=False) for v in values]


_FORMS: dict[Kind, Callable[[list[Any]], list[str]]] = {
    Kind.TIME: times,
    Kind.FLAG: _flags,
    Kind.JSON: _objects,
}


def _to_parquet(path: Path) -> Path:
    """The CSV file as Parquet beside it; the CSV file is removed."""
    spec = TABLES[path.stem]
    types = {"shop_id": "VARCHAR", "known_at": "TIMESTAMPTZ"}
    types |= {column.name: PARQUET_TYPES[column.kind] for column in spec.columns}
    target = path.with_suffix(".parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.read_csv(
            str(path), header=True, columns=types, quotechar='"', escapechar='"'
        )
        rows.write_parquet(str(target))
    path.unlink()
    return target
