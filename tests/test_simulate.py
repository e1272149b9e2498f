"""The simulated shop is a possible shop, and its truth is true."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from features.facts import facts_of
from features.schema import DAY_US, HOUR_US, OUTCOME_KINDS, TABLES
from training import simulate as simulator
from training.simulate import OutreachPlan, Simulated, simulate, simulate_blocks
from training.simulate_causes import CAUSES, COEFFICIENTS, DISPUTE_KINDS, FATE_OF_KIND
from training.simulate_texts import texts

START = 1_735_689_600_000_000  # 2025-01-01T00:00:00Z
DAYS = 365
END = START + DAYS * DAY_US
EFFECT = 0.5


@pytest.fixture(scope="module")
def shop() -> Simulated:
    return simulate(orders=12_000, seed=1, start_at=START, days=DAYS)


@pytest.fixture(scope="module")
def worked() -> Simulated:
    plan = OutreachPlan(share=0.4, holdout=0.3, effect=EFFECT)
    return simulate(orders=12_000, seed=2, start_at=START, days=DAYS, outreach=plan)


def within_chance(happened, probability, odds=4.5):
    """Whether a sum of independent draws lies within `odds` standard deviations of its mean."""
    spread = np.sqrt((probability * (1 - probability)).sum())
    return abs(happened.sum() - probability.sum()) <= odds * spread


def test_the_same_arguments_give_the_same_shop_and_another_seed_another():
    one, two, other = (
        simulate(orders=300, seed=seed, start_at=START, days=30).tables for seed in (5, 5, 6)
    )
    assert one == two
    assert one["messages"] != other["messages"]


def test_every_table_has_the_columns_of_the_schema_and_values_that_it_allows(worked):
    for name, spec in TABLES.items():
        columns = worked.columns[name]
        assert list(columns) == ["shop_id", "known_at", *spec.names]
        assert columns["known_at"], f"{name} is empty"
        for column in spec.columns:
            known = [value for value in columns[column.name] if value is not None]
            if column.required:
                assert len(known) == len(columns[column.name]), column
            if column.choices:
                assert set(known) <= set(column.choices), column
            if column.minimum is not None and known:
                assert min(known) >= column.minimum, column
            if column.maximum is not None and known:
                assert max(known) <= column.maximum, column


def test_features_read_every_table_as_it_is(shop):
    for name, columns in shop.columns.items():
        assert len(facts_of(name, columns)) == len(columns["known_at"])


def test_no_version_of_a_key_is_known_at_the_same_moment_as_another(worked):
    for name, spec in TABLES.items():
        keys = [tuple(row[k] for k in (*spec.key, "known_at")) for row in worked.tables[name]]
        assert len(set(keys)) == len(keys), name


def test_nothing_is_known_at_or_after_the_end(worked):
    assert max(max(columns["known_at"]) for columns in worked.columns.values()) < END


def test_no_row_tells_what_was_not_yet_known(worked):
    """A version may not carry a payment, shipment or closing of its own future."""
    clocks = ("placed_at", "paid_at", "shipped_at", "cancelled_at", "opened_at", "closed_at")
    clocks += ("recorded_at", "sent_at", "attempted_at", "assigned_at", "registered_at")
    for name, rows in worked.tables.items():
        for row in rows:
            for clock in clocks:
                at = row.get(clock)
                assert at is None or at <= row["known_at"], (name, clock)


def test_the_last_orders_have_not_shipped_and_older_ones_are_settled(shop):
    settled = {
        row["order_id"]
        for row in shop.tables["orders"]
        if row["shipped_at"] is not None or row["cancelled_at"] is not None
    }
    last_day = shop.truth.placed_at >= END - DAY_US
    old = shop.truth.placed_at < END - 20 * DAY_US
    is_settled = np.array([order in settled for order in shop.truth.order_id])
    assert 0 < is_settled[last_day].mean() < 0.5
    assert is_settled[old].all()


def test_an_order_is_placed_then_paid_then_shipped_in_versions_of_one_key(shop):
    versions = defaultdict(list)
    for row in sorted(shop.tables["orders"], key=lambda row: row["known_at"]):
        versions[row["order_id"]].append(row)
    assert set(map(len, versions.values())) == {1, 2, 3}
    for rows in versions.values():
        assert rows[0]["shipped_at"] is None
        assert rows[0]["known_at"] == rows[0]["placed_at"]
        for before, after in pairwise(rows):
            assert before["shipped_at"] in (None, after["shipped_at"])
            assert before["paid_at"] in (None, after["paid_at"])
        shipped, cancelled = rows[-1]["shipped_at"], rows[-1]["cancelled_at"]
        assert shipped is None or cancelled is None


def test_outcomes_open_inside_their_horizons_and_some_become_known_later(shop):
    placed = {row["order_id"]: row for row in shop.tables["orders"]}
    later = 0
    for row in shop.tables["outcomes"]:
        order = placed[row["order_id"]]
        horizon = 120 if row["kind"] == "chargeback" else 30
        assert order["placed_at"] < row["opened_at"] < order["placed_at"] + horizon * DAY_US
        later += row["closed_at"] is None and row["known_at"] > row["opened_at"]
    assert later > 50


def test_each_kind_happens_only_where_it_can(shop):
    orders = {row["order_id"]: row for row in shop.tables["orders"]}
    kinds = defaultdict(set)
    for row in shop.tables["outcomes"]:
        kinds[row["kind"]].add(row["order_id"])
    assert set(kinds) == set(OUTCOME_KINDS)
    assert {orders[o]["payment_method"] for o in kinds["cod_refused"]} == {"cash_on_delivery"}
    assert {orders[o]["platform"] for o in kinds["a_to_z_claim"]} == {"amazon"}
    assert {orders[o]["payment_method"] for o in kinds["chargeback"]} <= {"card", "instalments"}
    cancelled = {o for o, row in orders.items() if row["cancelled_at"] is not None}
    assert cancelled == kinds["cancelled_by_buyer"]


def test_a_refusal_is_never_a_failed_delivery(shop):
    refused = {r["order_id"] for r in shop.tables["outcomes"] if r["kind"] == "cod_refused"}
    failed = {r["order_id"] for r in shop.tables["outcomes"] if r["kind"] == "failed_delivery"}
    at_door = {r["order_id"] for r in shop.tables["deliveries"] if r["status"] == "refused"}
    assert refused
    assert failed
    assert not failed & (refused | at_door)
    # Some are still on their way into the record when the simulation ends.
    assert len(refused ^ at_door) <= 3


def test_every_kind_happens_as_often_as_its_formula_says(shop):
    """Odds that a sound simulator fails: 10 kinds at 4.5 standard deviations, below 1 in 10,000."""
    for column, kind in enumerate(OUTCOME_KINDS):
        assert within_chance(shop.truth.happened[:, column], shop.truth.of_kind(kind)), kind
    assert within_chance(shop.truth.disputed, shop.truth.best_risk)


def test_disputes_are_about_a_tenth_and_can_be_told_apart_about_as_planned(shop):
    truth = shop.truth
    assert 0.08 < truth.best_risk.mean() < 0.13
    best = roc_auc_score(truth.disputed, truth.best_risk)
    surface = roc_auc_score(truth.disputed, truth.surface_risk)
    assert 0.78 < best < 0.85
    assert 0.62 < surface < best - 0.05


def test_address_changes_and_first_orders_of_the_truth_are_those_of_the_record(shop):
    rows = Counter(row["order_id"] for row in shop.tables["addresses"])
    early = np.flatnonzero(shop.truth.decide_at < END)
    changes = [rows[shop.truth.order_id[at]] - 1 for at in early]
    assert changes == shop.truth.cause("address_changes")[early].tolist()
    buyer = {row["order_id"]: row["buyer_id"] for row in shop.tables["orders"]}
    seen: set[str] = set()
    for order, first in zip(shop.truth.order_id, shop.truth.cause("first_order"), strict=True):
        assert bool(first) == (buyer[order] not in seen)
        seen.add(buyer[order])


def test_sellers_with_a_backlog_ship_later_than_those_without(shop):
    """The cause that a model can only see through history does show in history."""
    shipped = {
        row["order_id"]: (row["shipped_at"] - row["placed_at"]) / DAY_US
        for row in shop.tables["orders"]
        if row["shipped_at"] is not None
    }
    expected = dict(
        zip(shop.truth.order_id, shop.truth.cause("expected_wait_days") + 1, strict=True)
    )
    pairs = np.array([(expected[order], took) for order, took in shipped.items()])
    assert np.corrcoef(pairs.T)[0, 1] > 0.8


def test_a_busy_day_at_a_seller_delays_the_orders_of_the_next(shop):
    """The backlog is the seller's of that morning, not a habit."""
    seller = dict(
        zip(shop.columns["items"]["order_id"], shop.columns["items"]["seller_id"], strict=True)
    )
    day = ((shop.truth.placed_at - START) // DAY_US).tolist()
    busy = Counter((seller[o], d) for o, d in zip(shop.truth.order_id, day, strict=True))
    waits = defaultdict(list)
    for order, when, wait in zip(
        shop.truth.order_id, day, shop.truth.cause("expected_wait_days"), strict=True
    ):
        waits[seller[order]].append((busy[seller[order], when - 1], wait))
    largest = max(waits.values(), key=len)
    assert np.corrcoef(np.array(largest).T)[0, 1] > 0.2


def test_blocks_of_days_hold_the_shop_once(monkeypatch):
    """Small blocks, so that four of them are quick; what they share is the world and the memory."""
    monkeypatch.setattr(simulator, "BLOCK_ORDERS", 400)
    blocks = list(simulate_blocks(orders=1500, seed=3, start_at=START, days=90))
    orders = [order for block in blocks for order in block.truth.order_id]
    assert len(blocks) == 4
    assert orders == [f"O{number:08d}" for number in range(1500)]
    assert [bool(block.columns["products"]["known_at"]) for block in blocks] == [True] + [False] * 3
    buyers = [buyer for block in blocks for buyer in block.columns["buyers"]["buyer_id"]]
    assert len(set(buyers)) == len(buyers)
    placed = np.concatenate([block.truth.placed_at for block in blocks])
    assert (np.diff(placed) >= 0).all()


def test_a_contact_multiplies_the_chance_of_a_dispute_by_its_effect(worked):
    truth = worked.truth
    held = truth.listed & ~truth.contacted
    assert truth.contacted.sum() > 1000
    assert held.sum() > 400
    got, expected = truth.disputed[truth.contacted], EFFECT * truth.best_risk[truth.contacted]
    assert within_chance(got, expected)
    assert within_chance(truth.disputed[held], truth.best_risk[held])
    # The claim can fail: without the effect, the same draws are far off.
    assert not within_chance(got, truth.best_risk[truth.contacted])


def test_the_effect_can_be_recovered_from_the_record_alone(worked):
    """Each buyer's first listing, contacted against held out, as an estimate must do it."""
    buyer = {row["order_id"]: row["buyer_id"] for row in worked.tables["orders"]}
    first: dict[str, dict] = {}
    for row in sorted(worked.tables["outreach"], key=lambda row: row["assigned_at"]):
        if row["assigned_at"] < END - 31 * DAY_US:
            first.setdefault(buyer[row["order_id"]], row)
    disputed = {r["order_id"] for r in worked.tables["outcomes"] if r["kind"] in DISPUTE_KINDS}
    arms = {
        arm: np.array([row["order_id"] in disputed for row in first.values() if row["arm"] == arm])
        for arm in ("contact", "holdout")
    }
    ratio = arms["contact"].mean() / arms["holdout"].mean()
    spread = np.sqrt(sum((1 - arm.mean()) / arm.sum() for arm in arms.values()))
    assert abs(np.log(ratio / EFFECT)) < 4 * spread
    assert np.log(ratio) < -3 * spread  # and the record is large enough to see it at all


def test_a_logistic_regression_on_the_causes_finds_the_coefficients(shop):
    """The formula is what the draws follow, not only their mean."""
    truth = shop.truth
    stopped = [OUTCOME_KINDS.index(kind) for kind in list(FATE_OF_KIND)[:3]]
    came = ~truth.happened[:, stopped].any(axis=1)
    returned = truth.happened[came, OUTCOME_KINDS.index("return")]
    used = [name for name in COEFFICIENTS["return"] if name in CAUSES]
    causes = np.column_stack([truth.cause(name)[came] for name in used])
    model = LogisticRegression(C=1e6, max_iter=500).fit(causes, returned)
    found = dict(zip(used, model.coef_[0], strict=True))
    assert found["variant_flaw"] == pytest.approx(1.1, abs=0.25)
    assert found["serial_returner"] == pytest.approx(2.5, abs=0.45)
    assert found["doubt"] == pytest.approx(1.8, abs=0.5)
    assert found["basket_of_sizes"] == pytest.approx(1.9, abs=0.5)


def test_late_deliveries_are_not_prevented_by_a_contact(worked):
    late = OUTCOME_KINDS.index("late_delivery")
    told = worked.truth.contacted
    assert within_chance(
        worked.truth.happened[told, late], worked.truth.of_kind("late_delivery")[told]
    )


def test_the_listed_are_riskier_so_that_a_plain_comparison_would_mislead(worked):
    truth = worked.truth
    assert truth.best_risk[truth.listed].mean() > 1.3 * truth.best_risk[~truth.listed].mean()


def test_arms_are_written_before_contact_with_their_propensity_and_once_per_buyer(worked):
    orders = {row["order_id"]: row for row in worked.tables["orders"]}
    arms = defaultdict(set)
    for row in worked.tables["outreach"]:
        order = orders[row["order_id"]]
        arms[order["buyer_id"]].add(row["arm"])
        assert row["propensity"] == pytest.approx({"contact": 0.7, "holdout": 0.3}[row["arm"]])
        assert row["arm"] == "contact" or row["sent_at"] is None
        assert row["sent_at"] is None or row["assigned_at"] < row["sent_at"] < row["known_at"]
        shipped = order["shipped_at"]
        assert shipped is None or row["assigned_at"] < shipped
    assert set(map(len, arms.values())) == {1}


def test_without_a_plan_nobody_is_contacted(shop):
    assert shop.tables["outreach"] == []
    assert not shop.truth.listed.any()


def test_the_angrier_the_buyer_the_more_is_written_before_the_decision(shop):
    decide = dict(zip(shop.truth.order_id, shop.truth.decide_at, strict=True))
    written = Counter(
        row["order_id"]
        for row in shop.tables["messages"]
        if row["sender"] == "buyer" and row["sent_at"] < decide[row["order_id"]]
    )
    messages = np.array([written[order] for order in shop.truth.order_id])
    level = sum(shop.truth.cause(name) for name in ("uneasy", "upset", "hostile"))
    early = shop.truth.decide_at < END
    means = [messages[early & (level == step)].mean() for step in range(4)]
    assert means == sorted(means)
    assert means[0] < 0.6
    assert means[1] > 1.0
    assert means[3] > 1.8


@pytest.mark.parametrize("topic", ["doubt", "gift_deadline", "cancel_wish"])
def test_what_the_truth_says_was_said_is_in_the_messages(shop, topic):
    """By the longest piece of any sentence of the topic; typos and capitals hide a few."""
    pieces = {
        max(re.split(r"\{\w+\}", line), key=len).lower()
        for language in ("zh", "en", "es", "pt")
        for name, lines in texts()[language].items()
        if name.startswith(topic)
        for line in lines
    }
    decide = dict(zip(shop.truth.order_id, shop.truth.decide_at, strict=True))
    said = {
        row["order_id"]
        for row in shop.tables["messages"]
        if row["sender"] == "buyer"
        and row["sent_at"] < decide[row["order_id"]]
        and any(piece in row["text"].lower() for piece in pieces)
    }
    is_said = np.array([order in said for order in shop.truth.order_id])
    early = shop.truth.decide_at < END
    cause = shop.truth.cause(topic) == 1
    assert is_said[early & cause].mean() > 0.85
    assert is_said[early & ~cause].mean() < 0.02


def test_messages_lie_between_placing_and_the_end_and_answers_follow_questions(shop):
    placed = dict(zip(shop.truth.order_id, shop.truth.placed_at, strict=True))
    first_buyer: dict[str, int] = {}
    for row in sorted(shop.tables["messages"], key=lambda row: row["sent_at"]):
        assert placed[row["order_id"]] <= row["sent_at"] < END
        if row["sender"] == "buyer":
            first_buyer.setdefault(row["order_id"], row["sent_at"])
        elif row["sender"] == "seller":
            assert first_buyer[row["order_id"]] <= row["sent_at"]


def test_an_unanswered_buyer_has_no_answer_before_the_decision(shop):
    decide = dict(zip(shop.truth.order_id, shop.truth.decide_at, strict=True))
    early = {
        row["order_id"]
        for row in shop.tables["messages"]
        if row["sender"] == "seller" and row["sent_at"] < decide[row["order_id"]]
    }
    waiting = shop.truth.cause("unanswered") == 1
    assert waiting.sum() > 300
    assert not early & {shop.truth.order_id[at] for at in np.flatnonzero(waiting)}


def test_promises_leave_a_day_after_shipment_and_decisions_come_within_a_day(shop):
    for row in shop.tables["orders"]:
        shipped = row["shipped_at"]
        assert shipped is None or row["placed_at"] < shipped <= row["deliver_by_at"] - DAY_US
    assert (shop.truth.decide_at - shop.truth.placed_at).max() == 24 * HOUR_US


def test_every_cause_varies(shop):
    """A cause that never moves would test nothing downstream."""
    assert dict(zip(CAUSES, shop.truth.causes.std(axis=0) > 0, strict=True)) == dict.fromkeys(
        CAUSES, True
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"orders": 0}, "orders and days must be at least 1, got orders=0"),
        ({"days": 0}, "orders and days must be at least 1"),
        ({"start_at": 1_735_689_600}, "Multiply seconds by 1,000,000"),
    ],
)
def test_arguments_that_make_no_sense_are_refused_with_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        simulate(**{"orders": 10, "seed": 1, "start_at": START, "days": 10} | changed)


def test_a_share_beyond_one_is_refused():
    with pytest.raises(ValueError, match="'holdout' must be between 0 and 1, got 10"):
        OutreachPlan(holdout=10)


def test_a_single_order_is_a_shop_too():
    shop = simulate(orders=1, seed=1, start_at=START, days=1, outreach=OutreachPlan())
    assert shop.truth.order_id == ["O00000000"]
    assert len(shop.tables["buyers"]) == 1
