"""One order over HTTP against a no-op route on the same server, and the latency at half that load.

Knows nothing of what happens inside a request. Server, no-op and client share the machine's cores;
the client's part falls on both, so beside the ratio of throughputs stands that of the servers' own
processor seconds a request, in which the client has no part and which other load disturbs least.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, count, cycle, islice
from pathlib import Path

from benchmarks.client import Load, at_rate, request, saturate
from benchmarks.home import Trained, now_us, trained
from benchmarks.meter import median
from benchmarks.orders import Requests, encoded, templates
from benchmarks.row import Row
from benchmarks.server import Server, noop, ours

CONNECTIONS = 16
TEMPLATES = 20_000
NOOP_REQUESTS = 5_000  # the no-op remembers nothing, so it may be sent the same ones again
MOST_A_S = 2_500  # requests made beforehand for a second of full load
BUDGET = "a tenth"  # what the budget is about: a day's list is about a tenth of its orders
KINDS = ("noop", BUDGET, "all", "none")  # of the orders get reasons


@dataclass(frozen=True)
class Size:
    """How much is measured: orders of the history, rounds, seconds of each round."""

    orders: int
    rounds: int
    round_s: float
    latency_s: float

    @classmethod
    def of(cls, *, small: bool) -> Size:
        """The full size, or one of half a minute."""
        return cls(2_000, 3, 1.0, 2.0) if small else cls(20_000, 7, 2.0, 8.0)


@dataclass(frozen=True)
class Round:
    """One server under full load for a moment."""

    load: Load
    server_cpu_s: float

    @property
    def cpu_us(self) -> float:
        """Processor microseconds of the server a request."""
        return 1e6 * self.server_cpu_s / self.load.answered


FIGURES: dict[str, Callable[[Round], float]] = {
    "requests_a_s": lambda one: one.load.rate,
    "server_cpu_us_a_request": lambda one: one.cpu_us,
    "client_cpu_us_a_request": lambda one: 1e6 * one.load.client_cpu_s / one.load.answered,
}


@dataclass(frozen=True)
class Bench:
    """The two servers, and requests that neither has seen."""

    ours: Server
    noop: Server
    messages: dict[str, Iterator[bytes]]

    def round(self, kind: str, seconds: float) -> Round:
        """Full load of one kind."""
        server = self.server(kind)
        before = server.cpu_s
        load = saturate(server.port, self.messages[kind], seconds=seconds, connections=CONNECTIONS)
        return Round(load, server.cpu_s - before)

    def steady(self, kind: str, rate: float, seconds: float) -> Load:
        """Requests of one kind at a fixed rate."""
        port, messages = self.server(kind).port, self.ready(kind, rate * seconds)
        return at_rate(port, messages, rate=rate, seconds=seconds, connections=CONNECTIONS)

    def ready(self, kind: str, many: float) -> Iterator[bytes]:
        """Requests, so many of them made beforehand: making one costs as much as sending it."""
        return chain(list(islice(self.messages[kind], int(many))), self.messages[kind])

    def server(self, kind: str) -> Server:
        """Who answers that kind."""
        return self.noop if kind == "noop" else self.ours


def measure(workplace: Path, *, small: bool) -> list[Row]:
    """Rows 1 and 2 of the budgets."""
    size = Size.of(small=small)
    with trained(workplace, size.orders) as made, ExitStack() as stack:
        with made.home.open_store() as store:
            key = store.add_key("benchmark", ("score",))
        servers = stack.enter_context(ours(made.home)), stack.enter_context(noop())
        about, messages = _messages(made, key)
        bench = Bench(*servers, messages)
        for kind in KINDS:
            bench.round(kind, size.round_s)  # warm: caches, connections to the store, compiled code
        rounds: dict[str, list[Round]] = {kind: [] for kind in KINDS}
        for _ in range(size.rounds):
            for kind in KINDS:
                rounds[kind].append(bench.round(kind, size.round_s))
        rows = _throughput(rounds, about | {"history_orders": size.orders}, small=small)
        rate = median(r.load.rate for r in rounds[BUDGET]) / 2
        return [*rows, _latency(bench, rate, size, small=small)]


def _messages(made: Trained, key: str) -> tuple[dict[str, object], dict[str, Iterator[bytes]]]:
    """What the requests are like, and an endless row of them for each kind."""
    found = templates(made.shop, TEMPLATES)
    asked = Requests(found, f"bench-{now_us()}", now_us())
    said = [encoded(body) for body in islice(asked.bodies(), 1000)]
    about: dict[str, object] = {
        f"{table}_a_request": sum(len(t.inside[table]) for t in found) / len(found)
        for table in ("items", "addresses", "messages")
    }
    about["bytes_a_request"] = sum(map(len, said)) / len(said)
    endless = {kind: _of_kind(asked, kind, key) for kind in KINDS}
    return about, endless | {"noop": cycle(list(islice(endless["noop"], NOOP_REQUESTS)))}


def _of_kind(asked: Requests, kind: str, key: str) -> Iterator[bytes]:
    """Requests with reasons asked for every order, none, or every tenth: the flagged tenth.

    Which orders a day's list flags depends on how many came before; asking makes it a tenth.
    """
    bodies = asked.bodies(first=(1 + KINDS.index(kind)) * 10_000_000)
    for number, body in zip(count(), bodies, strict=False):
        wanted = {"all": True, "none": False}.get(kind, number % 10 == 0)
        yield request("/v1/score", encoded({**body, "reasons": wanted}), key)


def _throughput(
    rounds: dict[str, list[Round]], about: dict[str, object], *, small: bool
) -> list[Row]:
    """The row of the budget, and those without one beside it."""
    details = about | {
        f"{name} of {kind}": median(of(one) for one in rounds[kind])
        for kind in KINDS
        for name, of in FIGURES.items()
    }
    return [
        Row(
            "http_" + kind.replace(" ", "_"),
            f"one order over HTTP, reasons for {kind}, ÷ no-op",
            median(_ratios(rounds, kind)),
            "x",
            bar=0.10 if kind == BUDGET else None,
            aim=0.25 if kind == BUDGET else None,
            more_is_better=True,
            low=min(_ratios(rounds, kind)),
            high=max(_ratios(rounds, kind)),
            by_cpu=median(
                none.cpu_us / us.cpu_us
                for us, none in zip(rounds[kind], rounds["noop"], strict=True)
            ),
            details=details if kind == BUDGET else {},
            small=small,
        )
        for kind in KINDS[1:]
    ]


def _ratios(rounds: dict[str, list[Round]], kind: str) -> list[float]:
    pairs = zip(rounds[kind], rounds["noop"], strict=True)
    return [us.load.rate / none.load.rate for us, none in pairs]


def _latency(bench: Bench, rate: float, size: Size, *, small: bool) -> Row:
    """The no-op at the same rate, in turns, says what the machine itself adds."""
    found: dict[str, list[Load]] = {BUDGET: [], "noop": []}
    for _ in range(max(2, size.rounds // 2)):
        for kind, loads in found.items():
            loads.append(bench.steady(kind, rate, size.latency_s))
    p99 = [load.quantile_ms(0.99) for load in found[BUDGET]]
    return Row(
        "http_p99",
        "p99 at half that load",
        median(p99),
        "ms",
        30,
        10,
        low=min(p99),
        high=max(p99),
        details={
            "rate_a_s": rate,
            "p50_ms": median(load.quantile_ms(0.5) for load in found[BUDGET]),
            "noop_p99_ms": median(load.quantile_ms(0.99) for load in found["noop"]),
            "noop_p50_ms": median(load.quantile_ms(0.5) for load in found["noop"]),
        },
        small=small,
    )
