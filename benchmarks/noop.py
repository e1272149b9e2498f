"""The least that a Flask service can do on the same server: parse the JSON it is sent, answer.

Knows nothing of orders. `python -m benchmarks.noop PORT WORKERS` serves it as serving/server.py
serves ours: granian, WSGI, the same protocol settings.
"""

from __future__ import annotations

import sys

from flask import Flask, Response, request
from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings

from serving.server import HEADER_TIMEOUT_MS

ANSWER = b'{"results":[]}'


def application() -> Flask:
    """The app of one worker."""
    app = Flask("noop", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 8_000_000

    @app.post("/v1/score")
    def score() -> Response:
        request.get_json()
        return Response(ANSWER, content_type="application/json")

    @app.get("/readyz")
    def ready() -> Response:
        return Response(ANSWER, content_type="application/json")

    return app


def serve(port: int, workers: int) -> None:
    """Serve until SIGTERM."""
    Granian(
        "benchmarks.noop:application",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        factory=True,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT_MS),
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
