"""`riskradar serve`: granian with several worker processes, each with an app of its own.

Knows nothing of routes. What a worker needs to know travels in the environment, so that nothing
with threads or connections is made before the workers are.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from store.home import Home

HOME = "RISKRADAR_HOME"
LOG_REQUESTS = "RISKRADAR_LOG_REQUESTS"
METRICS_DIR = "PROMETHEUS_MULTIPROC_DIR"
PARENT = "RISKRADAR_SERVER_PID"
HEADER_TIMEOUT_MS = 10_000  # a client that sends its headers slower than this is dropped
STOP_S = 10  # seconds that a stopping worker may take to answer what it has begun
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "serving.logs.LineFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "stream": "ext://sys.stderr",
        }
    },
    "loggers": {"_granian": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}


class CannotListen(OSError):
    """The address cannot be served on: somebody else does, or it is not this machine's."""


def serve(home: str | Path, host: str = "127.0.0.1", port: int = 8780, workers: int = 2) -> None:
    """Serve a home until SIGTERM or SIGINT; requests that were begun are answered first.

    Raises CannotListen, or what is wrong with the home (BadSettings, StoreNewer), before anything
    is started.
    """
    _refuse_a_taken_address(host, port)
    _look_through(Home(home))
    # Workers count into files of one folder, so that any of them can add up all.
    metrics_dir = tempfile.mkdtemp(prefix="riskradar-metrics-")
    os.environ |= {
        HOME: str(Path(home).absolute()),
        METRICS_DIR: metrics_dir,
        PARENT: str(os.getpid()),
    }
    # Imported before the workers are forked, they share what it weighs and start at once.
    from serving import app  # noqa: F401, PLC0415  # after METRICS_DIR is set

    server = Granian(
        "serving.server:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        factory=True,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_S,
        log_dictconfig=_LOGGING,
    )
    try:
        server.serve()
    finally:
        shutil.rmtree(metrics_dir, ignore_errors=True)


def _look_through(home: Home) -> None:
    """Read the settings and bring the store up to date once, rather than in every worker."""
    _ = home.create().settings
    home.open_store().close()
    home.readers.of("").read("")  # made before the fork, all workers share it


def _refuse_a_taken_address(host: str, port: int) -> None:
    """Say so where somebody listens there: workers share their port, so two servers would too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotListen(
                f"expected {host}:{port} to be free to listen on: {error.strerror}. Stop what "
                "listens there, or choose another with --port."
            ) from None


def application() -> Flask:
    """The app of one worker process."""
    from serving.app import create_app  # noqa: PLC0415  # after the fork, and after METRICS_DIR is set
    from serving.config import Config  # noqa: PLC0415  # the same

    _end_with_the_server()
    config = Config(
        home=Path(os.environ[HOME]), log_requests=os.environ.get(LOG_REQUESTS, "") not in ("", "0")
    )
    return create_app(config)


def _end_with_the_server() -> None:
    """Let the kernel end this worker when the server is killed, so that the port comes free."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(os.environ[PARENT]):  # it died before we asked
        os.kill(os.getpid(), signal.SIGKILL)
