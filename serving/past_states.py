"""Population states of days long gone, counted anew from the store for a question about the past.

Knows nothing of live traffic, which reads what the nightly job wrote. It is the counting that batch
scoring does, so that a question about the past is answered alike here and there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from features.population import Population, State
from features.rates import Rates
from store import Store

MOST_BYTES = 800 * 2**20  # of the store: some 250,000 orders, whose counting takes ten seconds
KEEP_S = 60.0  # seconds that the facts of a count are kept for the next day asked about


class PastStates:
    """Day (UTC days since 1970) → `State`, counted on demand; takes seconds and much memory."""

    def __init__(
        self,
        store: Store,
        path: Path,
        rates: Rates,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`path` is the store's file, whose size says whether counting is affordable here."""
        self._store = store
        self._path = path
        self._rates = rates
        self._clock = clock
        self._lock = threading.Lock()
        self._population: Population | None = None
        self._until = 0.0

    @property
    def affordable(self) -> bool:
        """Whether a serving process may count this store; a larger one is for batch scoring."""
        return self._path.stat().st_size <= MOST_BYTES

    def state(self, day: int) -> State:
        """What was known strictly before 00:00 of that day, by all that the store holds now."""
        with self._lock:
            if self._population is None or self._clock() >= self._until:
                self._population = Population(self._store.facts(), self._rates)
                self._until = self._clock() + KEEP_S
            counted = self._population.state(day)
            # A copy: the population goes on counting in the arrays that it hands out.
            return State(day, counted.keys.copy(), counted.counts.copy())

    def forget(self) -> None:
        """Give the memory back, once nobody has asked for a while."""
        with self._lock:
            if self._clock() >= self._until:
                self._population = None
