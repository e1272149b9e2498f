"""Which bundle is the champion, which were before, and which may go.

Knows nothing of what a bundle holds: it moves a name. `models/current` is a file with one line,
replaced in one step, so that a reader sees the old champion or the new one and a kill at any
instant leaves one of them; `models/history.jsonl` is only ever added to.

The history is written before `current` is. A promotion that was killed between the two stands in
the history without having happened; every line says what was current before it, so such a line is
recognised by the next one (or by `current`) not following from it.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import manifest as seal
from models.bundle import NAME
from models.durable import append_synced, only_one, read_capped, replace_synced, sync_folder
from models.errors import BundleRejected, NoCurrentBundle
from models.writing import TRASH, sweep

CURRENT, HISTORY = "current", "history.jsonl"
PROMOTED, ROLLED_BACK = "promoted", "rolled_back"
MOST_HISTORY_BYTES = 64 * 2**20  # a promotion a night for 100 years is 7 MB

Token = tuple[int, int, int]
Names = list[str]


@dataclass(frozen=True)
class Event:
    """One line of the history.

    Attributes:
        event: `promoted` or `rolled_back`.
        bundle: what became current.
        before: what was current until then, or "".
        at: int64 microseconds UTC, or 0 where the caller did not say.
    """

    event: str
    bundle: str
    before: str
    at: int


Events = list[Event]


class Registry:
    """The bundles under one folder.

    Args:
        models_dir: the folder; made by the first bundle that is written.
    """

    def __init__(self, models_dir: Path) -> None:
        self.folder = models_dir

    def list(self) -> Names:
        """Names of the whole bundles, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(
            path.name
            for path in self.folder.iterdir()
            if NAME.match(path.name) and (path / seal.NAME).is_file()
        )

    def path(self, name: str) -> Path:
        """The folder of a bundle.

        Raises:
            BundleRejected: the name is none of ours, or there is no such bundle.
        """
        if not NAME.match(name):
            raise BundleRejected(
                repr(name), "", "expected a name <UTC time>-<digest>; see `riskradar models list`."
            )
        if name not in self.list():
            raise BundleRejected(name, "", "expected a bundle; there is none of this name.")
        return self.folder / name

    def current_name(self) -> str:
        """Name of the champion, or "" where nothing was promoted yet.

        Raises:
            BundleRejected: `current` does not hold a bundle's name.
        """
        try:
            text = read_capped(self.folder / CURRENT, 256).decode().strip()
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise BundleRejected(CURRENT, "", f"expected a file with a name: {error}") from None
        if not NAME.match(text):
            raise BundleRejected(CURRENT, "", f"expected the name of a bundle, got {text[:80]!r}.")
        return text

    def current(self) -> Path:
        """The champion's folder.

        Raises:
            NoCurrentBundle: nothing was promoted yet.
            BundleRejected: `current` names a bundle that is not there.
        """
        name = self.current_name()
        if not name:
            raise NoCurrentBundle(
                "expected a promoted model, found none. Train one with `riskradar nightly`, or see "
                "`riskradar models list`."
            )
        return self.path(name)

    def current_token(self) -> Token | None:
        """Changes whenever the champion does; one stat, so it may be asked every second."""
        try:
            status = (self.folder / CURRENT).stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size

    def promote(self, name: str, *, at: int = 0) -> None:
        """Makes a bundle the champion; nothing happens where it is already.

        Check the bundle first (`models.check`): promoting trusts it. `at` is microseconds UTC.

        Raises:
            BundleRejected: there is no such bundle.
        """
        with only_one(self.folder):
            before = self.current_name()
            self.path(name)
            if name != before:
                self._switch(Event(PROMOTED, name, before, at))

    def rollback(self, *, at: int = 0) -> str:
        """Makes the champion before this one the champion again; returns its name.

        Raises:
            NoCurrentBundle: there is none before this one that is still kept.
        """
        with only_one(self.folder):
            before, there = self.current_name(), set(self.list())
            earlier = [name for name in self._line()[:-1] if name in there and name != before]
            if not earlier:
                raise NoCurrentBundle(
                    f"expected a champion before {before or 'this one'}, found none that is kept. "
                    f"Promote one by name; see `riskradar models list`."
                )
            self._switch(Event(ROLLED_BACK, earlier[-1], before, at))
            return earlier[-1]

    def prune(self, keep: int = 5) -> Names:
        """Removes, and names, all but the newest `keep` >= 1, the champion and the one before."""
        with only_one(self.folder):
            sweep(self.folder)
            kept = {*self.list()[-max(keep, 1) :], *self._line()[-2:], self.current_name()}
            gone = [name for name in self.list() if name not in kept]
            for name in gone:
                # Renamed first: a bundle that is half removed must not look like one.
                trash = (self.folder / name).rename(self.folder / f"{TRASH}{name}")
                sync_folder(self.folder)
                shutil.rmtree(trash)
            return gone

    def history(self) -> Events:
        """What took effect, oldest first."""
        events = self._events()
        after = [*(event.before for event in events[1:]), self.current_name()]
        return [e for e, follows in zip(events, after, strict=True) if e.bundle == follows]

    def _line(self) -> Names:
        """The champions from the first to this one, without those that were rolled back."""
        line: Names = []
        for event in self.history():
            if not line and event.before:
                line.append(event.before)
            if event.event == ROLLED_BACK and event.bundle in line:
                line = line[: len(line) - line[::-1].index(event.bundle)]
            else:
                line.append(event.bundle)
        return line

    def _events(self) -> Events:
        try:
            lines = read_capped(self.folder / HISTORY, MOST_HISTORY_BYTES).splitlines()
        except FileNotFoundError:
            return []
        return [event for line in lines if (event := _event(line))]

    def _switch(self, event: Event) -> None:
        line = json.dumps(
            {"at": event.at, "event": event.event, "bundle": event.bundle, "before": event.before}
        )
        append_synced(self.folder / HISTORY, line.encode())
        replace_synced(self.folder / CURRENT, f"{event.bundle}\n".encode())


def _event(line: bytes) -> Event | None:
    """One line of the history; None where a kill tore it."""
    try:
        found: dict[str, Any] = json.loads(line)
        return Event(found["event"], found["bundle"], found["before"], int(found["at"]))
    except (ValueError, KeyError, TypeError):
        return None
