"""From starting the service to the first ready answer, and the memory of a worker after some work.

Knows nothing of what it loads.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from benchmarks.client import request, saturate
from benchmarks.home import Trained, now_us, trained
from benchmarks.meter import median, memory_mib
from benchmarks.orders import Requests, encoded, templates
from benchmarks.row import Row
from benchmarks.server import Server, ours

REPEATS = 5
WARM_S = 3.0  # seconds of full load before memory is read, with reasons for all


def measure(workplace: Path, *, small: bool) -> list[Row]:
    """Row 6 of the budgets."""
    with trained(workplace, 2_000 if small else 20_000) as made:
        with made.home.open_store() as store:
            key = store.add_key("benchmark", ("score",))
        starts: list[float] = []
        cpus: list[float] = []
        for _ in range(1 if small else REPEATS):
            with ours(made.home) as server:
                starts.append(server.ready_s)
                cpus.append(server.cpu_s)
        with ours(made.home) as server:
            starts.append(server.ready_s)
            cpus.append(server.cpu_s)
            fresh = _memory(server)
            _work(server, made, key, seconds=0.5 if small else WARM_S)
            worked = _memory(server)
    ready = Row(
        "start",
        "start to ready, 2 workers",
        median(starts),
        "s",
        2.0,
        0.7,
        low=min(starts),
        high=max(starts),
        details={"cpu_s_of_all_processes": median(cpus), "workers": len(fresh)},
        small=small,
    )
    memory = Row(
        "memory",
        "memory a worker, resident, after work",
        max(one["rss_mib"] for one in worked),
        "MiB",
        300,
        150,
        details={
            "fresh_rss_mib": max(one["rss_mib"] for one in fresh),
            "pss_mib": max(one["pss_mib"] for one in worked),
            "workers": len(worked),
        },
        small=small,
    )
    return [ready, memory]


def _memory(server: Server) -> list[dict[str, float]]:
    return [memory_mib(pid) for pid in server.workers]


def _work(server: Server, made: Trained, key: str, *, seconds: float) -> None:
    asked = Requests(templates(made.shop, 5_000), f"start-{now_us()}", now_us())
    messages = (request("/v1/score", encoded(body), key) for body in islice(asked.bodies(), 10**6))
    saturate(server.port, messages, seconds=seconds, connections=8)
