"""A small HTTP client that loads a server: requests made beforehand, several connections, one loop.

Knows nothing of what the requests say. It is written on bare sockets because it shares the
machine's cores with the server: what the client burns, the server lacks.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

HOST = "127.0.0.1"
CHUNK = 1 << 16
TIMEOUT_S = 30.0  # without any answer; a benchmark fails rather than hangs


@dataclass(frozen=True)
class Load:
    """What came of loading a server.

    Attributes:
        wall_s: from the first request to the last answer.
        latencies_ms: of each answered request, from when it was due to the end of its answer.
        client_cpu_s: processor seconds of the client itself.

    """

    wall_s: float
    latencies_ms: list[float]
    client_cpu_s: float

    @property
    def answered(self) -> int:
        """Requests that were answered."""
        return len(self.latencies_ms)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answered / self.wall_s

    def quantile_ms(self, share: float) -> float:
        """The latency that this share of the requests stayed within."""
        ranked = sorted(self.latencies_ms)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def request(path: str, body: bytes, key: str = "") -> bytes:
    """The bytes of one POST."""
    authorization = f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{authorization}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class BadAnswer(Exception):
    """The server answered something else than 200, so that its speed means nothing."""


@dataclass(slots=True)
class _Wire:
    """One connection with at most one request on its way."""

    socket: socket.socket
    due: float = 0.0
    got: bytearray = field(default_factory=bytearray)

    def send(self, message: bytes, due: float) -> None:
        self.due = due
        self.socket.sendall(message)

    def receive(self) -> bool:
        """Whether the answer is complete now."""
        part = self.socket.recv(CHUNK)
        if not part:
            raise BadAnswer("expected an answer, got a closed connection.")
        self.got += part
        head, found, body = self.got.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            raise BadAnswer(f"expected 200, got {bytes(self.got[:600])!r}")
        if len(body) < _length(bytes(head)):
            return False
        self.got.clear()
        return True


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        raise BadAnswer(f"expected a Content-Length, got {head!r}")
    return int(rest.split(b"\r\n", 1)[0])


def saturate(port: int, messages: Iterator[bytes], *, seconds: float, connections: int) -> Load:
    """As many requests as the server takes: each connection sends when it has its answer."""
    loop = _Loop(port, connections)
    with loop:
        began, cpu = time.perf_counter(), time.process_time()
        for wire in loop.free:
            wire.send(next(messages), time.perf_counter())
        loop.free.clear()
        while time.perf_counter() - began < seconds:
            for wire in loop.answered(TIMEOUT_S):
                wire.send(next(messages), time.perf_counter())
        loop.free.clear()
        loop.drain()
        return Load(time.perf_counter() - began, loop.latencies_ms, time.process_time() - cpu)


def at_rate(
    port: int, messages: Iterator[bytes], *, rate: float, seconds: float, connections: int
) -> Load:
    """Requests due at a fixed rate whatever the server does; waiting for a connection counts."""
    loop = _Loop(port, connections)
    with loop:
        began, cpu = time.perf_counter(), time.process_time()
        due = (began + number / rate for number in range(int(rate * seconds)))
        for moment in due:
            while (wait := moment - time.perf_counter()) > 0 or not loop.free:
                loop.free.extend(loop.answered(max(wait, 0.0) if loop.free else TIMEOUT_S))
            loop.free.popleft().send(next(messages), moment)
        loop.drain()
        return Load(time.perf_counter() - began, loop.latencies_ms, time.process_time() - cpu)


class _Loop:
    """Connections, those of them that are free, and the latencies so far."""

    def __init__(self, port: int, connections: int) -> None:
        self.latencies_ms: list[float] = []
        self.free: deque[_Wire] = deque()
        self._busy_until_drained = connections
        self._stack = ExitStack()
        # select, not epoll: its timeout is exact, while Python's epoll rounds up to milliseconds.
        self._selector = self._stack.enter_context(selectors.SelectSelector())
        for _ in range(connections):
            one = self._stack.enter_context(socket.create_connection((HOST, port), TIMEOUT_S))
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            wire = _Wire(one)
            self._selector.register(one, selectors.EVENT_READ, wire)
            self.free.append(wire)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def answered(self, wait_s: float) -> list[_Wire]:
        """Connections whose answer is complete, after waiting for at most so long."""
        found = []
        events = self._selector.select(wait_s)
        if not events and wait_s >= TIMEOUT_S:
            raise BadAnswer(f"expected an answer within {TIMEOUT_S:g} s, got none.")
        for key, _ in events:
            wire: _Wire = key.data
            if wire.receive():
                self.latencies_ms.append(1e3 * (time.perf_counter() - wire.due))
                found.append(wire)
        return found

    def drain(self) -> None:
        """Wait for the answers that are still on their way."""
        while len(self.free) < self._busy_until_drained:
            self.free.extend(self.answered(TIMEOUT_S))
