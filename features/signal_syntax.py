"""The small syntax of phrases: alternatives, gaps and stems, spelled out in plain form.

Knows nothing of files, signals or messages: it turns one phrase into what an automaton looks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from features.text import plain

MOST_WAYS = 2000  # spellings of one stretch of a phrase; more is a slip of the pen
GAP = 26  # characters that an ellipsis may stand for
DENSE_GAP = 11  # the same, in a script without spaces
FEW_WAYS = 40  # spellings that are listed outright; a longer stretch is matched word after word
STEM_GAP = 14  # rest of a word that a star stands for, with the space after it
INNER_GAP = re.compile(r"…(\||\))")  # at the end of an alternative the gap adds nothing
HELD = "\ue000"  # for private use: stands for a gap while a phrase is folded
OUTERMOST = re.compile(r"\((?:[^()]|\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))*\)")  # four deep
BRACKETS = re.compile(r"\((?:[^()]|\([^()]*\))*\)")  # with one level of brackets inside
WORDY = re.compile(r"[^\W_]|[\u2190-\u2bff\U0001f000-\U0001faff]")  # letter, digit or emoji
DENSE = re.compile(r"[\u2e80-\u9fff]")


class BadPhrase(ValueError):
    """A phrase file or an operator's change that cannot be used; says where and why."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase.

    `table` is a signal or "context"; `kind` is sure, hint, never, added or a context's name;
    `text` is as written; `source` names its file.
    """

    table: str
    kind: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a phrase without gaps.

    `spellings` are pairs of a text and whether it is the beginning of a longer word; `gap` is how
    many characters may lie between the stretch before and this one; `dense` says that no blank need
    stand around it.
    """

    spellings: tuple[tuple[str, bool], ...]
    gap: int
    dense: bool


def routes_of(phrase: Phrase) -> tuple[tuple[Part, ...], ...]:
    """The ways to read a phrase, each the stretches between its gaps, in plain form.

    Most phrases have one; a star within a stretch opens a gap of its own and so another way.
    Raises BadPhrase where the syntax is broken or a stretch may be empty.
    """
    where = f"{phrase.source} [{phrase.table}] {phrase.kind}: phrase {phrase.text!r}"
    text = INNER_GAP.sub(r"\1", _plain_pattern(phrase.text.replace("...", "…")))
    dense = bool(DENSE.search(text)) or phrase.source == "zh.toml"
    texts = _without_inner_gaps(text)
    routes = [route for each in texts for route in _routes(each, dense, where)]
    if len(routes) > MOST_WAYS:
        raise BadPhrase(f"{where}: {len(routes)} ways to read it. Split it or mend its brackets.")
    return tuple(routes)


def _plain_pattern(text: str) -> str:
    """A phrase in plain form, its brackets, bars, stars and gaps left as they are."""
    return plain(text.replace("…", HELD)).text.replace(HELD, "…")


def _routes(text: str, dense: bool, where: str) -> list[tuple[Part, ...]]:
    routes: list[tuple[Part, ...]] = [()]
    gap = DENSE_GAP if dense else GAP
    stretches = [stretch for stretch in text.split("…") if stretch.strip()]
    # Beside a gap, what may be left out adds nothing: the gap covers it.
    needed = [stretch for stretch in stretches if _shortest(stretch, where)]
    for stretch in needed or stretches:
        for piece, before in _pieces(stretch.strip(), gap, where):
            more = _ways(piece, before, dense, where)
            routes = [(*route, *rest) for route in routes for rest in more]
    return [route for route in routes if route]


def _without_inner_gaps(text: str) -> list[str]:
    """A text for each alternative of the brackets that hold a gap."""
    for found in BRACKETS.finditer(text):
        if "…" in found.group():
            before, after = text[: found.start()], text[found.end() :]
            choices = _choices(found.group()[1:-1])
            return [
                whole
                for choice in choices
                for whole in _without_inner_gaps(before + choice + after)
            ]
    return [text]


def _choices(inner: str) -> list[str]:
    """What stands between the bars that are in no inner bracket."""
    choices, depth = [""], 0
    for character in inner:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            choices.append("")
        else:
            choices[-1] += character
    return choices


def _pieces(stretch: str, gap: int, where: str) -> list[tuple[str, int]]:
    """Cut where no piece has too many spellings to list, with the gap before each.

    What may be left out and would multiply the spellings is left out, and its length joins the gap.
    """
    elements = _elements(stretch)
    pieces: list[tuple[str, int]] = []
    begun, before = "", gap
    for element, space in elements:
        spellings = _expanded(element, where)
        joined = begun + space + element
        if begun and _few(joined):
            begun = joined
            continue
        longest = max(map(len, spellings))
        if not all(spellings) and len(elements) > 1:
            before += longest if begun or not pieces else 0
            continue
        if begun:
            pieces.append((begun, before))
            before = len(space)
            before = STEM_GAP if begun.endswith(("*", "*)")) else before
        begun = element
    return [*pieces, (begun, before)]


def _shortest(stretch: str, where: str) -> str:
    """The least that a stretch matches: empty if it may be left out."""
    elements = _elements(stretch.strip())
    return "".join(min(_expanded(element, where), key=len) for element, _ in elements)


def _elements(stretch: str) -> list[tuple[str, str]]:
    """Words and, in a script without spaces, groups; with the space before each."""
    dense = bool(DENSE.search(stretch))
    elements: list[tuple[str, str]] = []
    text, space, depth = "", "", 0
    for character in stretch:
        if depth == 0 and (character == " " or (dense and character == "(")) and text:
            elements.append((text, space))
            text = space = ""
        depth += (character == "(") - (character == ")")
        if character == " " and depth == 0:
            space = " "
            continue
        text += character
        if dense and depth == 0 and character == ")":
            elements.append((text, space))
            text = space = ""
    return [*elements, (text, space)] if text else elements


def _ways(piece: str, gap: int, dense: bool, where: str) -> list[tuple[Part, ...]]:
    """The ways through one piece: all spellings without an inner star are one of them."""
    whole: dict[tuple[str, bool], None] = {}
    ways = []
    for spelling in _expanded(piece, where):
        *stems, rest = re.split(r"(?<=\*)\s+", spelling)
        if not stems:
            whole.update(dict.fromkeys(_spelling(rest, where)))
            continue
        first = Part(_spelling(stems[0], where), gap, dense)
        more = (Part(_spelling(stem, where), STEM_GAP, dense) for stem in (*stems[1:], rest))
        ways.append(tuple(part for part in (first, *more) if part.spellings))
    return [*([(Part(tuple(whole), gap, dense),)] if whole else []), *ways]


@lru_cache(maxsize=20_000)
def _spelling(piece: str, where: str) -> tuple[tuple[str, bool], ...]:
    """The plain form of a piece and whether it is a stem; none where it holds marks only."""
    stem = piece.partition("*")[0]
    spelling = " ".join(stem.split())
    if not spelling:
        raise BadPhrase(f"{where}: expected words, got nothing at all.")
    return ((spelling, stem != piece),) if WORDY.search(spelling) else ()


def _few(text: str) -> bool:
    ways = _spread(text, FEW_WAYS)
    return ways is not None and len(ways) <= FEW_WAYS


@lru_cache(maxsize=20_000)
def _expanded(text: str, where: str) -> list[str]:
    """Every spelling of (a|b|) alternatives, which may be nested."""
    ways = _spread(text, MOST_WAYS)
    if ways is None or len(ways) > MOST_WAYS:
        raise BadPhrase(
            f"{where}: expected (a|b) with matching brackets and at most {MOST_WAYS} spellings. "
            "Split it or mend its brackets."
        )
    return list(dict.fromkeys(way.strip() for way in ways))


def _spread(text: str, enough: int) -> list[str] | None:
    """The spellings of a text, some more than `enough` of them; None for unmatched brackets."""
    ways, at = [""], 0
    for found in OUTERMOST.finditer(text):
        inner = [_spread(choice, enough) for choice in _choices(found.group()[1:-1])]
        if None in inner:
            return None
        before = text[at : found.start()]
        choices = [before + way for group in inner if group is not None for way in group]
        ways = [way + choice for way in ways for choice in choices][: enough + 1]
        at = found.end()
    rest = text[at:]
    between = OUTERMOST.sub("", text)
    return None if set(between) & set("()|") else [way + rest for way in ways]
