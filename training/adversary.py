"""Rows made to break an export: every threshold and knot from both sides, and values that hurt.

Knows nothing of ONNX: it aims at the model, from its own trees and curves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.export import forests_of
from training.heads import FittedModel
from training.tree_dump import Forest

Floats = NDArray[np.float32]

HUGE = float(np.finfo(np.float32).max)
# Around LightGBM's band of zero, the smallest float32, the largest; NaN; both zeros.
HURTFUL = np.array(
    [np.nan, 0.0, -0.0, 1e-35, -1e-35, 1.1e-35, -1.1e-35, 1e-45, -1e-45, 1.0, HUGE, -HUGE],
    np.float32,
)


@dataclass(frozen=True)
class Box:
    """What one leaf asks of one feature: low < value <= high, or NaN."""

    low: float = -np.inf
    high: float = np.inf
    takes_nan: bool = True


def adversarial_rows(model: FittedModel, matrix: Floats, *, seed: int = 0) -> Floats:
    """Rows (k, d) float32 that stand on the model's edges; `matrix` (n >= 1, d) lends the rest.

    Four rows for every leaf of every head: one at the upper and one at the lower edges of its box
    (NaN where it takes NaN), one a step outside of either; then every knot and every hurtful value
    of every feature +-1 ulp, first alone in a real row, then all features at once.
    """
    random = np.random.default_rng(seed)
    parts = [_of_leaves(forest, matrix, random) for forest in forests_of(model).values()]
    pools = [_pool(model, column) for column in range(matrix.shape[1])]
    parts += [_alone(pools, matrix, random), _together(pools, random)]
    return np.concatenate(parts)


def leaf_boxes(forest: Forest) -> list[dict[int, Box]]:
    """Feature → box, for every leaf."""
    boxes: list[dict[int, Box]] = [{} for _ in range(forest.value.size)]
    waiting: list[tuple[int, dict[int, Box]]] = [(int(root), {}) for root in forest.roots]
    while waiting:
        node, box = waiting.pop()
        feature, threshold = int(forest.feature[node]), float(forest.threshold[node])
        was, nan_left = box.get(feature, Box()), bool(forest.nan_left[node])
        left = Box(was.low, min(was.high, threshold), was.takes_nan and nan_left)
        right = Box(max(was.low, threshold), was.high, was.takes_nan and not nan_left)
        for kid, narrowed in ((forest.left[node], left), (forest.right[node], right)):
            if kid < 0:
                boxes[~kid] = {**box, feature: narrowed}
            else:
                waiting.append((int(kid), {**box, feature: narrowed}))
    return boxes


def _of_leaves(forest: Forest, matrix: Floats, random: np.random.Generator) -> Floats:
    boxes = leaf_boxes(forest)
    rows = matrix[random.integers(0, len(matrix), (len(boxes), 4))].copy()
    for four, box in zip(rows, boxes, strict=True):
        for feature, edge in box.items():
            above, below = _floor(edge.high), _up(_floor(edge.low))
            four[:, feature] = above, below, above, below
            if edge.takes_nan and random.random() < 0.5:
                four[:2, feature] = np.nan
        feature = list(box)[random.integers(len(box))]
        four[2, feature] = _up(_floor(box[feature].high))
        four[3, feature] = _floor(box[feature].low)
    return rows.reshape(-1, matrix.shape[1])


def _pool(model: FittedModel, column: int) -> Floats:
    """Every value worth trying of one feature, each with its neighbours."""
    knots = [h.smooth.curves()[column].knots for h in model.heads if h.smooth is not None]
    values = np.concatenate([HURTFUL, *(np.float32(each) for each in knots)])
    finite = np.clip(values, -HUGE, HUGE)
    return np.unique(np.concatenate([finite, _up(finite), _down(finite)]))


def _alone(pools: list[Floats], matrix: Floats, random: np.random.Generator) -> Floats:
    columns = np.repeat(np.arange(len(pools)), [pool.size for pool in pools])
    rows = matrix[random.integers(0, len(matrix), columns.size)].copy()
    rows[np.arange(columns.size), columns] = np.concatenate(pools)
    return rows


def _together(pools: list[Floats], random: np.random.Generator) -> Floats:
    """As many rows as ten times the largest pool, each feature cycling through its own."""
    count = 10 * max(pool.size for pool in pools)
    columns = [random.permutation(np.resize(pool, count)) for pool in pools]
    return np.stack(columns, axis=1).astype(np.float32)


def _floor(value: float) -> Floats:
    """The largest float32 <= value: for float32 x, x <= value exactly where x <= this."""
    near = np.asarray(np.clip(value, -HUGE, HUGE), np.float32)
    return near if float(near) <= value else _down(near)


def _up(value: Floats) -> Floats:
    """The next float32; the largest stays itself, infinity is no input."""
    return np.nextafter(value, np.float32(HUGE), dtype=np.float32)


def _down(value: Floats) -> Floats:
    return np.nextafter(value, np.float32(-HUGE), dtype=np.float32)
