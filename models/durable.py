"""Files that are whole or absent, whatever happens: written, synced, renamed.

Knows nothing of models. A process killed at any instant leaves either the old file or the new one,
and at worst a leftover whose name begins with a dot.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER_ONLY = 0o600


def write_synced(path: Path, data: bytes) -> None:
    """Writes a new file and waits until the disk has it.

    Raises:
        FileExistsError: there is one already; nothing is overwritten.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Waits until the disk has the folder's names (a rename is not durable before)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace_synced(path: Path, data: bytes) -> None:
    """Puts a file in the place of another in one step: readers see the old or the new one."""
    draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    write_synced(draft, data)
    draft.replace(path)
    sync_folder(path.parent)


def append_synced(path: Path, line: bytes) -> None:
    """Adds a line to a file; a torn line that a kill left before it is closed off first."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, OWNER_ONLY)
    try:
        size = os.fstat(handle).st_size
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        os.write(handle, (b"\n" if torn else b"") + line + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    sync_folder(path.parent)


def read_capped(path: Path, most: int) -> bytes:
    """The bytes of a regular file, read once.

    Raises:
        ValueError: it is a link, a pipe or a folder, or larger than `most` bytes.
        OSError: it cannot be read.
    """
    # NONBLOCK: opening a pipe must not wait for somebody to write into it.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("expected a regular file, got something else.")
        if status.st_size > most:
            raise ValueError(f"expected at most {most} bytes, got {status.st_size}.")
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError(f"expected at most {most} bytes, got more.")
    return data


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Waits for its turn to change the folder; a killed holder lets go by being killed."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, OWNER_ONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
