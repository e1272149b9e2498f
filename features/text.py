"""Text as people type it, folded to one plain form, with the way back to where each part stood.

Knows nothing of signals or phrases: it folds characters, runs and chat abbreviations.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

GONE = "\ufdd0"  # noncharacter: stands where a character folds to nothing
LONGER = "\ufdd1"  # noncharacter: precedes what one character folded to, if more than one
TITLES = {0x300A: "《", 0x300B: "》"}  # kept apart: what they hold is the name of a book
SIGNS = {  # by code point: quotation marks, dashes and blanks that differ only in print
    "'": (0x2018, 0x2019, 0x201A, 0x60, 0xB4),
    '"': (0x201C, 0x201D, 0x201E, 0xAB, 0xBB, 0x300C, 0x300D, 0x300E, 0x300F),
    "-": (0x2013, 0x2014, 0x2212),
    " ": (0x09, 0x0D, 0xA0, 0x3000),
}
PLAIN = {code: ord(sign) for sign, codes in SIGNS.items() for code in codes}
FOLDED_CATEGORIES = frozenset({"Mn", "Me", "Cf", "Cc", "Cs"})  # accents, joiners, controls

# Runs: a letter or mark three times or more, laughter, and gaps of several spaces.
RUNS = re.compile(r"([^\d\s()|])\1\1+|((?:[hj][aei]){2})(?:[hj][aei])+h?|([!?~.,])\3+|  +")
ANY_RUN = re.compile(
    r"(.)\1\1|  |!!|\?\?|haha|jaja|jeje|hehe"
)  # a quick look before the careful one
WORDS = re.compile(r"[a-z0-9][a-z0-9'&]*")


@dataclass(frozen=True, slots=True)
class Plain:
    """A folded text.

    `text` is lower case without accents; `starts[i]` and `ends[i]` bound, in code points of the
    original, what became character i of it; both are None where nothing moved.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where characters [start, end) of the folded text stood; start < end is expected."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _Folding(dict[int, str]):
    """One character's plain form, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(code)
        self[code] = folded
        return folded


def _fold_character(code: int) -> str:
    if code in TITLES:
        return TITLES[code]
    if code in (0x0A, 0x2028, 0x2029):
        return "\n"
    character = chr(code)
    if code in PLAIN:
        return chr(PLAIN[code])
    wide = unicodedata.normalize("NFKC", character).translate(PLAIN).lower()
    parts = (
        unicodedata.normalize("NFKD", wide) if code < 0x1100 or 0x1E00 <= code < 0x2100 else wide
    )
    kept = "".join(
        _simplified().get(part, part)
        for part in parts
        if unicodedata.category(part) not in FOLDED_CATEGORIES or part == "\n"
    ).casefold()
    kept = kept.replace(GONE, "").replace(LONGER, "")
    if not kept:
        return GONE
    return kept if len(kept) == 1 else LONGER + kept


@cache
def _simplified() -> dict[str, str]:
    lines = files("features").joinpath("phrases/characters.txt").read_text("utf-8").splitlines()
    rows = [line for line in lines if line and not line.startswith("#")]
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return {old: new for olds, news in pairs for old, new in zip(olds, news, strict=True)}


@cache
def abbreviations() -> dict[str, str]:
    """Chat abbreviations of the four languages, each with what it stands for."""
    raw = files("features").joinpath("phrases/words.toml").read_text("utf-8")
    return {str(short): str(full) for short, full in tomllib.loads(raw)["abbreviations"].items()}


@cache
def small_words() -> dict[str, tuple[str, ...]]:
    """The frequent small words, each with the languages it speaks for."""
    raw = files("features").joinpath("phrases/words.toml").read_text("utf-8")
    words: dict[str, tuple[str, ...]] = {}
    for lang, text in tomllib.loads(raw)["languages"].items():
        for word in text.split():
            words[word] = (*words.get(word, ()), lang)
    return words


_FOLDING = _Folding()


@lru_cache(maxsize=64)  # signals, attributes and sketch of the same few messages ask in turn
def plain(text: str) -> Plain:
    """The plain form of any text: never fails, may be empty."""
    out = text.translate(_FOLDING)
    folded = _unmarked(text) if GONE in out or LONGER in out else Plain(out)
    if ANY_RUN.search(folded.text):
        runs = RUNS.finditer(folded.text)
        folded = _edited(folded, [(run.start(), run.end(), _squeezed(run)) for run in runs])
    short = abbreviations()
    if short.keys().isdisjoint(WORDS.findall(folded.text)):
        return folded
    words = [word for word in WORDS.finditer(folded.text) if word.group() in short]
    return _edited(folded, [(word.start(), word.end(), short[word.group()]) for word in words])


def _squeezed(found: re.Match[str]) -> str:
    letter, laugh, mark = found.groups()
    if laugh:
        return laugh
    if letter == "k":
        return "kkk"  # laughter in Portuguese; a single k is a word of its own
    return letter or mark or " "


def _unmarked(text: str) -> Plain:
    """Take the marks out again, noting which character each part came from."""
    parts, starts = [], []
    for index, character in enumerate(text):
        folded = _FOLDING[ord(character)]
        if folded == GONE:
            continue
        part = folded[1:] if folded[0] == LONGER else folded
        parts.append(part)
        starts.extend([index] * len(part))
    return Plain("".join(parts), starts, [start + 1 for start in starts])


def _edited(before: Plain, edits: Iterable[tuple[int, int, str]]) -> Plain:
    """Replace each [start, end) by its text; all of a replacement stands for all it replaced."""
    old_starts = before.starts or range(len(before.text))
    old_ends = before.ends or range(1, len(before.text) + 1)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for start, end, new in edits:
        parts += (before.text[done:start], new)
        starts += old_starts[done:start]
        ends += old_ends[done:start]
        starts += [old_starts[start]] * len(new)
        ends += [old_ends[end - 1]] * len(new)
        done = end
    parts.append(before.text[done:])
    starts += old_starts[done:]
    ends += old_ends[done:]
    return Plain("".join(parts), starts, ends)
