"""The routes for operators: alive, ready, metrics, the contract, and a word on what this is.

Knows nothing of orders. None of them needs a key, and none of them tells anything about a customer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from flask import Blueprint, Response

from features.population import day_for
from serving import metrics, openapi
from serving.answers import Check, ReadyAnswer, encode
from serving.api import JSON, json_response
from serving.problems import KINDS
from serving.service import Service
from store.errors import BadSettings
from store.settings import load_settings

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>riskradar</title>
<style>
body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}
</style>
<h1>riskradar</h1>
<p>This service predicts which orders will end in a dispute, before they ship, and says why.</p>
<ul>
<li>Order systems call <code>POST /v1/score</code> with a key; the contract is at
<a href="/openapi.json">/openapi.json</a>.</li>
<li>Whether it can score now: <a href="/readyz">/readyz</a>.
What it has done: <a href="/metrics">/metrics</a>.</li>
</ul>
</html>
"""


def blueprint(service: Service) -> Blueprint:
    """`/`, `/healthz`, `/readyz`, `/metrics`, `/openapi.json` and `/problems/<kind>`."""
    health = Blueprint("health", __name__)

    @health.get("/")
    def page() -> Response:
        return Response(PAGE, content_type="text/html; charset=utf-8")

    @health.get("/healthz")
    def alive() -> Response:
        return json_response(b'{"alive":true}')

    @health.get("/readyz")
    def ready() -> Response:
        answer = readiness(service)
        return Response(encode(answer), status=200 if answer.ready else 503, content_type=JSON)

    @health.get("/metrics")
    def scrape() -> Response:
        return metrics.exposition()

    @health.get("/openapi.json")
    def contract() -> Response:
        return json_response(openapi.document())

    @health.get("/problems/<kind>")
    def problem(kind: str) -> Response:
        said = KINDS.get(kind) or KINDS["not-found"]
        status = 200 if kind in KINDS else 404
        text = f"{said.title} ({said.status}).\n{said.what_to_do}\n"
        return Response(text, status=status, content_type="text/plain; charset=utf-8")

    return health


def readiness(service: Service) -> ReadyAnswer:
    """Each dependency by name; ready while none of them is missing."""
    checks = {
        "store": _guarded(service, _store),
        "model": service.champion.check(),
        "population": _guarded(service, _population),
        "settings": _settings(service),
    }
    return ReadyAnswer(all(check.ok for check in checks.values()), checks)


def _guarded(service: Service, check: Callable[[Service], Check]) -> Check:
    try:
        return check(service)
    except Exception as error:  # noqa: BLE001  # whatever it is, the answer is that it cannot be read
        return Check(ok=False, detail=f"cannot be read: {type(error).__name__}")


def _settings(service: Service) -> Check:
    try:
        changed = load_settings(service.home.settings_path) != service.settings
    except BadSettings:
        return Check(
            ok=True, detail="the file is wrong now; what was read serves on", degraded=True
        )
    if changed:
        return Check(ok=True, detail="the file has changed; restart to take it up", degraded=True)
    return Check(ok=True, detail="as read at start")


def _store(service: Service) -> Check:
    service.store.scores_after(0, 1)
    return Check(ok=True, detail="can be read")


def _population(service: Service) -> Check:
    day = int(day_for(np.array([service.clock()]))[0])
    found = service.states.found(day)
    if found is None:
        detail = "no state at all: counts of places, products and sellers are taken as zero"
        return Check(ok=True, detail=detail, degraded=True)
    metrics.state_age_days.set(day - found)
    if found == day:
        return Check(ok=True, detail="the state of the day before")
    detail = f"the state is {day - found} days older than it should be; did nightly run?"
    return Check(ok=True, detail=detail, degraded=True)
