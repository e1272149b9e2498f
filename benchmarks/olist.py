"""`python -m benchmarks.olist`: how well the model does on real orders, out of time.

Knows nothing of how a model comes about: it ingests the public Olist sample into a home of its
own, runs the nightly job as of 2018-05-01, and prints what that night measured of itself.

The sample holds 11,031 orders, about one in nine of the original, and orders that never arrived
are over-represented: ranking is what can be compared, rates cannot be carried over.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.home import now_us
from benchmarks.olist_cut import AS_OF, ORDERS, cuts
from features.catalogue import groups
from store.home import Home
from training.ablate import Ablation
from training.ingest import ingest
from training.learn import Learned, LearnedHead, ablations
from training.measure import Interval
from training.nightly import NightlyResult, nightly
from training.progress import Reporter

DATA = Path(__file__).parent.parent.parent / "shared" / "data" / "olist"
SETTINGS = '[shop]\ntimezone = "America/Sao_Paulo"\n\n[currency]\nhome = "BRL"\n'
SHOWN = {
    "ROC AUC": "roc_auc_score",
    "average precision": "average_precision_score",
    "log loss": "log_loss",
    "Brier": "brier_loss",
    "calibration error": "calibration_loss",
}
CONTENDERS = ("model", "baseline", "base_rate")


@dataclass(frozen=True)
class Night:
    """What one night came to, in its home."""

    home: Home
    as_of: int  # microseconds UTC
    result: NightlyResult


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was measured; exit code 0 also where there are no data to measure on."""
    asked = _arguments(arguments)
    data = asked.data.resolve()
    if not (data / ORDERS).exists():
        print(f"skipped: expected {ORDERS} in {data}, which is not there. Give --data DIR.")
        return 0
    with night(sorted(data.glob("*.csv")), AS_OF) as whole:
        print(f"Olist, public sample, as of {AS_OF:%Y-%m-%d}: {whole.result.line}\n")
        print(_described(whole.result))
        if asked.ablation and whole.result.learned is not None:
            print(_ablation(whole, whole.result.learned))
    if asked.cuts:
        for cut in cuts(data):
            with TemporaryDirectory(prefix="riskradar-olist-") as folder:
                files = cut.write(data, Path(folder))
                span = f"{cut.since:%Y-%m-%d} to {cut.as_of:%Y-%m-%d}"
                with night(files, cut.as_of) as short:
                    print(f"## {cut.name}, {span}: {short.result.line}\n")
                    print(_described(short.result))
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.olist", description=main.__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the CSV files")
    parser.add_argument(
        "--ablation", action="store_true", help="what each group of features brings, on validation"
    )
    parser.add_argument(
        "--cuts", action="store_true", help="also on six weeks, a year, a thousand orders"
    )
    return parser.parse_args(arguments)


@contextmanager
def night(files: list[Path], as_of: datetime) -> Iterator[Night]:
    """One night on those files, in a home that is taken away afterwards."""
    moment = int(as_of.timestamp()) * 1_000_000
    with TemporaryDirectory(prefix="riskradar-olist-") as folder, Reporter(sys.stderr) as reporter:
        home = Home(Path(folder) / "home")
        home.path.mkdir()
        home.settings_path.write_text(SETTINGS, encoding="utf-8")
        with home.create().open_store() as store:
            ingest(
                files,
                "olist",
                shop_id="olist",
                store=store,
                rejects_dir=home.rejects_dir,
                received_at=now_us(),
                progress=reporter.at,
            )
        yield Night(home, moment, nightly(home, as_of=moment, now=now_us(), reporter=reporter))


def _described(result: NightlyResult) -> str:
    """Each head for people, then each head as a line of JSON."""
    if result.learned is None:
        return ""
    heads = result.learned.heads
    people = [_head(name, head) for name, head in heads.items()]
    left = [f"{kind}: no head: {why}" for kind, why in result.learned.left_out.items()]
    machines = [_json(name, head) for name, head in heads.items()]
    return "\n".join([*people, *left, "", *machines, ""])


def _head(name: str, head: LearnedHead) -> str:
    measures, windows = head.measures, [w for w in head.plan.windows if w.judges]
    low, high = measures.calibration_range["model"]
    error = measures.by["model"]["calibration_loss"].value
    within = "within" if low <= error <= high else "beyond"
    theirs = measures.by["baseline"]["calibration_loss"].value
    lines = [
        f"### {name}",
        "",
        (
            f"{head.positives:,} of {head.orders:,} judged orders had it. Measured on "
            f"{measures.orders:,} orders placed {_day(windows[0].origin)} to "
            f"{_day(windows[-1].until)}, {measures.positives:,} of which had it; windows: "
            f"{head.plan.style}."
        ),
        "",
        "| | model | baseline | base rate | model - baseline | model - base rate |",
        "|---|---|---|---|---|---|",
    ]
    for words, key in SHOWN.items():
        own = [_interval(measures.by[who][key]) for who in CONTENDERS]
        apart = [_interval(measures.difference[who][key], "+") for who in CONTENDERS[1:]]
        lines.append(f"| {words} | {' | '.join([*own, *apart])} |")
    lines += [
        "",
        (
            f"Calibration error {error:.4f}, {within} the 95 % range [{low:.4f}, {high:.4f}] that "
            f"its own probabilities would give by chance; the baseline's is {theirs:.4f}."
        ),
        "",
    ]
    return "\n".join(lines)


def _interval(one: Interval, sign: str = "") -> str:
    return f"{one.value:{sign}.4f} [{one.low:{sign}.4f}, {one.high:{sign}.4f}]"


def _day(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1e6, UTC):%Y-%m-%d}"


def _json(name: str, head: LearnedHead) -> str:
    said = {
        "benchmark": "olist",
        "head": name,
        "orders": head.orders,
        "positives": head.positives,
        "windows": head.plan.style,
        **asdict(head.measures),
    }
    return json.dumps(_without_nan(said))


def _without_nan(value: object) -> object:
    """NaN is no JSON; what cannot be said is null."""
    if isinstance(value, dict):
        return {key: _without_nan(inside) for key, inside in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inside) for inside in value]
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def _ablation(whole: Night, learned: Learned) -> str:
    """On the windows that validate: the judging ones must not decide what is kept."""
    with whole.home.open_store(readonly=True) as store, Reporter(sys.stderr) as reporter:
        facts = store.facts(known_before=whole.as_of)
        found = ablations(learned, facts, groups(), progress=reporter.say)
    lines = ["## What each group of features brings (validation windows; gain above 0 pays)", ""]
    lines += [
        "| head | group | features | ROC AUC gain | log loss gain | pays |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_gain(head, one) for head, each in found.items() for one in each]
    return "\n".join([*lines, ""])


def _gain(head: str, one: Ablation) -> str:
    pays = "yes" if one.pays else "no"
    area, loss = _interval(one.roc_auc_gain, "+"), _interval(one.log_loss_gain, "+")
    return f"| {head} | {one.group} | {one.features} | {area} | {loss} | {pays} |"


if __name__ == "__main__":
    raise SystemExit(main())
