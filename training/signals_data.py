"""The labelled messages: which are set aside for judging, which are learned from, in which folds.

Knows nothing of models: it hands out texts, labels and folds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from features.signal_names import SIGNALS
from features.text import plain

ORIGINALS = ("zh_en", "es_pt")
GRAM = 6  # characters by which near-duplicates are recognised
SHARED = 0.5  # share of the shorter text's grams that makes two messages near-duplicates
BUCKET = 30  # texts holding a gram, past which it says nothing
SEED = 5  # of the draw of folds


@dataclass(frozen=True, slots=True)
class Message:
    """One labelled message.

    `spans` are (signal, start, end) in code points; a signal in `optional` counts neither way;
    `original` tells the messages of the shop from those written to learn from.
    """

    id: str
    lang: str
    sender: str
    text: str
    signals: tuple[str, ...]
    spans: tuple[tuple[str, int, int], ...]
    optional: tuple[str, ...]
    original: bool


def is_aside(message_id: str) -> bool:
    """Whether an original message is kept for judging only: a fixed fifth, by its id."""
    digest = blake2b(message_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 5 == 0


def originals() -> list[Message]:
    """The shop's messages, those set aside among them."""
    return [message for name in ORIGINALS for message in _read(f"{name}.jsonl", original=True)]


def for_learning() -> list[Message]:
    """What may be learned from: originals that are not set aside, then the written ones.

    A written message that resembles one set aside is left out: its author may have met it.
    """
    folder = files("training").joinpath("messages")
    written = sorted(file.name for file in folder.iterdir() if file.name.startswith("written_"))
    kept = [message for message in originals() if not is_aside(message.id)]
    more = [message for name in written for message in _read(name, original=False)]
    return kept + _unlike(more, for_judging())


def for_judging() -> list[Message]:
    """The fifth set aside."""
    return [message for message in originals() if is_aside(message.id)]


def labels(messages: Sequence[Message]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n, 16) which signals each carries, and (n, 16) which count neither way."""
    carried = np.array([[name in row.signals for name in SIGNALS] for row in messages], bool)
    optional = np.array([[name in row.optional for name in SIGNALS] for row in messages], bool)
    return carried.reshape(-1, len(SIGNALS)), optional.reshape(-1, len(SIGNALS))


def folds(texts: Sequence[str], count: int) -> NDArray[np.int64]:
    """(n,) fold of each text, near-duplicates together; the same for the same texts."""
    groups = _groups([_characters(text) for text in texts])
    draw = np.random.default_rng(SEED)
    drawn: dict[int, int] = {}
    return np.array([drawn.setdefault(group, int(draw.integers(count))) for group in groups])


def _unlike(messages: Sequence[Message], judging: Sequence[Message]) -> list[Message]:
    """The messages that are no near-duplicates of those that judge."""
    aside = [_characters(message.text) for message in judging]
    holders: dict[str, list[int]] = {}
    for index, held in enumerate(aside):
        for gram in held:
            holders.setdefault(gram, []).append(index)
    return [message for message in messages if not _resembles(message, aside, holders)]


def _resembles(
    message: Message, others: Sequence[set[str]], holders: Mapping[str, Sequence[int]]
) -> bool:
    held = _characters(message.text)
    shared = Counter(other for gram in held for other in holders.get(gram, ()))
    return any(
        count >= SHARED * min(len(held), len(others[other])) for other, count in shared.items()
    )


def _characters(text: str) -> set[str]:
    letters = re.sub(r"\W", "", plain(text).text)
    return {letters[at : at + GRAM] for at in range(max(1, len(letters) - GRAM + 1))}


def _groups(grams: Sequence[set[str]]) -> list[int]:
    """The first text of each text's group of near-duplicates."""
    leaders = list(range(len(grams)))
    holders: dict[str, list[int]] = {}

    def leader(index: int) -> int:
        while leaders[index] != index:
            index = leaders[index]
        return index

    for index, held in enumerate(grams):
        shared: dict[int, int] = {}
        for gram in held:
            for other in holders.get(gram, ()):
                shared[other] = shared.get(other, 0) + 1
            if len(holders.setdefault(gram, [])) < BUCKET:
                holders[gram].append(index)
        for other, count in shared.items():
            if count >= SHARED * min(len(held), len(grams[other])):
                first, second = sorted((leader(index), leader(other)))
                leaders[second] = first
    return [leader(index) for index in range(len(grams))]


def _read(name: str, *, original: bool) -> Iterable[Message]:
    file = files("training").joinpath(f"messages/{name}")
    if not file.is_file():
        return
    for line in file.read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Message(
            row["id"],
            row["lang"],
            row["sender"],
            row["text"],
            tuple(row["signals"]),
            tuple((signal, start, end) for signal, start, end in row["spans"]),
            tuple(row["optional"]),
            original,
        )
