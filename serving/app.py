"""`create_app`: the checklist of what the HTTP service is made of; runs under any WSGI server.

Knows nothing of what each part does.
"""

from __future__ import annotations

import atexit

from flask import Flask, Response

from serving import alerts, api, health, logs, metrics, problems, reading, reads
from serving.config import Config
from serving.problems import Problem
from serving.service import Service
from store.errors import StoreBusy


def create_app(config: Config) -> Flask:
    """The app of one process.

    `app.extensions["riskradar"]` is its `Service`, which is closed when the process ends; a test
    that makes many apps closes it itself. Raises what opening the home raises (BadSettings,
    StoreNewer); a home without a promoted model is served, and `/readyz` says so.
    """
    service = Service.open(config)
    app = Flask("riskradar", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = service.settings.serving.max_body_bytes
    app.extensions["riskradar"] = service
    atexit.register(service.close)
    problems.install(app)
    app.register_error_handler(StoreBusy, _busy)
    metrics.install(app, log_requests=config.log_requests)
    app.register_blueprint(api.blueprint(service))
    app.register_blueprint(reads.blueprint(service))
    app.register_blueprint(alerts.blueprint(service))
    app.register_blueprint(reading.blueprint(service))
    app.register_blueprint(health.blueprint(service))
    return app


def _busy(error: StoreBusy) -> Response:
    logs.failure("the store is busy", error)
    return problems.respond(
        Problem("not-ready", "The store is busy with another writer; try again.")
    )
