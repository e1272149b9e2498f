"""Runs the exported graph on verified bytes with onnxruntime, one thread, no spinning.

Knows nothing of what the columns mean, nor of files: it takes bytes that somebody else has
checked. Make a session *after* a process forks: threads do not survive a fork.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

INPUT = "features"
OUTPUTS = ("margins", "probabilities")
ROWS_AT_ONCE = 4_096  # bounds what the graph holds: 4 096 x 700 ramps in double are 23 MB
QUIET = 3  # log severity: errors only


class Session:
    """A graph from features to margins and probabilities.

    Args:
        graph: the bytes of an ONNX model.
        threads: for one run; 1 is fastest for single orders, more only pays in large batches.

    Raises:
        ValueError: the graph's input or outputs are not those of a scorer.
        Exception: onnxruntime's own, where the bytes are no valid model.
    """

    def __init__(self, graph: bytes, *, threads: int = 1) -> None:
        self._session = ort.InferenceSession(
            graph, _options(threads), providers=["CPUExecutionProvider"]
        )
        self.feature_count = _feature_count(self._session.get_inputs())
        self.head_count = _head_count(self._session.get_outputs())

    def run(self, matrix: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, d) float32, NaN for unknown → margins and probabilities, both (n, heads) float64.

        Raises:
            ValueError: the matrix has another type or width.
        """
        if matrix.dtype != np.float32 or matrix.shape[1:] != (self.feature_count,):
            raise ValueError(
                f"expected float32 of shape (n, {self.feature_count}), "
                f"got {matrix.dtype} of shape {matrix.shape}."
            )
        if 0 < matrix.shape[0] <= ROWS_AT_ONCE:
            return self._once(matrix)
        starts = range(0, matrix.shape[0], ROWS_AT_ONCE)
        none = np.empty((0, self.head_count))
        parts = [(none, none), *(self._once(matrix[i : i + ROWS_AT_ONCE]) for i in starts)]
        return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])

    def _once(self, matrix: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        margins, probabilities = self._session.run(OUTPUTS, {INPUT: matrix})
        return margins, probabilities


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    # A spinning thread costs 20 ms of processor a request at 50 requests a second, for nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = QUIET
    return options


def _feature_count(inputs: list[Any]) -> int:
    found = [(each.name, each.type, each.shape) for each in inputs]
    if len(found) == 1 and found[0][:2] == (INPUT, "tensor(float)") and len(found[0][2]) == 2:
        rows, columns = found[0][2]
        if not isinstance(rows, int) and isinstance(columns, int):
            return columns
    raise ValueError(f"expected one input {INPUT!r}, tensor(float) of (any, d); got {found}.")


def _head_count(outputs: list[Any]) -> int:
    found = [(each.name, each.type, each.shape) for each in outputs]
    widths = {shape[1] for _, _, shape in found if len(shape) == 2}
    names = tuple(name for name, _, _ in found)
    doubles = all(kind == "tensor(double)" for _, kind, _ in found)
    if names == OUTPUTS and doubles and len(widths) == 1 and isinstance(width := widths.pop(), int):
        return width
    raise ValueError(f"expected outputs {OUTPUTS}, tensor(double) of (any, heads); got {found}.")
