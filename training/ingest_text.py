"""Text exports as numbered lines and a header: any encoding, byte order mark, gzip, delimiter.

Knows nothing of tables or SQL, nor of what the lines say.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from training.ingest_types import IngestError

DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "pipe": "|"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
DAMAGED = re.compile("[\ud800-\udfff\0]")  # bytes of another encoding (surrogateescape), or NUL
_BLOCK = 4_096  # lines that are read in one go where each is one good record


@dataclass(frozen=True)
class Dialect:
    """How an export's text files are written; what is None is found out from the file."""

    encoding: str | None = None  # None: UTF-8, or what the byte order mark says
    delimiter: str | None = None  # None: whichever of comma, tab, ; and | cuts the header most
    quoted: bool = True  # False: a quotation mark is a letter like any other
    backslash: bool = False  # True: \" stands for a quotation mark inside quotes


@contextmanager
def open_text(path: Path, encoding: str | None) -> Iterator[tuple[TextIO, BinaryIO]]:
    """The file as text, and the raw file beneath it, whose position shows how far reading is.

    Bytes that are no text in the encoding come through as lone surrogates and are found later.
    Raises IngestError where there is no such encoding.
    """
    with path.open("rb") as raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        plain = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if zipped else raw
        start = plain.read(4)
        plain.seek(0)
        found = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
        # newline="": the line breaks inside quoted fields stay as they are.
        with io.TextIOWrapper(
            plain, encoding=_codec(path, encoding or found), errors="surrogateescape", newline=""
        ) as text:
            yield text, raw


def _codec(path: Path, encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise IngestError(
            f"{path}: {encoding!r} is no encoding that Python knows. "
            "Names are for example utf-8, gb18030, cp1252, shift_jis, utf-16."
        ) from None
    return "utf-8-sig" if name == "utf-8" else name


class Lines:
    """The lines of a text, numbered, some of which may be given back and read once more."""

    def __init__(self, text: TextIO) -> None:
        """Numbers from 1."""
        self._text = text
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0  # of the line taken last

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._text)
        self.number += 1
        self.taken.append(line)
        return line

    @property
    def damaged(self) -> bool:
        """Whether a line taken holds bytes of another encoding, or NUL."""
        for line in self.taken:
            if (not line.isascii() and DAMAGED.search(line)) or "\0" in line:
                return True
        return False

    def block(self) -> list[str]:
        """The next lines, at most a few thousand; none at the end of the text."""
        self.taken.clear()
        lines = [self._waiting.popleft() for _ in range(min(len(self._waiting), _BLOCK))]
        lines += islice(self._text, _BLOCK - len(lines))
        self.number += len(lines)
        return lines

    def give_back(self, lines: list[str]) -> None:
        """Lets the lines taken last be read again."""
        self._waiting.extendleft(reversed(lines))
        self.number -= len(lines)


def damaged(text: str) -> bool:
    """Whether the text holds bytes of another encoding, or NUL."""
    return "\0" in text or (not text.isascii() and DAMAGED.search(text) is not None)


def columns_of(path: Path, lines: Lines, dialect: Dialect) -> tuple[tuple[str, ...], str]:
    """The header's column names, each once, and the delimiter.

    Raises IngestError where the file is empty, binary, or in another encoding.
    """
    header = next(lines, "")
    if header.startswith("sep="):  # a note that some spreadsheets leave before the header
        header = next(lines, "")
    if not header.strip():
        raise IngestError(f"{path} is empty: expected a line of column names. Export it again.")
    _refuse_damaged_header(path, header, dialect)
    delimiter = dialect.delimiter or max(DELIMITERS.values(), key=header.count)
    try:
        fields = next(reader_of(chain([header], lines), dialect, delimiter))
    except csv.Error as error:
        raise IngestError(
            f"{path}, line {lines.number}: expected a line of column names, "
            f"got quotation marks that do not add up ({error}). Correct the header."
        ) from None
    return distinct([field.strip() for field in fields]), delimiter


def _refuse_damaged_header(path: Path, header: str, dialect: Dialect) -> None:
    if header.startswith("PK\x03\x04"):
        raise IngestError(
            f"{path} is a zip archive or a spreadsheet: expected text. Save it as CSV first."
        )
    if DAMAGED.search(header):
        raise IngestError(
            f"{path}, line 1: expected {dialect.encoding or 'UTF-8'}, got bytes of another "
            "encoding. Say which with --encoding, for example gb18030, cp1252 or shift_jis."
        )


def distinct(names: list[str]) -> tuple[str, ...]:
    """Column names made unique whatever their capitals, and none of them empty.

    >>> distinct(["Phone", "phone", ""])
    ('Phone', 'phone_2', 'column_3')
    """
    seen: set[str] = {"_file", "_line"}  # ours; a file's own get a number
    result = []
    for place, name in enumerate(names, start=1):
        unique, number = name or f"column_{place}", 1
        while unique.casefold() in seen:
            number += 1
            unique = f"{name or f'column_{place}'}_{number}"
        seen.add(unique.casefold())
        result.append(unique)
    return tuple(result)


def reader_of(lines: Iterator[str], dialect: Dialect, delimiter: str) -> Iterator[list[str]]:
    """A reader of records; csv.Error where the quotation marks do not add up."""
    return csv.reader(
        lines,
        strict=True,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE,
        doublequote=not dialect.backslash,
        escapechar="\\" if dialect.backslash else None,
    )
