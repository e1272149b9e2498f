"""Text folded to its plain form, and the way back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.text import plain

ANY_TEXT = st.text(max_size=80) | st.text(
    alphabet="aáÁ!?k ñßﬁ\u0301\u200d你們。。\uff21qvcsQ", max_size=40
)


def test_case_accents_and_full_width_fold_to_one_form() -> None:
    assert plain("URGÊNCIA \uff21\uff22\uff23\uff0cseñor").text == "urgencia abc,senor"


def test_traditional_characters_become_simplified() -> None:
    assert plain("我要退貨").text == "我要退货"


def test_runs_of_letters_and_marks_are_squeezed() -> None:
    assert plain("hurryyyy!!!! jajajaja kkkkkk").text == "hurry! jaja kkk"


def test_chat_abbreviations_are_written_out_as_whole_words_only() -> None:
    assert plain("vcs pq pls").text == "voces porque please"
    assert plain("plsql vcsx").text == "plsql vcsx"


def test_apostrophes_left_out_are_put_back() -> None:
    assert plain("dont I\u2019m").text == "don't i'm"


def test_characters_of_no_width_vanish_without_moving_the_rest() -> None:
    text = "la\u200bwyer"
    folded = plain(text)
    assert folded.text == "lawyer"
    assert text[slice(*folded.origin(0, 6))] == text


def test_a_place_in_the_plain_form_leads_back_to_the_words_it_came_from() -> None:
    text = "Oi, vcs NÃO mandam!!!!"
    folded = plain(text)
    start = folded.text.index("voces")
    assert text[slice(*folded.origin(start, start + 5))] == "vcs"
    start = folded.text.index("nao")
    assert text[slice(*folded.origin(start, start + 3))] == "NÃO"
    assert text[slice(*folded.origin(len(folded.text) - 1, len(folded.text)))] == "!!!!"


@given(ANY_TEXT)
def test_any_stretch_of_any_text_leads_back_to_a_stretch_within_it(text: str) -> None:
    folded = plain(text)
    for start in range(len(folded.text)):
        first, last = folded.origin(start, start + 1)
        assert 0 <= first < last <= len(text)


@given(ANY_TEXT)
def test_places_lead_back_in_order(text: str) -> None:
    folded = plain(text)
    places = [folded.origin(at, at + 1) for at in range(len(folded.text))]
    assert places == sorted(places)


@given(ANY_TEXT)
def test_the_plain_form_is_lower_case(text: str) -> None:
    folded = plain(text).text
    assert folded.isascii() is False or folded == folded.lower()
