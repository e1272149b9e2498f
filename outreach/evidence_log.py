"""The chained log of the evidence, and files that are whole or absent whatever happens.

Knows nothing of alerts or of what a file holds. A line names a file with its SHA-256 and holds the
SHA-256 of the line before, so no line can be changed, removed or moved without the next one
showing it. Whoever calls `append` holds the home's lock `evidence`.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

LOG = "log.jsonl"
FIRST = "0" * 64  # what the first line holds in place of a digest before it
OWNER_ONLY = 0o600


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the log.

    `at` is RFC 3339, when the file was frozen; `n` counts from 1; `previous` is the SHA-256 of the
    line before it, without its end of line.
    """

    alert_id: str
    at: str
    file: str
    n: int
    previous: str
    sha256: str


_decode = msgspec.json.Decoder(Line).decode


def canonical(value: object) -> bytes:
    """JSON of one form: keys sorted, no spaces, UTF-8; the same value, the same bytes.

    >>> canonical({"b": 1, "a": "é"}).decode()
    '{"a":"é","b":1}'
    """
    return msgspec.json.encode(value, order="sorted")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def line_of(raw: bytes) -> Line | None:
    """A line from its bytes, None where it is none."""
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class Log:
    """What a log holds.

    Attributes:
        lines: each whole line as its bytes.
        torn: what follows the last end of line: a kill while writing leaves it there.
    """

    lines: tuple[bytes, ...]
    torn: bytes

    @classmethod
    def read(cls, folder: Path) -> Log:
        """The log of a folder; empty where there is none yet."""
        try:
            whole, end, torn = (folder / LOG).read_bytes().rpartition(b"\n")
        except FileNotFoundError:
            return cls((), b"")
        return cls(tuple(whole.split(b"\n")) if end else (), torn)

    def digests_of(self) -> dict[str, tuple[str, str]]:
        """alert_id → SHA-256 of its file and of its line."""
        found = ((line_of(raw), raw) for raw in self.lines)
        return {line.alert_id: (line.sha256, digest(raw)) for line, raw in found if line}

    def following(self) -> tuple[int, str]:
        """`n` and `previous` of the next line."""
        if not self.lines:
            return 1, FIRST
        last = line_of(self.lines[-1])
        return (last.n if last else len(self.lines)) + 1, digest(self.lines[-1])


def mended(folder: Path) -> Log:
    """The log, after what a kill left unfinished at its end is finished or taken away."""
    log = Log.read(folder)
    if not log.torn:
        return log
    handle = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND)
    try:
        if line_of(log.torn):  # all but the end of its line had been written
            _write_all(handle, b"\n")
        else:
            os.ftruncate(handle, os.fstat(handle).st_size - len(log.torn))
        os.fsync(handle)
    finally:
        os.close(handle)
    return Log.read(folder)


def append(folder: Path, lines: Sequence[Line]) -> list[str]:
    """Add lines to the log and wait for the disk; the SHA-256 of each."""
    raw = [canonical(line) for line in lines]
    handle = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
    try:
        _write_all(handle, b"".join(line + b"\n" for line in raw))
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(folder)
    return [digest(line) for line in raw]


def chained(log: Log, lines: Sequence[Line]) -> list[Line]:
    """The lines with `n` and `previous` as they follow upon the log, one after the other."""
    n, previous = log.following()
    made: list[Line] = []
    for line in lines:
        made.append(msgspec.structs.replace(line, n=n, previous=previous))
        n, previous = n + 1, digest(canonical(made[-1]))
    return made


def put_whole(path: Path, data: bytes) -> None:
    """Write a file in one step: whoever looks sees all of it or none. The folder is not synced."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        _write_all(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    draft.replace(path)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the folder's names; a rename is not durable before."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
