"""The population state of a day, read from the store once and held; the nearest older if it lacks.

Knows nothing of what a state counts. The nightly job writes one state per UTC day; where it did not
run, the newest older state is used, however old, because a score from older counts helps more than
none; `readyz` and the metrics say by how many days.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from features.population import COLUMNS, STATE_VERSION, State
from serving import logs
from store import Store

HELD = 3  # states in memory: today's, yesterday's while requests cross midnight, one past question
LOOK_AGAIN_S = 30.0  # seconds after which a lacking day is looked for again
EVERY_SHOP = ""  # one state per day holds every shop: its keys carry their shop


@dataclass(frozen=True, slots=True)
class _Held:
    state: State
    found: int | None  # the day it is of; None where no state was stored at all
    until: float  # monotonic seconds; infinite for the very state of the day


class States:
    """Day (UTC days since 1970) → `State`; what `features.build` takes as its states."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._held: OrderedDict[int, _Held] = OrderedDict()
        self._lock = threading.Lock()

    def state(self, day: int) -> State:
        """The state of that day, or the newest older one, or one that has counted nothing."""
        return self._hold(day).state

    def found(self, day: int) -> int | None:
        """The day of the state in use for that day; None where there is none to use."""
        return self._hold(day).found

    def _hold(self, day: int) -> _Held:
        held = self._held.get(day)
        if held is not None and self._clock() < held.until:
            return held
        with self._lock:
            held = self._held.get(day)
            if held is None or self._clock() >= held.until:
                held = self._read(day)
                self._held[day] = held
                while len(self._held) > HELD:
                    self._held.popitem(last=False)
        return held

    def _read(self, day: int) -> _Held:
        exact = self._stored(day)
        if exact is not None:
            return _Held(exact, day, float("inf"))
        until = self._clock() + LOOK_AGAIN_S
        days = self._store.state_days(EVERY_SHOP, version=STATE_VERSION)
        older = [stored for stored in days if stored < day]
        nearest = self._nearest(max(older)) if older else None
        if nearest is not None:
            return _Held(nearest, nearest.day, until)
        return _Held(_nothing(day), None, until)

    def _nearest(self, day: int) -> State | None:
        held = self._held.get(day)
        return held.state if held is not None and held.found == day else self._stored(day)

    def _stored(self, day: int) -> State | None:
        data = self._store.state(EVERY_SHOP, day, version=STATE_VERSION)
        if data is None:
            return None
        try:
            return State.from_bytes(data)
        except ValueError as error:
            logs.failure("a population state is damaged and left out", error)
            return None


def _nothing(day: int) -> State:
    return State(day, np.empty(0, np.int64), np.empty((0, len(COLUMNS)), np.int64))
