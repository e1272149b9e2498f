"""Phrases as data: the files of the four languages, an operator's changes, and their small syntax.

Knows nothing of messages: it reads and checks phrases, and never looks for one.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from features.signal_names import CONTEXTS, KINDS, LANGUAGES, SIGNALS
from features.text import plain

FILES = ("any", *LANGUAGES)
MOST_WAYS = 2000  # spellings of one stretch of a phrase; more is a slip of the pen
GAP = 26  # characters that an ellipsis may stand for
DENSE_GAP = 11  # the same, in a script without spaces
NEXT_WORD = 1  # nothing but a space
FEW_WAYS = 40  # spellings that are listed outright; a longer stretch is matched word after word
STEM_GAP = 14  # rest of a word that a star stands for, with the space after it
CONTEXT = "context"
ADDED = "added"  # an operator's own phrase: as sure as can be
ALTERNATIVES = re.compile(r"\(([^()]*)\)")
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
    many characters may lie between the stretch before and this one.
    """

    spellings: tuple[tuple[str, bool], ...]
    gap: int


@dataclass(frozen=True, slots=True)
class PhraseChanges:
    """What an operator adds to and removes from the phrases that ship.

    `add` and `remove` are pairs of (signal, phrase); `source` names the settings file and table.
    """

    add: tuple[tuple[str, str], ...] = ()
    remove: tuple[tuple[str, str], ...] = ()
    source: str = "riskradar.toml [signals.phrases]"

    @classmethod
    def of(cls, tables: Mapping[str, Any], source: str) -> PhraseChanges:
        """The changes in tables {signal: {"add": [...], "remove": [...]}}.

        Raises BadPhrase for an unknown signal or key, or an entry that is no phrase.
        """
        lists: dict[str, list[tuple[str, str]]] = {"add": [], "remove": []}
        for signal, table in tables.items():
            where = f"{source[:-1]}.{signal}]" if source.endswith("]") else f"{source} {signal}"
            _known(signal, SIGNALS, where, "signal")
            if not isinstance(table, Mapping):
                raise BadPhrase(f"{where}: expected a table with add or remove, got {table!r}.")
            for key, texts in table.items():
                _known(key, tuple(lists), where, "key")
                lists[key] += [(signal, text) for text in _texts(texts, f"{where} {key}")]
        changes = cls(tuple(lists["add"]), tuple(lists["remove"]), source)
        for signal, text in changes.add:
            routes_of(Phrase(signal, ADDED, text, source))
        return changes

    def joined(self, more: PhraseChanges) -> PhraseChanges:
        """These changes and then a shop's own."""
        source = f"{self.source}, {more.source}"
        return PhraseChanges(self.add + more.add, self.remove + more.remove, source)


def phrases(changes: PhraseChanges | None = None) -> tuple[Phrase, ...]:
    """All phrases that ship, without what an operator removed, then what was added.

    Raises BadPhrase where a removed phrase is in no file.
    """
    shipped = tuple(itertools.chain.from_iterable(shipped_phrases(name) for name in FILES))
    if changes is None:
        return shipped
    removed = set(changes.remove)
    missing = removed - {(phrase.table, phrase.text) for phrase in shipped}
    for signal, text in sorted(missing):
        raise BadPhrase(
            f"{changes.source}: signal {signal} has no phrase {text!r} to remove. "
            "Write it exactly as the phrase file does."
        )
    kept = (phrase for phrase in shipped if (phrase.table, phrase.text) not in removed)
    added = (Phrase(signal, ADDED, text, changes.source) for signal, text in changes.add)
    return (*kept, *added)


@cache
def shipped_phrases(name: str) -> tuple[Phrase, ...]:
    """The phrases of one file that ships, such as "en"; none where there is no such file."""
    file = files("features").joinpath(f"phrases/{name}.toml")
    return read_phrases(file.read_text("utf-8"), f"{name}.toml") if file.is_file() else ()


def read_phrases(content: str, source: str) -> tuple[Phrase, ...]:
    """The phrases of a file's content.

    Raises BadPhrase with the file, table and entry for whatever cannot be used.
    """
    try:
        tables = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise BadPhrase(f"{source}: expected TOML, got: {error}.") from error
    found = []
    for table, lists in tables.items():
        _known(table, (*SIGNALS, CONTEXT), source, "table")
        for kind, texts in lists.items():
            where = f"{source} [{table}]"
            _known(kind, CONTEXTS if table == CONTEXT else KINDS, where, "key")
            found += [
                Phrase(table, kind, text, source) for text in _texts(texts, f"{where} {kind}")
            ]
    return tuple(dict.fromkeys(found))


def routes_of(phrase: Phrase) -> tuple[tuple[Part, ...], ...]:
    """The ways to read a phrase, each the stretches between its gaps, in plain form.

    Most phrases have one; a star within a stretch opens a gap of its own and so another way.
    Raises BadPhrase where the syntax is broken or a stretch may be empty.
    """
    where = f"{phrase.source} [{phrase.table}] {phrase.kind}: phrase {phrase.text!r}"
    text = phrase.text.replace("...", "…")
    gap = DENSE_GAP if DENSE.search(text) else GAP
    filled = [stretch for stretch in text.split("…") if stretch.strip()]
    stretches = [_ways(stretch, gap, where) for stretch in filled]
    routes = [sum(route, ()) for route in itertools.product(*stretches)]
    if len(routes) > MOST_WAYS:
        raise BadPhrase(f"{where}: {len(routes)} ways to read it. Split it.")
    return tuple(routes)


def _ways(stretch: str, gap: int, where: str) -> list[tuple[Part, ...]]:
    """The ways through one stretch: all spellings without an inner star are one of them."""
    ways: list[tuple[Part, ...]] = [()]
    for piece in _pieces(stretch.strip(), where):
        more = _ways_of_piece(piece, gap if ways == [()] else NEXT_WORD, where)
        ways = [(*way, *rest) for way in ways for rest in more]
    return ways


def _pieces(stretch: str, where: str) -> list[str]:
    """Cut at spaces outside brackets, so that no piece has too many spellings to list."""
    pieces: list[str] = []
    begun = ""
    for word in _outer_words(stretch):
        joined = f"{begun} {word}".strip()
        closed = begun and all(_expanded(begun, where))
        if closed and len(_expanded(joined, where)) > FEW_WAYS and not begun.endswith("*"):
            pieces.append(begun)
            begun = word
        else:
            begun = joined
    if pieces and not all(_expanded(begun, where)):
        begun = f"{pieces.pop()} {begun}"
    return [*pieces, begun]


def _outer_words(stretch: str) -> list[str]:
    words, depth = [""], 0
    for character in stretch:
        depth += (character == "(") - (character == ")")
        if character == " " and depth == 0:
            words.append("")
        else:
            words[-1] += character
    return [word for word in words if word]


def _ways_of_piece(piece: str, gap: int, where: str) -> list[tuple[Part, ...]]:
    whole: dict[tuple[str, bool], None] = {}
    ways = []
    for spelling in _expanded(piece, where):
        *stems, rest = re.split(r"(?<=\*)\s+", spelling)
        if not stems:
            whole[_spelling(rest, where)] = None
            continue
        first = Part((_spelling(stems[0], where),), gap)
        more = (Part((_spelling(stem, where),), STEM_GAP) for stem in (*stems[1:], rest))
        ways.append((first, *more))
    return [*([(Part(tuple(whole), gap),)] if whole else []), *ways]


def _spelling(piece: str, where: str) -> tuple[str, bool]:
    stem = piece.removesuffix("*")
    spelling = " ".join(plain(stem).text.split())
    if not spelling or "*" in spelling:
        problem = "a star within a word" if spelling else "nothing at all"
        raise BadPhrase(f"{where}: expected words, got {problem}.")
    return spelling, stem != piece


def _expanded(text: str, where: str) -> list[str]:
    """Every spelling of (a|b|) alternatives, which may be nested."""
    ways = [text]
    while any("(" in way for way in ways):
        opened: list[str] = []
        for way in ways:
            found = ALTERNATIVES.search(way)
            if found is None:
                opened.append(way)
                continue
            before, after = way[: found.start()], way[found.end() :]
            opened += [before + choice + after for choice in found[1].split("|")]
        if opened == ways or len(opened) > MOST_WAYS:
            break
        ways = list(dict.fromkeys(opened))
    if any(set(way) & set("()|") for way in ways):
        raise BadPhrase(
            f"{where}: expected (a|b) with matching brackets and at most {MOST_WAYS} spellings. "
            "Split it or mend its brackets."
        )
    return [way.strip() for way in ways]


def _known(name: str, allowed: tuple[str, ...], where: str, what: str) -> None:
    if name not in allowed:
        raise BadPhrase(f"{where}: unknown {what} {name!r}. Use one of {', '.join(allowed)}.")


def _texts(value: Any, where: str) -> list[str]:
    if not isinstance(value, list):
        raise BadPhrase(f"{where}: expected a list of phrases, got {value!r}.")
    for text in value:
        if not isinstance(text, str) or not text.strip():
            raise BadPhrase(f"{where}: expected a phrase in quotes, got {text!r}.")
    return value
