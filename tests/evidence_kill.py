"""A worker that kills itself: raises alerts and freezes their evidence; dies at the n-th file.

Knows nothing of tests. Started as `python tests/evidence_kill.py HOME TOUCHES`. The audit hook sees
every open and rename *before* it happens, and the tracer every write to a file and every step of
the store, so counting them walks through every instant between two of them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import alert_desk
from alert_desk import HOUR, NOON, key

from outreach import evidence, evidence_log
from store import Store
from store.home import Home

HALF = 40  # bytes of a write that reach the file where the kill comes in its middle


class Death:
    """Counts what is about to be done; SIGKILL at the n-th."""

    def __init__(self, touches: int) -> None:
        self.left = touches

    def comes(self) -> bool:
        self.left -= 1
        return self.left == 0

    def now(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            if self.comes():
                self.now()
            return function(*given, **named)

        return counted

    def in_the_middle_of(self, write: Callable[[int, bytes], None]) -> Callable[..., None]:
        def counted(handle: int, data: bytes) -> None:
            if self.comes():
                os.write(handle, data[:HALF])
                self.now()
            write(handle, data)

        return counted


def main(path: Path, touches: int) -> None:
    """One review of one order with three threats."""
    home = Home(path)
    death = Death(touches)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        inside = arguments and str(arguments[0]).startswith(str(evidence.evidence_dir(home)))
        if event in ("open", "os.rename", "os.mkdir") and inside and death.comes():
            death.now()

    evidence_log._write_all = death.in_the_middle_of(evidence_log._write_all)
    for name in ("raise_alerts", "mark_frozen"):
        setattr(Store, name, death.before(getattr(Store, name)))
    sys.addaudithook(watch)
    with home.open_store() as store:
        alert_desk.watch(store, home).review([key()], NOON + HOUR)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
