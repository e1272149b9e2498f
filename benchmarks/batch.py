"""Batch scoring against what cannot be spared: the features, and the bare trees on the same matrix.

Knows nothing of how a score is made. The bare predictor has the trees of the `risk` head alone,
while batch scoring answers every head with both halves, blend and calibration.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.home import Trained, trained
from benchmarks.meter import Spent, interleaved, median
from benchmarks.row import Row
from outreach.shop import feature_settings
from training.batch import Asked, features_of, moments, orders_of, score
from training.champion import open_champion

REPEATS = 5


def measure(workplace: Path, *, small: bool) -> list[Row]:
    """Row 3 of the budgets."""
    with trained(workplace, 2_000 if small else 20_000) as made:
        return [_row(made, small=small)]


def _row(made: Trained, *, small: bool) -> Row:
    home, bundle = made.home, open_champion(made.home)
    with home.open_store() as store:
        facts = store.facts()
        end = made.shop.end_at
        keys = orders_of(facts, as_of=end, open_only=False)
        asked: Asked = moments(facts, keys, "decision", as_of=end, within_hours=24)
        shop = feature_settings(home.settings)
        matrix = features_of(facts, asked, shop)
        risk = made.boosters.get("risk") or next(iter(made.boosters.values()))
        ours, features, trees, session, *heads = interleaved(
            [
                partial(score, store, bundle, facts, asked, settings=home.settings, reasons=False),
                partial(features_of, facts, asked, shop),
                partial(risk.predict, matrix, num_threads=1),
                partial(bundle.session.run, matrix),
                *(partial(b.predict, matrix, num_threads=1) for b in made.boosters.values()),
            ],
            repeats=2 if small else REPEATS,
        )
    ratios = _ratios(ours, features, trees)
    return Row(
        "batch",
        "batch scoring ÷ (features + bare LightGBM predict)",
        median(ratios),
        "x",
        2.0,
        1.0,
        low=min(ratios),
        high=max(ratios),
        by_cpu=median(
            a.cpu_s / (b.cpu_s + c.cpu_s) for a, b, c in zip(ours, features, trees, strict=True)
        ),
        details={
            "orders": len(matrix),
            "heads": len(bundle.heads),
            "trees": risk.num_trees(),
            "scoring_s": _wall(ours),
            "features_s": _wall(features),
            "predict_risk_s": _wall(trees),
            "predict_every_head_s": sum(map(_wall, heads)),
            "onnx_every_head_s": _wall(session),
            "cpu_ratio": median(
                a.cpu_s / (b.cpu_s + c.cpu_s) for a, b, c in zip(ours, features, trees, strict=True)
            ),
            "ratio_against_every_head": median(
                o.wall_s / (f.wall_s + sum(h.wall_s for h in each))
                for o, f, *each in zip(ours, features, *heads, strict=True)
            ),
        },
        small=small,
    )


def _ratios(ours: list[Spent], features: list[Spent], trees: list[Spent]) -> list[float]:
    return [a.wall_s / (b.wall_s + c.wall_s) for a, b, c in zip(ours, features, trees, strict=True)]


def _wall(spent: list[Spent]) -> float:
    return median(one.wall_s for one in spent)
