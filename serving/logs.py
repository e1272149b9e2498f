"""One JSON line per event on standard error: what happened, where, how long, never whose.

Knows nothing of requests. Exceptions are logged by type and place only: their messages may quote
a row, and a row holds a customer's words.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode


def line(level: str, event: str, **fields: Any) -> None:
    """Write one line; `fields` are numbers, names and codes."""
    record = {"at": datetime.now(UTC), "level": level, "event": event, "pid": os.getpid(), **fields}
    sys.stderr.write(_encode(record).decode() + "\n")


def info(event: str, **fields: Any) -> None:
    """Something that operators may want to know."""
    line("info", event, **fields)


def warning(event: str, **fields: Any) -> None:
    """Something that operators should look at."""
    line("warning", event, **fields)


def failure(event: str, error: BaseException) -> None:
    """An error that we did not foresee: its type and the places it passed, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in frames[-6:]]
    line("error", event, error=type(error).__name__, places=places)


class LineFormatter(logging.Formatter):
    """Makes the server's own log records lines like ours."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line."""
        shown = {
            "at": datetime.now(UTC),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "pid": os.getpid(),
        }
        return _encode(shown).decode()
