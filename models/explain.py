"""Exact reasons: what each feature added to the served margin of one head.

Knows nothing of LightGBM or scikit-learn: it reads tables that `training.export_reasons` worked
out when the model was exported, with numpy alone.

Contributions are in log-odds of the blended margin, before calibration: path-dependent TreeSHAP of
the trees and linear SHAP of the curves, weighed as the blend weighs them, so that for every row
`base + sum == margin` (to 1e-9). For a leaf of value v whose path tests the distinct features j,
with z_j the share of training rows that pass j's tests and o_j = 1 where this row does, else 0:

    contribution_i = v (o_i - z_i) * integral over t in [0, 1] of prod_{j != i} ((1-t) z_j + t o_j)

(TreeSHAP of Lundberg et al. 2020, https://doi.org/10.1038/s42256-019-0138-9, as an integral.) The
z never change, so the contributions are tabled at export (the idea of Yang 2021, arXiv 2109.09847),
here for groups of neighbouring leaves by the pattern of which way their nodes go: to explain is to
compare once per node, to look up a pattern per group and to add up per feature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.reason_tables import Doubles, HeadTables

ROWS_AT_ONCE = 256  # rows whose curves are evaluated together: 256 x 700 doubles are 1.4 MB


class Explainer:
    """Contributions to the margins of every head.

    Args:
        heads: tables by the head's name.

    Attributes:
        feature_count: d, the width of a matrix and of its contributions.
    """

    def __init__(self, heads: Mapping[str, HeadTables]) -> None:
        self._heads = {name: _HeadExplainer(tables) for name, tables in heads.items()}
        self.feature_count = next(iter(heads.values())).first_knot.size

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], heads: Sequence[str]) -> Explainer:
        """Reads the tables of the named heads.

        Raises:
            ValueError: a table is missing or misshapen.
        """
        return cls({name: HeadTables.of_arrays(arrays, name) for name in heads})

    def base(self, head: str) -> float:
        """The margin that contributions are counted from, in log-odds."""
        return float(self._heads[head].tables.base)

    def contributions(self, matrix: NDArray[np.float32], head: str) -> Doubles:
        """(n, d) features, NaN for unknown → (n, d) float64 log-odds; `base` + row sum = margin.

        Raises:
            KeyError: there is no such head.
            ValueError: the matrix is of another width.
        """
        if matrix.ndim != 2 or matrix.shape[1] != self.feature_count:
            raise ValueError(f"expected (n, {self.feature_count}) features, got {matrix.shape}.")
        return self._heads[head].contributions(matrix.astype(np.float64))


class _HeadExplainer:
    """One head's tables with the views that make a row quick."""

    def __init__(self, tables: HeadTables) -> None:
        self.tables = tables
        self.curved, self.starts = np.unique(tables.piece_feature, return_index=True)
        self.bits = (1 << np.arange(len(tables.group_node))).astype(np.uint16)[:, None]
        self.value_feature = np.ascontiguousarray(tables.group_feature.T).ravel()

    def contributions(self, wide: Doubles) -> Doubles:
        """(n, d) float64 features → (n, d) contributions."""
        out = np.empty_like(wide)
        for start in range(0, len(wide), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            out[rows] = self._of_curves(wide[rows])
        if self.value_feature.size:
            # One row at a time: its few thousand nodes fit the cache, and batching gains nothing.
            for i, row in enumerate(wide):
                out[i] += self._of_trees(row)
        return out

    def _of_curves(self, wide: Doubles) -> Doubles:
        tables = self.tables
        unknown = np.isnan(wide)
        total = np.broadcast_to(tables.at_first, wide.shape).copy()
        if self.curved.size:
            filled = np.where(unknown, tables.first_knot, wide)
            risen = filled.take(tables.piece_feature, axis=1)
            risen -= tables.piece_low
            risen *= tables.piece_inverse_width
            np.clip(risen, 0.0, 1.0, out=risen)
            risen *= tables.piece_rise
            total[:, self.curved] += np.add.reduceat(risen, self.starts, axis=1)
        return np.where(unknown, tables.when_missing, total)

    def _of_trees(self, row: Doubles) -> Doubles:
        """(d,) one row → (d,) contributions of the trees."""
        tables = self.tables
        seen = row.take(tables.node_feature)
        left = np.zeros(seen.size + 1, np.bool_)
        np.less_equal(seen, tables.node_threshold, out=left[:-1])
        left[:-1] |= tables.node_nan_left & np.isnan(seen)
        bits = left.take(tables.group_node).view(np.uint8) * self.bits
        places = tables.table_start + bits.sum(axis=0, dtype=np.uint16)
        values = tables.table.take(places, axis=0)
        sums = np.bincount(self.value_feature, values.ravel(), row.size + 1)
        return sums[:-1].astype(np.float64, copy=False)
