"""The tables from which exact reasons are read: their fields, their names in a file, their checks.

Knows nothing of how they are worked out (`training.export_reasons`) or used (`models.explain`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_BITS = 12  # splits that a group of leaves may look at; its table doubles with each


@dataclass(frozen=True)
class HeadTables:
    """Everything that the reasons of one head need.

    Sizes: d features, s pieces of curves, m nodes of trees, g groups of leaves, w slots a group.
    A group is some leaves of one tree together with every node on the way to them (its bits) and
    every feature that those test (its slots). Spare bits name node m, which never goes left; spare
    slots name feature d, which is nobody's.

    Attributes:
        base: () the margin's average over the training rows, as the halves count it.
        piece_feature: (s,) feature of each piece of a curve, never falling.
        piece_low: (s,) value of the feature at which the piece begins.
        piece_inverse_width: (s,) 1 / its width.
        piece_rise: (s,) what the whole piece adds.
        first_knot: (d,) stands in for NaN while the pieces are added up.
        at_first: (d,) contribution at or below the first knot.
        when_missing: (d,) contribution where the feature is NaN.
        node_feature: (m,) feature that a node splits on.
        node_threshold: (m,) known values <= threshold go left.
        node_nan_left: (m,) whether NaN goes left.
        group_node: (w, g) node of each bit.
        group_feature: (w, g) feature of each slot.
        table_start: (g,) row of `table` for the pattern in which no node goes left.
        table: (rows, w) contribution of each slot's feature, by pattern of bits.
    """

    base: Doubles
    piece_feature: Integers
    piece_low: Doubles
    piece_inverse_width: Doubles
    piece_rise: Doubles
    first_knot: Doubles
    at_first: Doubles
    when_missing: Doubles
    node_feature: Integers
    node_threshold: Doubles
    node_nan_left: NDArray[np.bool_]
    group_node: Integers
    group_feature: Integers
    table_start: Integers
    table: Doubles

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """The tables as named arrays, to be kept in one file with those of other heads."""
        return {f"{prefix}.{field.name}": getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> HeadTables:
        """Reads what `arrays` wrote.

        Raises:
            ValueError: a table is missing, or of another type or shape than it must be.
        """
        missing = [f.name for f in fields(cls) if f"{prefix}.{f.name}" not in arrays]
        if missing:
            raise ValueError(f"head {prefix!r}: expected tables {missing}, found none.")
        tables = cls(**{f.name: arrays[f"{prefix}.{f.name}"] for f in fields(cls)})
        for problem in _problems(tables):
            raise ValueError(f"head {prefix!r}: {problem}")
        return tables


def _problems(tables: HeadTables) -> list[str]:
    """What is wrong with the tables' types, shapes and indices, in words."""
    d, m, rows = tables.first_knot.size, tables.node_feature.size, len(tables.table)
    found = {f.name: getattr(tables, f.name) for f in fields(tables)}
    problems = [
        f"expected {name} as {kind} of shape {shape}, got {found[name].dtype} of "
        f"{found[name].shape}."
        for name, (kind, shape) in _expected(tables).items()
        if found[name].dtype != np.dtype(kind) or found[name].shape != shape
    ]
    limits = {
        "piece_feature": d,
        "node_feature": d,
        "group_node": m + 1,
        "group_feature": d + 1,
        "table_start": rows,
    }
    return problems + [
        f"{name} points outside of its table."
        for name, limit in limits.items()
        if found[name].size and (found[name].min() < 0 or found[name].max() >= limit)
    ]


def _expected(tables: HeadTables) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of every table, as one array of each family says."""
    pieces, features = (tables.piece_low.size,), (tables.first_knot.size,)
    nodes, groups = (tables.node_feature.size,), tables.table_start.size
    width = min(tables.table.shape[-1], MOST_BITS) if tables.table.ndim else 0
    return {
        "base": ("f8", ()),
        "piece_feature": ("i8", pieces),
        "piece_low": ("f8", pieces),
        "piece_inverse_width": ("f8", pieces),
        "piece_rise": ("f8", pieces),
        "first_knot": ("f8", features),
        "at_first": ("f8", features),
        "when_missing": ("f8", features),
        "node_feature": ("i8", nodes),
        "node_threshold": ("f8", nodes),
        "node_nan_left": ("?", nodes),
        "group_node": ("i8", (width, groups)),
        "group_feature": ("i8", (width, groups)),
        "table_start": ("i8", (groups,)),
        "table": ("f8", (len(tables.table), width)),
    }
