"""Works out the tables that exact reasons are read from (`models.explain` says the formula).

Knows nothing of bundles and of rows to explain: it sees a fitted model alone.
"""

from __future__ import annotations

import numpy as np

from models.reason_tables import HeadTables
from training.export import forests_of
from training.heads import FittedHead, FittedModel
from training.reason_groups import group_leaves
from training.smooth import Curve
from training.tree_dump import ExportRefused, Forest

NO_TREES = Forest(
    feature=np.empty(0, np.int64),
    threshold=np.empty(0),
    nan_left=np.empty(0, np.bool_),
    left=np.empty(0, np.int64),
    right=np.empty(0, np.int64),
    node_count=np.empty(0),
    roots=np.empty(0, np.int64),
    value=np.empty(0),
    leaf_count=np.empty(0),
    constant=0.0,
)


def reason_tables(model: FittedModel) -> dict[str, HeadTables]:
    """The tables of every head, by its name.

    Raises:
        ExportRefused: trees that are not exported, or too deep for tables; names the head.
    """
    forests = forests_of(model)
    tables = {}
    for head in model.heads:
        try:
            forest = forests.get(head.name, NO_TREES)
            tables[head.name] = _tables(head, forest, len(model.feature_names))
        except ExportRefused as refusal:
            raise ExportRefused(f"head {head.name!r}: {refusal}") from None
    return tables


def _tables(head: FittedHead, forest: Forest, features: int) -> HeadTables:
    curves = head.smooth.curves() if head.smooth is not None else _flat(features)
    intercept = head.smooth.intercept_ if head.smooth is not None else 0.0
    smooth_base = head.weight_smooth * (intercept + sum(curve.mean for curve in curves))
    grouped = group_leaves(forest, features)
    tree_base = head.weight_trees * (forest.constant + grouped.mean)
    weight, counts = head.weight_smooth, [curve.knots.size - 1 for curve in curves]
    return HeadTables(
        base=np.array(smooth_base + tree_base, np.float64),
        piece_feature=np.repeat(np.arange(features), counts).astype(np.int64),
        piece_low=np.concatenate([curve.knots[:-1] for curve in curves]),
        piece_inverse_width=1.0 / np.concatenate([np.diff(curve.knots) for curve in curves]),
        piece_rise=weight * np.concatenate([np.diff(curve.values) for curve in curves]),
        first_knot=np.array([curve.knots[0] for curve in curves]),
        at_first=weight * np.array([curve.values[0] - curve.mean for curve in curves]),
        when_missing=weight * np.array([curve.missing - curve.mean for curve in curves]),
        node_feature=forest.feature,
        node_threshold=forest.threshold,
        node_nan_left=forest.nan_left,
        group_node=grouped.group_node,
        group_feature=grouped.group_feature,
        table_start=grouped.table_start,
        table=head.weight_trees * grouped.table,
    )


def _flat(features: int) -> tuple[Curve, ...]:
    """Curves that add nothing, where a head is trees alone."""
    return (Curve(np.zeros(1), np.zeros(1), 0.0, 0.0),) * features
