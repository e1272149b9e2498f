"""Small fitted models for the tests of export, reasons and bundles.

Knows nothing of orders: five columns of numbers with holes in them, and outcomes drawn from them.
"""

from __future__ import annotations

import os
from functools import cache

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import lightgbm as lgb
import numpy as np

from models.bundle import BundleContents
from training.export import to_onnx
from training.export_reasons import reason_tables
from training.heads import Calibration, FittedHead, FittedModel, knot_grid, smooth_half

NAMES = ("amount", "days", "orders", "is_gift", "constant")
NOW = 1_769_824_800_000_000  # 2026-01-31 02:00 UTC, microseconds
KEY = bytes(range(32))
FINGERPRINT = "f" * 16
PLATT = Calibration.platt(1.2, -0.1)
SMALL = {
    "objective": "binary",
    "num_leaves": 7,
    "max_depth": 4,
    "min_data_in_leaf": 5,
    "learning_rate": 0.2,
    "verbose": -1,
    "num_threads": 1,
    "seed": 1,
}


@cache
def rows(count: int = 800) -> np.ndarray:
    """(n, 5) float32: money, days with holes, counts, a flag with holes, a constant."""
    random = np.random.default_rng(7)
    table = np.stack(
        [
            np.exp(random.normal(3, 1, count)).round(2),
            random.normal(0, 5, count),
            random.poisson(0.7, count),
            random.random(count) < 0.05,
            np.full(count, 3.0),
        ],
        axis=1,
    ).astype(np.float32)
    table[random.random(count) < 0.2, 1] = np.nan
    table[random.random(count) < 0.1, 3] = np.nan
    table.flags.writeable = False
    return table


def outcomes(matrix: np.ndarray, seed: int = 0) -> np.ndarray:
    """(n,) of 0 and 1 that depend on the columns."""
    random = np.random.default_rng(seed)
    known = np.nan_to_num(matrix, nan=2.0)
    margin = -1.5 + 0.5 * (known[:, 2] > 0) + 0.15 * known[:, 1] + np.isnan(matrix[:, 3])
    return (random.random(len(matrix)) < 1 / (1 + np.exp(-margin))).astype(np.float64)


def booster(seed: int = 0, rounds: int = 12, matrix: np.ndarray | None = None, **changes):
    """A LightGBM model of the example rows, with parameters changed by keyword."""
    matrix = rows() if matrix is None else matrix
    dataset = lgb.Dataset(matrix, outcomes(matrix, seed), free_raw_data=False)
    return lgb.train({**SMALL, "seed": seed + 1, **changes}, dataset, rounds)


def head(name: str, seed: int = 0, calibration: Calibration = PLATT, trees=None) -> FittedHead:
    """A head of both halves, blended 0.4 to 0.7."""
    smooth = smooth_half(5, knots=5, l2=30.0, grid=knot_grid(rows(), 5))
    smooth.fit(rows(), outcomes(rows(), seed))
    return FittedHead(name, smooth, trees or booster(seed), 0.4, 0.7, calibration)


@cache
def model() -> FittedModel:
    """Three heads, each calibrated in another way."""
    return FittedModel(
        NAMES,
        (
            head("late_delivery", 1, Calibration.beta(0.9, 1.1, -0.2)),
            head("risk", 2, PLATT),
            head("return", 3, Calibration.isotonic([-3.0, -1.0, 0.5], [0.01, 0.2, 0.7])),
        ),
    )


def one_head(trees=None, calibration: Calibration = PLATT) -> FittedModel:
    """A model of the head `risk` alone."""
    return FittedModel(NAMES, (head("risk", 0, calibration, trees),))


@cache
def contents() -> BundleContents:
    """What a training run would hand over for `model()`."""
    fitted = model()
    return BundleContents(
        graph=to_onnx(fitted),
        reasons=reason_tables(fitted),
        proof={"cases": [{"features": [1.0, 2.0, 0.0, 0.0, 3.0]}]},
        card="# A card",
        report="<!doctype html><title>A report</title>",
        feature_names=NAMES,
        fingerprint=FINGERPRINT,
        heads=fitted.head_names,
        measures={"auc": 0.6, "undefined": float("nan")},
        training_window={"from": 0, "to": NOW},
        versions={"numpy": np.__version__},
        code="a41be02",
    )
