"""The log: one JSON line an event, for machines to read and without a customer's words."""

from __future__ import annotations

import json
import logging

import pytest
from served_shop import Clock, order

from serving import logs
from serving.app import create_app
from serving.config import Config
from store.home import Home


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """What was logged."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_request_is_logged_by_its_route_and_never_by_its_path(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """An order id or a query may hold anything; the route says enough."""
    app = create_app(Config(home=home.path, log_requests=True, clock=Clock()))
    app.test_client().get("/v1/orders/Ann-Example?shop=her-shop")
    app.extensions["riskradar"].close()
    request = lines(capsys)[-1]
    assert (request["event"], request["status"]) == ("request", 401)
    assert request["route"] == "/v1/orders/<path:order_id>"
    assert "Ann" not in str(request)
    assert "her-shop" not in str(request)


def test_a_quick_request_is_not_logged_unless_asked(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    app = create_app(Config(home=home.path, clock=Clock()))
    app.test_client().get("/healthz")
    app.extensions["riskradar"].close()
    assert [line["event"] for line in lines(capsys)] == ["model taken up"]


def test_an_error_is_logged_by_its_type_and_place_without_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise ValueError(order("A1")["buyer_id"])

    try:
        fail()
    except ValueError as error:
        logs.failure("it failed", error)
    (line,) = lines(capsys)
    assert (line["level"], line["error"]) == ("error", "ValueError")
    assert "fail" in str(line["places"])
    assert "buyer of A1" not in str(line)


def test_the_servers_own_lines_are_lines_like_ours() -> None:
    record = logging.LogRecord("_granian", logging.INFO, "", 0, "Started %s", ("worker-1",), None)
    line = json.loads(logs.LineFormatter().format(record))
    assert (line["level"], line["event"]) == ("info", "Started worker-1")
    assert set(line) == {"at", "level", "event", "pid"}
