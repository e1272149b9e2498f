"""Writes the smooth halves of all heads as one part of the graph, through skl2onnx in double.

Knows nothing of trees, blends or calibration. The curves are laid on one common grid of knots, as
a pipeline of two steps: the ramps of every feature, computed once for all heads, and a linear
regression that holds the curves' rises, one output per head. Heads that were fitted on a shared
grid so share everything but one matrix product, and one order costs what one head would.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.algebra.onnx_ops import (
    OnnxCast,
    OnnxClip,
    OnnxConcat,
    OnnxGather,
    OnnxIsNaN,
    OnnxMul,
    OnnxSub,
    OnnxWhere,
)
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline

from training.export_trees import IR_VERSION, OPSET, opsets
from training.smooth import Curve, Doubles, SmoothHalf
from training.tree_dump import ExportRefused

LAST_ML_OPSET_OF_SKL2ONNX = 3  # it refuses 5; the operators it writes here are unchanged there


class Ramps(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Step one: (n, d) doubles, NaN allowed → (n, segments + d): ramps, then marks of NaN.

    A segment lies between two neighbouring knots of a feature; its ramp is 0 below, 1 above.
    Where a feature is NaN its ramps are 0 and its mark is 1.
    """

    def __init__(self, grid: tuple[Doubles, ...]) -> None:
        self.grid = grid
        self.feature = np.repeat(np.arange(len(grid)), [knots.size - 1 for knots in grid])
        self.low = np.concatenate([knots[:-1] for knots in grid])
        self.inverse_width = 1.0 / np.concatenate([np.diff(knots) for knots in grid])
        self.first = np.array([knots[0] for knots in grid])

    def fit(self, matrix: Any, outcomes: Any = None) -> Ramps:
        """Nothing is learned: the knots are given."""
        del matrix, outcomes
        return self

    def transform(self, matrix: NDArray[np.floating[Any]]) -> Doubles:
        """The same ten operations in numpy, for the tests."""
        wide = matrix.astype(np.float64)
        unknown = np.isnan(wide)
        filled = np.where(unknown, self.first, wide)
        ramps = np.clip((filled[:, self.feature] - self.low) * self.inverse_width, 0.0, 1.0)
        return np.concatenate([ramps, unknown.astype(np.float64)], axis=1)


def smooth_graph(halves: list[SmoothHalf]) -> onnx.ModelProto:
    """A model of all smooth halves: `x` (n, d) double → `smooth` (n, halves) double log-odds.

    Raises:
        ExportRefused: every known value of every feature is one and the same.
    """
    pipeline = as_pipeline(halves)
    features = pipeline.named_steps["ramps"].first.size
    if not pipeline.named_steps["ramps"].feature.size:
        raise ExportRefused(f"none of {features} features has two known values to draw a curve on.")
    model: onnx.ModelProto = convert_sklearn(
        pipeline,
        name="smooth",
        initial_types=[("x", DoubleTensorType([None, features]))],
        final_types=[("smooth", DoubleTensorType([None, len(halves)]))],
        target_opset={"": OPSET, "ai.onnx.ml": LAST_ML_OPSET_OF_SKL2ONNX},
    )
    del model.opset_import[:]
    model.opset_import.extend(opsets())
    model.ir_version = IR_VERSION
    return model


def as_pipeline(halves: list[SmoothHalf]) -> Pipeline:
    """The curves of several halves as ramps on one grid and a linear regression of many outputs."""
    curves = [half.curves() for half in halves]
    grid = tuple(
        np.unique(np.concatenate([curve.knots for curve in column]))
        for column in zip(*curves, strict=True)
    )
    linear = LinearRegression()
    linear.coef_ = np.stack([_rises(each, grid) for each in curves])
    linear.intercept_ = np.array(
        [
            half.intercept_ + _lowest(each, grid).sum()
            for half, each in zip(halves, curves, strict=True)
        ]
    )
    linear.n_features_in_ = linear.coef_.shape[1]
    return Pipeline([("ramps", Ramps(grid)), ("linear", linear)])


def _lowest(curves: tuple[Curve, ...], grid: tuple[Doubles, ...]) -> Doubles:
    """(d,) value of every curve at its first knot of the common grid."""
    return np.array([curve.at(knots[:1])[0] for curve, knots in zip(curves, grid, strict=True)])


def _rises(curves: tuple[Curve, ...], grid: tuple[Doubles, ...]) -> Doubles:
    """(segments + d,) rise of each segment, then what NaN adds over the first knot's value."""
    rises = [np.diff(curve.at(knots)) for curve, knots in zip(curves, grid, strict=True)]
    marks = np.array([curve.missing for curve in curves]) - _lowest(curves, grid)
    return np.concatenate([*rises, marks])


def _shape_of_ramps(operator: Any) -> None:
    ramps = operator.raw_operator
    width = ramps.feature.size + ramps.first.size
    operator.outputs[0].type = DoubleTensorType([None, width])


def _convert_ramps(scope: Any, operator: Any, container: Any) -> None:
    """The operations of `Ramps.transform`, in the same order."""
    ramps, x, version = operator.raw_operator, operator.inputs[0], container.target_opset
    unknown = OnnxIsNaN(x, op_version=version)
    filled = OnnxWhere(unknown, ramps.first[None, :], x, op_version=version)
    spread = OnnxGather(filled, ramps.feature.astype(np.int64), axis=1, op_version=version)
    risen = OnnxMul(
        OnnxSub(spread, ramps.low[None, :], op_version=version),
        ramps.inverse_width[None, :],
        op_version=version,
    )
    flat = OnnxClip(risen, np.array(0.0), np.array(1.0), op_version=version)
    marks = OnnxCast(unknown, to=onnx.TensorProto.DOUBLE, op_version=version)
    both = OnnxConcat(flat, marks, axis=1, op_version=version, output_names=operator.outputs)
    both.add_to(scope, container)


update_registered_converter(Ramps, "RiskradarRamps", _shape_of_ramps, _convert_ramps)
