"""What raises a red alert, for whom and until when: the rules alone, without a store."""

from __future__ import annotations

from dataclasses import replace

import pytest
from alert_desk import HOUR, NOON, SHOP, codes, read

from features.signals import RED
from outreach.alert_rules import CODES, Rules, alert_id, alerts_of
from store.alert_rows import CLAIMS, Claim, Message, Order, Unread
from store.alert_types import MessageCause, OutcomeCause, Passage
from store.settings import AlertDeadlines, AlertRoles, parse_settings

DAY = 24 * HOUR
SAID = Message(1, SHOP, 7, "A", "b1", "m1", NOON, NOON, "Talk to my lawyer!")
CLAIM = Claim(SHOP, 7, "A", "a_to_z_claim", NOON, None, None)
CHEAP = Order("b1", 990, "USD")


def raised(*rows, order=CHEAP, settings="", now=NOON):
    messages = tuple(row for row in rows if isinstance(row, Message))
    claims = tuple(row for row in rows if isinstance(row, Claim))
    rules = Rules.of(parse_settings(settings))
    return alerts_of(Unread(messages, claims, {7: order}), rules, read=read, now=now)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Talk to my lawyer!", "legal_threat", "my lawyer"),
        ("See you at Procon", "regulator_threat", "Procon"),
        ("then I file a chargeback", "platform_threat", "chargeback"),
        ("the lamp is on fire", "safety_injury", "on fire"),
        ("it fell and broke my TV", "property_damage", "broke my TV"),
    ],
)
def test_each_red_signal_raises_an_alert_with_its_words(text, code, words):
    (alert,) = raised(replace(SAID, text=text))
    assert alert.code == code
    assert isinstance(alert.cause, MessageCause)
    (span,) = alert.cause.spans
    assert span == Passage(text.index(words), text.index(words) + len(words), words)


def test_a_message_with_two_threats_raises_two_alerts():
    both = replace(SAID, text="my lawyer and Procon")
    assert codes(raised(both)) == ["legal_threat", "regulator_threat"]


def test_anger_alone_raises_nothing():
    assert raised(replace(SAID, text="you clowns")) == []


def test_a_message_without_an_order_raises_an_alert_of_its_buyer():
    (alert,) = raised(replace(SAID, order_id=None, order_key=None))
    assert (alert.order_id, alert.order_key, alert.buyer_id) == (None, None, "b1")


@pytest.mark.parametrize("kind", CLAIMS)
def test_an_open_claim_raises_an_alert(kind):
    assert "claim_opened" in codes(raised(replace(CLAIM, kind=kind)))


def test_a_closed_claim_raises_nothing():
    large = Order("b1", 10**9, "USD")
    assert raised(replace(CLAIM, closed_at=NOON + HOUR), order=large, now=NOON + HOUR) == []


@pytest.mark.parametrize(
    ("hours", "alarmed"),
    [(0, False), (47.9, False), (48, True), (72, True), (96, True), (97, False)],
)
def test_a_claim_is_about_to_time_out_within_a_day_of_its_answer(hours, alarmed):
    """An A-to-Z claim wants its answer after 72 hours; what timed out long ago stands as opened."""
    found = raised(CLAIM, now=NOON + round(hours * HOUR))
    assert ("claim_timing_out" in codes(found)) is alarmed


@pytest.mark.parametrize(
    ("amount", "currency", "alarmed"),
    [
        (50_000, "USD", False),  # the threshold itself
        (50_001, "USD", True),
        (47_600, "EUR", False),  # 1.05 USD a euro
        (47_700, "EUR", True),
        (76_900, "JPY", False),  # 0.0065 USD a yen, which has no cents
        (77_000, "JPY", True),
        (None, "USD", False),  # nothing is known to be disputed
    ],
)
def test_a_disputed_amount_above_500_dollars_raises_an_alert(amount, currency, alarmed):
    found = raised(CLAIM, order=Order("b1", amount, currency))
    assert ("amount_above_threshold" in codes(found)) is alarmed


def test_the_amount_of_the_claim_comes_before_that_of_the_order():
    large = Order("b1", 10**9, "USD")
    assert codes(raised(replace(CLAIM, amount_minor=1_000), order=large)) == ["claim_opened"]


@pytest.mark.parametrize(
    ("currency", "settings", "said"),
    [
        ("KES", "", "no rate for KES"),
        (None, "", "currency is not known"),
        ("XYZ", "", "currency is not known"),
        ("EUR", '[currency]\nhome = "KES"\n[currency.rates]\nEUR = 140', "no rate for USD"),
    ],
)
def test_an_amount_that_cannot_be_compared_is_raised_and_says_so(currency, settings, said):
    """Better one look too many than a dispute of thousands missed for want of a rate."""
    found = raised(CLAIM, order=Order("b1", 1, currency), settings=settings)
    assert codes(found) == ["claim_opened", "amount_above_threshold"]
    assert isinstance(found[1].cause, OutcomeCause)
    assert said in found[1].cause.note


def test_the_threshold_may_be_in_another_currency():
    settings = '[alerts]\namount = 3000\ncurrency = "BRL"'  # 510 USD at 0.17
    assert codes(raised(CLAIM, order=Order(None, 50_900, "USD"), settings=settings)) == [
        "claim_opened"
    ]
    assert len(raised(CLAIM, order=Order(None, 51_100, "USD"), settings=settings)) == 2


def test_the_same_amount_needs_no_rate_in_the_currency_of_the_threshold():
    settings = '[currency]\nhome = "KES"'
    assert codes(raised(CLAIM, order=Order(None, 100, "USD"), settings=settings)) == [
        "claim_opened"
    ]


def test_an_alert_goes_to_the_team_lead_within_a_day_unless_the_settings_say_otherwise():
    (alert,) = raised(SAID)
    assert (alert.role, alert.deadline_at) == ("team lead", NOON + DAY)
    settings = """
    [alerts]
    role = "ops"
    hours = 12
    [alerts.roles]
    legal_threat = "counsel"
    [alerts.deadline_hours]
    legal_threat = 2
    """
    (alert,) = raised(SAID, settings=settings)
    assert (alert.role, alert.deadline_at) == ("counsel", NOON + 2 * HOUR)
    (other,) = raised(replace(SAID, text="Procon"), settings=settings)
    assert (other.role, other.deadline_at) == ("ops", NOON + 12 * HOUR)


def test_the_deadline_of_the_platform_comes_first_where_it_is_sooner():
    assert [alert.deadline_at for alert in raised(CLAIM)] == [NOON + DAY]  # due in three days
    soon = raised(CLAIM, now=NOON + 60 * HOUR)
    assert [alert.deadline_at for alert in soon] == [NOON + 72 * HOUR] * 2
    late = raised(CLAIM, now=NOON + 80 * HOUR)
    assert codes(late) == ["claim_opened", "claim_timing_out"]
    assert [alert.deadline_at for alert in late] == [NOON + 104 * HOUR, NOON + 72 * HOUR]


def test_an_alert_is_named_by_shop_order_code_and_cause_alone():
    cause = MessageCause("m1", NOON, NOON, (Passage(0, 2, "my"),))
    name = alert_id(SHOP, "A", "legal_threat", cause)
    edited = MessageCause("m1", NOON + 1, NOON + 1, (Passage(4, 9, "other"),))
    assert alert_id(SHOP, "A", "legal_threat", edited) == name
    others = {
        alert_id("shop 2", "A", "legal_threat", cause),
        alert_id(SHOP, "B", "legal_threat", cause),
        alert_id(SHOP, None, "legal_threat", cause),
        alert_id(SHOP, "A", "regulator_threat", cause),
        alert_id(SHOP, "A", "legal_threat", MessageCause("m2", NOON, NOON, ())),
        alert_id(SHOP, "A", "legal_threat", OutcomeCause("m1", NOON, None, None, None)),
    }
    assert len(others | {name}) == 7


def test_every_code_has_its_settings():
    assert CODES[:5] == RED
    assert set(CODES) == set(AlertRoles.__struct_fields__)
    assert set(CODES) == set(AlertDeadlines.__struct_fields__)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[alerts]\nhour = 3", r"\[alerts\] has no key 'hour'. Did you mean 'hours'?"),
        ("[alerts.roles]\nlegal = 'x'", r"\[alerts.roles\] has no key 'legal'. Did you mean"),
        ("[alerts.answer_hours]\nreturn = 1", r"\[alerts.answer_hours\] has no key 'return'"),
        ("[alerts]\nhours = 0", "alerts.hours: expected float > 0.0, got 0"),
        ("[alerts.answer_hours]\ncomplaint = 'x'", "alerts.answer_hours.complaint: expected float"),
        ('[alerts]\ncurrency = "XYZ"', "alerts.currency: expected an ISO 4217 code"),
    ],
)
def test_a_mistake_in_the_settings_of_alerts_is_named(text, said):
    with pytest.raises(ValueError, match=said):
        parse_settings(text)
