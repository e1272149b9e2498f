"""Claims about learning as a whole, on small synthetic shops whose cause is known."""

from __future__ import annotations

import numpy as np
import pytest
from little_shop import LittleShop, at, facts, order, outcome
from sklearn.metrics import roc_auc_score

from features.schema import DAY_US
from training.blend import PLAIN_WEIGHT, WEIGHTS_OF_TREES, Evidence, Margins, choose
from training.calibrate import beta, isotonic, platt, trust_after
from training.fit_trees import CHECKPOINTS, PLAIN_ROUNDS, TreeSettings, fit_trees
from training.fit_trees import margins_at_checkpoints as at_checkpoints
from training.heads import sigmoid
from training.learn import Learned, ablations, learn
from training.recipe import LearnSettings
from training.steady import clocks
from training.windows import NotEnoughHistory


def learned(shop: LittleShop, **how) -> Learned:
    return learn(
        shop.facts, shop.matrix, shop.names, settings=LearnSettings(**how), as_of=shop.as_of
    )


@pytest.fixture(scope="module")
def shop() -> LittleShop:
    return LittleShop(1_500, 400)


@pytest.fixture(scope="module")
def model(shop) -> Learned:
    return learned(shop, max_origins=4)


def test_what_is_learned_ranks_almost_as_well_as_the_shop_s_own_formula(model):
    """Nothing can rank better than the danger that the returns were drawn from."""
    head = model.heads["return"]
    danger = model.table.matrix[head.predictions.row, 0]
    best = roc_auc_score(head.judged.outcome, danger)
    assert head.measures.by["model"]["roc_auc_score"].value > best - 0.02
    assert head.measures.difference["base_rate"]["log_loss"].high < 0


def test_the_same_facts_give_the_same_bits(shop, model):
    again = learned(shop, max_origins=4)
    matrix = model.table.matrix
    np.testing.assert_array_equal(model.model.margins(matrix), again.model.margins(matrix))
    np.testing.assert_array_equal(
        model.model.probabilities(matrix), again.model.probabilities(matrix)
    )


def test_what_is_learned_at_or_after_the_moment_changes_nothing(shop, model):
    """Later returns, cancellations and orders are added; the model is the same to the bit."""
    now = shop.as_of
    later = facts(
        orders=[order(1, 3, cancelled_at=at(4), known_at=now), order("new", 399, known_at=now)],
        outcomes=[outcome(n, "return", 30, known_at=now + DAY_US) for n in range(50)],
    )
    mixed = {name: np.concatenate([rows, later[name]]) for name, rows in shop.facts.items()}
    again = learn(mixed, shop.matrix, shop.names, settings=LearnSettings(max_origins=4), as_of=now)
    matrix = model.table.matrix
    np.testing.assert_array_equal(model.model.margins(matrix), again.model.margins(matrix))
    assert again.heads["risk"].measures == model.heads["risk"].measures


def test_no_order_is_predicted_by_a_fit_that_knew_its_answer(model):
    """In each window, whatever was fitted was final before the first order judged was placed."""
    for head in model.heads.values():
        for window in head.plan.windows:
            assert window.fit_known_at <= window.origin
        assert head.placed_at.min() >= head.plan.test_from


def test_each_order_is_judged_once_at_its_decision_moment(model):
    head = model.heads["risk"]
    assert len(set(head.order_key.tolist())) == len(head.order_key)
    assert model.table.landmarks.decision[head.predictions.row].all()


def test_six_weeks_are_enough_for_a_first_model():
    first = learned(LittleShop(1_500, 42), min_positives=20)
    head = first.heads["risk"]
    assert head.plan.style == "ordered"
    assert not head.choice.chosen
    assert head.choice.calibration.kind == "platt"
    assert head.measures.by["model"]["roc_auc_score"].value > 0.6


def test_a_shop_without_outcomes_is_told_so():
    rows = [order(n, n, shipped_at=at(n + 2)) for n in range(50)]
    with pytest.raises(NotEnoughHistory, match="got none for any of 50 orders"):
        learn(facts(orders=rows), None, (), settings=LearnSettings(), as_of=at(200))


def test_a_shop_with_too_few_is_told_how_many_it_has():
    rows = [order(n, n, shipped_at=at(n + 2)) for n in range(100)]
    few = [outcome(n, "return", n + 5) for n in range(0, 100, 20)]
    with pytest.raises(NotEnoughHistory, match="got 5 among 100"):
        learn(facts(orders=rows, outcomes=few), None, (), settings=LearnSettings(), as_of=at(200))


def test_a_rare_kind_gets_no_head_and_the_reason_is_told(shop):
    rare = facts(outcomes=[outcome(n, "complaint", 100 + n / 10) for n in range(0, 60, 2)])
    mixed = {name: np.concatenate([rows, rare[name]]) for name, rows in shop.facts.items()}
    found = learn(
        mixed,
        shop.matrix,
        shop.names,
        settings=LearnSettings(max_origins=2),
        as_of=shop.as_of,
    )
    assert list(found.heads) == ["risk", "return"]
    assert "fewer than 50" in found.left_out["complaint"]
    assert found.risk_kinds == ("complaint", "return")


def test_settings_that_judge_no_order_are_refused():
    with pytest.raises(ValueError, match="Add 0 to landmark_hours"):
        LearnSettings(landmark_hours=(48.0,))


def test_checkpoints_are_the_model_after_so_many_rounds():
    draws = np.random.default_rng(0)
    matrix = draws.normal(size=(500, 3)).astype(np.float32)
    outcomes = draws.random(500) < sigmoid(matrix[:, 0].astype(float))
    settings = TreeSettings(min_orders=5, min_hessian=0.1)
    booster = fit_trees(matrix, outcomes, np.ones(500), 20, settings)
    margins = at_checkpoints(booster, matrix, (5, 20))
    stopped = fit_trees(matrix, outcomes, np.ones(500), 5, settings)
    np.testing.assert_allclose(margins[:, 0], stopped.predict(matrix, raw_score=True), atol=1e-12)
    np.testing.assert_allclose(margins[:, 1], booster.predict(matrix, raw_score=True), atol=1e-12)


@pytest.mark.parametrize("fit", [platt, beta, isotonic], ids=lambda fit: fit.__name__)
def test_a_calibration_undoes_a_wrong_scale_and_a_wrong_level(fit):
    """Margins come three times too flat and one too high; 20 000 outcomes tell."""
    draws = np.random.default_rng(1)
    true = draws.normal(-2, 1, 20_000)
    outcomes = (draws.random(20_000) < sigmoid(true)).astype(float)
    said = fit(true / 3 + 1, outcomes, np.ones(20_000)).apply(true / 3 + 1)
    assert np.abs(said - sigmoid(true)).mean() < 0.01


def test_the_slope_turns_around_the_level_of_the_fit():
    """A fit of another base rate is not shifted by what the slope does to this one."""
    draws = np.random.default_rng(5)
    true = draws.normal(-3, 1, 50_000)
    outcomes = (draws.random(50_000) < sigmoid(true)).astype(float)
    flat = -3 + (true + 3) / 2
    found = platt(flat, outcomes, np.ones(50_000), level=-3.0)
    assert found.slope == pytest.approx(2, abs=0.1)
    assert found.apply(np.array([-3.0]))[0] == pytest.approx(
        sigmoid(np.array([-3.0]))[0], abs=0.003
    )


def test_a_shift_of_the_level_seen_for_a_month_is_half_believed():
    draws = np.random.default_rng(6)
    outcomes = (draws.random(50_000) < 0.5).astype(float)
    margins = draws.normal(-1, 0.01, 50_000)  # everything happens more often than was said
    full = platt(margins, outcomes, np.ones(50_000), level=-1.0)
    half = platt(margins, outcomes, np.ones(50_000), level=-1.0, trust=trust_after(30 * DAY_US))
    assert full.apply(np.array([-1.0]))[0] == pytest.approx(0.5, abs=0.01)
    assert half.apply(np.array([-1.0]))[0] == pytest.approx(0.378, abs=0.01)  # log-odds of -0.5


def test_few_positives_bend_no_calibration():
    """Five orders, perfectly parted: without a prior the slope would be infinite."""
    margins, outcomes = np.array([-2.0, -1.5, -1.0, 0.5, 1.0]), np.array([0.0, 0, 0, 1, 1])
    assert 0.5 < platt(margins, outcomes, np.ones(5)).slope < 3


def test_a_calibration_never_turns_the_ranking_round():
    margins = np.linspace(-2, 2, 400)
    outcomes = (margins < 0).astype(float)
    assert platt(margins, outcomes, np.ones(400)).slope > 0


def test_the_better_half_gets_the_weight_only_where_it_is_clearly_better():
    draws = np.random.default_rng(2)
    true = draws.normal(-1, 1.5, 4_000)
    outcomes = (draws.random(4_000) < sigmoid(true)).astype(float)
    noise = draws.normal(size=4_000)
    placed_at = np.arange(4_000) * DAY_US
    seen = Evidence(outcomes, np.ones(4_000), placed_at, np.full(4_000, -1.0))
    useless_trees = Margins(true, np.tile(noise[:, None], (1, len(CHECKPOINTS))))
    found = choose(useless_trees, seen, level=-1.0, short=False)
    assert found.weight_trees == WEIGHTS_OF_TREES[0]
    alike = Margins(true, np.tile(true[:, None] + 0.01, (1, len(CHECKPOINTS))))
    plain = choose(alike, seen, level=-1.0, short=False)
    assert (plain.weight_trees, plain.rounds) == (PLAIN_WEIGHT, PLAIN_ROUNDS)


def test_leaving_out_the_cause_costs_and_leaving_out_noise_does_not(shop, model):
    groups = {"cause": ("danger",), "noise": ("noise",), "elsewhere": ("unknown",)}
    found = ablations(model, shop.facts, groups)["risk"]
    assert [(one.group, one.features, one.pays) for one in found] == [
        ("cause", 1, True),
        ("noise", 1, False),
    ]


def test_a_feature_that_tells_the_time_is_left_out_and_one_that_tells_the_order_is_not():
    """A count that grows with the export; noise; and a feature that becomes known one day."""
    draws = np.random.default_rng(7)
    rows = 400
    growing = np.arange(rows) + draws.normal(0, 5, rows)
    steady = draws.normal(size=rows)
    begun = np.where(np.arange(rows) < 300, np.nan, draws.normal(size=rows))
    matrix = np.column_stack([growing, steady, begun]).astype(np.float32)
    assert clocks(matrix, 100 * DAY_US).tolist() == [True, False, True]
    assert clocks(matrix[:10], 100 * DAY_US).tolist() == [False] * 3


def test_what_moves_slowly_may_be_learned_from_once_every_season_was_seen():
    moving = np.arange(400) + np.random.default_rng(8).normal(0, 70, 400)
    matrix = moving[:, None].astype(np.float32)
    assert clocks(matrix, 300 * DAY_US).tolist() == [True]
    assert clocks(matrix, 400 * DAY_US).tolist() == [False]


def test_a_model_does_not_move_with_a_clock(shop):
    """The clock explains every return of the past, and means nothing tomorrow."""

    def with_clock(marks) -> np.ndarray:
        late = (marks.as_of - marks.as_of.min()) / DAY_US
        return np.column_stack([shop.matrix(marks), late]).astype(np.float32)

    found = learn(
        shop.facts,
        with_clock,
        (*shop.names, "clock"),
        settings=LearnSettings(max_origins=2),
        as_of=shop.as_of,
    )
    assert found.heads["risk"].clocks == ("clock",)
    matrix = found.table.matrix.copy()
    before = found.model.margins(matrix)
    matrix[:, 2] = 10_000
    np.testing.assert_array_equal(found.model.margins(matrix), before)
