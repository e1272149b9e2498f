"""Exports into the store: read, mapped, checked, staged, and only then written.

Knows nothing of what orders are for. Everything that can fail on account of the files or the map
fails before the first row is written, and writing again what is there changes nothing, so an
ingest that was interrupted is simply run again.
"""
# ruff: noqa: S608 - names in SQL are our own tables' and columns'

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from store.errors import RowRefused
from training.ingest_check import Given, stage, take
from training.ingest_desk import Connection, Desk
from training.ingest_map import Map, format_names, format_text, read_map
from training.ingest_rejects import Rejects
from training.ingest_run import lock, make_sources, open_staging, run
from training.ingest_settle import count, refuse, settle_items, settle_twins
from training.ingest_source import Loaded, load
from training.ingest_types import IngestError, IngestSummary, Progress, Sink, TableCount

__all__ = ["IngestError", "IngestSummary", "describe", "format_names", "format_text", "ingest"]

BATCH_ROWS = 1_000  # a transaction of 0.1 s, so that a running service is never blocked for long
_STALE_S = 86_400  # a staging folder this old was left by an ingest that was killed


def quiet(done: int, total: int | None, what: str) -> None:
    """A progress that nobody watches."""


def ingest(  # noqa: PLR0913 - one argument per flag of the command
    files: Sequence[Path],
    mapping: str | Path,
    *,
    shop_id: str | None = None,
    platform: str | None = None,
    encoding: str | None = None,
    store: Sink,
    rejects_dir: Path,
    received_at: int,
    progress: Progress = quiet,
) -> IngestSummary:
    """Reads export files by a built-in format or a map of SQL, and writes them into the store.

    Rows that break the schema go to a file in `rejects_dir`, each with file, line, field and
    reason; the rest go in. `shop_id` and `platform` are those of rows that do not say theirs;
    `encoding` is that of text files; `received_at` is this moment, in microseconds UTC.
    Staging needs about the room of the unpacked files, in a folder beside `rejects_dir`.

    Raises IngestError, with nothing written, where a file cannot be read, a column is missing or
    the map is broken.
    """
    chosen = read_map(mapping)
    dialect = replace(chosen.dialect, encoding=encoding or chosen.dialect.encoding)
    with _staging_folder(rejects_dir.parent / "staging") as folder:
        rejects = Rejects(folder)
        with closing(rejects), closing(open_staging(folder)) as connection:
            desk = Desk(connection, folder, dialect, rejects.refuse, progress)
            loaded = _load_all(desk, files)
            make_sources(connection, loaded, chosen)
            lock(connection)
            taking = partial(take, shop_id=shop_id, platform=platform or chosen.platform)
            made = _check(connection, chosen, taking, received_at, progress)
            _settle(connection, store, made, progress)
            tables = _write(connection, store, made, received_at, progress)
            for table in tables:
                rejects.refuse_rows(connection, table)
            kept = rejects.publish(rejects_dir, received_at)
    return IngestSummary(tuple(one.count for one in loaded), tables, kept)


def describe(summary: IngestSummary) -> str:
    """The summary for people: a line per file and per table, and where the rejects are."""
    lines = []
    for file in summary.files:
        unreadable = f", {file.unreadable:,} unreadable" if file.unreadable else ""
        records = "record" if file.rows == 1 else "records"
        lines.append(f"{file.file}: {file.rows:,} {records}{unreadable}")
    lines.append(f"{'table':<12}{'rows':>12}{'new':>12}{'unchanged':>12}{'rejected':>12}")
    for name, one in summary.tables.items():
        numbers = (one.rows, one.new, one.unchanged, one.rejected)
        lines.append(f"{name:<12}" + "".join(f"{number:>12,}" for number in numbers))
    if summary.rejects is not None:
        lines.append(f"{summary.rejected:,} rejected, each with its reason: {summary.rejects}")
    return "\n".join(lines)


@contextmanager
def _staging_folder(parent: Path) -> Iterator[Path]:
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob("ingest-*"):
        if time.time() - left.stat().st_mtime > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="ingest-", dir=parent))  # for its owner alone
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load_all(desk: Desk, files: Sequence[Path]) -> tuple[Loaded, ...]:
    if not files:
        raise IngestError("expected at least one file to ingest, got none.")
    once = {Path(path).resolve(): Path(path) for path in files}
    return tuple(load(desk, number, path) for number, path in enumerate(once.values()))


def _check(
    connection: Connection,
    chosen: Map,
    taking: Callable[[Connection, str, str], Given | None],
    received_at: int,
    progress: Progress,
) -> tuple[Given, ...]:
    """Runs the map and checks what it gave; the tables that have rows."""
    tables, made = run(connection, chosen), []
    for number, table in enumerate(tables):
        progress(number, len(tables), "checking tables")
        given = taking(connection, chosen.name, table)
        if given is not None:
            stage(connection, given, received_at)
            made.append(given)
    return tuple(made)


def _settle(connection: Connection, store: Sink, made: Sequence[Given], progress: Progress) -> None:
    names = {given.spec.name for given in made}
    if "items" in names:
        settle_items(connection, store, with_orders="orders" in names)
    for number, given in enumerate(made):
        progress(number, len(made), "comparing tables")
        settle_twins(connection, given.spec.name, given.names)


def _write(
    connection: Connection,
    store: Sink,
    made: Sequence[Given],
    received_at: int,
    progress: Progress,
) -> dict[str, TableCount]:
    counts = {given.spec.name: count(connection, given.spec.name) for given in made}
    total, done, tables = sum(fresh for fresh, _, _ in counts.values()), 0, {}
    for given in made:
        name = given.spec.name
        _, unchanged, rejected = counts[name]
        new, reasons = 0, dict[int, str]()
        for row_ids, rows in _batches(connection, given):
            refused: list[RowRefused] = []
            sent = store.write({name: rows}, received_at=received_at, refused=refused)
            new += sent.tables[name].inserted
            unchanged += sent.tables[name].unchanged
            reasons |= {
                row_ids[one.position]: f"was refused by the store: {one}" for one in refused
            }
            done += len(rows)
            progress(done, total, f"writing {name}")
        refuse(connection, name, reasons)
        tables[name] = TableCount(new, unchanged, rejected + len(reasons))
    return tables


def _batches(
    connection: Connection, given: Given
) -> Iterator[tuple[list[int], list[dict[str, object]]]]:
    """Accepted rows in the order in which they were learned, with their `row_id`s, in batches."""
    spec, names = given.spec, ("shop_id", "known_at", *given.names)
    order = ", ".join(("known_at", "shop_id", *spec.key))
    found = connection.execute(
        f"SELECT row_id, {', '.join(names)} FROM staged.{spec.name} "
        f"WHERE problems IS NULL AND NOT twin ORDER BY {order}"
    )
    while batch := found.fetchmany(BATCH_ROWS):
        yield (
            [row[0] for row in batch],
            [dict(zip(names, row[1:], strict=True)) for row in batch],
        )
