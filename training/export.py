"""Writes a fitted model as one ONNX graph: both halves, blend, calibration and cap.

Knows nothing of where the graph is kept or how it is proved (see `training.prove`).

    features (n, d) float32 ── Cast ──┬── smooth halves, all heads ──────┐
                                      └── trees, one ensemble per head ──┴── blend → margins
    margins ── calibration ── cap at risk → probabilities
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from models.session import INPUT
from training.export_smooth import smooth_graph
from training.export_tail import Tail
from training.export_trees import IR_VERSION, opsets, trees_graph
from training.heads import FittedModel
from training.smooth import Doubles
from training.tree_dump import ExportRefused, Forest, read_forest

__all__ = ["ExportRefused", "forests_of", "to_onnx"]


@dataclass(frozen=True)
class _Part:
    """One kind of half: its graph from `x`, its output's name and its weights (outputs, heads)."""

    graph: onnx.ModelProto
    output: str
    weights: Doubles


def to_onnx(model: FittedModel) -> bytes:
    """The bytes of the graph: `features` (n, d) float32 → `margins`, `probabilities` (n, heads).

    Raises:
        ExportRefused: a head uses something that the writers do not vouch for; names the head.
    """
    forests = forests_of(model)
    parts = [part for part in (_smooth_part(model), _trees_part(model, forests)) if part]
    if not parts:
        raise ExportRefused("no head has a curve or a split: there is nothing to serve.")
    merged = _front(len(model.feature_names), [part.output for part in parts])
    for part in parts:
        merged = _join(merged, part.graph, [(f"x_{part.output}", "x")], prefix=part.output)
    tail = Tail(model).graph({part.output: part.weights for part in parts}, _bias(model, forests))
    inner = [(f"{part.output}/{part.output}", part.output) for part in parts]
    whole = _join(merged, tail, inner, prefix="")
    onnx.checker.check_model(whole, full_check=True)
    return bytes(whole.SerializeToString())


def forests_of(model: FittedModel) -> dict[str, Forest]:
    """The trees of every head that has some, by its name.

    Raises:
        ExportRefused: they use something that is not exported; names the head.
    """
    forests = {}
    for head in model.heads:
        if head.booster is not None:
            try:
                forests[head.name] = read_forest(head.booster, len(model.feature_names))
            except ExportRefused as refusal:
                raise ExportRefused(f"head {head.name!r}: {refusal}") from None
    return forests


def _smooth_part(model: FittedModel) -> _Part | None:
    placed = [(k, head) for k, head in enumerate(model.heads) if head.smooth is not None]
    if not placed:
        return None
    weights = np.zeros((len(placed), len(model.heads)))
    for row, (column, head) in enumerate(placed):
        weights[row, column] = head.weight_smooth
    halves = [head.smooth for _, head in placed if head.smooth is not None]
    for half in halves:
        if len(half.curves()) != len(model.feature_names):
            raise ExportRefused(
                f"expected curves of {len(model.feature_names)} features, got {len(half.curves())}."
            )
    return _Part(smooth_graph(halves), "smooth", weights)


def _trees_part(model: FittedModel, forests: dict[str, Forest]) -> _Part | None:
    placed = [
        (k, head, forests[head.name])
        for k, head in enumerate(model.heads)
        if head.name in forests and forests[head.name].roots.size
    ]
    if not placed:
        return None
    weights = np.zeros((len(placed), len(model.heads)))
    for row, (column, head, _) in enumerate(placed):
        weights[row, column] = head.weight_trees
    graph = trees_graph([forest for _, _, forest in placed], len(model.feature_names))
    return _Part(graph, "trees", weights)


def _bias(model: FittedModel, forests: dict[str, Forest]) -> Doubles:
    """(heads,) what the trees without a split add to each margin."""
    return np.array(
        [
            head.weight_trees * forests[head.name].constant if head.name in forests else 0.0
            for head in model.heads
        ]
    )


def _front(feature_count: int, outputs: list[str]) -> onnx.ModelProto:
    """Float32 features, widened once; one name for each part, since a join uses a name up."""
    nodes = [helper.make_node("Cast", [INPUT], ["x"], to=TensorProto.DOUBLE)]
    nodes += [helper.make_node("Identity", ["x"], [f"x_{output}"]) for output in outputs]
    wide = [None, feature_count]
    graph = helper.make_graph(
        nodes,
        "riskradar",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, wide)],
        [helper.make_tensor_value_info(f"x_{o}", TensorProto.DOUBLE, wide) for o in outputs],
    )
    return helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)


def _join(
    first: onnx.ModelProto, second: onnx.ModelProto, names: list[tuple[str, str]], *, prefix: str
) -> onnx.ModelProto:
    """One model of two: outputs of the first feed inputs of the second, named with a prefix."""
    named = compose.add_prefix(second, f"{prefix}/") if prefix else second
    pairs = [(out, f"{prefix}/{into}" if prefix else into) for out, into in names]
    return compose.merge_models(first, named, io_map=pairs)
