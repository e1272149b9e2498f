"""`riskradar demo`: the whole path on a simulated shop, in a few minutes, with nothing at hand.

Knows nothing of any real shop: every number that it prints is of synthetic data, and says so.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from features.schema import DAY_US
from store.home import Home
from training.ingest import describe, ingest
from training.learn import RISK
from training.nightly import FAILED, NightlyResult, nightly
from training.progress import Reporter
from training.scoring import top
from training.simulate import simulate, write_files

DAYS = 240  # of simulated trade up to now
SHOWN = 8  # orders of the list that are printed
SEED = 1


@dataclass(frozen=True)
class DemoResult:
    """Exit code of the nightly job, and what to print."""

    code: int
    text: str


def run(home: Home, *, orders: int, now: int, reporter: Reporter) -> DemoResult:
    """Simulates, ingests, learns, promotes and lists, through the same functions as real data."""
    home.create()
    reporter.say(f"simulating a shop with {orders:,} orders (synthetic)")
    simulated = simulate(orders=orders, seed=SEED, start_at=now - DAYS * DAY_US, days=DAYS)
    with tempfile.TemporaryDirectory() as folder, home.open_store() as store:
        files = write_files(simulated, Path(folder))
        summary = ingest(
            files,
            "riskradar",
            store=store,
            rejects_dir=home.rejects_dir,
            received_at=now,
            progress=reporter.at,
        )
    night = nightly(home, as_of=now, now=now, reporter=reporter)
    parts = ["Synthetic data: a simulated shop. No number below is about any real one.", ""]
    parts += [describe(summary), "", night.line]
    if night.code != FAILED:
        parts += [_measured(night), ""]
        listed = top(home, day=None, now=now, limit=SHOWN, reporter=reporter)
        parts.append(listed.as_text())
    return DemoResult(night.code, "\n".join(parts))


def _measured(night: NightlyResult) -> str:
    if night.learned is None:
        return ""
    measures = night.learned.heads[RISK].measures
    ours, base = measures.by["model"], measures.by["baseline"]
    area, theirs = ours["roc_auc_score"], base["roc_auc_score"]
    return (
        f"synthetic, on {measures.orders:,} later orders: ROC AUC {area.value:.3f} "
        f"[{area.low:.3f}, {area.high:.3f}], simple logistic baseline {theirs.value:.3f} "
        f"[{theirs.low:.3f}, {theirs.high:.3f}], {100 * measures.rate:.1f} % disputed"
    )


def next_steps(home: Path) -> str:
    """How to go on from here."""
    at = f"riskradar --home {home}"
    return f"""
Serve it:        {at} keys add order-system     # prints the key, once
                 {at} serve --port 8780
                 curl -H "Authorization: Bearer KEY" localhost:8780/v1/top
Your own shop:   riskradar --home my-shop ingest orders.csv items.csv ... --format riskradar
                 riskradar --home my-shop nightly && riskradar --home my-shop top
                 (riskradar formats lists the export formats; docs/ingest.md shows your own)"""
