"""What machines read back: every score, the list of a day, all about one order; and who may."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from served_shop import DAYS, NOW, SHOP, Caller, order

from features.schema import DAY_US, HOUR_US, SECOND_US, in_text
from serving import arguments
from serving.problems import Problem
from training.batch import Asked, score
from training.champion import open_champion

TODAY = "2026-11-18"


def test_every_score_is_read_once_and_in_order_however_small_the_pages(shop: Caller) -> None:
    shop.score({"orders": [order(f"A{number}") for number in range(7)]})
    read, after = [], ""
    while True:
        page = shop.get(f"/v1/scores?limit=3&after={after}").get_json()
        read += [line["score"]["order_id"] for line in page["scores"]]
        if not page["scores"]:
            break
        after = page["next"]
    assert read == [f"A{number}" for number in range(7)]
    assert page["next"] == after


def test_reading_resumes_after_the_scores_that_came_later(shop: Caller) -> None:
    shop.one(order("A1"))
    after = shop.get("/v1/scores").get_json()["next"]
    shop.one(order("A2"))
    (line,) = shop.get(f"/v1/scores?after={after}").get_json()["scores"]
    assert line["score"]["order_id"] == "A2"
    assert line["cursor"] != after


def test_the_list_of_today_is_every_open_order_riskiest_first(shop: Caller) -> None:
    """Also those that nobody asked about: the simulated shop's own open orders."""
    shop.one(order("A1"))
    results = shop.get("/v1/top?limit=1000").get_json()["results"]
    risks = [result["risk"] for result in results]
    assert risks == sorted(risks, reverse=True)
    assert {result["shop_id"] for result in results} == {"default", SHOP}
    open_ = shop.service.store.open_orders(as_of=shop.clock.now)
    assert len(results) == len(open_)
    assert shop.get("/v1/top?limit=1000").get_json()["results"] == results


def test_an_order_that_came_by_import_is_listed_within_ten_seconds(shop: Caller) -> None:
    listed = shop.get("/v1/top?limit=1000").get_json()["results"]
    row = {"shop_id": "default", "order_id": "A1", "placed_at": NOW, "known_at": NOW}
    shop.service.store.write({"orders": [row]}, received_at=NOW)
    assert shop.get("/v1/top?limit=1000").get_json()["results"] == listed
    shop.clock.now += 10 * SECOND_US
    results = shop.get("/v1/top?limit=1000").get_json()["results"]
    assert len(results) == len(listed) + 1


def test_the_list_says_its_reasons_and_its_day(shop: Caller) -> None:
    shop.one({**order("A1"), "reasons": False})
    answer = shop.get("/v1/top?shop=default").get_json()
    assert answer["day"] == TODAY
    (result,) = answer["results"]
    assert result["reasons"]
    assert result["flagged"] is True


def test_the_list_leaves_out_what_has_shipped(shop: Caller) -> None:
    shop.score({"orders": [order("A1"), order("A2")]})
    shop.one({"order_id": "A1", "shipped_at": "2026-11-18T11:00:00Z"})
    results = shop.get("/v1/top?shop=default").get_json()["results"]
    assert [result["order_id"] for result in results] == ["A2"]


def test_the_list_can_be_of_one_platform(shop: Caller) -> None:
    shop.score({"orders": [order("A1"), order("A2", platform="ebay")]})
    results = shop.get("/v1/top?shop=default&platform=ebay").get_json()["results"]
    assert [result["order_id"] for result in results] == ["A2"]


def test_the_list_of_a_past_day_is_what_could_be_known_then_and_stores_nothing(
    shop: Caller,
) -> None:
    shop.one(order("A1"))
    day = in_text(NOW - 10 * DAY_US)[:10]
    results = shop.get(f"/v1/top?day={day}&limit=1000").get_json()["results"]
    assert {result["shop_id"] for result in results} == {SHOP}
    end = (NOW // DAY_US - 9) * DAY_US
    assert {result["as_of"] for result in results} == {in_text(end)}
    assert len(shop.get("/v1/scores?limit=1000").get_json()["scores"]) == 1


def test_the_list_of_a_past_day_can_be_of_one_platform(shop: Caller) -> None:
    day = in_text(NOW - 10 * DAY_US)[:10]
    every = shop.get(f"/v1/top?day={day}&limit=1000").get_json()["results"]
    none = shop.get(f"/v1/top?day={day}&limit=1000&platform=nowhere").get_json()["results"]
    assert every
    assert none == []


def test_the_list_of_a_day_to_come_is_empty(shop: Caller) -> None:
    assert shop.get("/v1/top?day=2027-01-01").get_json()["results"] == []


def test_a_past_day_is_answered_as_batch_scoring_answers_it(shop: Caller) -> None:
    """Its population state is no longer stored, so it is counted anew rather than guessed."""
    store, past = shop.service.store, NOW - 20 * DAY_US
    keys = store.open_orders(as_of=past)[:5].tolist()
    names = store.order_ids(keys)
    asked = [
        {"shop_id": names[key][0], "order_id": names[key][1], "as_of": in_text(past)}
        for key in keys
    ]
    results = shop.score({"orders": asked})["results"]
    moments = Asked(np.array(keys), np.full(len(keys), past))
    bundle, settings = open_champion(shop.home), shop.service.settings
    batch = score(store, bundle, store.facts(), moments, settings=settings)
    assert [result["risk"] for result in results] == pytest.approx(batch.risk.tolist(), abs=1e-12)


def test_all_about_an_order_is_its_timeline_its_scores_and_its_reasons(shop: Caller) -> None:
    first = shop.one(order("A/1 ü", carrier=None))
    shop.one({"order_id": "A/1 ü", "carrier": "DHL"})
    answer = shop.get("/v1/orders/A%2F1%20%C3%BC").get_json()
    assert (answer["order_id"], answer["shop_id"]) == ("A/1 ü", "default")
    assert [record["table"] for record in answer["timeline"]] == ["orders", "orders"]
    assert answer["timeline"][0]["placed_at"] == "2026-11-18T10:00:00.000000Z"
    assert [record.get("carrier") for record in answer["timeline"]] == [None, "DHL"]
    assert answer["scores"][0] == first
    assert answer["reasons"] == answer["scores"][1]["reasons"]


def test_reasons_that_were_not_asked_for_are_worked_out_when_they_are_read(shop: Caller) -> None:
    shop.one({**order("A1"), "reasons": False})
    assert shop.get("/v1/orders/A1").get_json()["reasons"]


def test_an_order_that_nobody_told_is_not_found(shop: Caller) -> None:
    answer = shop.get("/v1/orders/A1")
    assert answer.status_code == 404
    assert answer.get_json()["type"] == "/problems/not-found"


BAD_ARGUMENTS = [
    ("/v1/scores?after=nonsense", "?after"),
    ("/v1/scores?limit=0", "?limit"),
    ("/v1/scores?limit=1001", "?limit"),
    ("/v1/scores?limit=ten", "?limit"),
    ("/v1/scores?shop=default", "?shop"),
    ("/v1/top?day=yesterday", "?day"),
    ("/v1/top?dya=2026-11-18", "?dya"),
]


@pytest.mark.parametrize(("path", "name"), BAD_ARGUMENTS)
def test_an_argument_that_is_not_understood_is_refused_by_its_name(
    shop: Caller, path: str, name: str
) -> None:
    answer = shop.get(path)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.get_json()["errors"]] == [name]


@pytest.mark.parametrize("place", [0, 1, 9, 10, 123_456, 2**53, 10**18 - 1])
def test_a_cursor_comes_back_as_the_place_it_names(place: int) -> None:
    text = arguments.cursor_in_text(place)
    assert arguments.cursor({"after": text}) == place
    assert text.isalnum()


@pytest.mark.parametrize("text", ["0", "ge5q", "zzzzzzzz", "🙂", "ge5dambr" * 9])
def test_a_cursor_of_nobodys_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        arguments.cursor({"after": text})


SCOPED = [
    ("score", "POST", "/v1/score"),
    ("events", "POST", "/v1/messages"),
    ("events", "POST", "/v1/outreach"),
    ("read", "GET", "/v1/top"),
    ("read", "GET", "/v1/scores"),
    ("read", "GET", "/v1/orders/A1"),
]


@pytest.mark.parametrize(("scope", "method", "path"), SCOPED)
def test_a_key_reaches_only_what_its_scope_names(
    shop: Caller, scope: str, method: str, path: str
) -> None:
    others = {"score", "events", "read"} - {scope}
    key = shop.service.store.add_key("narrow", others)
    answer = shop.send(method, path, b"{}", key)
    assert answer.status_code == 403
    assert scope in answer.get_json()["detail"]


@pytest.mark.parametrize("key", ["", "rr_made_up", "ключ"])
def test_without_a_working_key_nothing_is_answered(shop: Caller, key: str) -> None:
    answer = shop.send("POST", "/v1/score", order("A1"), key)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.content_type == "application/problem+json"


def test_a_cookie_is_no_key(shop: Caller) -> None:
    shop.client.set_cookie("Authorization", f"Bearer {shop.key}")
    assert shop.send("GET", "/v1/top", key="").status_code == 401


def test_a_key_of_one_shop_tells_and_reads_only_that_shop(shop: Caller) -> None:
    mine = shop.service.store.add_key("mine", ["score", "events", "read"], "mine")
    shop.one(order("A1"))
    answer = shop.post("/v1/score", order("B1"), mine).get_json()
    assert answer["results"][0]["shop_id"] == "mine"
    refused = shop.post("/v1/score", {"orders": [order("B2", shop_id="default")]}, mine)
    assert refused.status_code == 403
    assert refused.get_json()["detail"].startswith("orders[0].shop_id")
    assert shop.get("/v1/orders/A1", mine).status_code == 404
    assert shop.get("/v1/orders/A1?shop=default", mine).status_code == 403
    assert shop.get("/v1/top?shop=default", mine).status_code == 403
    listed = shop.get("/v1/top", mine).get_json()["results"]
    assert [result["order_id"] for result in listed] == ["B1"]
    read = shop.get("/v1/scores", mine).get_json()["scores"]
    assert [line["score"]["order_id"] for line in read] == ["B1"]


def test_a_revoked_key_stops_working_within_seconds(open_app: Callable[[], Caller]) -> None:
    """The cache holds a key for two seconds; here its clock is moved instead of waited for."""
    shop = open_app()
    seconds = [0.0]
    shop.service.keys._clock = lambda: seconds[0]
    assert shop.get("/v1/scores").status_code == 200
    shop.service.store.revoke_key("test 1")
    seconds[0] = 2.0
    assert shop.get("/v1/scores").status_code == 401


def test_the_simulated_shop_is_as_old_as_the_tests_believe(shop: Caller) -> None:
    placed = shop.service.store.facts(tables=["orders"])["orders"]["placed_at"]
    assert NOW - DAYS * DAY_US <= int(placed.min()) < NOW - (DAYS - 10) * DAY_US
    assert int(placed.max()) > NOW - 48 * HOUR_US


def test_the_timeline_marks_what_words_say_and_what_an_address_lacks(shop: Caller) -> None:
    message = {
        "message_id": "m1", "sent_at": "2026-11-18T11:00:00Z", "sender": "buyer",
        "text": "再不发货我就去法院起诉",
    }  # fmt: skip
    address = {
        "recorded_at": "2026-11-18T10:00:00Z", "recipient": "test", "line1": "Maple St",
        "city": "Reno", "country": "US",
    }  # fmt: skip
    shop.one(order("A1", messages=[message], addresses=[address]))
    records = {one["table"]: one for one in shop.get("/v1/orders/A1").get_json()["timeline"]}
    signals = {one["signal"]: one["text"] for one in records["messages"]["signals"]}
    assert signals["legal_threat"] in message["text"]
    seen = {one["code"]: (one["field"], one["text"]) for one in records["addresses"]["defects"]}
    assert seen["no_house_number"] == ("line1", "Maple St")
    assert seen["dummy_recipient"] == ("recipient", "test")
