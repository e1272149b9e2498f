"""The exported graph says what the fitted model says, and what cannot be vouched for is refused."""

from __future__ import annotations

import dataclasses

import example_models as example
import lightgbm as lgb
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from models.graph import check_graph
from models.session import Session
from training.adversary import adversarial_rows, leaf_boxes
from training.export import ExportRefused, to_onnx
from training.heads import Calibration, FittedHead, FittedModel
from training.prove import ParityBroken, prove, rank_changes
from training.tree_dump import ZERO_BAND, read_forest

CALIBRATIONS = {
    "platt": Calibration.platt(0.8, -0.3),
    "beta": Calibration.beta(0.7, 1.3, 0.1),
    "beta_of_one_side": Calibration.beta(0.0, 1.0, 0.0),
    "isotonic": Calibration.isotonic([-4.0, -1.0, -0.5, 2.0], [0.0, 0.1, 0.1, 0.9]),
}


def attribute_of_trees(graph: bytes, name: str):
    """The model as protobuf, and one attribute of each of its TreeEnsembles."""
    proto = onnx.load_from_string(graph)
    ensembles = [node for node in proto.graph.node if node.op_type == "TreeEnsemble"]
    return proto, [a for node in ensembles for a in node.attribute if a.name == name]


def test_the_graph_equals_the_model_on_every_row_and_on_rows_made_to_break_it():
    fitted = example.model()
    proof = prove(fitted, to_onnx(fitted), example.rows())
    assert proof.training_rows == 800
    assert proof.adversarial_rows > 1_000
    assert proof.largest_probability_gap < 1e-13
    assert proof.largest_margin_gap < 1e-13
    assert proof.rank_changes == 0


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_each_calibration_leaves_in_the_graph_as_it_is(kind):
    fitted = example.one_head(calibration=CALIBRATIONS[kind])
    _, served = Session(to_onnx(fitted)).run(example.rows())
    assert np.abs(served - fitted.probabilities(example.rows())).max() < 1e-14


def test_heads_of_mixed_calibrations_keep_their_order():
    """Heads of one kind share operators and are put back in their places afterwards."""
    kinds = ["isotonic", "platt", "beta", "platt"]
    heads = [example.head(f"h{i}", i, CALIBRATIONS[kind]) for i, kind in enumerate(kinds)]
    fitted = FittedModel(example.NAMES, tuple(heads), risk_head="h1")
    _, served = Session(to_onnx(fitted)).run(example.rows())
    assert np.abs(served - fitted.probabilities(example.rows())).max() < 1e-14


def test_no_kind_is_served_above_risk():
    _, served = Session(to_onnx(example.model())).run(example.rows())
    assert (served <= served[:, [1]]).all()
    assert (served[:, 0] == served[:, 1]).any(), "the cap never bit, so this test shows nothing"


@pytest.mark.parametrize("share", [(0.0, 1.0), (1.0, 0.0), (1.5, -0.5)])
def test_any_blend_of_the_halves_is_exported(share):
    whole = example.head("risk")
    blended = dataclasses.replace(whole, weight_smooth=share[0], weight_trees=share[1])
    fitted = FittedModel(example.NAMES, (blended,))
    assert prove(fitted, to_onnx(fitted), example.rows()).largest_margin_gap < 1e-13


@pytest.mark.parametrize("absent", ["smooth", "booster"])
def test_a_head_of_one_half_is_exported_beside_a_head_of_two(absent):
    lone = dataclasses.replace(example.head("lone", 4), **{absent: None})
    fitted = FittedModel(example.NAMES, (lone, example.head("risk")))
    assert prove(fitted, to_onnx(fitted), example.rows()).largest_margin_gap < 1e-13


def test_trees_that_never_split_still_add_their_constant():
    """LightGBM makes one-leaf trees where nothing pays; an ensemble has no place for them."""
    stump = example.booster(min_data_in_leaf=500)
    assert stump.dump_model()["tree_info"][0]["num_leaves"] == 1
    fitted = example.one_head(trees=stump)
    assert prove(fitted, to_onnx(fitted), example.rows()).largest_margin_gap < 1e-13


@pytest.mark.parametrize(
    "changes",
    [
        {"boosting": "dart"},
        {"extra_trees": True},
        {"use_missing": False},
        {"max_bin": 1023, "min_data_in_bin": 1},
        {"monotone_constraints": [1, 0, 1, 0, 0]},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
        {"num_leaves": 31, "max_depth": 8},
        {"max_depth": -1, "num_leaves": 40, "min_data_in_leaf": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_lightgbm_is_trained_with_is_exported_exactly(changes):
    fitted = example.one_head(trees=example.booster(**changes))
    assert prove(fitted, to_onnx(fitted), example.rows()).largest_margin_gap < 1e-13


def test_trees_beyond_the_best_iteration_stay_at_home():
    """After early stopping LightGBM keeps them, and leaves them out when it predicts."""
    stopped = example.booster(rounds=12)
    stopped.best_iteration = 5
    fitted = example.one_head(trees=stopped)
    assert read_forest(stopped, 5).roots.size == 5
    assert prove(fitted, to_onnx(fitted), example.rows()).largest_margin_gap < 1e-13


def test_a_feature_that_was_never_missing_in_training_may_be_missing_later():
    """Its missing_type is None: LightGBM then reads NaN as zero."""
    matrix = example.rows().copy()
    matrix[:, 0] -= 20.0  # zero lies within, so that reading NaN as zero matters
    trees = example.booster(matrix=matrix)
    forest = read_forest(trees, 5)
    of_amount = forest.feature == 0
    assert (forest.nan_left[of_amount] == (forest.threshold[of_amount] >= 0)).all()
    fitted = FittedModel(example.NAMES, (FittedHead("risk", None, trees, 0.0, 1.0, example.PLATT),))
    unknown = matrix.copy()
    unknown[:, 0] = np.nan
    margins, _ = Session(to_onnx(fitted)).run(unknown)
    assert np.abs(margins - fitted.margins(unknown)).max() < 1e-14


def test_values_within_the_band_that_lightgbm_reads_as_zero_go_where_zero_goes():
    """With |x| <= 1e-35 read as 0, x = -1e-35 must not pass a threshold of -1e-35."""
    matrix = np.zeros((400, 1), np.float32)
    matrix[:100], matrix[100:200], matrix[200:300] = -1e-30, -1.0, 1e-30
    truth = (matrix[:, 0] < 0).astype(float)
    trees = lgb.train({**example.SMALL, "num_leaves": 4}, lgb.Dataset(matrix, truth), 5)
    thresholds = np.abs(read_forest(trees, 1).threshold)
    assert (thresholds <= 2 * ZERO_BAND).any(), "no threshold at the edge of the band"
    fitted = FittedModel(("x",), (FittedHead("risk", None, trees, 0.0, 1.0, example.PLATT),))
    assert prove(fitted, to_onnx(fitted), matrix).largest_margin_gap < 1e-14
    edge = np.array([[-1e-35], [1e-35], [-1e-36], [0.0], [-0.0]], np.float32)
    margins, _ = Session(to_onnx(fitted)).run(edge)
    assert (margins == margins[3]).all()


def test_a_model_without_any_split_or_curve_is_refused():
    stump = FittedHead("risk", None, example.booster(min_data_in_leaf=500), 0.0, 1.0, example.PLATT)
    with pytest.raises(ExportRefused, match="nothing to serve"):
        to_onnx(FittedModel(example.NAMES, (stump,)))


def categorical() -> lgb.Booster:
    matrix = np.random.default_rng(0).integers(0, 9, (500, 5)).astype(float)
    dataset = lgb.Dataset(matrix, matrix[:, 0] % 3 == 1, categorical_feature=[0])
    return lgb.train({**example.SMALL, "min_data_per_group": 5, "cat_smooth": 1}, dataset, 3)


def custom_objective() -> lgb.Booster:
    def loss(margin, data):
        p = 1 / (1 + np.exp(-margin))
        return p - data.get_label(), p * (1 - p)

    return example.booster(objective=loss)


REFUSED = {
    "zero_as_missing": lambda: example.booster(zero_as_missing=True),
    "boosting=rf": lambda: example.booster(boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    "linear_tree": lambda: example.booster(linear_tree=True),
    "sigmoid:2": lambda: example.booster(sigmoid=2.0),
    "custom objective": custom_objective,
    "regression": lambda: example.booster(objective="regression"),
    "cross_entropy": lambda: example.booster(objective="cross_entropy"),
    "multiclass": lambda: example.booster(objective="multiclass", num_class=2),
    "categorical": categorical,
    "got 4": lambda: example.booster(matrix=example.rows()[:, :4]),
}


@pytest.mark.parametrize("named", REFUSED)
@pytest.mark.filterwarnings("ignore::UserWarning")  # LightGBM comments on some of these itself
def test_what_the_writer_cannot_vouch_for_is_refused_by_name(named):
    with pytest.raises(ExportRefused, match=f"head 'risk'.*{named}"):
        to_onnx(
            FittedModel(
                example.NAMES,
                (dataclasses.replace(example.head("risk"), booster=REFUSED[named]()),),
            )
        )


def test_thresholds_rounded_to_the_nearest_float32_are_caught():
    """The mistake of the public converter: it moved probabilities by up to 1.8e-2."""
    fitted = example.one_head()
    proto, splits = attribute_of_trees(to_onnx(fitted), "nodes_splits")
    exact = numpy_helper.to_array(splits[0].t)
    rounded = exact.astype(np.float32).astype(np.float64)
    assert (rounded != exact).any()
    splits[0].t.CopyFrom(numpy_helper.from_array(rounded, "splits"))
    with pytest.raises(ParityBroken, match="head 'risk': expected every margin within 1e-09"):
        prove(fitted, proto.SerializeToString(), example.rows())


def test_one_unknown_that_turns_the_other_way_is_caught():
    fitted = example.one_head()
    proto, ways = attribute_of_trees(to_onnx(fitted), "nodes_missing_value_tracks_true")
    forest = read_forest(fitted.heads[0].booster, 5)
    of_days = int(np.flatnonzero(forest.feature == 1)[0])
    ways[0].ints[of_days] = 1 - ways[0].ints[of_days]
    with pytest.raises(ParityBroken):
        prove(fitted, proto.SerializeToString(), example.rows())


def test_a_leaf_that_differs_in_the_eighth_digit_is_caught():
    fitted = example.one_head()
    proto, weights = attribute_of_trees(to_onnx(fitted), "leaf_weights")
    values = numpy_helper.to_array(weights[0].t).copy()
    values[-1] += 1e-8
    weights[0].t.CopyFrom(numpy_helper.from_array(values, "weights"))
    with pytest.raises(ParityBroken, match="1e-09"):
        prove(fitted, proto.SerializeToString(), example.rows())


def test_every_split_is_tried_from_both_sides():
    """Some adversarial row reaches every leaf of every tree, so every node decides both ways."""
    fitted = example.one_head()
    forest = read_forest(fitted.heads[0].booster, 5)
    hurtful = adversarial_rows(fitted, example.rows())
    reached = fitted.heads[0].booster.predict(hurtful, pred_leaf=True)
    leaves = [tree["num_leaves"] for tree in fitted.heads[0].booster.dump_model()["tree_info"]]
    assert [len(np.unique(column)) for column in reached.T] == leaves
    assert len(leaf_boxes(forest)) == sum(leaves)
    assert np.isnan(hurtful).any()
    assert not np.isinf(hurtful).any()


def test_ranks_are_compared_only_among_scores_that_are_clearly_apart():
    wanted = np.array([0.1, 0.1 + 1e-12, 0.5])
    assert rank_changes(wanted, np.array([0.1, 0.1 - 1e-12, 0.5]), apart=1e-9) == 0
    assert rank_changes(wanted, np.array([0.1, 0.5, 0.5]), apart=1e-9) == 1


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    st.lists(st.floats(-1e-10, 1e-10), min_size=40, max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_differences_of_half_the_bar_never_change_a_rank(scores, noise):
    wanted = np.array(scores, np.float64)
    assert rank_changes(wanted, wanted + np.array(noise[: wanted.size]), apart=1e-9) == 0


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_rank_changes_agrees_with_looking_at_every_pair(scores, random):
    wanted, served = np.array(scores), np.array(random.sample(scores, len(scores)))
    overtaken = {
        j
        for j in range(len(wanted))
        for i in range(len(wanted))
        if wanted[i] < wanted[j] - 0.05 and served[i] >= served[j]
    }
    assert rank_changes(wanted, served, apart=0.05) == len(overtaken)


def test_the_graph_holds_one_ensemble_a_head_in_double_and_only_our_operators():
    graph = to_onnx(example.model())
    check_graph(graph)
    proto, weights = attribute_of_trees(graph, "leaf_weights")
    assert proto.ir_version == 10
    assert {each.domain: each.version for each in proto.opset_import} == {"": 18, "ai.onnx.ml": 5}
    assert [each.t.data_type for each in weights] == [onnx.TensorProto.DOUBLE] * 3


def test_the_same_model_gives_the_same_bytes():
    assert to_onnx(example.model()) == to_onnx(example.model())


def test_an_order_alone_and_in_a_batch_score_alike():
    session = Session(to_onnx(example.model()))
    _, together = session.run(example.rows())
    alone = np.concatenate([session.run(example.rows()[i : i + 1])[1] for i in range(200)])
    assert np.abs(alone - together[:200]).max() <= 1e-12


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Calibration.platt(-1.0, 0.0), "wrong way round"),
        (lambda: Calibration.platt(float("nan"), 0.0), "finite"),
        (lambda: Calibration.beta(-0.1, 1.0, 0.0), "turn round"),
        (lambda: Calibration.beta(0.0, 0.0, 0.0), "turn round"),
        (lambda: Calibration.isotonic([0.0, 0.0], [0.1, 0.2]), "strictly increasing"),
        (lambda: Calibration.isotonic([0.0, 1.0], [0.3, 0.2]), "never fall"),
        (lambda: Calibration.isotonic([0.0, 1e-7], [0.1, 0.9]), "merge close margins"),
        (lambda: Calibration.isotonic([0.0], [0.1]), "two or more"),
    ],
)
def test_a_calibration_that_is_no_rising_map_into_probabilities_is_refused(make, problem):
    with pytest.raises(ValueError, match=problem):
        make()


@given(
    st.sampled_from(sorted(CALIBRATIONS)),
    st.lists(st.floats(-50, 50), min_size=2, max_size=20),
)
@settings(max_examples=80, deadline=None)
def test_calibrations_never_turn_the_ranking_round(kind, margins):
    ordered = np.sort(np.array(margins))
    probabilities = CALIBRATIONS[kind].apply(ordered)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert (np.diff(probabilities) >= -1e-15).all()
