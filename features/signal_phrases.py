"""Phrases as data: the files of the four languages, and an operator's changes to them.

Knows nothing of messages: it reads and checks phrases, and never looks for one.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from features.signal_names import CONTEXTS, KINDS, LANGUAGES, SIGNALS
from features.signal_syntax import BadPhrase, Phrase, routes_of

FILES = ("any", *LANGUAGES)
CONTEXT = "context"
ADDED = "added"  # an operator's own phrase: as sure as can be


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
            if not routes_of(Phrase(signal, ADDED, text, source)):
                raise BadPhrase(f"{source} {signal}: phrase {text!r} holds no word. Add one.")
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
