"""Reasons are exact: they add up to the served margin, and are Shapley's values by definition."""

from __future__ import annotations

import dataclasses
import math
import time
from itertools import combinations

import example_models as example
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.explain import Explainer
from models.session import Session
from training.export import ExportRefused, to_onnx
from training.export_reasons import reason_tables
from training.heads import FittedHead, FittedModel
from training.prove import ParityBroken, expected_reasons, prove_reasons
from training.reason_groups import groups_of, pattern_contributions
from training.tree_dump import read_forest

MATRICES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(0, 12), st.just(5)),
    elements=st.floats(-50, 300, width=32) | st.just(np.nan) | st.sampled_from([0.0, 1.0, 3e38]),
)


def trees_alone(**changes) -> FittedModel:
    head = FittedHead("risk", None, example.booster(**changes), 0.0, 1.0, example.PLATT)
    return FittedModel(example.NAMES, (head,))


@given(MATRICES)
@settings(max_examples=60, deadline=None)
def test_base_and_reasons_add_up_to_the_served_margin(matrix):
    explainer = Explainer(reason_tables_of_the_example())
    margins, _ = Session(graph_of_the_example()).run(matrix)
    for k, head in enumerate(example.model().head_names):
        told = explainer.base(head) + explainer.contributions(matrix, head).sum(axis=1)
        assert np.abs(told - margins[:, k]).max(initial=0.0) < 1e-12


def reason_tables_of_the_example():
    return example.contents().reasons


def graph_of_the_example():
    return example.contents().graph


@given(MATRICES.filter(len))
@settings(max_examples=30, deadline=None)
def test_reasons_are_lightgbms_own_and_the_curves_less_their_means(matrix):
    head = example.model().heads[1]
    found = Explainer(reason_tables_of_the_example()).contributions(matrix, "risk")
    assert np.abs(found - expected_reasons(head, matrix)).max() < 1e-12


def average_if_known(tree, row, known: set[int]) -> float:
    """What a tree is expected to say when only the features in `known` are looked at."""
    if "leaf_value" in tree:
        return tree["leaf_value"]
    left, right = tree["left_child"], tree["right_child"]
    if tree["split_feature"] in known:
        value = row[tree["split_feature"]]
        goes_left = tree["default_left"] if np.isnan(value) else value <= tree["threshold"]
        return average_if_known(left if goes_left else right, row, known)
    counts = [kid.get("internal_count", kid.get("leaf_count")) for kid in (left, right)]
    parts = [average_if_known(kid, row, known) for kid in (left, right)]
    return sum(c * p for c, p in zip(counts, parts, strict=True)) / sum(counts)


def shapley_by_definition(tree, row, features: int) -> list[float]:
    """The average over all orders of what a feature changes when it becomes known."""
    values = []
    for i in range(features):
        others = [j for j in range(features) if j != i]
        total = 0.0
        for size in range(features):
            weight = math.factorial(size) * math.factorial(features - 1 - size)
            for known in combinations(others, size):
                before, after = set(known), {*known, i}
                change = average_if_known(tree, row, after) - average_if_known(tree, row, before)
                total += weight / math.factorial(features) * change
        values.append(total)
    return values


def test_reasons_are_shapley_values_by_their_definition():
    """All 16 subsets of the other features, no formula of ours."""
    fitted = trees_alone(rounds=3)
    dump = fitted.heads[0].booster.dump_model()
    rows = example.rows()[:5].astype(np.float64)
    by_definition = [
        np.sum([shapley_by_definition(t["tree_structure"], row, 5) for t in dump["tree_info"]], 0)
        for row in rows
    ]
    found = Explainer(reason_tables(fitted)).contributions(rows, "risk")
    assert np.abs(found - by_definition).max() < 1e-12


def test_a_leaf_on_one_feature_gives_it_all_that_it_departs_from_the_average():
    """Share 0.25 and value 8: the leaf's average is 2; passing adds 6, failing takes 2."""
    table = pattern_contributions(np.array([[0.25]]), np.array([8.0]))
    assert table.tolist() == [[[-2.0], [6.0]]]


@given(
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=7),
    st.floats(-5, 5),
)
@settings(max_examples=50, deadline=None)
def test_a_leafs_contributions_add_up_for_every_pattern(shares, value):
    """To its value where all tests pass and to 0 elsewhere, each less the leaf's average."""
    table = pattern_contributions(np.array([shares]), np.array([value]))[0]
    wanted = np.zeros(len(table))
    wanted[-1] = value
    assert np.abs(table.sum(axis=1) + value * np.prod(shares) - wanted).max() < 1e-12


@pytest.mark.parametrize(
    "changes",
    [
        {"max_depth": 2},
        {"max_depth": 6, "num_leaves": 31},
        {"max_depth": 9, "num_leaves": 40, "min_data_in_leaf": 1},
        {"use_missing": False},
        {"boosting": "dart"},
        {"extra_trees": True},
    ],
    ids=lambda changes: "-".join(f"{k}={v}" for k, v in changes.items()),
)
def test_reasons_hold_for_every_shape_of_trees(changes):
    fitted = trees_alone(**changes)
    proof = prove_reasons(fitted, reason_tables(fitted), to_onnx(fitted), example.rows())
    assert proof.largest_sum_gap < 1e-12
    assert proof.largest_shap_gap < 1e-12


def test_a_head_without_trees_is_explained_by_its_curves():
    lone = dataclasses.replace(example.head("risk"), booster=None)
    fitted = FittedModel(example.NAMES, (lone,))
    proof = prove_reasons(fitted, reason_tables(fitted), to_onnx(fitted), example.rows())
    assert proof.largest_sum_gap < 1e-13


def test_trees_that_never_split_are_part_of_the_base():
    fitted = example.one_head(trees=example.booster(min_data_in_leaf=500))
    proof = prove_reasons(fitted, reason_tables(fitted), to_onnx(fitted), example.rows())
    assert proof.largest_sum_gap < 1e-13


def test_a_feature_that_the_model_never_looks_at_is_never_a_reason():
    found = Explainer(reason_tables_of_the_example()).contributions(example.rows(), "risk")
    assert (found[:, example.NAMES.index("constant")] == 0).all()
    assert (found[:, example.NAMES.index("days")] != 0).any()


def test_an_order_alone_has_the_same_reasons_as_in_a_batch():
    explainer = Explainer(reason_tables_of_the_example())
    together = explainer.contributions(example.rows()[:300], "return")
    for i in (0, 17, 299):
        alone = explainer.contributions(example.rows()[i : i + 1], "return")
        assert np.abs(alone - together[i]).max() < 1e-14


def test_every_leaf_lies_in_one_group_and_a_group_looks_at_few_nodes():
    forest = read_forest(example.booster(num_leaves=31, max_depth=6), 5)
    groups = groups_of(forest, bits=6)
    leaves = sorted(leaf for group in groups for leaf, _ in group.leaves)
    assert leaves == list(range(forest.value.size))
    assert max(len(group.nodes) for group in groups) <= 6
    assert len(groups) < forest.value.size / 2


def test_trees_too_deep_for_tables_are_refused_with_what_to_lower():
    deep = trees_alone(max_depth=-1, num_leaves=200, min_data_in_leaf=1, min_sum_hessian_in_leaf=0)
    with pytest.raises(ExportRefused, match=r"head 'risk'.*Lower max_depth, num_leaves"):
        reason_tables(deep)


def test_reasons_of_another_model_are_caught():
    fitted = trees_alone()
    others = reason_tables(trees_alone(seed=5))
    with pytest.raises(ParityBroken, match="sum of reasons"):
        prove_reasons(fitted, others, to_onnx(fitted), example.rows())


def test_reasons_that_add_up_but_are_not_shapley_values_are_caught():
    """Saabas adds up too, and names another top feature most of the time."""
    fitted = trees_alone()
    tables = reason_tables(fitted)["risk"]
    swapped = tables.group_feature.copy()
    swapped[[0, 1]] = swapped[[1, 0]]
    with pytest.raises(ParityBroken, match="every reason within"):
        prove_reasons(
            fitted,
            {"risk": dataclasses.replace(tables, group_feature=swapped)},
            to_onnx(fitted),
            example.rows(),
        )


@pytest.mark.parametrize(
    ("name", "broken", "problem"),
    [
        ("table", lambda found: found.astype(np.float32), "expected table as f8"),
        ("piece_low", lambda _: np.zeros(2), "of shape"),
        ("table_start", lambda found: found + 10**6, "table_start points outside"),
        ("node_feature", lambda found: -1 - found, "node_feature points outside"),
    ],
)
def test_tables_that_do_not_fit_together_are_refused_by_name(name, broken, problem):
    arrays = reason_tables(trees_alone())["risk"].arrays("risk")
    arrays[f"risk.{name}"] = broken(arrays[f"risk.{name}"])
    with pytest.raises(ValueError, match=problem):
        Explainer.of_arrays(arrays, ["risk"])


def test_a_missing_table_is_refused_by_name():
    arrays = reason_tables(trees_alone())["risk"].arrays("risk")
    del arrays["risk.group_node"]
    with pytest.raises(ValueError, match=r"head 'risk': expected tables \['group_node'\]"):
        Explainer.of_arrays(arrays, ["risk"])


def test_a_matrix_of_another_width_is_refused():
    with pytest.raises(ValueError, match=r"expected \(n, 5\) features, got \(2, 4\)"):
        Explainer(reason_tables_of_the_example()).contributions(
            np.zeros((2, 4), np.float32), "risk"
        )


@pytest.mark.slow
def test_one_order_with_200_trees_of_15_leaves_is_explained_in_under_a_millisecond():
    """0.07 ms on an idle machine; the limit leaves room for a busy one."""
    fitted = trees_alone(rounds=200, num_leaves=15, max_depth=5, learning_rate=0.05)
    explainer, row = Explainer(reason_tables(fitted)), example.rows()[:1]
    took = []
    for _ in range(300):
        started = time.perf_counter()
        explainer.contributions(row, "risk")
        took.append(time.perf_counter() - started)
    assert np.median(took) < 1e-3
