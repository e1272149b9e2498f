"""Red alerts over HTTP: listed, read with their briefing, closed by whoever may."""

from __future__ import annotations

from typing import Any

import pytest
from alert_desk import THREAT, read
from served_shop import Caller, order

CLOSING = {"root_cause": "logistics", "reason": "Lost; refunded.", "by": "Wei"}


@pytest.fixture
def shop(shop: Caller) -> Caller:
    """A shop without history, of which a buyer threatens."""
    shop.service.watch.read = read
    shop.service.watch.sweep(shop.clock())
    shop.one(order("A1"))
    said = {"message_id": "m1", "order_id": "A1", "sender": "buyer", "text": THREAT}
    assert shop.post("/v1/messages", {**said, "sent_at": "2026-11-18T10:30:00Z"}).status_code == 200
    return shop


def listed(shop: Caller, query: str = "shop=default", key: str | None = None) -> list[Any]:
    answer = shop.get(f"/v1/alerts?{query}", key)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["alerts"]


def test_the_list_shows_a_threat_as_soon_as_it_was_told(shop: Caller) -> None:
    (alert,) = listed(shop)
    assert alert["code"] == "legal_threat"
    assert (alert["shop_id"], alert["order_id"]) == ("default", "A1")
    assert (alert["state"], alert["closed"]) == ("open", None)
    assert alert["cause"]["spans"] == [{"start": 0, "end": 9, "text": "my lawyer"}]
    assert len(alert["evidence"]) == 64


def test_a_threat_against_a_shipped_order_is_listed_too(shop: Caller) -> None:
    shop.one({"order_id": "A1", "shipped_at": "2026-11-18T11:00:00Z"})
    said = {
        "message_id": "m2",
        "order_id": "A1",
        "sender": "buyer",
        "text": "I will report you to Procon",
    }
    shop.post("/v1/messages", {**said, "sent_at": "2026-11-18T11:05:00Z"})
    assert [alert["code"] for alert in listed(shop)] == ["legal_threat", "regulator_threat"]


def test_one_alert_comes_with_its_briefing_in_the_language_asked_for(shop: Caller) -> None:
    (alert,) = listed(shop)
    answer = shop.get(f"/v1/alerts/{alert['id']}").get_json()
    assert answer["alert"] == alert
    assert answer["briefing"]["buyer"] == "buyer of A1"
    assert answer["text"].startswith("[URGENT][ESCALATED]\nOrder: A1; shop default")
    zh = shop.get(f"/v1/alerts/{alert['id']}?lang=zh").get_json()
    assert zh["text"].startswith("【紧急】【升级】\n订单号")


def test_a_closed_alert_says_who_closed_it_and_why_and_stays_closed(shop: Caller) -> None:
    (alert,) = listed(shop)
    closed = shop.post(f"/v1/alerts/{alert['id']}/close", CLOSING).get_json()["alert"]
    assert closed["state"] == "closed"
    assert closed["closed"].pop("at").startswith("2026-11-18T11:06:4")
    assert closed["closed"] == CLOSING
    again = shop.post(f"/v1/alerts/{alert['id']}/close", CLOSING)
    assert again.get_json()["alert"]["id"] == alert["id"]
    assert listed(shop, "shop=default&state=open") == []
    assert len(listed(shop, "shop=default&state=closed")) == 1


def test_other_words_for_a_closed_alert_are_refused(shop: Caller) -> None:
    (alert,) = listed(shop)
    shop.post(f"/v1/alerts/{alert['id']}/close", CLOSING)
    other = shop.post(f"/v1/alerts/{alert['id']}/close", {**CLOSING, "by": "Ana"})
    assert other.status_code == 422
    assert other.get_json()["errors"][0]["expected"] == "an open alert"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({**CLOSING, "root_cause": "rain"}, "root_cause", "one of product_defect, logistics,"),
        ({"root_cause": "logistics", "by": "Wei"}, "reason", "text of 1 to 2000 characters"),
        ({**CLOSING, "reason": ""}, "reason", "text of 1 to 2000 characters"),
        ({**CLOSING, "reason": "x" * 2_001}, "reason", "text of 1 to 2000 characters"),
        ({**CLOSING, "by": " "}, "by", "the name of whoever closes it"),
        ({**CLOSING, "by": 7}, "by", "the name of whoever closes it"),
        ({**CLOSING, "reasons": "x"}, "reasons", "did you mean reason?"),
        ({**CLOSING, "reason": "a\0b"}, "reason", "text without NUL characters"),
        ([CLOSING], "", "an object"),
    ],
)
def test_a_wrong_closing_is_refused_by_its_field(
    shop: Caller, body: Any, path: str, expected: str
) -> None:
    (alert,) = listed(shop)
    answer = shop.post(f"/v1/alerts/{alert['id']}/close", body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    (error,) = answer.get_json()["errors"]
    assert error["path"] == path
    assert expected in error["expected"]
    assert listed(shop) == [alert]


def test_what_is_no_json_is_refused(shop: Caller) -> None:
    (alert,) = listed(shop)
    assert shop.post(f"/v1/alerts/{alert['id']}/close", b"{").status_code == 400


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("state=opened", "?state"),
        ("after=1", "?after"),
        ("limit=0", "?limit"),
        ("stat=open", "?stat"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(shop: Caller, query: str, path: str) -> None:
    answer = shop.get(f"/v1/alerts?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["path"] == path


def test_a_language_that_no_briefing_has_is_refused(shop: Caller) -> None:
    (alert,) = listed(shop)
    answer = shop.get(f"/v1/alerts/{alert['id']}?lang=fr").get_json()
    assert answer["errors"][0] == {
        "path": "?lang",
        "got": "text of 2 characters",
        "expected": "one of en, zh",
    }


def test_an_alert_that_is_none_is_not_found(shop: Caller) -> None:
    assert shop.get("/v1/alerts/none").status_code == 404
    assert shop.post("/v1/alerts/none/close", CLOSING).status_code == 404


def test_pages_meet_every_alert_once(shop: Caller) -> None:
    for number in range(2, 6):
        said = {"message_id": f"m{number}", "order_id": "A1", "sender": "buyer", "text": THREAT}
        shop.post("/v1/messages", {**said, "sent_at": "2026-11-18T10:30:00Z"})
    met, after = [], ""
    while True:
        page = shop.get(f"/v1/alerts?shop=default&limit=2&after={after}").get_json()
        if not page["alerts"]:
            break
        met += [alert["cause"]["message_id"] for alert in page["alerts"]]
        after = page["next"]
    assert met == ["m1", "m2", "m3", "m4", "m5"]


def test_a_key_reads_and_closes_only_within_its_shop_and_its_scopes(shop: Caller) -> None:
    (alert,) = listed(shop)
    store = shop.service.store
    other = store.add_key("other", ["read", "events"], "elsewhere")
    assert listed(shop, "", other) == []
    assert shop.get("/v1/alerts?shop=default", other).status_code == 403
    assert shop.get(f"/v1/alerts/{alert['id']}", other).status_code == 404
    assert shop.post(f"/v1/alerts/{alert['id']}/close", CLOSING, other).status_code == 404
    reader = store.add_key("reader", ["read"], "default")
    assert listed(shop, "", reader) == [alert]
    assert shop.post(f"/v1/alerts/{alert['id']}/close", CLOSING, reader).status_code == 403
    teller = store.add_key("teller", ["events"])
    assert shop.get("/v1/alerts", teller).status_code == 403
    assert shop.get("/v1/alerts", "").status_code == 401


def test_openapi_names_the_path_parameter_of_an_alert(shop: Caller) -> None:
    paths = shop.get("/openapi.json", key="").get_json()["paths"]
    told = paths["/v1/alerts/{alert_id}/close"]["post"]["parameters"]
    assert [(each["name"], each["in"]) for each in told] == [("alert_id", "path")]
