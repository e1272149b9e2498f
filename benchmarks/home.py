"""A home with a simulated history up to last midnight and a model that the nightly job promoted.

Knows nothing of what is measured on it.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time_ns

import lightgbm as lgb

from benchmarks.shop import Shop, shop
from features.build import fingerprint
from features.schema import DAY_US
from store.home import Home
from training.nightly import PROMOTED, nightly
from training.progress import Reporter

MADE = "benchmark-made"  # the last file written; without it the home is made anew
BOOSTERS = "boosters"
# Two windows a head and fewer moments: the model has the shape of any other (the same heads, trees,
# curves), which is what its speed depends on, and is there in minutes.
SETTINGS = "[training]\nmax_origins = 2\nmax_landmarks = 30000\n"


@dataclass(frozen=True)
class Trained:
    """The home, the shop that it remembers, and the bare trees of its model, by head."""

    home: Home
    shop: Shop
    boosters: dict[str, lgb.Booster]


def now_us() -> int:
    """Microseconds UTC."""
    return time_ns() // 1000


@contextmanager
def trained(workplace: Path, orders: int) -> Iterator[Trained]:
    """A copy of the home, so that what one benchmark writes is not what the next one reads."""
    now = now_us()
    history = shop(workplace, orders, end_at=now - now % DAY_US)
    kept = workplace / f"home-{orders}-{history.end_at}-{fingerprint()}"  # of these features
    if not (kept / MADE).exists():
        shutil.rmtree(kept, ignore_errors=True)
        _make(Home(kept), history)
    with TemporaryDirectory(prefix="riskradar-bench-home-") as folder:
        copy = shutil.copytree(kept, Path(folder) / "home")
        yield Trained(Home(copy), history, _boosters(copy))


def _make(home: Home, history: Shop) -> None:
    print(f"a home of {history.orders:,} orders: filling and training", file=sys.stderr)
    home.path.mkdir(parents=True)
    home.settings_path.write_text(SETTINGS, encoding="utf-8")
    with home.create().open_store() as store:
        history.fill(store)
    with Reporter(sys.stderr) as reporter:
        night = nightly(home, as_of=history.end_at, now=history.end_at, reporter=reporter)
    if night.code != PROMOTED or night.learned is None:
        raise RuntimeError(f"expected a promoted model of the simulated shop, got: {night.line}")
    (home.path / BOOSTERS).mkdir()
    for head in night.learned.model.heads:
        if head.booster is not None:
            head.booster.save_model(home.path / BOOSTERS / f"{head.name}.txt")
    (home.path / MADE).touch()


def _boosters(home: Path) -> dict[str, lgb.Booster]:
    files = sorted((home / BOOSTERS).glob("*.txt"))
    return {file.stem: lgb.Booster(model_file=file) for file in files}
