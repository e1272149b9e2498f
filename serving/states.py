"""The population state of a day, read from the store once and held.

Knows nothing of what a state counts. The nightly job writes one state per UTC day. Where it did not
run, live traffic reads the newest older one, however old, because a score from older counts helps
more than none; `readyz` and the metrics say by how many days. A question about the past is never
answered from other counts than its day's: they are counted anew where the store lacks them,
unless the store is too large for a serving process to count.
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
from serving.past_states import PastStates
from store import Store

HELD = 8  # states in memory: today's, tomorrow's when midnight comes, a few of past questions
PAST_S = 300.0  # seconds that a state counted anew is held: older rows may still arrive
LOOK_AGAIN_S = 30.0  # seconds after which a lacking day is looked for again
EVERY_SHOP = ""  # one state per day holds every shop: its keys carry their shop


@dataclass(frozen=True, slots=True)
class _Held:
    state: State
    found: int | None  # the day it is of; None where no state was stored at all
    until: float  # monotonic seconds; infinite for the very state of the day


class States:
    """Day (UTC days since 1970) → `State`; what `features.build` takes as its states."""

    def __init__(
        self,
        store: Store,
        past: PastStates,
        *,
        today: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`today` is the UTC day of now; `clock` counts seconds."""
        self._store = store
        self._past = past
        self._today = today
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
        # Live questions read the state of the day before today.
        if day < self._today() - 1 and self._past.affordable:
            return _Held(self._past.state(day), day, self._clock() + PAST_S)
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
