"""Progress of long work: a live line on a terminal, plain lines with times where it is none.

Knows nothing of the work. Everything goes to stderr, so that stdout holds results alone.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

EVERY_S = 5.0  # plain lines of one and the same step come no more often than this


class Reporter:
    """Says what is being done; a context, so that the live line is taken away in the end."""

    def __init__(self, stream: TextIO) -> None:
        """On a terminal a live line, elsewhere (a cron log, a pipe) plain lines."""
        self._stream = stream
        self._started = time.monotonic()
        self._last: tuple[str, float] = ("", 0.0)
        self._task: TaskID | None = None
        self._live: Progress | None = None
        if stream.isatty():
            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=Console(file=stream),
                transient=True,
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, what: str) -> None:
        """A step begins."""
        self.at(0, None, what)

    def at(self, done: int, total: int | None, what: str) -> None:
        """A step has come to `done` of `total`, which may be unknown."""
        if self._live is None:
            self._plain(done, total, what)
            return
        if self._task is None:
            self._task = self._live.add_task(what, total=total)
        self._live.update(self._task, description=what, completed=done, total=total)

    def _plain(self, done: int, total: int | None, what: str) -> None:
        moment = time.monotonic()
        said, at = self._last
        if said == what and moment - at < EVERY_S:
            return
        self._last = (what, moment)
        count = f" {done:,}" + (f" of {total:,}" if total else "") if done else ""
        print(f"[{moment - self._started:6.1f} s] {what}{count}", file=self._stream, flush=True)
