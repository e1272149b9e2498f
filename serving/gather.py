"""Does together what arrives at the same time: whoever comes first works for all who are waiting.

Knows nothing of the work. Scoring eight orders costs about twice what one costs (the price of numpy
and of a transaction is by the call, not by the row), so under load requests are answered in groups.
Callers that were just answered together are about to ask again together, so the next group waits a
moment for as many as the last one had; a lone request is never kept waiting for others to come.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

LINGER_S = 0.002  # the longest that a group waits to be as large as the last; a call costs more
LOOK_S = 0.0002  # how often it looks

Job = TypeVar("Job")
Done = TypeVar("Done")


class _Ticket(Generic[Job, Done]):
    """A job that waits. Its gate opens when it is done, or when it is its turn to lead."""

    __slots__ = ("done", "error", "finished", "gate", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.gate = threading.Lock()
        self.gate.acquire()
        self.finished = False
        self.done: Done | None = None
        self.error: Exception | None = None


class Gatherer(Generic[Job, Done]):
    """Runs `work` on groups of jobs, one group at a time.

    Args:
        work: jobs → what each came to, in their order. Where it raises for a group, each of its
            jobs is worked on alone, so that one bad job fails no other.
        keys: what a job touches; two jobs with a key in common never share a group, and the one
            that came first is done first.
        most: jobs in one group.
        everybodys: errors that are no job's fault, so that trying each alone would not help.

    """

    def __init__(
        self,
        work: Callable[[Sequence[Job]], Sequence[Done]],
        *,
        keys: Callable[[Job], frozenset[int]],
        most: int,
        everybodys: tuple[type[Exception], ...] = (),
    ) -> None:
        self._work = work
        self._keys = keys
        self._most = most
        self._everybodys = everybodys
        self._lock = threading.Lock()
        self._waiting: deque[_Ticket[Job, Done]] = deque()
        self._led = False
        self._last = 1  # jobs of the last group

    def ask(self, job: Job) -> Done:
        """What the job comes to; raises what working on it raised."""
        ticket: _Ticket[Job, Done] = _Ticket(job)
        with self._lock:
            self._waiting.append(ticket)
            leads, self._led = not self._led, True
        if not leads:
            ticket.gate.acquire()
        if not ticket.finished:
            self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.done  # type: ignore[return-value]  # finished without an error

    def _lead(self) -> None:
        """Work for the group at the head of the line, which begins with the leader's own job."""
        self._linger()
        group = self._group()
        self._last = len(group)
        try:
            self._settle(group)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._led = following is not None
            for ticket in group:
                ticket.finished = True
                ticket.gate.release()
            if following is not None:
                following.gate.release()

    def _linger(self) -> None:
        looks = round(LINGER_S / LOOK_S)
        while looks and len(self._waiting) < self._last:
            time.sleep(LOOK_S)
            looks -= 1

    def _group(self) -> list[_Ticket[Job, Done]]:
        group: list[_Ticket[Job, Done]] = []
        touched: set[int] = set()
        with self._lock:
            while self._waiting and len(group) < self._most:
                keys = self._keys(self._waiting[0].job)
                if touched & keys:
                    break
                touched |= keys
                group.append(self._waiting.popleft())
        return group

    def _settle(self, group: Sequence[_Ticket[Job, Done]]) -> None:
        try:
            for ticket, done in zip(
                group, self._work([ticket.job for ticket in group]), strict=True
            ):
                ticket.done = done
        except Exception as error:  # noqa: BLE001  # each caller gets its own
            for ticket in group:
                if len(group) == 1 or isinstance(error, self._everybodys):
                    ticket.error = error
                else:
                    self._settle([ticket])
