"""What one message says: the signals it carries, with the words that carry each.

Knows nothing of orders or conversations; docs/signals.md defines each signal.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from features.signal_decide import decide
from features.signal_match import Layered, Matcher
from features.signal_model import Model, Weights, shipped
from features.signal_names import LANGUAGES, RED, SIGNALS
from features.signal_phrases import ADDED, PhraseChanges, phrases
from features.signal_rules import Rules
from features.signal_syntax import BadPhrase, Phrase
from features.signal_table import shipped_table, table_of
from features.signal_views import Views, views
from features.text import WORDS, Plain, plain, small_words

__all__ = [
    "READER_VERSION",
    "RED",
    "SIGNALS",
    "BadPhrase",
    "PhraseChanges",
    "Quoted",
    "Reader",
    "Reading",
    "Span",
    "reader",
]

# Part of what a stored signal means: raised when the same message may read differently.
READER_VERSION = 1
CHINESE = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The words [start, end) of the text as received, in code points, that carry a signal."""

    signal: str
    start: int
    end: int


class Quoted(NamedTuple):
    """A span with its words."""

    signal: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says.

    `lang` is zh, en, es, pt or und; `spans` are in the order of SIGNALS, then of the text.
    """

    lang: str
    spans: tuple[Span, ...]

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals carried, each once, in the order of SIGNALS."""
        return tuple(dict.fromkeys(span.signal for span in self.spans))

    def quoted(self, text: str) -> list[Quoted]:
        """The spans with their words, of the text that was read."""
        return [Quoted(s.signal, s.start, s.end, text[s.start : s.end]) for s in self.spans]


class Reader:
    """Reads messages by a fixed set of phrases and weights; immutable, so threads may share it."""

    def __init__(
        self,
        known: Sequence[Phrase],
        weights: Weights | None = None,
        matcher: Matcher | Layered | None = None,
    ) -> None:
        """`matcher` finds exactly these phrases, where one was made before."""
        self.phrases = tuple(known)
        self._matcher = Matcher(table_of(known)) if matcher is None else matcher
        self._rules = Rules(self.phrases)
        self._model = None if weights is None else Model(weights, self.phrases)

    @classmethod
    def of_phrases(cls) -> Reader:
        """A reader of the phrases that ship, without a learned part."""
        known, matcher = _shipped_matcher()
        return cls(known, None, matcher)

    def read(self, text: str, sender: str = "buyer", *, learned: bool = True) -> Reading:
        """The signals of one message; those of the seller and the system carry none.

        Without `learned` the phrases and rules decide alone.
        """
        folded = plain(text)
        lang = language(folded.text)
        if sender != "buyer" or not folded.text:
            return Reading(lang, ())
        hits = self._matcher.hits(folded.text)
        if not learned or self._model is None:
            found = self._rules.fired(folded.text, hits)
            return Reading(lang, _spans(folded, [s for s in found.meant if s[0] in found.fired]))
        found = self._rules.findings(folded.text, hits)
        seen = views(folded.text, hits, self._rules.codes, found)
        return Reading(lang, _spans(folded, decide(folded.text, found, seen, self._model)))

    def read_many(self, texts: Sequence[str]) -> list[Reading]:
        """The same as `read` on each of a buyer's messages."""
        return [self.read(text) for text in texts]

    def phrases_in(self, folded: Plain) -> set[int]:
        """The places in `phrases` of all that stand in a plain text."""
        return {hit[0] for hit in self._matcher.hits(folded.text)}

    def views(self, folded: Plain, *, without: Collection[int] = ()) -> Views:
        """What the learned part is given of a plain text, blind to some phrases by their place."""
        hits = [hit for hit in self._matcher.hits(folded.text) if hit[0] not in without]
        found = self._rules.findings(folded.text, hits)
        return views(folded.text, hits, self._rules.codes, found)


@lru_cache(maxsize=64)
def reader(changes: PhraseChanges | None = None) -> Reader:
    """The reader of the phrases that ship, with an operator's changes; made once for each.

    Raises BadPhrase where a phrase file or the changes cannot be used.
    """
    known, matcher = _shipped_matcher()
    if changes is None:
        return Reader(known, shipped(), matcher)
    changed = phrases(changes)
    kept = frozenset(changed)
    removed = frozenset(at for at, phrase in enumerate(known) if phrase not in kept)
    added = [phrase for phrase in changed if phrase.kind == ADDED]
    layered = Layered(matcher, removed, Matcher(table_of(added)), len(known))
    return Reader((*known, *added), shipped(), layered)


@cache
def _shipped_matcher() -> tuple[tuple[Phrase, ...], Matcher]:
    known, table = shipped_table()
    return known, Matcher(table)


def language(text: str) -> str:
    """The language of a plain text: zh, en, es, pt, or und where nothing tells."""
    if CHINESE.search(text):
        return "zh"
    counts = dict.fromkeys(LANGUAGES, 0)
    small = small_words()
    for word in WORDS.findall(text):
        for lang in small.get(word, ()):
            counts[lang] += 1
    best = max(counts, key=counts.__getitem__)
    return best if counts[best] else "und"


def _spans(folded: Plain, found: Sequence[tuple[int, int, int]]) -> tuple[Span, ...]:
    """Spans of (signal index, start, end), overlapping ones joined, pointing into the original."""
    spans: list[Span] = []
    for signal, start, end in sorted(found):
        first, last = folded.origin(start, end)
        latest = spans[-1] if spans else None
        if latest and latest.signal == SIGNALS[signal] and first <= latest.end:
            spans[-1] = Span(latest.signal, latest.start, max(latest.end, last))
        else:
            spans.append(Span(SIGNALS[signal], first, last))
    return tuple(spans)
