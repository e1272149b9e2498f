"""The small syntax of phrases, and where they match."""

from __future__ import annotations

import pytest

from features.signal_match import Matcher
from features.signal_phrases import read_phrases
from features.signal_syntax import BadPhrase, Phrase, routes_of
from features.text import plain


def found(phrase: str, text: str) -> list[str]:
    matcher = Matcher([routes_of(Phrase("anger", "sure", phrase, "test.toml"))])
    folded = plain(text).text
    return [folded[start:end] for _, start, end in matcher.hits(folded)]


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("sue", "I will sue you", ["sue"]),
        ("sue", "what an issue, suede shoes", []),
        ("demand*", "voy a demandarlos", ["demand"]),
        ("(take|see) you in court", "see you in court", ["see you in court"]),
        ("my (own |)lawyer", "my lawyer", ["my lawyer"]),
        ("take you … court", "I'll take you straight to court", ["take you straight to court"]),
        ("take you … court", "I take you. Nice. Is it a court", []),
        ("找…律师", "我要找个好律师", ["找个好律师"]),
        ("找…律师", "找。律师", []),
        ("12315", "打12315投诉", ["12315"]),
        ("退款", "我要退款了", ["退款"]),
        ("denunci* … profeco", "los denunciaré ante Profeco", ["denunciare ante profeco"]),
        ("a (b|c (d|e))", "a c e", ["a c e"]),
    ],
)
def test_a_phrase_matches_as_its_syntax_says(phrase: str, text: str, expected: list[str]) -> None:
    assert found(phrase, text) == expected


def test_a_phrase_with_very_many_spellings_is_matched_word_after_word() -> None:
    letters = "|".join("abcdefghijklmnop")
    many = f"({letters}) (x|y|w|z) ({letters}) (x|y|w|z)"
    assert found(many, "so p z a y then") == ["p z a y"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[rage]\nsure = ['x']", "unknown table 'rage'"),
        ("[anger]\nmaybe = ['x']", "unknown key 'maybe'"),
        ("[context]\nsure = ['x']", "unknown key 'sure'"),
        ("[anger]\nsure = [1]", "expected a phrase in quotes"),
        ("[anger", "expected TOML"),
    ],
)
def test_a_broken_file_is_refused_by_name(content: str, told: str) -> None:
    with pytest.raises(BadPhrase, match=r"en\.toml") as raised:
        read_phrases(content, "en.toml")
    assert told in str(raised.value)


@pytest.mark.parametrize("phrase", ["(a|b", "a)b", "(|)", "a|b"])
def test_a_broken_phrase_is_refused_with_its_text(phrase: str) -> None:
    with pytest.raises(BadPhrase) as raised:
        routes_of(Phrase("anger", "sure", phrase, "en.toml"))
    assert "en.toml [anger] sure" in str(raised.value)
    assert phrase in str(raised.value)
