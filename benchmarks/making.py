"""Features of many orders from their raw records: facts of every row, signals included, then build.

Knows nothing of the store. It runs in a process of its own, so that its peak memory is its own;
reading the kept blocks from disk counts in memory (it is what a reader holds) but not in time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.meter import MIB, Watch, peak_mib
from benchmarks.row import Row
from benchmarks.server import ROOT
from benchmarks.shop import END_AT, Shop, shop
from features.build import FeatureSettings
from features.facts import Facts, facts_of
from store.rates import rates_for
from training.batch import features_of, moments

SMALL, FULL = 50_000, 1_000_000
TOO_SMALL = 2_000  # of a smoke test
MIB_A_GIB = 1024


def measure(workplace: Path, *, small: bool, orders: int | None = None) -> list[Row]:
    """Row 4 of the budgets; with --small 50,000 orders, whose budget is a twentieth."""
    orders = orders or (SMALL if small else FULL)
    made = shop(workplace, orders)
    command = [sys.executable, "-m", "benchmarks.making", str(made.folder), str(orders)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    said = json.loads(ran.stdout) | {"messages": made.rows["messages"]}
    share = orders / FULL
    size = f"{orders:,} orders, {made.rows['messages']:,} messages"
    seconds = sum(
        value for name, value in said.items() if name.endswith("_s") and "cpu_s" not in name
    )
    small = orders < FULL
    return [
        Row(
            "features_seconds",
            f"features of {size}",
            seconds,
            "s",
            60 * share,
            10 * share,
            by_cpu=said["cpu_s"],
            details=said,
            small=small,
        ),
        Row(
            "features_memory",
            f"peak memory of it ({orders:,} orders)",
            said["peak_mib"] / MIB_A_GIB,
            "GiB",
            4.0,
            4.0,
            small=small,
        ),
    ]


def main(folder: Path, orders: int) -> dict[str, float]:
    """What it took, as the child process prints it."""
    watch = Watch()
    facts = _facts(Shop(folder, orders, {}, END_AT), watch)
    settings = FeatureSettings("USD", rates_for("USD"), "UTC")
    with watch.on("build"):
        keys = np.unique(facts["orders"]["order_key"])
        asked = moments(facts, keys, "decision", as_of=END_AT, within_hours=24)
        matrix = features_of(facts, asked, settings)
    return {
        **{f"{name}_s": one.wall_s for name, one in watch.took.items()},
        **{f"{name}_cpu_s": one.cpu_s for name, one in watch.took.items()},
        "cpu_s": sum(one.cpu_s for one in watch.took.values()),
        "peak_mib": peak_mib(),
        "rows": len(matrix),
        "features": matrix.shape[1],
        "facts_mib": sum(table.nbytes for table in facts.values()) / MIB,
    }


def _facts(made: Shop, watch: Watch) -> Facts:
    """Facts of every table, block by block; only the making of them is watched."""
    parts: dict[str, list[np.ndarray[Any, Any]]] = {}
    for block in made.blocks():
        for table, columns in block.items():
            with watch.on(f"facts_{table}"):
                parts.setdefault(table, []).append(facts_of(table, columns))
    with watch.on("joining"):
        return {table: np.concatenate(parts.pop(table)) for table in list(parts)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
