"""Only graphs of our own operators are ever signed or opened; anything else is refused by name."""

from __future__ import annotations

import example_models as example
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from models.graph import ALLOWED, check_graph
from models.session import Session
from training.export import to_onnx

FEATURES = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 2])
OPSETS = [helper.make_opsetid("", 18)]


def model_of(*nodes, constants=(), outputs=(), functions=()) -> bytes:
    graph = helper.make_graph(list(nodes), "g", [FEATURES], list(outputs), list(constants))
    model = helper.make_model(graph, opset_imports=OPSETS, ir_version=10, functions=list(functions))
    return model.SerializeToString()


def cast(**changes) -> onnx.NodeProto:
    return helper.make_node("Cast", ["features"], ["x"], to=TensorProto.DOUBLE, **changes)


def an_if() -> onnx.NodeProto:
    """An operator with a graph inside, under the name of one of ours."""
    inner = helper.make_graph([], "inner", [], [])
    node = helper.make_node("Add", ["features"], ["x"])
    node.attribute.append(helper.make_attribute("then_branch", inner))
    return node


def external(where: str = "/etc/passwd") -> onnx.TensorProto:
    """A constant that says it lies in another file."""
    constant = numpy_helper.from_array(np.zeros(2), "c")
    constant.ClearField("raw_data")
    constant.data_location = TensorProto.EXTERNAL
    constant.external_data.add(key="location", value=where)
    return constant


def hidden_external() -> onnx.NodeProto:
    """The same, as the attribute of an operator."""
    return helper.make_node("Add", ["features"], ["x"], value=external())


def test_what_we_export_is_made_of_our_operators_and_uses_nearly_all_of_them():
    graph = to_onnx(example.model())
    check_graph(graph)
    used = {(node.domain, node.op_type) for node in onnx.load_from_string(graph).graph.node}
    assert used <= ALLOWED
    assert ALLOWED - used == set()


REFUSED = {
    "operator 'If'": model_of(helper.make_node("If", ["features"], ["x"])),
    "operator 'Cast' of 'com.microsoft'": model_of(cast(domain="com.microsoft")),
    "no graph inside": model_of(an_if()),
    "every constant inside of the file": model_of(cast(), constants=[external()]),
    "every constant inside": model_of(hidden_external()),
    "functions or training": model_of(
        cast(), functions=[helper.make_function("f", "F", ["a"], ["a"], [], OPSETS)]
    ),
    "expected one graph, got 0": b"",
    "expected one graph, got 2": model_of(cast()) + b"\x3a\x00",
    "in the middle of a record": model_of(cast())[:-4],
    "wire type 3": b"\x0b",
    "number that does not end": b"\xff" * 12,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_a_graph_of_anything_else_is_refused_by_name(reason):
    with pytest.raises(ValueError, match=reason):
        check_graph(REFUSED[reason])


def test_a_graph_of_our_operators_passes():
    check_graph(model_of(cast()))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused_and_never_crash(data):
    try:
        check_graph(data)
    except ValueError as refusal:
        assert str(refusal)  # noqa: PT017  # either way is right; what counts is that no other error comes


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_a_real_graph_with_one_changed_byte_is_read_or_refused(place, byte):
    data = bytearray(example.contents().graph)
    data[place % len(data)] = byte
    try:
        check_graph(bytes(data))
    except ValueError as refusal:
        assert str(refusal)  # noqa: PT017  # the same


def test_a_session_takes_float32_of_its_width_alone():
    session = Session(example.contents().graph)
    assert (session.feature_count, session.head_count) == (5, 3)
    for wrong in (np.zeros((1, 4), np.float32), np.zeros((1, 5)), np.zeros(5, np.float32)):
        with pytest.raises(ValueError, match=r"expected float32 of shape \(n, 5\)"):
            session.run(wrong)


def test_no_rows_give_no_answers():
    margins, probabilities = Session(example.contents().graph).run(np.empty((0, 5), np.float32))
    assert margins.shape == probabilities.shape == (0, 3)


def test_many_rows_are_answered_in_parts_and_in_order():
    session = Session(example.contents().graph)
    rows = np.resize(example.rows(), (9_000, 5))
    margins, _ = session.run(rows)
    assert np.abs(margins[:800] - margins[8_000:8_800]).max() < 1e-13
    assert margins.shape == (9_000, 3)


@pytest.mark.parametrize(
    ("inputs", "outputs", "problem"),
    [
        (
            [("x", TensorProto.FLOAT, [None, 2])],
            ["margins", "probabilities"],
            "one input 'features'",
        ),
        ([("features", TensorProto.FLOAT, [3, 2])], ["margins", "probabilities"], "one input"),
        ([("features", TensorProto.FLOAT, [None, 2])], ["probabilities", "margins"], "outputs"),
        ([("features", TensorProto.FLOAT, [None, 2])], ["margins"], "outputs"),
    ],
    ids=["another_name", "fixed_rows", "swapped", "one_output"],
)
def test_a_graph_that_is_no_scorer_is_refused(inputs, outputs, problem):
    graph = helper.make_graph(
        [helper.make_node("Cast", [inputs[0][0]], [out], to=TensorProto.DOUBLE) for out in outputs],
        "g",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(out, TensorProto.DOUBLE, [None, 2]) for out in outputs],
    )
    data = helper.make_model(graph, opset_imports=OPSETS, ir_version=10).SerializeToString()
    with pytest.raises(ValueError, match=problem):
        Session(data)
