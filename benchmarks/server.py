"""Servers as users start them: a process of their own, waited for until ready, stopped in the end.

Knows nothing of what they answer.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import HOST
from benchmarks.meter import children, cpu_s, family
from store.home import Home

WORKERS = 2
START_S = 60.0  # until ready, at most
STOP_S = 20.0
POLL_S = 0.005
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        port: on the loopback address.
        pid: of the process that was started.
        ready_s: seconds from starting the process to the first 200 of /readyz.

    """

    port: int
    pid: int
    ready_s: float

    @property
    def cpu_s(self) -> float:
        """Processor seconds of the server and its workers so far."""
        return cpu_s(family(self.pid))

    @property
    def workers(self) -> list[int]:
        """Processes that answer requests."""
        return [pid for pid in children(self.pid) if "resource_tracker" not in _command(pid)]


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


@contextmanager
def noop() -> Iterator[Server]:
    """The no-op service."""
    port = free_port()
    with running([sys.executable, "-m", "benchmarks.noop", str(port), str(WORKERS)], port) as it:
        yield it


@contextmanager
def ours(home: Home, *, workers: int = WORKERS) -> Iterator[Server]:
    """`riskradar serve` on a home."""
    port = free_port()
    command = [sys.executable, "-m", "cli", "--home", str(home.path), "serve"]
    with running([*command, "--port", str(port), "--workers", str(workers)], port) as server:
        yield server


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[Server]:
    """Start a command that serves on a port, and end it; RuntimeError where it is never ready."""
    began = time.perf_counter()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment()
    ) as process:
        try:
            while not _ready(port):
                if process.poll() is not None or time.perf_counter() - began > START_S:
                    raise RuntimeError(f"{command} did not get ready: {_last_words(process)}")
                time.sleep(POLL_S)
            yield Server(port, process.pid, time.perf_counter() - began)
        finally:
            _stop(process)


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _last_words(process: subprocess.Popen[bytes]) -> str:
    process.kill()
    return process.communicate()[1].decode(errors="replace")[-2000:]


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
