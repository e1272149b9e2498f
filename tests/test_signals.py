"""The message reader as a caller sees it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.signal_model import phrase_digest, shipped
from features.signals import RED, SIGNALS, BadPhrase, PhraseChanges, reader

ANY_TEXT = st.text(max_size=120) | st.text(
    alphabet="我要退款!?。.,\"' lawyer denunciar\u200b🔥é\n", max_size=80
)


def words(text: str, signal: str) -> list[str]:
    return [
        text[span.start : span.end] for span in reader().read(text).spans if span.signal == signal
    ]


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("if this is not fixed i will see you in court", "legal_threat"),
        ("voy a denunciarlos a Profeco", "regulator_threat"),
        ("vou reclamar no Procon", "regulator_threat"),
        ("再不发货我就申请平台介入", "platform_threat"),
        ("I will open a chargeback with my bank", "platform_threat"),
        ("me quemé la mano con la plancha", "safety_injury"),
        ("插头冒烟了", "safety_injury"),
        ("给我退款", "refund_demand"),
        ("quero cancelar o pedido", "cancel_wish"),
    ],
)
def test_a_plain_case_of_each_language_is_read(text: str, signal: str) -> None:
    assert signal in reader().read(text).signals


@pytest.mark.parametrize(
    "text",
    [
        "do you sell fire pits?",
        "Hola, ¿tienen stock?",
        "obrigada, adorei!",
        "今天有活动吗",
        "no needles included, no knives, just the court shoes in white please",
    ],
)
def test_ordinary_messages_raise_no_red_alert(text: str) -> None:
    assert set(reader().read(text).signals).isdisjoint(RED)


def test_a_sellers_message_carries_no_signal() -> None:
    assert reader().read("I will see you in court", "seller").signals == ()
    assert reader().read("I will see you in court", "system").signals == ()


def test_the_words_shown_are_those_of_the_message_as_received() -> None:
    text = "\uff28ola!!!  VOY A DENUNCIARLOS a Profeco"
    assert any("Profeco" in shown for shown in words(text, "regulator_threat"))


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("where is my order, please?", "en"),
        ("¿dónde está mi pedido?", "es"),
        ("cadê o meu pedido, não chegou", "pt"),
        ("我的订单呢", "zh"),
        ("12345", "und"),
        ("", "und"),
    ],
)
def test_the_language_is_told_without_asking(text: str, lang: str) -> None:
    assert reader().read(text).lang == lang


@given(ANY_TEXT)
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_and_every_span_lies_within_it(text: str) -> None:
    for learned in (True, False):
        reading = reader().read(text, learned=learned)
        assert set(reading.signals) <= set(SIGNALS)
        for span in reading.spans:
            assert 0 <= span.start < span.end <= len(text)


def test_signals_come_in_the_documented_order() -> None:
    text = "I want a refund now or I call my lawyer, you scammers"
    found = reader().read(text).signals
    assert list(found) == sorted(found, key=SIGNALS.index)
    assert "legal_threat" in found


def test_many_read_as_one_by_one_whatever_their_order() -> None:
    texts = ["vou processar vocês", "hi", "退款", "my order?"]
    alone = [reader().read(text) for text in texts]
    assert reader().read_many(texts) == alone
    assert reader().read_many(texts[::-1]) == alone[::-1]


def test_threads_read_the_same() -> None:
    texts = ["vou processar vocês", "I will sue you", "我要投诉到12315"] * 20
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(reader().read, texts)) == reader().read_many(texts)


def test_an_added_phrase_fires_and_a_removed_one_does_not() -> None:
    changes = PhraseChanges.of({"legal_threat": {"add": ["wibble (wobble|wubble)"]}}, "[x]")
    text = "the wibble wobble is green"
    assert reader().read(text).signals == ()
    reading = reader(changes).read(text)
    assert reading.signals == ("legal_threat",)
    assert text[reading.spans[0].start : reading.spans[0].end] == "wibble wobble"


def test_an_added_phrase_does_not_fire_when_it_is_denied() -> None:
    changes = PhraseChanges.of({"legal_threat": {"add": ["wibble wobble"]}}, "[x]")
    assert reader(changes).read("no need to wibble wobble").signals == ()


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ({"legal": {"add": ["x"]}}, "unknown signal 'legal'"),
        ({"anger": {"ad": ["x"]}}, "unknown key 'ad'"),
        ({"anger": {"add": "x"}}, "expected a list of phrases"),
        ({"anger": {"add": [3]}}, "expected a phrase in quotes"),
        ({"anger": {"add": ["(a|b"]}}, "matching brackets"),
        ({"anger": {"add": ["!!"]}}, "holds no word"),
        ({"anger": ["x"]}, "expected a table"),
    ],
)
def test_a_change_that_cannot_be_used_says_where_and_why(tables: object, told: str) -> None:
    with pytest.raises(BadPhrase, match=r"signals\.phrases") as raised:
        PhraseChanges.of(tables, "riskradar.toml [signals.phrases]")  # type: ignore[arg-type]
    assert told in str(raised.value)


def test_a_removed_phrase_must_exist() -> None:
    changes = PhraseChanges.of({"anger": {"remove": ["no such phrase"]}}, "[signals.phrases]")
    with pytest.raises(BadPhrase, match="no phrase 'no such phrase'"):
        reader(changes)


def test_the_shipped_weights_were_fitted_with_the_shipped_phrases() -> None:
    """Whoever edits a phrase file refits: `python -m training.signals`."""
    assert shipped().digest == phrase_digest(reader().phrases)
