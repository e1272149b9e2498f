"""Noise in a line: keys hit at random, signs in number, broken letters, mixed scripts.

Knows nothing of words or places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ahocorasick_rs import AhoCorasick

from features.address_fold import Folded

Found = tuple[str, int, int]  # code, and its span in the line as received

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_IN_WORDS = frozenset(("wert", "erty", "trew", "ytre"))  # Schwert, Liberty, Trewin, Baytree
_RUNS = frozenset(
    row[start : start + 4]
    for line in _ROWS
    for row in (line, line[::-1])
    for start in range(len(row) - 3)
)
_TOKEN = re.compile(r"[a-z]{4,}")
_LATIN_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NEEDLES = AhoCorasick([*(_RUNS - _IN_WORDS), *(4 * letter for letter in _LATIN_LETTERS)])
# One sign held down: five in a word, four as all there is, or four Chinese characters. Digits in
# a word are none: 10000 and 2222 are house numbers.
_HELD = re.compile(r"([a-z])\1{4,}|^[\W\d]*([a-z])\2{3,}[\W\d]*$")
_HELD_HAN = re.compile(r"([\u3400-\u9fff])\1{3,}")
_STAMMER = re.compile(r"\b(?=[a-z]{6})(?:([a-z]{2,3})\1{2,}|(asd|qwe|zxc|jkl|sdf|dfg|wer)\2+)\b")
_MUTE = re.compile(r"(?<![a-z.])[b-df-hj-np-tv-xz]{8,}(?![a-z.])")  # fewer are an office's initials
_CONSONANTS = re.compile(r"[b-df-hj-np-tv-xz]{8}")
# A word over and over is a town's name given for each level of it, unless it is all there is.
_ALL_ONE = re.compile(
    r"^\W*(?:(\d)\1{3,}|(\w{2,12}+)(?:\W+\2){2,}|"
    r"(calle|rua|street|road|avenida|jalan|jl|casa|strasse|rue|via|asd|abc|[路街])(?:\W*\3)+)\W*$",
    re.MULTILINE,
)

# Not "?", which is a lost letter, nor "_" and "*", by which platforms part and mask.
_ODD_SIGNS = frozenset("!$%^~@=+|<>{}\\`€£¥§¤•")
_ODD = re.compile(r"[!$%^~@=+|<>{}\\`€£¥§¤•]|[\u2190-\u2bff\U0001f000-\U0001faff]")
LEAST_ODD = 4  # signs; up to three are a smile, a bracket or an e-mail address
_ODD_RUN = re.compile(r"[!$%^~=+|<>{}\\`.,;:/#\-]{6,}|[!$%^~=|<>{}\\`]{3,}")
_DOTS = re.compile(r"[.,;:/#\-]{6}")

_BROKEN = re.compile(
    r"\ufffd|(?<=[^\W\d_])\?(?=[^\W\d_])|\?{2,}|[\u00c3\u00c2][\u0080-\u009f\u00a1-\u00bf]|\u00e2\u20ac"
)
_LATIN = r"a-z\u00c0-\u024f"
_ALIKE = r"\u0370-\u03ff\u0400-\u04ff"  # Greek and Cyrillic, which look like Latin
_MIXED = re.compile(
    rf"[{_ALIKE}]+[{_LATIN}]+[{_ALIKE}{_LATIN}]*|[{_LATIN}]+[{_ALIKE}]+[{_ALIKE}{_LATIN}]*"
)
_STRANGE = re.compile(rf"[\u0080-\u00bf\u20ac\ufffd{_ALIKE}\u2190-\u2bff\U0001f000-\U0001faff]")
_HAN = r"\u3400-\u9fff\uf900-\ufaff"
_OTHERS = (
    r"\u0400-\u052f\u0590-\u074f\u0780-\u10ff\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\uac00-\ud7af"
)
_UNREAD = re.compile(rf"[{_HAN}{_OTHERS}](?:[\s\d]*[{_HAN}{_OTHERS}])+")
READS_MORE = frozenset(("CN", "IN"))  # whose couriers read other scripts than Latin


def may_be_noisy(text: str) -> bool:
    """Whether `noise` may find anything in any line of a folded text; quick, and never wrongly no.

    A line of clean signs is most lines, so all of an address is asked about at once.
    """
    return (
        bool(_NEEDLES.find_matches_as_indexes(text))
        or bool(_STAMMER.search(text) or _CONSONANTS.search(text) or _ALL_ONE.search(text))
        or "?" in text
        or not _ODD_SIGNS.isdisjoint(text)
        or bool(_DOTS.search(text))
        or (not text.isascii() and bool(_HELD_HAN.search(text) or _STRANGE.search(text)))
    )


def noise(line: Folded) -> Iterator[Found]:
    """What is wrong with the letters and signs of a line, each code at most once."""
    text = line.text
    for code, span in (("gibberish", _gibberish(text)), ("too_many_symbols", _symbols(text))):
        if span:
            yield (code, *line.span(*span))
    broken = _BROKEN.search(line.raw)
    if broken:
        yield ("garbled_text", *broken.span())
    mixed = _MIXED.search(text)
    if mixed:
        yield ("mixed_script", *line.span(*mixed.span()))


def unread(line: Folded) -> Iterator[Found]:
    """Words in a script that couriers who read Latin letters alone do not."""
    found = None if line.text.isascii() else _UNREAD.search(line.text)
    if found:
        yield ("foreign_script", *line.span(*found.span()))


def _gibberish(text: str) -> tuple[int, int] | None:
    for pattern in (_HELD, _HELD_HAN, _STAMMER, _MUTE):
        found = pattern.search(text)
        if found:
            return found.span()
    if _ALL_ONE.fullmatch(text):
        return 0, len(text)
    return _keys(text)


def _keys(text: str) -> tuple[int, int] | None:
    """The first token that runs along the rows of a keyboard for half of it."""
    for token in _TOKEN.finditer(text):
        word = token[0]
        runs = _RUNS.intersection(word[at : at + 4] for at in range(len(word) - 3))
        if runs - _IN_WORDS and (len(word) <= 5 or 2 * len(runs) >= len(word) - 3):
            return token.span()
    return None


def _symbols(text: str) -> tuple[int, int] | None:
    run = _ODD_RUN.search(text)
    if run:
        return run.span()
    found = [match.span() for match in _ODD.finditer(text)]
    if len(found) < LEAST_ODD:
        return None
    return found[0][0], found[-1][1]
