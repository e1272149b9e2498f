"""The real server, for tests: granian with two workers on loopback, ended when the test ends.

Knows nothing of what is asked of it.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from served_shop import as_json

from store.home import Home

READY_S = 30.0  # a busy machine; the budget of 2 s is measured by the benchmarks
RUN = "import sys; from serving.server import serve; serve(sys.argv[1], port=int(sys.argv[2]))"


class Server:
    """One running service and a key for it."""

    def __init__(self, home: Home, port: int, key: str) -> None:
        self.home, self.port, self.key = home, port, key
        self.process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(home.path), str(port)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        data = None if body is None else as_json(body)
        try:
            connection.request(method, path, data, {"Authorization": f"Bearer {self.key}"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def wait(self) -> None:
        """Until it is ready."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            try:
                if self.ask("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        pytest.fail(f"the server was not ready within {READY_S} s")

    def end(self, how: signal.Signals) -> str:
        """End the server with a signal; what it wrote to standard error."""
        self.process.send_signal(how)
        _, said = self.process.communicate(timeout=30)
        return said.decode()


@pytest.fixture
def start(home: Home) -> Iterator[Callable[[], Server]]:
    """Starts servers of one home on one port; none of them outlives the test."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with home.open_store() as store:
        key = store.add_key("caller", ["score", "events", "read"])
    started: list[Server] = []

    def start_one() -> Server:
        server = Server(home, port, key)
        started.append(server)
        server.wait()
        return server

    yield start_one
    for server in started:
        if server.process.poll() is None:
            server.end(signal.SIGKILL)
