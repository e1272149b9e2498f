"""A LightGBM model as plain arrays, read from its dump; refuses by name what it cannot vouch for.

Knows nothing of ONNX and nothing of reasons: both are written from these arrays, so that the score
and its explanation can never disagree about which way a row goes.

Three habits of LightGBM's predictor are copied here, once:
- "everything known goes left (right)" is printed as a threshold of +-1e300: it means infinity;
- where a feature had no NaN in training (`missing_type` None), NaN goes where 0 goes;
- |x| <= 1e-35 (as float32) is read as 0, so thresholds inside that band move to its edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

FAR = 1e300  # LightGBM prints infinity as this
ZERO_BAND = float(np.float32(1e-35))  # LightGBM's kZeroThreshold


class ExportRefused(ValueError):
    """The model uses something whose export we cannot vouch for; the text names it."""


@dataclass(frozen=True)
class Forest:
    """The trees of one head.

    Attributes:
        feature: (m,) column that a node splits on.
        threshold: (m,) known values <= threshold go left; may be infinite.
        nan_left: (m,) whether NaN goes left.
        left: (m,) index of the node on the left, or ~leaf (negative) where it is a leaf.
        right: (m,) the same on the right.
        node_count: (m,) rows of the training data that came by.
        roots: (trees,) nodes at which the trees begin.
        value: (leaves,) what a leaf adds to the log-odds.
        leaf_count: (leaves,) rows of the training data that ended there.
        constant: sum of the trees that have one leaf and no node.
    """

    feature: Integers
    threshold: Doubles
    nan_left: NDArray[np.bool_]
    left: Integers
    right: Integers
    node_count: Doubles
    roots: Integers
    value: Doubles
    leaf_count: Doubles
    constant: float


def read_forest(booster: Any, feature_count: int) -> Forest:
    """Reads a fitted `lightgbm.Booster` (at its best iteration, as `predict` does).

    Raises:
        ExportRefused: anything but binary log loss on numeric splits; the text names what.
    """
    dump = booster.dump_model()
    _refuse_model(dump, feature_count)
    reader = _Reader()
    for tree in dump["tree_info"]:
        reader.add(tree)
    return reader.forest()


def _refuse_model(dump: dict[str, Any], feature_count: int) -> None:
    objective = dump.get("objective", "none (a custom objective)")
    if objective != "binary sigmoid:1":
        raise ExportRefused(f"objective: expected 'binary sigmoid:1', got {objective!r}.")
    if dump.get("average_output"):
        raise ExportRefused("boosting=rf: a random forest averages its trees; use gbdt or dart.")
    if dump["num_tree_per_iteration"] != 1:
        raise ExportRefused(f"expected 1 tree a round, got {dump['num_tree_per_iteration']}.")
    if dump["max_feature_idx"] + 1 != feature_count:
        raise ExportRefused(
            f"expected trees over {feature_count} features, got {dump['max_feature_idx'] + 1}."
        )


class _Reader:
    """Walks the nested dump without recursion; a node's index is its place in `nodes`."""

    def __init__(self) -> None:
        self.nodes: list[tuple[int, float, bool, int]] = []
        self.kids: list[list[int]] = []
        self.leaves: list[tuple[float, int]] = []
        self.roots: list[int] = []
        self.constant = 0.0

    def add(self, tree: dict[str, Any]) -> None:
        root = tree["tree_structure"]
        _refuse_tree(tree, root)
        if "split_feature" not in root:
            self.constant += _finite(root["leaf_value"])
            return
        self.roots.append(self._node(root))
        waiting = [(root, self.roots[-1])]
        while waiting:
            item, index = waiting.pop()
            for side in ("left_child", "right_child"):
                kid = item[side]
                if "split_feature" in kid:
                    self.kids[index].append(self._node(kid))
                    waiting.append((kid, self.kids[index][-1]))
                else:
                    self.kids[index].append(~self._leaf(kid))

    def _node(self, item: dict[str, Any]) -> int:
        threshold = _threshold(item)
        nan_left = item["default_left"] if item["missing_type"] == "NaN" else threshold >= 0.0
        self.nodes.append(
            (item["split_feature"], threshold, bool(nan_left), item["internal_count"])
        )
        self.kids.append([])
        return len(self.nodes) - 1

    def _leaf(self, item: dict[str, Any]) -> int:
        if "leaf_const" in item:
            raise ExportRefused("linear_tree: a leaf holds a regression, expected a constant.")
        self.leaves.append((_finite(item["leaf_value"]), item["leaf_count"]))
        return len(self.leaves) - 1

    def forest(self) -> Forest:
        kids = np.array(self.kids, np.int64).reshape(-1, 2)
        return Forest(
            feature=np.array([node[0] for node in self.nodes], np.int64),
            threshold=np.array([node[1] for node in self.nodes], np.float64),
            nan_left=np.array([node[2] for node in self.nodes], np.bool_),
            left=kids[:, 0],
            right=kids[:, 1],
            node_count=np.array([node[3] for node in self.nodes], np.float64),
            roots=np.array(self.roots, np.int64),
            value=np.array([leaf[0] for leaf in self.leaves], np.float64),
            leaf_count=np.array([leaf[1] for leaf in self.leaves], np.float64),
            constant=self.constant,
        )


def _refuse_tree(tree: dict[str, Any], root: dict[str, Any]) -> None:
    if tree.get("num_cat"):
        raise ExportRefused(
            f"tree {tree['tree_index']}: categorical splits are not exported; make the category "
            f"a number first (a rate, a frequency, an ordinal)."
        )
    if "leaf_const" in root:
        raise ExportRefused("linear_tree: a leaf holds a regression, expected a constant.")


def _threshold(item: dict[str, Any]) -> float:
    """The threshold that decides as LightGBM does for every float32 value."""
    if item["decision_type"] != "<=":
        raise ExportRefused(f"decision {item['decision_type']!r}: expected '<=' (numeric splits).")
    if item["missing_type"] not in ("None", "NaN"):
        raise ExportRefused(
            f"missing_type {item['missing_type']!r}: zero_as_missing is not exported; "
            f"unknown is NaN and zero is a count."
        )
    threshold = float(item["threshold"])
    if abs(threshold) >= FAR:
        return float(np.copysign(np.inf, threshold))
    if 0.0 <= threshold <= ZERO_BAND:
        return ZERO_BAND
    if -ZERO_BAND <= threshold < 0.0:
        return float(np.nextafter(-ZERO_BAND, -np.inf))
    return threshold


def _finite(value: Any) -> float:
    if not np.isfinite(value):
        raise ExportRefused(f"a leaf's value is {value}; expected a finite number.")
    return float(value)
