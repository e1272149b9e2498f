"""Synthetic shops of any size, simulated once and kept on disk as blocks of columns.

Knows nothing of what is measured on them. $RISKRADAR_BENCH_DIR keeps them between runs; without it
they live in a temporary folder and are made anew.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from features.schema import DAY_US
from store import Store
from training.simulate import simulate_blocks

KEEP = "RISKRADAR_BENCH_DIR"
SEED = 1
DAYS = 365  # of simulated trade
END_AT = 1_767_225_600_000_000  # 2026-01-01T00:00Z; a fixed end, so that the shop can be kept
ROWS_A_WRITE = 10_000  # rows of one transaction; the store wants 5,000 to 20,000

Columns = dict[str, list[Any]]  # column → values, all of one length
Block = dict[str, Columns]  # table → columns


@dataclass(frozen=True)
class Shop:
    """A simulated shop on disk.

    Attributes:
        folder: where its blocks lie.
        orders: distinct orders that were simulated.
        rows: table → rows, every version counted.
        end_at: microseconds UTC; nothing known at or after it exists.

    """

    folder: Path
    orders: int
    rows: dict[str, int]
    end_at: int

    def blocks(self) -> Iterator[Block]:
        """The blocks in order of time, one in memory at a time."""
        for path in sorted(self.folder.glob("block-*.msgpack")):
            yield msgspec.msgpack.decode(path.read_bytes(), type=Block)

    def fill(self, store: Store) -> None:
        """Write every row into a store, in transactions of the size that a bulk import uses."""
        for block in self.blocks():
            for table, columns in block.items():
                for rows in batches(columns):
                    store.write({table: rows}, received_at=self.end_at)


def batches(columns: Columns) -> Iterator[list[dict[str, Any]]]:
    """Columns as rows, a transaction's worth at a time."""
    names, values = tuple(columns), tuple(columns.values())
    for start in range(0, len(values[0]), ROWS_A_WRITE):
        part = (column[start : start + ROWS_A_WRITE] for column in values)
        yield [dict(zip(names, row, strict=True)) for row in zip(*part, strict=True)]


@contextmanager
def workplace() -> Iterator[Path]:
    """The folder to work in: the one that is kept, or one that is taken away in the end."""
    kept = os.environ.get(KEEP)
    if kept:
        Path(kept).mkdir(parents=True, exist_ok=True)
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="riskradar-bench-") as folder:
        yield Path(folder)


def shop(workplace: Path, orders: int, *, end_at: int = END_AT, days: int = DAYS) -> Shop:
    """The shop of that many orders: read where it was kept, else simulated (213 s a million)."""
    folder = workplace / f"shop-{orders}-{end_at}-{days}"
    if not (folder / "shop.json").exists():
        _simulate(folder, orders, end_at, days)
    said = msgspec.json.decode((folder / "shop.json").read_bytes(), type=dict[str, int])
    return Shop(folder, orders, said, end_at)


def _simulate(folder: Path, orders: int, end_at: int, days: int) -> None:
    """Blocks first, the page that counts them last, so that half a shop is never taken for one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows: dict[str, int] = {}
    blocks = simulate_blocks(orders=orders, seed=SEED, start_at=end_at - days * DAY_US, days=days)
    for number, block in enumerate(blocks):
        (folder / f"block-{number:04}.msgpack").write_bytes(msgspec.msgpack.encode(block.columns))
        for table, columns in block.columns.items():
            rows[table] = rows.get(table, 0) + len(columns["known_at"])
    (folder / "shop.json").write_bytes(msgspec.json.encode(rows))
