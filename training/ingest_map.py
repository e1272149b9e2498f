"""Mapping files: the SQL that makes our tables of an export, what it says of its files, its lines.

Knows nothing of how rows are checked or stored. Built-in formats are such files too, in
`training/formats/`, to be copied and changed.

Beside SQL, comments of these forms speak to the ingest (docs/ingest.md explains them):

    -- file: NAME [from PATTERN] (column, column, may be absent?)
    -- optional file: NAME [from PATTERN] (column, ...)
    -- read: delimiter=tab quote=none encoding=cp1252 escape=backslash
    -- platform: amazon
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path

from training.ingest_text import DELIMITERS, Dialect
from training.ingest_types import IngestError

_FORMATS = resources.files("training.formats")
_PRELUDE = "prelude"  # macros that every map may use; not a format
_NOTE = re.compile(r"^--\s*(optional file|file|read|platform):\s*(.*)$")
_FILE = re.compile(r"^(?P<name>\S+)(?:\s+from\s+(?P<pattern>\S+))?\s*\((?P<columns>[^()]*)\)$")
_READ = {
    "delimiter": (*DELIMITERS,),
    "quote": ("double", "none"),
    "escape": ("double", "backslash"),
}


@dataclass(frozen=True)
class FileRule:
    """One input that a map reads: `src."<name>"`, made of every file whose stem fits."""

    name: str
    pattern: str  # of file stems, `*` and `?` as in a shell
    columns: tuple[str, ...]  # a file without one of them is refused
    may_lack: tuple[str, ...]  # null where a file does not have them
    optional: bool  # whether there may be no such file at all; it is empty then

    def fits(self, stem: str) -> bool:
        """Whether a file of that stem is one of these."""
        return fnmatchcase(stem.casefold(), self.pattern.casefold())


@dataclass(frozen=True)
class Map:
    """A mapping file, read but not run."""

    name: str  # a format's name or a path, for messages
    text: str
    rules: tuple[FileRule, ...]  # none: each file is `src."<stem>"`, as it is
    dialect: Dialect
    platform: str | None  # of orders that do not say theirs


def format_names() -> tuple[str, ...]:
    """The built-in formats.

    >>> format_names()
    ('amazon-actionable-orders', 'olist', 'riskradar')
    """
    names = (entry.name.removesuffix(".sql") for entry in _FORMATS.iterdir() if _is_sql(entry.name))
    return tuple(sorted(name for name in names if name != _PRELUDE))


def _is_sql(name: str) -> bool:
    return name.endswith(".sql")


def format_text(name: str) -> str:
    """A built-in format's SQL, to be copied and changed. IngestError where there is none."""
    if name not in format_names():
        raise IngestError(
            f"expected a format among {', '.join(format_names())}, or a file MAP.sql; got {name!r}."
        )
    return _FORMATS.joinpath(f"{name}.sql").read_text(encoding="utf-8")


def prelude() -> str:
    """The macros that every map may use."""
    return _FORMATS.joinpath(f"{_PRELUDE}.sql").read_text(encoding="utf-8")


def read_map(mapping: str | Path) -> Map:
    """The map of that name or path. IngestError where there is none or its notes are wrong."""
    if isinstance(mapping, str) and mapping in format_names():
        name, text = mapping, format_text(mapping)
    elif Path(mapping).is_file():
        name, text = str(mapping), _text_of(Path(mapping))
    else:
        raise IngestError(
            f"expected a format among {', '.join(format_names())}, or a file MAP.sql; "
            f"got {str(mapping)!r}, which is neither."
        )
    notes = list(_notes(name, text))
    rules = tuple(
        _rule(name, line, kind, said) for line, kind, said in notes if kind.endswith("file")
    )
    platforms = [said for _, kind, said in notes if kind == "platform"]
    return Map(name, text, rules, _dialect(name, notes), platforms[-1] if platforms else None)


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise IngestError(f"{path}: expected a map in SQL, in UTF-8; got {error}.") from error


def _notes(name: str, text: str) -> Iterator[tuple[int, str, str]]:
    """(line, kind, what it says) of each note; a list of columns may go on over comment lines."""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        if not (found := _NOTE.match(line)):
            continue
        said, following = found[2].strip(), number
        while said.count("(") > said.count(")"):
            if following >= len(lines) or not lines[following].startswith("--"):
                raise IngestError(f"{name}, line {number}: expected a closing ), found none.")
            said = f"{said} {lines[following].removeprefix('--').strip()}"
            following += 1
        yield number, found[1], said


def _rule(name: str, line: int, kind: str, said: str) -> FileRule:
    found = _FILE.match(said)
    if found is None:
        raise IngestError(
            f"{name}, line {line}: expected `-- {kind}: NAME [from PATTERN] (column, ...)`, "
            f"got {said!r}."
        )
    columns = [column.strip() for column in found["columns"].split(",") if column.strip()]
    return FileRule(
        found["name"],
        found["pattern"] or found["name"],
        tuple(column for column in columns if not column.endswith("?")),
        tuple(column.removesuffix("?") for column in columns if column.endswith("?")),
        kind.startswith("optional"),
    )


def _dialect(name: str, notes: list[tuple[int, str, str]]) -> Dialect:
    chosen: dict[str, str] = {}
    for line, kind, said in notes:
        for word in said.split() if kind == "read" else ():
            key, _, value = word.partition("=")
            if key != "encoding" and value not in _READ.get(key, ()):
                known = "; ".join(f"{key}={'|'.join(values)}" for key, values in _READ.items())
                raise IngestError(
                    f"{name}, line {line}: expected {known}; encoding=NAME, got {word!r}."
                )
            chosen[key] = value
    return Dialect(
        encoding=chosen.get("encoding"),
        delimiter=DELIMITERS.get(chosen.get("delimiter", "")),
        quoted=chosen.get("quote") != "none",
        backslash=chosen.get("escape") == "backslash",
    )
