"""Clocks and scales: wall time, processor time and memory of this process and of others.

Knows nothing of what runs. What belongs to other processes is read from /proc, so on another
system than Linux only figures of this process can be taken.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024
KIB_A_MIB = 1024


@dataclass(frozen=True)
class Spent:
    """What a piece of work took: seconds on the clock, seconds of processor in this process."""

    wall_s: float
    cpu_s: float


def spent(work: Callable[[], object]) -> Spent:
    """What it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu)


def interleaved(
    works: Sequence[Callable[[], object]], *, repeats: int, warm_ups: int = 1
) -> list[list[Spent]]:
    """Each work once, again and again, so that a slow minute of the machine falls on all alike.

    The result has one list of `repeats` per work.
    """
    rounds = [[spent(work) for work in works] for _ in range(warm_ups + repeats)]
    return [list(column) for column in zip(*rounds[warm_ups:], strict=True)]


def median(values: Iterable[float]) -> float:
    """The middle one."""
    return float(statistics.median(values))


class Watch:
    """Adds up what named pieces of work took."""

    def __init__(self) -> None:
        self.took: dict[str, Spent] = {}
        self.calls: dict[str, int] = {}

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Count what happens inside under `name`."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            before = self.took.get(name, Spent(0.0, 0.0))
            self.took[name] = Spent(
                before.wall_s + time.perf_counter() - wall, before.cpu_s + time.process_time() - cpu
            )


@contextmanager
def watching(watch: Watch, owner: object, function: str, name: str) -> Iterator[None]:
    """Count every call of `owner.function` under `name`, and how many there were."""
    plain = getattr(owner, function)

    @wraps(plain)
    def watched(*given: Any, **named: Any) -> Any:
        watch.calls[name] = watch.calls.get(name, 0) + 1
        with watch.on(name):
            return plain(*given, **named)

    setattr(owner, function, watched)
    try:
        yield
    finally:
        setattr(owner, function, plain)


def cpu_s(pids: Iterable[int]) -> float:
    """Processor seconds of processes so far, user and system, to the system's tick (10 ms)."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS_A_SECOND


def children(pid: int) -> list[int]:
    """Processes that a process has started and that still run."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def memory_mib(pid: int) -> dict[str, float]:
    """Resident memory, and the same with pages that several processes share divided by them."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Rss", "Pss"):
            found[f"{name.lower()}_mib"] = int(rest.split()[0]) / KIB_A_MIB
    return found


def peak_mib() -> float:
    """The most memory that this process ever had resident."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (MIB if sys.platform == "darwin" else KIB_A_MIB)
