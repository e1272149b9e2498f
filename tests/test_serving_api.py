"""`POST /v1/score` and the events: what is answered, what is stored, what is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import pytest
from served_shop import ENCODINGS, NOW, PLACED, Caller, order

from features.build import Queries
from features.facts import key_of
from features.inputs import input_names, inputs
from features.population import Population
from features.schema import in_text
from outreach.shop import feature_settings

RESULT_FIELDS = {
    "order_id", "as_of", "risk", "band", "flagged", "outcomes", "expected_loss", "reasons",
    "action", "arm", "alerts",
}  # fmt: skip


def stored(shop: Caller) -> list[Any]:
    """Every order that was told over HTTP, as the store holds it."""
    found = shop.service.store.order_ids(
        shop.service.store.open_orders(as_of=NOW + 10**12).tolist()
    )
    return sorted(order_id for shop_id, order_id in found.values() if shop_id == "default")


def test_one_order_is_answered_in_the_shape_of_the_contract(shop: Caller) -> None:
    answer = shop.score(order("A1"))
    (result,) = answer["results"]
    assert answer["model"] == shop.service.champion.loaded().name
    assert set(result) >= RESULT_FIELDS
    assert result["order_id"] == "A1"
    assert 0 <= result["risk"] <= 1
    assert 0 <= result["outcomes"]["late_delivery"] <= result["risk"]
    assert result["band"] == "high"
    assert result["flagged"] is True
    assert (result["action"], result["arm"], result["alerts"]) == (None, None, [])
    assert result["expected_loss"]["currency"] == "USD"
    assert set(result["reasons"][0]) == {
        "code", "text", "feature", "value", "contribution", "evidence",
    }  # fmt: skip


def test_the_default_moment_is_just_after_what_was_told_was_stored(shop: Caller) -> None:
    result = shop.one(order("A1"))
    told = shop.service.store.timeline("default", "A1")[0]
    assert in_text(told.known_at) < result["as_of"] <= in_text(shop.clock.now)


def test_the_score_is_that_of_the_same_features_built_from_the_whole_store(shop: Caller) -> None:
    """The one idea: a smaller table, the same function; so the service equals the batch."""
    items = [{"line": 1, "product_id": "P1", "quantity": 2, "unit_price_minor": 6495}]
    address = {"recorded_at": "2026-11-18T10:00:00Z", "line1": "1 Main St", "city": "Springfield"}
    shop.score(order("A0", buyer_id="ann", addresses=[address]))
    message = {"message_id": "m", "sent_at": PLACED, "sender": "buyer", "text": "still waiting"}
    told = {"items": items, "addresses": [address], "messages": [message]}
    result = shop.one(order("A1", buyer_id="ann", **told))
    store, settings = shop.service.store, feature_settings(shop.service.settings)
    (score,) = store.scores_of(key_of("order", "default", "A1"))
    queries = Queries(np.array([score.order_key]), np.array([score.as_of]))
    facts = store.facts()
    matrix = inputs(facts, queries, Population(facts, settings.money), settings, ENCODINGS)
    assert matrix[0, input_names().index("buyer_orders_before")] == 1
    assert np.isfinite(matrix[0, input_names().index("conversation_trouble")])
    _, probabilities = shop.service.champion.loaded().session.run(matrix)
    assert probabilities[0, 0] == pytest.approx(result["risk"], abs=1e-12)


def test_reasons_are_the_exact_contributions_strongest_first(shop: Caller) -> None:
    result = shop.one(order("A1"))
    loaded = shop.service.champion.loaded()
    (score,) = shop.service.store.scores_of(key_of("order", "default", "A1"))
    facts = shop.service.store.neighbourhood([score.order_key], [score.as_of])
    queries = Queries(np.array([score.order_key]), np.array([score.as_of]))
    settings = feature_settings(shop.service.settings)
    matrix = inputs(facts, queries, shop.service.states, settings, loaded.encodings)
    exact = dict(zip(input_names(), loaded.explainer.contributions(matrix, "risk")[0], strict=True))
    given = [reason["contribution"] for reason in result["reasons"]]
    assert given == [exact[reason["feature"]] for reason in result["reasons"]]
    assert given == sorted(given, reverse=True)
    assert all(contribution > 0 for contribution in given)


def test_a_thousand_orders_are_answered_in_their_order(shop: Caller) -> None:
    orders = [order(f"A{number:04}", amount_minor=number) for number in range(1000)]
    answer = shop.score({"orders": orders})
    assert [result["order_id"] for result in answer["results"]] == [o["order_id"] for o in orders]
    assert len({result["as_of"] for result in answer["results"]}) == 1
    assert sum(result["flagged"] for result in answer["results"]) == 50
    bands = [result["band"] for result in answer["results"]]
    assert (bands.count("high"), bands.count("elevated"), bands.count("low")) == (50, 150, 800)


def test_in_a_batch_only_the_flagged_get_reasons_unless_asked(shop: Caller) -> None:
    orders = [order(f"A{number}", amount_minor=100 * number) for number in range(60)]
    results = shop.score({"orders": orders})["results"]
    assert {bool(r["reasons"]) for r in results if r["flagged"]} == {True}
    assert {bool(r["reasons"]) for r in results if not r["flagged"]} == {False}
    results = shop.score({"orders": orders, "reasons": True})["results"]
    assert all(result["reasons"] for result in results)
    assert shop.one({**order("A1"), "reasons": False})["reasons"] == []


def test_no_more_orders_of_a_day_are_flagged_than_the_team_can_call(shop: Caller) -> None:
    """One at a time: each is ranked against the latest scores stored before it."""
    for number in range(60):
        shop.one(order(f"A{number:02}", amount_minor=1000 * number, is_gift=number % 2 == 0))
    flagged = [r for r in shop.get("/v1/top?limit=1000").get_json()["results"] if r["flagged"]]
    assert len([r for r in flagged if r["shop_id"] == "default"]) == 50


def test_an_update_keeps_what_it_leaves_out(shop: Caller) -> None:
    shop.one(order("A1", carrier="DHL"))
    shop.one({"order_id": "A1", "amount_minor": 500})
    last = [r for r in shop.service.store.timeline("default", "A1") if r.table == "orders"][-1]
    assert (last.values["carrier"], last.values["amount_minor"]) == ("DHL", 500)


def test_a_known_order_is_scored_by_its_id_alone(shop: Caller) -> None:
    first = shop.one(order("A1"))
    again = shop.one({"order_id": "A1"})
    assert again["risk"] == first["risk"]
    assert again["as_of"] > first["as_of"]


def test_a_question_about_the_past_stores_nothing(shop: Caller) -> None:
    first = shop.one(order("A1", amount_minor=100))
    shop.one(order("A1", amount_minor=90_000))
    asked = {**order("A1", amount_minor=5), "as_of": in_text(shop.clock.now - 2_500)}
    before = shop.service.store.timeline("default", "A1")
    scores = shop.service.store.scores_of(key_of("order", "default", "A1"))
    result = shop.one(asked)
    assert result["as_of"] == asked["as_of"]
    assert result["risk"] == first["risk"]
    assert shop.service.store.timeline("default", "A1") == before
    assert shop.service.store.scores_of(key_of("order", "default", "A1")) == scores


def test_an_answered_moment_keeps_its_answer_and_names_its_model(shop: Caller) -> None:
    first = shop.score(order("A1"))
    as_of = first["results"][0]["as_of"]
    shop.one(order("A1", amount_minor=1))
    assert shop.score({"order_id": "A1", "as_of": as_of}) == first


def test_an_order_that_was_not_known_then_is_refused_by_its_path(shop: Caller) -> None:
    shop.one(order("A1"))
    asked = {"orders": [{"order_id": "A1", "as_of": "2026-11-01T00:00:00Z"}]}
    answer = shop.post("/v1/score", asked)
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {
            "path": "orders[0].order_id",
            "got": "an order that was not known before 2026-11-01T00:00:00.000000Z",
            "expected": "an order told before; tell it with its placed_at first",
        }
    ]


@pytest.mark.parametrize("left", ["shipped_at", "cancelled_at"])
def test_an_order_on_its_way_is_answered_with_its_last_score_and_no_action(
    shop: Caller, left: str
) -> None:
    last = shop.one(order("A1"))
    answer = shop.one({"order_id": "A1", left: "2026-11-18T11:00:00Z"})
    assert answer["action"] is None
    assert (answer["risk"], answer["as_of"]) == (last["risk"], last["as_of"])
    assert (last["flagged"], answer["flagged"]) == (True, False)
    assert answer["stage"] == left.removesuffix("_at")
    assert len(shop.service.store.scores_of(key_of("order", "default", "A1"))) == 1


def test_an_order_first_told_after_it_shipped_is_scored_but_never_listed(shop: Caller) -> None:
    answer = shop.one(order("A1", shipped_at="2026-11-18T10:30:00Z"))
    assert (answer["stage"], answer["flagged"], answer["action"]) == ("shipped", False, None)
    assert shop.service.store.scores_of(key_of("order", "default", "A1")) == []


def test_two_shops_never_mix(shop: Caller) -> None:
    shop.one(order("A1", buyer_id="ann", shop_id="one"))
    other = shop.one(order("A1", buyer_id="ann", shop_id="two"))
    assert other["shop_id"] == "two"
    told = shop.service.store.timeline("one", "A1")
    assert {record.shop_id for record in told} == {"one"}


def test_expected_loss_is_worked_out_in_the_home_currency(shop: Caller) -> None:
    """`late_delivery` costs 5 % of the amount; BRL stands at 0.17 USD in the settings."""
    result = shop.one(order("A1", amount_minor=1_000_000, currency="BRL"))
    loss = result["outcomes"]["late_delivery"] * 0.05 * 170_000
    assert result["expected_loss"] == {"amount_minor": round(loss), "currency": "USD"}
    unknown = shop.one(order("A2", amount_minor=None))
    assert unknown["expected_loss"] == {"amount_minor": None, "currency": "USD"}


def test_a_message_of_an_unshipped_order_scores_it_again(shop: Caller) -> None:
    first = shop.one(order("A1"))
    message = {
        "message_id": "M1", "order_id": "A1", "sender": "buyer", "text": "Where is it?",
        "sent_at": "2026-11-18T11:00:00Z",
    }  # fmt: skip
    answer = shop.post("/v1/messages", message).get_json()
    (result,) = answer["results"]
    assert (answer["inserted"], answer["unchanged"]) == (1, 0)
    assert answer["stored"] == [
        {**message, "sent_at": "2026-11-18T11:00:00.000000Z", "shop_id": "default"}
    ]
    assert result["order_id"] == "A1"
    assert result["as_of"] > first["as_of"]
    assert answer["model"] == shop.service.champion.loaded().name
    again = shop.post("/v1/messages", message).get_json()
    assert (again["inserted"], again["unchanged"]) == (0, 1)


def test_a_message_before_its_order_is_kept_and_scores_nothing(shop: Caller) -> None:
    message = {"message_id": "M1", "order_id": "A1", "sender": "buyer", "text": "Hello",
               "sent_at": "2026-11-18T11:00:00Z"}  # fmt: skip
    early = {**message, "message_id": "M2", "order_id": None, "buyer_id": "ann"}
    answer = shop.post("/v1/messages", [message, early]).get_json()
    assert (answer["inserted"], answer["results"], answer["model"]) == (2, [], None)
    shop.one(order("A1"))
    assert {r.table for r in shop.service.store.timeline("default", "A1")} == {"orders", "messages"}


EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("addresses", {"order_id": "A1", "recorded_at": "2026-11-18T11:00:00Z", "city": "Lima"}),
    ("outcomes", {"order_id": "A1", "kind": "return", "opened_at": "2026-11-18T11:00:00Z"}),
    ("deliveries", {"order_id": "A1", "attempted_at": "2026-11-18T11:00:00Z", "status": "lost"}),
    ("outreach", {"order_id": "A1", "assigned_at": "2026-11-18T11:00:00Z", "arm": "holdout",
                  "propensity": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize(("table", "event"), EVENTS)
def test_every_event_is_kept_with_its_order(
    shop: Caller, table: str, event: dict[str, Any]
) -> None:
    shop.one(order("A1"))
    answer = shop.post(f"/v1/{table}", [event])
    assert answer.get_json()["inserted"] == 1
    assert bool(answer.get_json()["results"]) == (table == "addresses")
    told = [r for r in shop.service.store.timeline("default", "A1") if r.table == table]
    assert len(told) == 1


BAD: list[tuple[str, object, int, str | None]] = [
    ("an unknown field", order("A2", colour="red"), 422, "orders[1].colour"),
    ("a wrong type", order("A2", amount_minor="129.90"), 422, "orders[1].amount_minor"),
    ("a naive time", order("A2", "2026-11-18T10:00:00"), 422, "orders[1].placed_at"),
    ("shipping before placing", order("A2", shipped_at="2026-11-17T00:00:00Z"), 422,
     "orders[1].shipped_at"),
    ("negative money", order("A2", shipping_minor=-1), 422, "orders[1].shipping_minor"),
    ("an unknown currency", order("A2", currency="XYZ"), 422, "orders[1].currency"),
    ("a doubled id", order("A1"), 422, "orders[1].order_id"),
    ("a doubled line", order("A2", items=[{"line": 1}, {"line": 1}]), 422,
     "orders[1].items[1].line"),
    ("no placing of a new order", {"order_id": "A2"}, 422, "orders[1].order_id"),
    ("an update of an unknown order", {"order_id": "A2", "carrier": "DHL"}, 422,
     "orders[1].placed_at"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "bad", "status", "path"), BAD, ids=[case[0] for case in BAD])
def test_one_bad_order_refuses_the_batch_and_stores_nothing(
    shop: Caller, why: str, bad: object, status: int, path: str
) -> None:
    del why
    answer = shop.post("/v1/score", {"orders": [order("A1"), bad]})
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert [error["path"] for error in problem["errors"]] == [path]
    assert stored(shop) == []


def test_an_update_cannot_ship_before_the_known_placing(shop: Caller) -> None:
    shop.one(order("A1"))
    answer = shop.post("/v1/score", {"order_id": "A1", "shipped_at": "2026-11-18T09:00:00Z"})
    assert [error["path"] for error in answer.get_json()["errors"]] == ["shipped_at"]
    assert len(shop.service.store.timeline("default", "A1")) == 1


def test_1001_orders_are_refused(shop: Caller) -> None:
    answer = shop.post("/v1/score", {"orders": [order(f"A{n}") for n in range(1001)]})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["path"] == "orders"
    assert stored(shop) == []


def test_a_body_of_ten_megabytes_is_refused_unread(shop: Caller) -> None:
    answer = shop.post("/v1/score", order("A1", channel="x" * 10_000_000))
    assert answer.status_code == 413
    assert answer.get_json()["type"] == "/problems/too-large"


@pytest.mark.parametrize("body", [b'{"order_id": "A\xff"}', b"{", b"", b'{"amount_minor": NaN}'])
def test_what_is_no_json_is_refused_with_400(shop: Caller, body: bytes) -> None:
    answer = shop.post("/v1/score", body)
    assert answer.status_code == 400
    assert answer.get_json()["type"] == "/problems/malformed-json"


def test_an_unknown_path_and_a_wrong_method_are_problems_too(shop: Caller) -> None:
    assert shop.get("/v1/nothing").get_json()["status"] == 404
    answer = shop.get("/v1/score")
    assert answer.status_code == 405
    assert answer.content_type == "application/problem+json"


def test_a_failure_of_ours_tells_the_caller_nothing_of_the_row(
    shop: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    """The store is gone: a true failure, with the order's words in the local variables."""
    shop.service.store.close()
    answer = shop.post("/v1/score", order("A1", channel="Rua das Flores"))
    assert answer.status_code == 500
    assert "Flores" not in answer.get_data(as_text=True)
    assert "Flores" not in capsys.readouterr().err


def test_a_store_that_stays_locked_is_said_to_be_busy(shop: Caller) -> None:
    """Another process writes for longer than we are ready to wait, here 50 ms instead of 30 s."""
    database = shop.service.store._database
    database.writing = partial(database.writing, 0.05)
    with closing(sqlite3.connect(shop.home.store_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = shop.post("/v1/score", order("A1"))
        other.execute("ROLLBACK")
    assert answer.status_code == 503
    assert answer.get_json()["detail"].startswith("The store is busy")
    assert shop.post("/v1/score", order("A1")).status_code == 200


THREAT = "再不发货我就去法院起诉"


def said(message_id: str, text: str, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": message_id, "sent_at": "2026-11-18T11:00:00Z", "sender": "buyer",
        "text": text, **fields,
    }  # fmt: skip


def test_a_threat_comes_with_the_score_as_an_alert_with_its_words(shop: Caller) -> None:
    result = shop.one(order("A1", messages=[said("m1", THREAT)]))
    (alert,) = result["alerts"]
    assert (alert["code"], alert["state"]) == ("legal_threat", "open")
    assert alert["cause"]["spans"][0]["text"] in THREAT
    assert shop.one(order("A2", messages=[said("m2", "谢谢")]))["alerts"] == []


def test_an_alert_is_raised_by_a_message_of_a_shipped_order_and_stays_with_it(shop: Caller) -> None:
    shop.one(order("A1"))
    shop.one(order("A1", shipped_at="2026-11-18T10:30:00Z"))
    answer = shop.post("/v1/messages", said("m1", THREAT, order_id="A1")).get_json()
    assert [one["code"] for one in answer["results"][0]["alerts"]] == ["legal_threat"]
    assert answer["results"][0]["action"] is None
    again = shop.one({"order_id": "A1"})
    assert [one["code"] for one in again["alerts"]] == ["legal_threat"]


def test_a_claim_raises_an_alert_on_an_order_never_scored(shop: Caller) -> None:
    claim = {"order_id": "Z9", "kind": "a_to_z_claim", "opened_at": "2026-11-18T11:00:00Z"}
    assert shop.post("/v1/outcomes", claim).status_code == 200
    listed = shop.get("/v1/alerts?state=open&shop=default").get_json()
    assert ("Z9", "claim_opened") in {(a["order_id"], a["code"]) for a in listed["alerts"]}


def test_a_message_without_an_order_raises_its_alert_too(shop: Caller) -> None:
    assert shop.post("/v1/messages", said("m1", THREAT, buyer_id="B1")).status_code == 200
    (alert,) = shop.get("/v1/alerts?shop=default").get_json()["alerts"]
    assert (alert["code"], alert["order_id"], alert["buyer_id"]) == ("legal_threat", None, "B1")


def test_the_list_shows_the_alerts_that_are_open_now(shop: Caller) -> None:
    (alert,) = shop.one(order("A1", messages=[said("m1", THREAT)]))["alerts"]
    listed = shop.get("/v1/top").get_json()["results"]
    assert [a["id"] for one in listed for a in one["alerts"]] == [alert["id"]]
    closing = {"root_cause": "logistics", "reason": "resent", "by": "Ana"}
    assert shop.post(f"/v1/alerts/{alert['id']}/close", closing).status_code == 200
    listed = shop.get("/v1/top").get_json()["results"]
    assert [a for one in listed for a in one["alerts"]] == []
