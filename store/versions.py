"""Where a newly said row belongs among the versions of its key, if it says anything new at all.

Knows nothing of SQL or of columns' meaning: a row is a tuple of values, unsaid ones are ABSENT.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Hashable, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, Final, TypeVar

Key = TypeVar("Key", bound=Hashable)
Values = tuple[Any, ...]
Version = tuple[int, Values]  # known_at, and what was known of the row from then on
History = list[Version]  # versions of one key, by known_at


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()  # said nothing of the column, which keeps its value; None clears it
_known_at = itemgetter(0)


class Clash(Exception):
    """Other content is already known at that very moment, and no later moment is left."""


class Lacking(Exception):
    """A column that must be known is not."""


@dataclass(frozen=True, slots=True)
class Fresh:
    """A version that is new to the store.

    Attributes:
        position: index of the row among those given.
        known_at: when it is known, microseconds UTC; later than given where that moment is taken.
        values: the whole row, with unsaid columns filled from the version before.
    """

    position: int
    known_at: int
    values: Values


def merged(said: Values, before: Values | None) -> Values:
    """What is known once `said` is added to what was known `before`."""
    if ABSENT not in said:
        return said
    if before is None:
        return tuple(None if value is ABSENT else value for value in said)
    return tuple(old if value is ABSENT else value for value, old in zip(said, before, strict=True))


def place(
    history: History,
    known_at: int,
    said: Values,
    received_at: int,
    required_at: Sequence[int] = (),
) -> Version | None:
    """Add a row to the versions of its key; the version added, or None where nothing is new.

    A moment that other content holds is passed on to `received_at`, unless a version since then
    already says the same: an old export read again changes nothing. Clash where `received_at` is
    no later. Lacking where a value at one of the places `required_at` would be unknown.
    """
    index = bisect_right(history, known_at, key=_known_at)
    before = history[index - 1] if index else None
    values = merged(said, before[1] if before else None)
    if before is not None and before[1] == values:
        return None
    if before is not None and before[0] == known_at:
        if received_at <= known_at:
            raise Clash
        if _said_since(history[index - 1 :], said, received_at):
            return None
        return place(history, received_at, said, received_at, required_at)
    for at in required_at:
        if values[at] is None:
            raise Lacking
    version = (known_at, values)
    insort(history, version, key=_known_at)
    return version


def _said_since(history: History, said: Values, until: int) -> bool:
    """Whether a version after the first, up to a moment, is what `said` would make it."""
    return any(
        merged(said, earlier) == values
        for (_, earlier), (known_at, values) in pairwise(history)
        if known_at <= until
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of some rows: new versions, and the positions of rows that cannot be stored.

    Attributes:
        fresh: new versions, oldest first.
        clashing: positions of rows whose moment other content holds.
        lacking: positions of rows without a value that must be known.
    """

    fresh: list[Fresh]
    clashing: list[int]
    lacking: list[int]


def place_all(
    histories: MutableMapping[Key, History],
    keys: Sequence[Key],
    said: Sequence[Values],
    known_at: Sequence[int],
    *,
    received_at: int,
    required_at: Sequence[int] = (),
) -> Placed:
    """Place rows (n,) into the histories of their keys, oldest first; histories grow by it."""
    placed = Placed([], [], [])
    for position in sorted(range(len(keys)), key=known_at.__getitem__):
        history = histories.setdefault(keys[position], [])
        try:
            version = place(history, known_at[position], said[position], received_at, required_at)
        except Clash:
            placed.clashing.append(position)
        except Lacking:
            placed.lacking.append(position)
        else:
            if version is not None:
                placed.fresh.append(Fresh(position, *version))
    return placed
