"""The end of the graph as plain operators: blend, calibration, and no kind above `risk`.

Knows nothing of how the halves are computed: it takes one column per half.
Everything is float64. Heads calibrated the same way share their operators, so that three Platt
heads cost one multiplication, one addition and one sigmoid.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from models.session import OUTPUTS
from training.export_trees import IR_VERSION, opsets
from training.heads import Calibration, FittedModel
from training.smooth import Doubles


class Tail:
    """Collects operators and constants; `graph` gives the model."""

    def __init__(self, model: FittedModel) -> None:
        self._calibrations = [head.calibration for head in model.heads]
        self._risk = model.head_names.index(model.risk_head)
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def graph(self, parts: dict[str, Doubles], bias: Doubles) -> onnx.ModelProto:
        """Part name → (columns, heads) weights, and (heads,) bias → the model of the tail."""
        margins, probabilities = OUTPUTS
        products = [self._op("MatMul", name, self._constant(w)) for name, w in parts.items()]
        total = self._constant(bias)
        for product in products:
            total = self._op("Add", product, total)
        self._op("Identity", total, into=margins)
        calibrated = self._calibrated(margins)
        risk = self._op("Gather", calibrated, self._constant(np.array([self._risk])), axis=1)
        self._op("Min", calibrated, risk, into=probabilities)
        heads = len(self._calibrations)
        graph = helper.make_graph(
            self._nodes,
            "tail",
            [_doubles(name, weights.shape[0]) for name, weights in parts.items()],
            [_doubles(name, heads) for name in OUTPUTS],
            self._constants,
        )
        return helper.make_model(graph, opset_imports=opsets(), ir_version=IR_VERSION)

    def _calibrated(self, margins: str) -> str:
        """Every kind of calibration on its own columns, put back in the order of the heads."""
        order: list[int] = []
        columns: list[str] = []
        for kind, apply in (("platt", self._platt), ("beta", self._beta)):
            places = [k for k, c in enumerate(self._calibrations) if c.kind == kind]
            if places:
                order += places
                columns.append(apply(self._columns(margins, places), places))
        for place, calibration in enumerate(self._calibrations):
            if calibration.kind == "isotonic":
                order.append(place)
                columns.append(self._isotonic(self._columns(margins, [place]), calibration))
        together = columns[0] if len(columns) == 1 else self._op("Concat", *columns, axis=1)
        return self._columns(together, np.argsort(order).tolist())

    def _columns(self, source: str, places: list[int]) -> str:
        if places == list(range(len(self._calibrations))):
            return source
        return self._op("Gather", source, self._constant(np.array(places)), axis=1)

    def _platt(self, margins: str, places: list[int]) -> str:
        scaled = self._op("Mul", margins, self._values(places, "slope"))
        return self._op("Sigmoid", self._op("Add", scaled, self._values(places, "intercept")))

    def _beta(self, margins: str, places: list[int]) -> str:
        """The formula a ln s - b ln(1 - s) + c, with ln(1 - s) = ln s - m."""
        small = self._op("Exp", self._op("Neg", self._op("Abs", margins)))
        bend = self._op("Log", self._op("Add", small, self._constant(np.array(1.0))))
        up = self._op("Sub", self._op("Min", margins, self._constant(np.array(0.0))), bend)
        down = self._op("Sub", up, margins)
        rising = self._op("Mul", up, self._values(places, "slope"))
        falling = self._op("Mul", down, self._values(places, "slope_down"))
        whole = self._op("Sub", rising, falling)
        return self._op("Sigmoid", self._op("Add", whole, self._values(places, "intercept")))

    def _isotonic(self, margins: str, calibration: Calibration) -> str:
        """Starts at the lowest level and climbs each step as far as the margin has come."""
        steps, levels = np.array(calibration.margins), np.array(calibration.levels)
        low, high = self._constant(steps[None, :-1]), self._constant(steps[None, 1:])
        reached = self._op("Min", self._op("Max", margins, low), high)
        climbed = self._op("Sub", reached, low)
        slopes = self._constant((np.diff(levels) / np.diff(steps))[:, None])
        return self._op("Add", self._op("MatMul", climbed, slopes), self._constant(levels[:1]))

    def _values(self, places: list[int], name: str) -> str:
        values = [getattr(self._calibrations[k], name) for k in places]
        return self._constant(np.array(values))

    def _constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _op(self, kind: str, *inputs: str, into: str = "", **attributes: Any) -> str:
        name = into or f"step_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name


def _doubles(name: str, width: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, width])
