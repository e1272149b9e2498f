"""The briefing of an alert: six facts of the record, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import pytest
from alert_desk import (
    HOUR,
    NOON,
    THREAT,
    claim,
    key,
    message,
    new_home,
    order,
    read,
    said_of,
    threat,
    watch,
    write,
)

from outreach.alert_briefing import Briefing, as_text, briefing
from outreach.alert_rules import CODES
from outreach.alert_words import LANGUAGES, words
from store import Store
from store.alert_rows import CLAIMS
from store.home import Home

ORDER = {"buyer_id": "b1", "platform": "amazon", "amount_minor": 129_900, "currency": "USD"}


@pytest.fixture
def home(tmp_path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def store(home) -> Iterator[Store]:
    with home.open_store() as opened:
        write(opened, orders=[order(**ORDER)])
        yield opened


def told(store: Store, home: Home, *, now: int = NOON, **asked) -> Briefing:
    """The briefing of the first alert."""
    watch(store, home).sweep(now)
    return briefing(store, store.alerts()[0], read=read, **asked)


def test_a_briefing_holds_exactly_six_things():
    assert [field.name for field in fields(Briefing)] == [
        "order",
        "buyer",
        "nature",
        "done",
        "buyer_state",
        "deadline",
    ]


def test_a_threat_is_told_in_the_very_words(store, home):
    write(
        store,
        messages=[
            threat("m1", text="You clowns, my lawyer\nwill write"),
            message("m2", NOON + HOUR, order_id="A", sender="seller", text="Sorry!"),
        ],
        received_at=NOON + HOUR,
    )
    assert as_text(told(store, home, now=NOON + HOUR)) == (
        "[URGENT][ESCALATED]\n"
        "Order: A; shop shop; platform amazon; amount 1299.00 USD; placed 2025-01-01 12:00 UTC;"
        " not shipped\n"
        "Buyer: b1\n"
        'Nature: Legal steps threatened or taken: "my lawyer" (message m1 of 2025-01-01 12:00 UTC)'
        "\n"
        "Done so far: 1 reply of the shop since, 2025-01-01 13:00 UTC\n"
        'Buyer\'s state: angry: "clowns" (message m1 of 2025-01-01 12:00 UTC)\n'
        "Deadline: 2025-01-02 13:00 UTC, team lead"
    )


def test_the_same_in_chinese(store, home):
    write(store, messages=[threat()])
    shown = as_text(told(store, home, language="zh", timezone="Asia/Shanghai"), "zh")
    assert shown.splitlines()[0] == "【紧急】【升级】"
    assert shown.splitlines()[1].startswith("订单号\uff1aA\uff1b店铺 shop\uff1b平台 amazon")
    assert "“my lawyer”" in shown
    assert "2025-01-01 20:00 CST" in shown
    assert "事发后无任何处理记录" in shown


def test_a_claim_is_told_with_its_amount_and_when_its_answer_is_due(store, home):
    write(store, outcomes=[claim()])
    assert told(store, home).nature == (
        "Claim opened: A-to-z claim of 2025-01-01 12:00 UTC; amount 1299.00 USD;"
        " answer due 2025-01-04 12:00 UTC"
    )


def test_what_was_done_is_what_was_done_since(store, home):
    write(
        store,
        messages=[
            message("m0", NOON - HOUR, order_id="A", sender="seller", text="Welcome!"),
            threat("m1"),
            message("m2", NOON + HOUR, order_id="A", sender="seller", text="Sorry!"),
            message("m3", NOON + 2 * HOUR, order_id="A", sender="seller", text="Refunded."),
        ],
        outreach=[
            said_of(assigned_at=NOON, sent_at=NOON + HOUR, action="call", arm="contact"),
            said_of(known_at=NOON + 1, assigned_at=NOON + 1, arm="holdout"),
        ],
        outcomes=[said_of(kind="refund", opened_at=NOON + 2 * HOUR)],
        received_at=NOON + 3 * HOUR,
    )
    assert told(store, home, now=NOON + 3 * HOUR).done == (
        "2 replies of the shop since, the last 2025-01-01 14:00 UTC;"
        " contacted 2025-01-01 13:00 UTC (call); refund recorded 2025-01-01 14:00 UTC"
    )


def test_the_state_of_the_buyer_is_that_of_the_latest_message_that_shows_one(store, home):
    write(
        store,
        messages=[
            threat("m1", text=f"{THREAT}, clowns!"),
            message("m2", NOON + HOUR, order_id="A", text="I am worried"),
            message("m3", NOON + 2 * HOUR, order_id="A", text="Hello?"),
        ],
        received_at=NOON + 3 * HOUR,
    )
    assert told(store, home, now=NOON + 3 * HOUR).buyer_state == (
        'worried: "worried" (message m2 of 2025-01-01 13:00 UTC)'
    )


def test_what_is_not_known_is_said_to_be_unknown(store, home):
    write(store, messages=[message("m9", text=THREAT)])
    shown = told(store, home)
    assert (shown.order, shown.buyer) == ("none named in the message", "not known")
    assert shown.done == "nothing on record since the cause"
    assert shown.buyer_state == "no words of anger or worry in 1 messages"


def test_an_order_that_was_never_told_is_named_by_its_id_alone(store, home):
    write(store, messages=[threat(order_id="Z")])
    assert told(store, home).order == "Z; shop shop"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"shipped_at": NOON + HOUR}, "shipped 2025-01-01 13:00 UTC"),
        ({"cancelled_at": NOON + HOUR}, "cancelled 2025-01-01 13:00 UTC"),
    ],
)
def test_the_stage_of_the_order_is_told(store, home, said, shown):
    write(store, orders=[said_of(known_at=NOON + 1, **said)], messages=[threat()])
    assert told(store, home).order.endswith(f"placed 2025-01-01 12:00 UTC; {shown}")


@pytest.mark.parametrize(("currency", "shown"), [("JPY", "129900 JPY"), ("KWD", "129.900 KWD")])
def test_money_is_told_in_the_digits_of_its_currency(store, home, currency, shown):
    write(store, orders=[said_of(known_at=NOON + 1, currency=currency)], messages=[threat()])
    assert f"amount {shown};" in told(store, home).order


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_and_kind_has_words_in_every_language(language):
    said = words(language)
    assert set(said.nature) == set(CODES)
    assert set(said.kinds) == set(CLAIMS)
    assert set(said.labels) == {field.name for field in fields(Briefing)}
    assert set(said.phrases) == set(words("en").phrases)


def test_a_briefing_is_of_one_order_only(store, home):
    write(store, messages=[threat(), threat("m2", order_id="B", text=f"{THREAT}, clowns")])
    assert key() != key("B")
    assert "clowns" not in as_text(told(store, home))
