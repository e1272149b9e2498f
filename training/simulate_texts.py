"""Sentences for planned messages: openers, topics, endings, slots and slips of the finger.

Knows nothing of orders: a topic, a language and an article go in, one message comes out.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from training.simulate_talk import BUYER, NOTHING, TOPICS, Notes
from training.simulate_world import CATEGORIES, Ints, Rng, places

TYPO_SHARE = 0.10
ELECTRIC = ("headphones", "power_bank", "lamp", "kettle")
SHOUT_SHARE = 0.15  # of buyers of level 3 who write in capitals
JOINS = {"zh": "\uff0c", "en": ", ", "es": ", ", "pt": ", "}
NOT_BUYERS = {"seller_answer", "seller_late_answer", "seller_proactive", "system"}
WITHOUT_ACCENTS = str.maketrans("áéíóúñãõçâêôàü", "aeiounaocaeoau")


@cache
def texts() -> dict[str, Any]:
    """The languages of sim_texts.toml, and `things`."""
    return tomllib.loads(Path(__file__).with_name("sim_texts.toml").read_text("utf-8"))


def languages_of(country: Ints, language: Ints) -> list[str]:
    """Language codes from positions in each country's list."""
    names = [list(row["languages"]) for row in places().values()]
    return [names[c][p] for c, p in zip(country.tolist(), language.tolist(), strict=True)]


def write(rng: Rng, notes: Notes, *, languages: list[str], categories: list[int]) -> list[str]:
    """One text per note; `languages` and `categories` are those of each note's order."""
    count = len(notes.order)
    dice = rng.integers(0, 2**31, (count, 7)).tolist()
    slips = rng.random(count) < TYPO_SHARE
    shouts = (notes.level == 3) & (rng.random(count) < SHOUT_SHARE)
    by_buyer = notes.sender == BUYER
    names = tuple(CATEGORIES)
    written = []
    rows = zip(
        notes.topic.tolist(),
        notes.second.tolist(),
        languages,
        categories,
        dice,
        (slips & by_buyer).tolist(),
        (shouts & by_buyer).tolist(),
        strict=True,
    )
    for topic, second, language, category, die, slip, shout in rows:
        text = sentence(topic, second, language=language, thing=names[category], dice=die)
        if slip:
            text = mistyped(text, language, die[6])
        written.append(text.upper() if shout else text)
    return written


def sentence(topic: int, second: int, *, language: str, thing: str, dice: list[int]) -> str:
    """One message about a topic and perhaps a second; `dice` are 7 whole numbers."""
    book = texts()[language]
    text = _of(_choices(book, topic, thing), dice[0])
    if second not in (NOTHING, topic):
        text = (
            text.rstrip("。.!\uff01")
            + JOINS[language]
            + _of(_choices(book, second, thing), dice[1])
        )
    if "{" in text:
        text = text.format(
            thing=texts()["things"][thing][language],
            day=_of(book["days"], dice[2]),
            n=dice[3] % 6 + 3,
        )
    if TOPICS[topic] in NOT_BUYERS:
        return text
    opener = _of(book["openers"], dice[4])
    ending = _of(book["endings"], dice[5])
    return _tidy(opener + text + ending)


def _choices(book: dict[str, list[str]], topic: int, thing: str) -> list[str]:
    """Sentences for any article, and those that only such an article calls for."""
    sort = "sized" if CATEGORIES[thing][2] else "electric" if thing in ELECTRIC else "plain"
    return book[TOPICS[topic]] + book.get(f"{TOPICS[topic]}_{sort}", [])


def _of(choices: list[str], die: int) -> str:
    return choices[die % len(choices)]


def _tidy(text: str) -> str:
    """A question keeps its mark before a courtesy, and loses a full stop after it."""
    return re.sub("([?!\uff1f\uff01])[.。!\uff01]$", r"\1", text)


def mistyped(text: str, language: str, die: int) -> str:
    """The text as a hurried thumb leaves it: letters swapped, dropped, or accents gone.

    >>> mistyped("where is my package", "en", 8)
    'where is ym package'
    """
    if language in ("es", "pt") and die % 2:
        return text.lower().translate(WITHOUT_ACCENTS).replace("¿", "")
    at = 1 + die % max(1, len(text) - 3)
    if language == "zh":
        return text[:at] + text[at] + text[at:]
    return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


def remark(rng: np.random.Generator, language: str, topic: str) -> str:
    """A courier's or a buyer's standard phrase, such as `courier_refused`."""
    choices = texts()[language][topic]
    return str(choices[int(rng.integers(0, len(choices)))])
