"""The words of alerts and briefings in each language, read from `alert_words.toml` beside this.

Knows nothing of rows: names of codes and kinds go in, words come out.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one language.

    Attributes:
        tag: what marks a briefing as urgent.
        colon, joint: what stands between a label and its text, and between two facts.
        labels: field of a briefing → its name.
        nature: code of an alert → what it means.
        kinds: kind of a claim → its name.
        feelings: signal → the state of whoever writes so.
        phrases: what a fact is said with; {names} are filled in.
    """

    tag: str
    colon: str
    joint: str
    labels: dict[str, str]
    nature: dict[str, str]
    kinds: dict[str, str]
    feelings: dict[str, str]
    phrases: dict[str, str]

    def say(self, phrase: str, **facts: object) -> str:
        """A phrase with its facts filled in."""
        return self.phrases[phrase].format(**facts)


@cache
def words(language: Language) -> Words:
    """The words of a language."""
    text = files("outreach").joinpath("alert_words.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)[language], Words)
