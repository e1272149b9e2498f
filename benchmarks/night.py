"""The nightly job against the bare fits that it makes: what everything around them costs.

Knows nothing of what is learned. A bare fit is one call of LightGBM's `train` (its own data set
made from the matrix included) or of scikit-learn's `LogisticRegression.fit`; what we do to the
matrix before belongs to us and not to them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import lightgbm
from sklearn.linear_model import LogisticRegression

from benchmarks.meter import Spent, Watch, peak_mib, spent, watching
from benchmarks.row import Row
from benchmarks.server import ROOT
from benchmarks.shop import END_AT, Shop, shop
from store.home import Home
from training import learn, nightly
from training.progress import Reporter
from training.smooth import SmoothHalf

SMALL, FULL = 20_000, 1_000_000


def measure(workplace: Path, *, small: bool, orders: int | None = None) -> list[Row]:
    """Row 5 of the budgets; with --small 20,000 orders."""
    orders = orders or (SMALL if small else FULL)
    made = shop(workplace, orders)
    command = [sys.executable, "-m", "benchmarks.night", str(made.folder), str(orders)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    said = json.loads(ran.stdout)
    return [
        Row(
            "nightly",
            f"nightly of {orders:,} orders ÷ its bare fits",
            said["ratio"],
            "x",
            3.0,
            1.5,
            by_cpu=said["ratio_by_cpu"],
            details=said,
            small=orders < FULL,
        )
    ]


def main(folder: Path, orders: int) -> dict[str, object]:
    """What a night took, in a home of its own that is taken away afterwards."""
    made = Shop(folder, orders, {}, END_AT)
    with TemporaryDirectory(prefix="riskradar-bench-night-", dir=folder.parent) as place:
        home = Home(Path(place) / "home")
        began = time.perf_counter()
        with home.create().open_store() as store:
            made.fill(store)
        filled = time.perf_counter() - began
        return {"orders": orders, "filling_s": filled} | _night(home)


def _night(home: Home) -> dict[str, object]:
    watch, given = Watch(), []
    watched = (
        (lightgbm, "train", "trees"),
        (LogisticRegression, "fit", "logistic"),
        (SmoothHalf, "fit", "smooth_half"),
        (nightly, "write_states", "population_states"),
        (nightly._Night, "_matrix", "features"),  # noqa: SLF001 - the one place that builds them
        (nightly._Night, "_contents", "export_and_proof"),  # noqa: SLF001 - the same
        (learn, "measure", "measures"),
    )
    with ExitStack() as stack, Reporter(sys.stderr) as reporter:
        for owner, function, name in watched:
            stack.enter_context(watching(watch, owner, function, name))
        run = partial(nightly.nightly, home, as_of=END_AT, now=END_AT, reporter=reporter)
        whole = spent(lambda: given.append(run()))
    return _said(whole, watch) | {
        "moments": 0 if given[0].learned is None else len(given[0].learned.table.matrix),
        "heads": 0 if given[0].learned is None else len(given[0].learned.heads),
        "result": given[0].line.partition(" ")[0],
    }


def _said(whole: Spent, watch: Watch) -> dict[str, object]:
    """Seconds of everything watched; what is inside of something else counts in both."""
    took = watch.took
    bare = (took["trees"], took["logistic"])
    # Our smooth half as a fit of its own, beside the trees; the baseline's part is small.
    halves = (took["trees"], took["smooth_half"])
    return {
        "nightly_s": whole.wall_s,
        "nightly_cpu_s": whole.cpu_s,
        "ratio": whole.wall_s / sum(one.wall_s for one in bare),
        "ratio_by_cpu": whole.cpu_s / sum(one.cpu_s for one in bare),
        "ratio_by_cpu_to_halves": whole.cpu_s / sum(one.cpu_s for one in halves),
        "peak_mib": peak_mib(),
        "calls": watch.calls,
        **{f"{name}_s": one.wall_s for name, one in took.items()},
        **{f"{name}_cpu_s": one.cpu_s for name, one in took.items()},
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
