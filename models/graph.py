"""Reads which operators an ONNX file holds, and refuses those that ours never do.

Knows nothing of tensors' values. It walks the file's protobuf records by hand (wire format:
https://protobuf.dev/programming-guides/encoding/), because the `onnx` package is not installed
where we serve; numbers of fields are those of onnx.proto. It is a second line: what we serve is
signed already, and this is what keeps anything else from ever being signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

ML = "ai.onnx.ml"
ALLOWED = frozenset(
    [(ML, "TreeEnsemble")]
    + [
        ("", name)
        for name in (
            *("Abs", "Add", "Cast", "Clip", "Concat", "Exp", "Gather", "Identity", "IsNaN", "Log"),
            *("MatMul", "Max", "Min", "Mul", "Neg", "Reshape", "Sigmoid", "Sub", "Where"),
        )
    ]
)

# Numbers of the fields that we look into.
MODEL_GRAPH, MODEL_TRAINING, MODEL_FUNCTIONS = 7, 20, 25
GRAPH_NODE, GRAPH_TENSOR, GRAPH_SPARSE = 1, 5, 15
NODE_OPERATOR, NODE_ATTRIBUTE, NODE_DOMAIN = 4, 5, 7
ATTRIBUTE_TENSOR, ATTRIBUTE_GRAPH, ATTRIBUTE_TENSORS, ATTRIBUTE_GRAPHS = 5, 6, 10, 11
TENSOR_EXTERNAL, TENSOR_LOCATION = 13, 14

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5  # wire types

# Whole numbers of field 8 in a row: the lists of trees' nodes, 60 000 numbers that we never look
# at (no message has another number there). Passing over them at once takes 3 ms, not 200.
_NUMBERS = re.compile(rb"(?:\x40[\x80-\xff]{0,9}+[\x00-\x7f])++")

Field = tuple[int, int, memoryview]  # number, value where it is a number, bytes where it is not


def check_graph(model: bytes) -> None:
    """Refuses a model file whose operators, subgraphs or data are none that our export writes.

    Raises:
        ValueError: it is no protobuf, or holds what it must not; names it.
    """
    graphs = 0
    for number, _, inside in _fields(memoryview(model)):
        if number in (MODEL_TRAINING, MODEL_FUNCTIONS):
            raise ValueError("expected plain operators, got functions or training steps.")
        if number == MODEL_GRAPH:
            graphs += 1
            _check_graph(inside)
    if graphs != 1:
        raise ValueError(f"expected one graph, got {graphs}.")


def _check_graph(graph: memoryview) -> None:
    for number, _, inside in _fields(graph):
        if number == GRAPH_NODE:
            _check_node(inside)
        elif number == GRAPH_TENSOR:
            _check_tensor(inside)
        elif number == GRAPH_SPARSE:
            raise ValueError("expected dense constants, got a sparse one.")


def _check_node(node: memoryview) -> None:
    operator = domain = ""
    for number, _, inside in _fields(node):
        if number == NODE_OPERATOR:
            operator = bytes(inside).decode()
        elif number == NODE_DOMAIN:
            domain = bytes(inside).decode()
        elif number == NODE_ATTRIBUTE:
            _check_attribute(inside)
    if (domain, operator) not in ALLOWED:
        raise ValueError(f"operator {operator!r} of {domain or 'ai.onnx'!r} is not one of ours.")


def _check_attribute(attribute: memoryview) -> None:
    for number, _, inside in _fields(attribute):
        if number in (ATTRIBUTE_GRAPH, ATTRIBUTE_GRAPHS):
            raise ValueError("expected no graph inside of an operator, got one.")
        if number in (ATTRIBUTE_TENSOR, ATTRIBUTE_TENSORS):
            _check_tensor(inside)


def _check_tensor(tensor: memoryview) -> None:
    for number, value, _ in _fields(tensor):
        if number == TENSOR_EXTERNAL or (number == TENSOR_LOCATION and value):
            raise ValueError("expected every constant inside of the file, got one outside.")


def _fields(data: memoryview) -> Iterator[Field]:
    """The records of one message.

    Raises:
        ValueError: the bytes are no message.
    """
    at, end, nothing = 0, len(data), data[:0]
    while at < end:
        if numbers := _NUMBERS.match(data, at):
            at = numbers.end()
            continue
        tag, at = _varint(data, at)
        kind, value, inside = tag & 7, 0, nothing
        if kind == VARINT:
            value, at = _varint(data, at)
        elif kind == LENGTH:
            size, at = _varint(data, at)
            inside, at = data[at : at + size], at + size
        elif kind in (FIXED32, FIXED64):
            at += 4 if kind == FIXED32 else 8
        else:
            raise ValueError(f"expected an ONNX file, got a record of wire type {kind}.")
        if at > end:
            raise ValueError("expected an ONNX file, got one that ends in the middle of a record.")
        yield tag >> 3, value, inside


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number of 7 bits a byte, lowest first, and where it ends."""
    value = 0
    for i in range(10):
        if at + i >= len(data):
            break
        byte = data[at + i]
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value, at + i + 1
    raise ValueError("expected an ONNX file, got a number that does not end.")
