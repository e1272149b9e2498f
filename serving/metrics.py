"""What operators watch: requests, how long they took, orders scored, the model, the states' age.

Knows nothing of customers. With several workers the counts of all are added up: `serve` names a
directory in `PROMETHEUS_MULTIPROC_DIR` before any worker imports this module.
"""

from __future__ import annotations

import os
import time
from functools import lru_cache
from typing import Any

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from serving import logs

# Seconds; fine where the budget lies (2 to 30 ms), coarse where something is wrong.
_BUCKETS = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 5.0)
SLOW_S = 1.0  # a request that took longer is logged even when requests are not

_registry = CollectorRegistry()
_requests = Counter(
    "riskradar_requests_total", "Requests answered.", ("route", "status"), registry=_registry
)
_seconds = Histogram(
    "riskradar_request_seconds",
    "Seconds from the first line of a request to its answer.",
    ("route",),
    buckets=_BUCKETS,
    registry=_registry,
)
orders_scored = Counter(
    "riskradar_orders_scored_total", "Orders scored, by band.", ("band",), registry=_registry
)
records_stored = Counter(
    "riskradar_records_stored_total", "Rows stored, by table.", ("table",), registry=_registry
)
promotions_taken_up = Counter(
    "riskradar_models_taken_up_total", "Models taken up by a worker.", registry=_registry
)
promotions_refused = Counter(
    "riskradar_models_refused_total", "Promoted models that a worker refused.", registry=_registry
)
state_age_days = Gauge(
    "riskradar_population_state_age_days",
    "Days that the population state in use is older than it should be.",
    registry=_registry,
    multiprocess_mode="max",
)


@lru_cache(maxsize=4096)
def child(metric: Any, *labels: str | int) -> Any:
    """A metric's child of those labels; finding it anew each time costs more than counting."""
    return metric.labels(*labels)


def exposition() -> Response:
    """The answer of `GET /metrics`, over all workers."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]  # the library has no types here
        return Response(generate_latest(everybody), content_type=CONTENT_TYPE_PLAIN_0_0_4)
    return Response(generate_latest(_registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def install(app: Flask, *, log_requests: bool) -> None:
    """Count and time every request of the app; log the failed, the slow, or all of them."""

    def started() -> None:
        g.started = time.perf_counter()

    def answered(response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        rule = request.url_rule.rule if request.url_rule else "none"
        child(_requests, rule, response.status_code).inc()
        child(_seconds, rule).observe(seconds)
        if log_requests or seconds > SLOW_S or response.status_code >= 500:
            logs.info(
                "request",
                route=rule,
                method=request.method,
                status=response.status_code,
                ms=round(seconds * 1e3, 2),
            )
        return response

    app.before_request(started)
    app.after_request(answered)
