"""Writes a forest as one double-precision `TreeEnsemble` of `ai.onnx.ml` 5.

Knows nothing of LightGBM's files and nothing of the rest of the graph. A writer of our own,
because the public converter rounds thresholds to the nearest float32 and so flips splits
(differences of 1.8e-2 in probability); here thresholds and values stay float64, which agrees with
LightGBM to 4e-16.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from training.tree_dump import Forest

IR_VERSION = 10  # newest that onnxruntime 1.31 reads together with the opsets below
OPSET = 18
ML_OPSET = 5  # the first with double thresholds and double sums
SUM = 1  # aggregate_function
NO_TRANSFORM = 0  # post_transform
LESS_OR_EQUAL = 0  # nodes_modes


def opsets() -> list[Any]:
    """The operator sets that every part of the graph is written in."""
    return [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)]


def trees_node(forest: Forest, *, source: str, target: str) -> onnx.NodeProto:
    """One operator: `source` (n, d) double → `target` (n, 1) double, the sum of the trees' leaves.

    The forest's constant is not in it (an ensemble has no place for trees without a split).
    """
    left_is_leaf, right_is_leaf = forest.left < 0, forest.right < 0
    nodes = forest.feature.size
    return helper.make_node(
        "TreeEnsemble",
        [source],
        [target],
        name=target,
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=SUM,
        post_transform=NO_TRANSFORM,
        tree_roots=forest.roots.tolist(),
        nodes_featureids=forest.feature.tolist(),
        nodes_splits=_tensor(forest.threshold, "splits"),
        nodes_modes=_tensor(np.full(nodes, LESS_OR_EQUAL, np.uint8), "modes"),
        nodes_missing_value_tracks_true=forest.nan_left.astype(np.int64).tolist(),
        nodes_truenodeids=_places(forest.left).tolist(),
        nodes_trueleafs=left_is_leaf.astype(np.int64).tolist(),
        nodes_falsenodeids=_places(forest.right).tolist(),
        nodes_falseleafs=right_is_leaf.astype(np.int64).tolist(),
        leaf_targetids=[0] * forest.value.size,
        leaf_weights=_tensor(forest.value, "weights"),
    )


def trees_graph(forests: list[Forest], feature_count: int) -> onnx.ModelProto:
    """A model of one operator per forest: `x` (n, d) double → `trees` (n, forests) double."""
    columns = [f"trees_{k}" for k in range(len(forests))]
    nodes = [
        trees_node(forest, source="x", target=column)
        for forest, column in zip(forests, columns, strict=True)
    ]
    nodes.append(helper.make_node("Concat", columns, ["trees"], axis=1))
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, [None, feature_count])],
        [helper.make_tensor_value_info("trees", TensorProto.DOUBLE, [None, len(forests)])],
    )
    return helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)


def _places(kids: np.ndarray[Any, np.dtype[np.int64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Indices among nodes, or among leaves where the kid is one (kept as ~leaf)."""
    return np.where(kids < 0, ~kids, kids)


def _tensor(values: np.ndarray[Any, Any], name: str) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values), name)
