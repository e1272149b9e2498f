"""`python -m benchmarks [NAME...] [--small] [--write]`: measure, print a table, then JSON lines.

Knows nothing of how anything is measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import shop
from benchmarks.row import Row, table

# name → module; each has `measure(workplace, *, small) -> list[Row]`. In the order in which they
# run: those that load the machine for long come last.
BENCHMARKS = {
    "start": "benchmarks.start",
    "http": "benchmarks.over_http",
    "batch": "benchmarks.batch",
    "features": "benchmarks.making",
    "nightly": "benchmarks.night",
}
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
LIBRARIES = ("flask", "granian", "lightgbm", "numpy", "onnxruntime", "scikit-learn")


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 1 where a bar was missed at full size, else 0."""
    asked = _arguments(arguments)
    rows: list[Row] = []
    about = _about(small=asked.small)
    with shop.workplace() as workplace:
        for name in asked.names or BENCHMARKS:
            began = time.perf_counter()
            measure: Callable[..., Any] = import_module(BENCHMARKS[name]).measure
            rows += measure(workplace, small=asked.small)
            print(f"{name}: measured in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    page = f"{about}\n\n{table(rows)}"
    print(page, end="\n\n")
    for row in rows:
        print(row.as_json())
    if asked.write:
        _write(page, [row.as_json() for row in rows])
    return int(any(row.meets(row.bar) is False and not row.small for row in rows))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--small", action="store_true", help="sizes of a few minutes; says so")
    parser.add_argument("--write", action="store_true", help=f"also into docs/{PAGE.name}")
    asked = parser.parse_args(arguments)
    unknown = sorted(set(asked.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"expected names among {', '.join(BENCHMARKS)}, got {', '.join(unknown)}")
    return asked


def _about(*, small: bool) -> str:
    """Where and when: a ratio travels, a second does not."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    size = "small sizes" if small else "full sizes"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, synthetic data, {size}: {os.cpu_count()} cores "
        f"({platform.machine()}), load {os.getloadavg()[0]:.1f} before the start, "
        f"Python {platform.python_version()}, {libraries}."
    )


def _write(page: str, lines: list[str]) -> None:
    """Put the table between the page's marks, so that nobody copies figures by hand."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    shown = "\n".join(lines)
    block = f"{BEGIN}\n{page}\n\n```json\n{shown}\n```\n{END}"
    PAGE.write_text(before + block + after, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
