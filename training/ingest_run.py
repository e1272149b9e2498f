"""Runs a map over loaded files, locked: it sees `src` and nothing else of this machine.

Knows nothing of what our tables hold, only their names.
"""
# ruff: noqa: S608 - names and texts in SQL go through `quoted` and `literal`

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from features.money import DIGITS
from features.schema import TABLES
from training.ingest_desk import Connection, literal, quoted
from training.ingest_map import FileRule, Map, prelude
from training.ingest_source import Loaded
from training.ingest_types import IngestError

MEMORY = "1GB"  # of the staging database; beyond it, it works on disk in its own folder
DISK = "50GB"  # of that folder, so that a map cannot fill the disk


def open_staging(folder: Path) -> Connection:
    """A staging database in the folder, with the macros that maps use."""
    connection = duckdb.connect(
        str(folder / "staging.duckdb"),
        config={
            "memory_limit": MEMORY,
            "temp_directory": str(folder / "spill"),
            "max_temp_directory_size": DISK,
            "extension_directory": str(folder / "extensions"),
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "allow_persistent_secrets": False,
            "python_enable_replacements": False,
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    # One commit: each waits for the disk.
    schemas = "CREATE SCHEMA files; CREATE SCHEMA src; CREATE SCHEMA staged;"
    connection.execute(f"BEGIN; {schemas} {_minor_factor()}; {prelude()}; COMMIT")
    return connection


def _minor_factor() -> str:
    cases = " ".join(
        f"WHEN code IN ({', '.join(literal(c) for c, d in DIGITS.items() if d == digits)}) "
        f"THEN {10**digits}"
        for digits in sorted(set(DIGITS.values()))
    )
    return f"CREATE MACRO minor_factor(code) AS CASE {cases} END"


def lock(connection: Connection) -> None:
    """Takes files, network and extensions from the connection, for good."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def make_sources(connection: Connection, loaded: Sequence[Loaded], chosen: Map) -> None:
    """Makes the views `src."..."`: one for each of the map's files, and one for each stem.

    Raises IngestError where the map needs a file or column that is not there, or where it names
    its files and one of those given is none of them.
    """
    made = set()
    connection.execute("BEGIN")
    for rule in chosen.rules:
        fitting = [one for one in loaded if rule.fits(one.stem)]
        _refuse_lacking(chosen, rule, fitting)
        sql = _stacked(fitting, rule.may_lack) if fitting else _nothing(rule)
        connection.execute(f"CREATE VIEW src.{quoted(rule.name)} AS {sql}")
        made.add(rule.name.casefold())
    stems: dict[str, list[Loaded]] = {}
    for one in loaded:
        _refuse_stranger(chosen, one)
        stems.setdefault(one.stem.casefold(), []).append(one)
    for stem, files in stems.items():
        if stem not in made:
            sql = _stacked(files, ())
            connection.execute(f"CREATE VIEW src.{quoted(files[0].stem)} AS {sql}")
    connection.execute("COMMIT")


def _refuse_lacking(chosen: Map, rule: FileRule, fitting: Sequence[Loaded]) -> None:
    if not fitting and not rule.optional:
        raise IngestError(
            f"{chosen.name} needs a file named {rule.pattern} (.csv, .json, .parquet, ...); "
            "none of those given is. Give it too."
        )
    for one in fitting:
        has = {column.casefold() for column in one.columns}
        lacking = [column for column in rule.columns if column.casefold() not in has]
        if lacking:
            raise IngestError(
                f"{one.shown}: expected the column {', '.join(map(repr, lacking))}, which "
                f"{chosen.name} needs; the file has {', '.join(one.columns)}. "
                "Export it with that column, or map the file by a map of your own."
            )


def _refuse_stranger(chosen: Map, one: Loaded) -> None:
    if chosen.rules and not any(rule.fits(one.stem) for rule in chosen.rules):
        known = ", ".join(rule.pattern for rule in chosen.rules)
        raise IngestError(
            f"{one.shown} is none of the files that {chosen.name} reads: {known}. "
            "Rename it, leave it out, or map it by a map of your own."
        )


def _stacked(files: Sequence[Loaded], may_lack: Iterable[str]) -> str:
    """The rows of all files; those that share a name must share their columns."""
    selects, first = [], files[0]
    for one in files:
        has = {column.casefold() for column in one.columns}
        differing = has.symmetric_difference(column.casefold() for column in first.columns)
        differing -= {column.casefold() for column in may_lack}
        if differing:
            raise IngestError(
                f"{one.shown} and {first.shown} have the same name but not the same columns: "
                f"{', '.join(sorted(differing))} is in one only. Rename one of them."
            )
        missing = "".join(
            f", NULL::VARCHAR AS {quoted(name)}" for name in may_lack if name.casefold() not in has
        )
        selects.append(f"SELECT *{missing} FROM {one.table}")
    return " UNION ALL BY NAME ".join(selects)


def _nothing(rule: FileRule) -> str:
    columns = "".join(
        f"NULL::VARCHAR AS {quoted(name)}, " for name in (*rule.columns, *rule.may_lack)
    )
    return f"SELECT {columns}NULL::VARCHAR AS _file, NULL::BIGINT AS _line WHERE false"


def run(connection: Connection, chosen: Map) -> tuple[str, ...]:
    """Runs the map's statements and gives the names of our tables that it made, in our order.

    The connection must be locked. Raises IngestError with the map's line where a statement is
    anything but CREATE, or fails, or where no table of ours comes out.
    """
    try:
        statements = connection.extract_statements(chosen.text)
    except duckdb.Error as error:
        raise _at(chosen, 1, error) from error
    position = 0
    connection.execute("BEGIN")
    for statement in statements:
        position = chosen.text.find(statement.query, position)
        line = _first_code_line(chosen.text, position)
        if statement.type != duckdb.StatementType.CREATE:
            raise IngestError(
                f"{chosen.name}, line {line}: expected CREATE VIEW (or MACRO), "
                f"got {statement.type.name}. A map may do nothing else."
            )
        try:
            connection.execute(statement.query)
        except duckdb.Error as error:
            raise _at(chosen, 1 + chosen.text.count("\n", 0, position), error, line) from error
        position += len(statement.query)
    connection.execute("COMMIT")
    return _tables_made(connection, chosen)


def _first_code_line(text: str, position: int) -> int:
    """The line (from 1) of the first thing at or after the position that is no comment."""
    skipped = re.match(r"(?:\s+|--[^\n]*|/\*.*?\*/)*", text[position:], re.DOTALL)
    return 1 + text.count("\n", 0, position + (skipped.end() if skipped else 0))


def _at(chosen: Map, first_line: int, error: Exception, line: int | None = None) -> IngestError:
    said = str(error)
    found = re.search(r"LINE (\d+):", said)
    where = first_line + int(found[1]) - 1 if found else line or first_line
    return IngestError(f"{chosen.name}, line {where}: {in_words(error)}")


def in_words(error: Exception) -> str:
    """DuckDB's message on one line, without the values of rows that some of them quote."""
    said = re.split(r"\n\s*LINE \d+:", str(error))[0]
    said = re.sub(r"(string|value|input:?) (['\"]).*?\2", r"\1 (left out)", said, flags=re.DOTALL)
    return " ".join(said.split())


def _tables_made(connection: Connection, chosen: Map) -> tuple[str, ...]:
    found = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' "
        "UNION ALL SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
    )
    names = [row[0] for row in found.fetchall()]
    for name in names:
        close = difflib.get_close_matches(name, TABLES, n=1, cutoff=0.8)
        if close and name not in TABLES and not name.startswith("_"):
            raise IngestError(
                f"{chosen.name} creates the view {name!r}, which is none of our tables; "
                f"is it meant to be {close[0]!r}? Begin the names of helping views with _."
            )
    made = tuple(name for name in TABLES if name in names)
    if not made:
        raise IngestError(
            f"{chosen.name} creates none of our tables: expected a view named as one of "
            f"{', '.join(TABLES)}; got {', '.join(sorted(names)) or 'no view'}."
        )
    return made
