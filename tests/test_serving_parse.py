"""What the HTTP service takes as an order or an event, and how it refuses the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving import parse
from serving.problems import FieldError, Problem

NOW = 1_790_000_000_000_000  # 2026-09-21T13:33:20Z
ARRIVAL = parse.Arrival(received_at=NOW, shop_of=lambda shop, _path: shop or "default")
ORDER: dict[str, Any] = {
    "order_id": "A1",
    "placed_at": "2026-09-01T10:00:00Z",
    "amount_minor": 12990,
    "currency": "BRL",
}
ITEM = {"line": 1, "product_id": "P1", "quantity": 1}
ADDRESS = {"recorded_at": "2026-09-01T10:00:00Z", "city": "Campinas"}
MESSAGE = {"message_id": "M1", "sent_at": "2026-09-01T11:00:00Z", "sender": "buyer", "text": "?"}


def body_of(value: object) -> bytes:
    return json.dumps(value).encode()


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as raised:
        parse.score_request(body, ARRIVAL)
    return raised.value


def only_error(value: object) -> FieldError:
    (error,) = refusal(body_of(value)).errors
    return error


def test_one_order_becomes_rows_with_whole_times_and_the_store_says_when_it_is_known() -> None:
    sent = {**ORDER, "items": [ITEM], "addresses": [ADDRESS], "messages": [MESSAGE]}
    request = parse.score_request(body_of(sent), ARRIVAL)
    placed_at = 1_788_256_800_000_000
    shop = {"shop_id": "default", "order_id": "A1"}
    assert request.told.rows == {
        "orders": [{**shop, "placed_at": placed_at, "amount_minor": 12990, "currency": "BRL"}],
        "items": [{**ITEM, **shop}],
        "addresses": [{**ADDRESS, **shop, "recorded_at": placed_at}],
        "messages": [{**MESSAGE, **shop, "sent_at": placed_at + 3_600_000_000}],
    }
    assert request.asked == (parse.Asked("default", "A1", None, ""),)


def test_reasons_are_worked_out_for_one_order_and_for_the_flagged_of_many() -> None:
    assert parse.score_request(body_of(ORDER), ARRIVAL).reasons is True
    assert parse.score_request(body_of({"orders": [ORDER]}), ARRIVAL).reasons == "flagged"
    asked = {"orders": [ORDER], "reasons": False}
    assert parse.score_request(body_of(asked), ARRIVAL).reasons is False


def test_an_absent_field_is_left_out_and_a_null_one_clears() -> None:
    rows = parse.score_request(body_of({"order_id": "A1", "carrier": None}), ARRIVAL).told.rows
    assert rows["orders"] == [{"order_id": "A1", "carrier": None, "shop_id": "default"}]


def test_a_question_about_a_past_moment_keeps_nothing() -> None:
    asked = {**ORDER, "items": [ITEM], "as_of": "2026-09-01T12:00:00+02:00"}
    request = parse.score_request(body_of(asked), ARRIVAL)
    assert request.told.rows == {}
    assert request.asked[0].as_of == 1_788_256_800_000_000


def test_an_id_alone_tells_nothing_and_asks_for_a_score() -> None:
    assert parse.score_request(body_of({"order_id": "A1"}), ARRIVAL).told.rows == {}


def test_items_without_a_clock_were_known_when_their_order_was() -> None:
    sent = {**ORDER, "known_at": "2026-09-01T10:00:00Z", "items": [ITEM]}
    rows = parse.score_request(body_of(sent), ARRIVAL).told.rows
    assert rows["items"][0]["known_at"] == rows["orders"][0]["known_at"] == 1_788_256_800_000_000


def test_an_order_whose_channel_is_called_orders_is_still_one_order() -> None:
    request = parse.score_request(body_of({**ORDER, "channel": "orders"}), ARRIVAL)
    assert request.told.rows["orders"][0]["channel"] == "orders"


BAD_FIELDS: list[tuple[str, object, str, str]] = [
    ("amount_minor", "129.90", '"129.90"', "a whole number in minor units"),
    ("amount_minor", 129.9, "129.9", "a whole number in minor units"),
    ("amount_minor", -1, "-1", "zero or more"),
    ("amount_minor", True, "true", "a whole number in minor units"),
    ("amount_minor", 2**53 + 1, "9007199254740993", "at most 9007199254740992"),
    ("placed_at", "2026-09-01T10:00:00", '"2026-09-01T10:00:00"', "with an offset"),
    ("placed_at", 1788256800, "1788256800", "with an offset"),
    ("placed_at", "Rua das Flores 12", "text of 17 characters", "with an offset"),
    ("placed_at", "2026-02-30T10:00:00Z", '"2026-02-30T10:00:00Z"', "with an offset"),
    ("placed_at", "1971-01-01T00:00:00Z", '"1971-01-01T00:00:00+00:00"', "from 1990 to 2099"),
    ("placed_at", "2026-10-01T00:00:00Z", '"2026-10-01T00:00:00.000000Z"', "not after now"),
    ("placed_at", None, "null", "RFC 3339"),
    ("currency", "REAL", '"REAL"', "ISO 4217"),
    ("currency", "brl", '"brl"', "ISO 4217"),
    ("currency", "my money", "text of 8 characters", "ISO 4217"),
    ("payment_method", "bitcoin", '"bitcoin"', "one of card, wallet"),
    ("is_gift", "yes", "text of 3 characters", "true or false"),
    ("instalments", -2, "-2", "0 or more"),
    ("order_id", "", "text of 0 characters", "text of 1 to 20000"),
    ("order_id", 17, "a number", "text of 1 to 20000"),
    ("buyer_id", ["John"], "an array of 1", "text"),
    ("channel", "x" * 20_001, "text of 20001 characters", "at most 20000"),
    ("attributes", {"tier": {"of": 1}}, "an object", "an object of texts, numbers and truths"),
    ("items", {}, "an object", "an array"),
    ("as_of", "2026-10-01T00:00:00Z", '"2026-10-01T00:00:00.000000Z"', "not after now"),
    ("known_at", "2026-10-01T00:00:00Z", '"2026-10-01T00:00:00.000000Z"', "not after now"),
    ("reasons", "all", "text of 3 characters", '"flagged", true or false'),
    ("buyer_email", "a@b.example", "an unknown field", "a field of the contract"),
]


@pytest.mark.parametrize(("name", "value", "got", "expected"), BAD_FIELDS)
def test_a_bad_field_is_refused_by_its_path(
    name: str, value: object, got: str, expected: str
) -> None:
    error = only_error({**ORDER, name: value})
    assert error.path.split("[")[0] == name
    assert error.got == got
    assert expected in error.expected


def test_a_bad_field_deep_in_a_batch_is_named_by_its_whole_path() -> None:
    bad = {**ORDER, "order_id": "A2", "items": [ITEM, {**ITEM, "line": 2, "quantity": "two"}]}
    error = only_error({"orders": [ORDER, bad]})
    assert error.path == "orders[1].items[1].quantity"


def test_all_wrong_places_are_named_at_once() -> None:
    bad = {"order_id": "A1", "placed_at": "yesterday", "amount_minor": -5, "colour": 1}
    assert {e.path for e in refusal(body_of(bad)).errors} == {
        "placed_at",
        "amount_minor",
        "colour",
    }


@pytest.mark.parametrize("late", ["paid_at", "ship_by_at", "deliver_by_at", "shipped_at"])
def test_what_follows_the_placing_cannot_lie_before_it(late: str) -> None:
    error = only_error({"orders": [{**ORDER, late: "2026-08-31T10:00:00Z"}]})
    assert error == FieldError(
        f"orders[0].{late}",
        '"2026-08-31T10:00:00.000000Z"',
        "a time not before placed_at, which is 2026-09-01T10:00:00.000000Z",
    )


def test_an_order_sent_twice_in_a_batch_is_refused() -> None:
    error = only_error({"orders": [{"order_id": "A1"}, {"order_id": "A2"}, {"order_id": "A1"}]})
    assert error.path == "orders[2].order_id"
    assert "orders[0].order_id" in error.expected


def test_a_line_sent_twice_in_an_order_is_refused() -> None:
    error = only_error({**ORDER, "items": [ITEM, ITEM]})
    assert error.path == "items[1].line"


def test_a_message_sent_in_two_orders_is_refused() -> None:
    orders = [
        {**ORDER, "order_id": "A1", "messages": [MESSAGE]},
        {**ORDER, "order_id": "A2", "messages": [MESSAGE]},
    ]
    assert only_error({"orders": orders}).path == "orders[1].messages[0].message_id"


def test_an_item_of_another_order_is_refused() -> None:
    assert only_error({**ORDER, "items": [{**ITEM, "order_id": "A9"}]}).path == "items[0].order_id"


@pytest.mark.parametrize("count", [0, 1001])
def test_a_batch_is_one_to_a_thousand_orders(count: int) -> None:
    orders = [{**ORDER, "order_id": f"A{n}"} for n in range(count)]
    error = only_error({"orders": orders})
    assert error == FieldError("orders", f"{count} of them", "1 to 1000 of them")


def test_a_thousand_orders_are_taken() -> None:
    orders = [{**ORDER, "order_id": f"A{n}"} for n in range(1000)]
    assert len(parse.score_request(body_of({"orders": orders}), ARRIVAL).asked) == 1000


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_not_a_number_is_named_by_its_path(word: str) -> None:
    body = b'{"orders": [{"order_id": "A1", "amount_minor": %s}]}' % word.encode()
    problem = refusal(body)
    assert problem.status == 400
    assert [(e.path, e.got) for e in problem.errors] == [("orders[0].amount_minor", word)]


def test_invalid_utf_8_is_named_by_its_byte() -> None:
    problem = refusal(b'{"order_id": "A\xff"}')
    assert problem.status == 400
    assert problem.detail == "expected UTF-8, got the invalid byte 0xff at byte 15."


MALFORMED = [b"", b"{", b'{"order_id": "A1"} x', b"\xef\xbb\xbf{}", b'{"order_id": "\\ud800"}']


@pytest.mark.parametrize("body", [*MALFORMED, b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert refusal(body).status in (400, 422)


@pytest.mark.parametrize("body", [b"[]", b"3", b'"A1"', b"null"])
def test_what_is_no_order_is_refused(body: bytes) -> None:
    assert refusal(body).errors[0].path == ""


def test_a_nul_character_is_refused_by_its_path() -> None:
    error = only_error({"orders": [{**ORDER, "buyer_id": "a\0b"}]})
    assert error.path == "orders[0].buyer_id"


def test_a_backslash_before_u0000_is_text_like_any_other() -> None:
    rows = parse.score_request(body_of({**ORDER, "buyer_id": "\\u0000"}), ARRIVAL).told.rows
    assert rows["orders"][0]["buyer_id"] == "\\u0000"


WORDS = "Rua das Flores 12, apto 3"


@pytest.mark.parametrize("name", ["placed_at", "amount_minor", "payment_method", "currency"])
def test_a_refusal_never_repeats_a_customers_words(name: str) -> None:
    problem = refusal(body_of({**ORDER, name: WORDS, WORDS: 1}))
    shown = problem.detail + "".join(e.path + e.got + e.expected for e in problem.errors)
    assert "Flores" not in shown


def test_one_event_and_a_list_of_events_become_rows() -> None:
    event = {"order_id": "A1", "kind": "return", "opened_at": "2026-09-01T10:00:00Z"}
    row = {**event, "opened_at": 1_788_256_800_000_000, "shop_id": "default"}
    assert parse.event_rows(body_of(event), "outcomes", ARRIVAL).rows == {"outcomes": [row]}
    several = parse.event_rows(b" " + body_of([event]), "outcomes", ARRIVAL)
    assert several.rows == {"outcomes": [row]}


OUTCOME = {"order_id": "A1", "kind": "return", "opened_at": "2026-09-01T10:00:00Z"}
DELIVERY = {"order_id": "A1", "attempted_at": "2026-09-01T10:00:00Z", "status": "lost"}
CONTACT = {"order_id": "A1", "assigned_at": "2026-09-01T10:00:00Z", "arm": "contact"}
BAD_EVENTS: list[tuple[str, object, str]] = [
    ("outcomes", {"order_id": "A1", "kind": "return"}, "opened_at"),
    ("outcomes", [{**OUTCOME, "kind": "x"}], "[0].kind"),
    ("messages", {**MESSAGE, "sender": "mother"}, "sender"),
    ("messages", [MESSAGE, MESSAGE], "[1].message_id"),
    ("messages", [], ""),
    ("messages", "hello", ""),
    ("addresses", {**ADDRESS, "order_id": "A1", "lat": 91}, "lat"),
    ("deliveries", {**DELIVERY, "attempted_at": "2026-09-01"}, "attempted_at"),
    ("outreach", {**CONTACT, "propensity": 2}, "propensity"),
    ("messages", {**MESSAGE, "sent_at": "2027-09-01T11:00:00Z"}, "sent_at"),
]


@pytest.mark.parametrize(("table", "value", "path"), BAD_EVENTS)
def test_a_bad_event_is_refused_by_its_path(table: str, value: object, path: str) -> None:
    with pytest.raises(Problem) as raised:
        parse.event_rows(body_of(value), table, ARRIVAL)
    assert [e.path for e in raised.value.errors] == [path]


def test_an_outcome_cannot_close_before_it_opened() -> None:
    event = {"order_id": "A1", "kind": "return", "opened_at": "2026-09-02T10:00:00Z"}
    with pytest.raises(Problem) as raised:
        parse.event_rows(
            body_of({**event, "closed_at": "2026-09-01T10:00:00Z"}), "outcomes", ARRIVAL
        )
    assert raised.value.errors[0].path == "closed_at"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ["order_id", "placed_at", "amount_minor", "items", "messages", "attributes", "as_of"]
ORDERS = st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=5)


def refused(body: bytes) -> Problem | None:
    try:
        parse.score_request(body, ARRIVAL)
    except Problem as problem:
        return problem
    return None


@given(sent=ORDERS | ANYTHING | st.fixed_dictionaries({"orders": st.lists(ORDERS, max_size=2)}))
def test_any_json_is_either_taken_or_refused_with_a_named_place(sent: object) -> None:
    """No body may end in an error that nobody foresaw, and no refusal may be without a reason."""
    problem = refused(json.dumps(sent).encode())
    assert problem is None or problem.errors


@given(body=st.binary(max_size=60))
def test_any_bytes_are_either_taken_or_refused(body: bytes) -> None:
    problem = refused(body)
    assert problem is None or problem.status in (400, 422)
