"""Text exports tidied for the database: what is a record, on which line, and what is none.

Knows nothing of columns' names or SQL: a record is a line number and its texts.

DuckDB reads what this writes. It does not read the originals, because (2.0.0, measured) it does
not know GB18030, its sniffer skipped the first record of a file with a quoted line break, and the
line it reports counts records, so that a user would look at the wrong place.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TextIO

from training.ingest_text import DAMAGED, Dialect, Lines, damaged, reader_of

_ENDS = "\r\n"
_END = "\r\n"  # so that csv quotes a lone \r too
_BLANKS = (" ", "\t")
_BLANK_QUOTE = re.compile(r'[ \t]"')
_SHOWN = 2_000  # characters of an unreadable record that its reject shows


@dataclass(frozen=True)
class Unread:
    """A record that could not be read: its first line (from 1), why, and its text."""

    line: int
    reason: str
    text: str
    encoding: bool = False  # whether the reason is an encoding


def tidy(
    lines: Lines, dialect: Dialect, delimiter: str, width: int, out: TextIO
) -> Iterator[tuple[int, Unread | None]]:
    """Writes every record after the header to `out`, its line number before its first column.

    Yields, now and then, (records written since, None), and (0, what could not be read).
    Written are the same delimiter and quotation marks, every line ending in CRLF.
    """
    # A block in which every line is one good record is copied as it stands: 1 to 4 s per million
    # lines of 20 columns, where writing each record anew takes 15 (one of 2 cores, measured).
    while block := lines.block():
        if _copies(block, dialect, delimiter, width):
            first = lines.number - len(block) + 1
            out.writelines(
                f"{number}{delimiter}{line.rstrip(_ENDS)}{_END}"
                for number, line in enumerate(block, start=first)
            )
            yield len(block), None
            continue
        end = lines.number
        lines.give_back(block)
        write = _row_writer(out, dialect, delimiter)
        for record in _records_until(end, lines, dialect, delimiter, width):
            if isinstance(record, Unread):
                yield 0, record
            else:
                write([str(record[0]), *record[1]])
                yield 1, None


def _copies(block: list[str], dialect: Dialect, delimiter: str, width: int) -> bool:
    text = "".join(block)
    if damaged(text) or (dialect.backslash and "\\" in text):
        return False
    if not dialect.quoted or '"' not in text:
        return all(line.count(delimiter) == width - 1 for line in block)
    try:
        rows = list(reader_of(iter(block), dialect, delimiter))
    except csv.Error:
        return False
    # Readers differ on what a blank before a quotation mark means.
    if _BLANK_QUOTE.search(text) and any(
        field.startswith(_BLANKS) and field.lstrip()[:1] == '"' for row in rows for field in row
    ):
        return False
    return len(rows) == len(block) and all(len(row) == width for row in rows)


def _row_writer(out: TextIO, dialect: Dialect, delimiter: str) -> Callable[[list[str]], object]:
    if not dialect.quoted:  # no text can hold the delimiter or a line break
        return lambda row: out.write(delimiter.join(row) + _END)
    return csv.writer(out, delimiter=delimiter, lineterminator=_END).writerow


def _records_until(
    end: int, lines: Lines, dialect: Dialect, delimiter: str, width: int
) -> Iterator[tuple[int, list[str]] | Unread]:
    reader = reader_of(lines, dialect, delimiter)
    while lines.number < end:
        lines.taken.clear()
        first = lines.number + 1
        try:
            row = next(reader)
            problem = _width_problem(row, width)
        except csv.Error as error:
            row, problem = [], f"its quotation marks do not add up ({error})"
        if problem is not None:
            lines.give_back(lines.taken[1:])
            reader = reader_of(lines, dialect, delimiter)
            del lines.taken[1:]
        if problem is not None or damaged("".join(lines.taken)):
            yield _unread(first, problem, "".join(lines.taken), dialect)
        elif row:  # an empty line is no record
            yield first, row


def _width_problem(row: list[str], width: int) -> str | None:
    if len(row) > width and not any(row[width:]):  # delimiters after the last column
        del row[width:]
    if row and len(row) != width:
        return f"expected {width} columns as in the header, got {len(row)}"
    return None


def _unread(line: int, problem: str | None, text: str, dialect: Dialect) -> Unread:
    shown = DAMAGED.sub("\N{REPLACEMENT CHARACTER}", text.rstrip("\r\n"))[:_SHOWN]
    if "\0" in text:
        return Unread(line, "it holds a NUL character", shown)
    if not DAMAGED.search(text):
        return Unread(line, problem or "", shown)
    reason = (
        f"its bytes are not {dialect.encoding or 'UTF-8'}; where the whole file is "
        "in another encoding, say which with --encoding"
    )
    return Unread(line, reason, shown, encoding=True)


def json_lines(lines: Lines, dialect: Dialect) -> Iterator[tuple[int, str] | Unread]:
    """Every line of a file of JSON lines as (line, text), or as what could not be read."""
    for line in lines:
        if damaged(line):
            yield _unread(lines.number, None, line, dialect)
        elif "\x01" in line:
            yield Unread(lines.number, "it holds a control character, which JSON forbids", line)
        elif line.strip():
            yield lines.number, line.strip()
        lines.taken.clear()
