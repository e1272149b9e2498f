"""What the tests of ingest share: a home with a real store, files as text, and the rejects read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from store import Store, open_store
from training.ingest import IngestSummary, ingest

NOW = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
MIDDAY = 1_735_732_800_000_000  # 2025-01-01T12:00:00Z
HOUR, DAY = 3_600_000_000, 86_400_000_000

ORDERS = """order_id,placed_at,amount_minor,currency
A1,2025-01-01T12:00:00Z,12990,EUR
A2,2025-01-01T13:00:00Z,500,JPY
"""
OLIST = Path(__file__).parents[2] / "shared" / "data" / "olist"
needs_olist = pytest.mark.skipif(
    not OLIST.is_dir(), reason="the public Olist data set is not in ../shared/data/olist"
)


@dataclass(frozen=True)
class Home:
    """A folder with a store in it, as an ingest sees it."""

    path: Path
    store: Store

    def file(self, name: str, content: str | bytes) -> Path:
        """Writes an export file."""
        path = self.path / "exports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def take(
        self, *files: Path, by: str | Path = "riskradar", at: int = NOW, **said: Any
    ) -> IngestSummary:
        """Ingests the files."""
        rejects = self.path / "rejects"
        said = {"store": self.store, **said}
        return ingest(files, by, rejects_dir=rejects, received_at=at, **said)

    def map(self, sql: str) -> Path:
        """Writes a map."""
        return self.file("map.sql", sql)

    def rejects(self) -> list[dict[str, Any]]:
        """All lines of all rejects."""
        files = sorted((self.path / "rejects").glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def is_untouched(self) -> bool:
        """Whether the store holds nothing and no staging was left behind."""
        staged = list((self.path / "staging").glob("*"))
        return not staged and all(len(rows) == 0 for rows in self.store.facts().values())

    def told(self, order_id: str, table: str = "orders") -> list[dict[str, Any]]:
        """All versions of what one table says of an order of the default shop, oldest first."""
        return [
            {"known_at": record.known_at, **record.values}
            for record in self.store.timeline("default", order_id)
            if record.table == table
        ]


def at(text: str) -> int:
    """`2018-01-01 10:00`, which is UTC, in microseconds."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1_000_000


def open_home(path: Path) -> Home:
    """A home whose store is made."""
    return Home(path, open_store(path / "store.sqlite"))
