"""The tree half: LightGBM, small trees, the same bits on every run.

Knows nothing of orders or time; rows, outcomes and weights go in.

No class weights, no categories, no bagging: a probability must stay a probability, and what is
exported must be what was fitted. The trees are small so that exact reasons stay cheap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

CHECKPOINTS = (10, 20, 30, 45, 60, 80, 105, 135, 170)  # rounds that may be chosen
PLAIN_ROUNDS = 60  # where nothing can be chosen, or no choice is clearly better


@dataclass(frozen=True)
class TreeSettings:
    """How the trees grow; see LightGBM's parameters of the same meaning."""

    leaves: int = 12
    depth: int = 4
    learning_rate: float = 0.05
    min_orders: int = 60  # in a leaf; an order is as many rows as it has moments
    min_hessian: float = 3.0  # sum of p(1-p) in a leaf, weights included: about as many positives
    l2: float = 20.0
    feature_share: float = 0.4  # of the features, drawn for each tree
    bins: int = 63
    seed: int = 0
    threads: int = 1


def fit_trees(
    matrix: Matrix,
    outcome: npt.NDArray[Any],
    weight: Floats,
    rounds: int,
    settings: TreeSettings,
    *,
    moments: float = 1.0,
) -> lgb.Booster:
    """Trees on rows (n, d) float32, NaN where unknown; the raw score is a margin in log-odds.

    `moments` is how many rows an order has on average.
    """
    parameters = {
        "objective": "binary",
        "num_leaves": settings.leaves,
        "max_depth": settings.depth,
        "learning_rate": settings.learning_rate,
        "min_data_in_leaf": round(settings.min_orders * moments),
        "min_sum_hessian_in_leaf": settings.min_hessian,
        "lambda_l2": settings.l2,
        "feature_fraction": settings.feature_share,
        "max_bin": settings.bins,
        "seed": settings.seed,
        "num_threads": settings.threads,
        "deterministic": True,
        "force_col_wise": True,  # as good as row-wise: the same trees, a fifth faster
        "verbosity": -1,
    }
    data = lgb.Dataset(matrix, outcome, weight=weight, params=parameters, free_raw_data=True)
    return lgb.train(parameters, data, rounds)


def margins_at_checkpoints(
    booster: lgb.Booster, matrix: Matrix, checkpoints: tuple[int, ...] = CHECKPOINTS
) -> Floats:
    """(n, checkpoints) margins as they stood after so many rounds, each round computed once."""
    margins = np.zeros((len(matrix), len(checkpoints)))
    total = np.zeros(len(matrix))
    for column, (start, end) in enumerate(zip((0, *checkpoints), checkpoints, strict=False)):
        total = total + booster.predict(
            matrix, raw_score=True, start_iteration=start, num_iteration=end - start, num_threads=1
        )
        margins[:, column] = total
    return margins
