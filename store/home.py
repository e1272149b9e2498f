"""One home directory: the settings, the store, the models, what was rejected, the reports.

Knows nothing of what the folders hold. It holds people's addresses, so only its owner may enter.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from features.facts import Readers
from store.errors import HomeBusy
from store.settings import Settings, default_toml, load_settings
from store.store import Store, open_store

DEFAULT = "riskradar-home"
POLL_S = 0.1  # seconds between two tries for a lock somebody else holds


def home_path(given: str | os.PathLike[str] | None, environment: Mapping[str, str]) -> Path:
    """The home that was asked for: `--home`, else $RISKRADAR_HOME, else ./riskradar-home."""
    return Path(given or environment.get("RISKRADAR_HOME") or DEFAULT).expanduser().absolute()


class Home:
    """A home directory, created with its folders when it is first used.

    `settings` raises BadSettings where the file is wrong; it is read once.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).expanduser().absolute()

    @property
    def settings_path(self) -> Path:
        """The settings file; it need not exist."""
        return self.path / "riskradar.toml"

    @property
    def store_path(self) -> Path:
        """The store's file; it need not exist."""
        return self.path / "store.sqlite"

    @cached_property
    def settings(self) -> Settings:
        """The settings, read once."""
        return load_settings(self.settings_path)

    @property
    def models_dir(self) -> Path:
        """Folder of the bundles."""
        return self._folder("models")

    @property
    def rejects_dir(self) -> Path:
        """Folder of the rows that ingest refused."""
        return self._folder("rejects")

    @property
    def reports_dir(self) -> Path:
        """Folder of the reports."""
        return self._folder("reports")

    def create(self) -> Home:
        """Make the folders, and a commented settings file where there is none."""
        for name in ("models", "rejects", "reports"):
            self._folder(name)
        if not self.settings_path.exists():
            self.settings_path.write_text(default_toml(), encoding="utf-8")
        return self

    def open_store(self, *, readonly: bool = False) -> Store:
        """Open this home's store; see `store.open_store`."""
        if not readonly:
            self._folder()
        return open_store(self.store_path, readonly=readonly, readers=self.readers)

    @property
    def readers(self) -> Readers:
        """What reads the messages of each shop, as the settings have it."""
        return self.settings.signals.readers(str(self.settings_path))

    @contextmanager
    def lock(self, name: str, *, wait_s: float = 0.0) -> Iterator[None]:
        """Hold the home's lock of that name; HomeBusy where another process has it after wait_s.

        The system releases it when the process ends, however it ends.
        """
        descriptor = os.open(self._folder("locks") / f"{name}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            self._take(descriptor, name, time.monotonic() + wait_s)
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int, name: str, deadline: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    holder = os.pread(descriptor, 20, 0).decode(errors="replace") or "unknown"
                    raise HomeBusy(
                        f"Expected the lock {name!r} of {self.path} to be free; process {holder}"
                        " holds it. Wait for it to end; the lock ends with it."
                    ) from None
                time.sleep(POLL_S)
            else:
                return

    def _folder(self, *parts: str) -> Path:
        """A folder of the home, made where it is missing, for the owner alone."""
        folder = self.path.joinpath(*parts)
        if not folder.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder
