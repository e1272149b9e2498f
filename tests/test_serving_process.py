"""The real server: granian with two workers on loopback, killed, restarted, and promoted under."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from served_process import Server
from served_shop import NOW, add_model, order, promote

from features.schema import DAY_US
from serving.server import CannotListen, serve
from store.errors import BadSettings
from store.home import Home
from training.batch import Asked, score
from training.champion import open_champion


def recent(order_id: str) -> dict[str, Any]:
    """An order placed a minute ago, by the clock on the wall."""
    placed = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
    return order(order_id, placed)


def test_an_acknowledged_order_and_its_score_survive_kill_9_and_a_restart(
    start: Callable[[], Server],
) -> None:
    """The workers end with the server, so that the next one finds the port free."""
    server = start()
    given = {}
    for number in range(20):
        status, answer = server.ask("POST", "/v1/score", recent(f"A{number}"))
        assert status == 200
        given[f"A{number}"] = answer["results"][0]
    server.end(signal.SIGKILL)
    again = start()
    for order_id, result in given.items():
        status, told = again.ask("GET", f"/v1/orders/{order_id}")
        assert (status, told["scores"]) == (200, [result])
        assert told["timeline"][0]["order_id"] == order_id


def test_a_request_that_has_begun_is_answered_when_the_server_is_told_to_stop(
    start: Callable[[], Server],
) -> None:
    server = start()
    orders = [recent(f"A{number}") for number in range(1000)]
    answers: list[tuple[int, Any]] = []
    body = {"orders": orders}
    asking = threading.Thread(target=lambda: answers.append(server.ask("POST", "/v1/score", body)))
    asking.start()
    with server.home.open_store(readonly=True) as store:
        while not store.timeline("default", "A0"):
            time.sleep(0.005)
    said = server.end(signal.SIGTERM)
    asking.join()
    assert [status for status, _ in answers] == [200]
    assert server.process.returncode == 0
    assert "error" not in {json.loads(line)["level"] for line in said.splitlines()}, said


def test_a_promotion_under_load_fails_no_request_and_is_taken_up_by_every_worker(
    start: Callable[[], Server], home: Home
) -> None:
    server = start()
    second = add_model(home, NOW + DAY_US, l2=10.0)
    answered: list[tuple[float, int, str]] = []
    done = threading.Event()

    def ask(name: str) -> None:
        while not done.is_set():
            status, answer = server.ask("POST", "/v1/score", recent(name))
            answered.append((time.monotonic(), status, answer.get("model", "")))

    threads = [threading.Thread(target=ask, args=(f"A{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    promoted = time.monotonic()
    promote(home, second)
    time.sleep(6)
    done.set()
    for thread in threads:
        thread.join()
    assert {status for _, status, _ in answered} == {200}
    assert {model for at, _, model in answered if at > promoted + 5} == {second}
    assert len({model for _, _, model in answered}) == 2


def test_what_is_answered_under_load_is_what_the_batch_answers_later(
    start: Callable[[], Server], home: Home
) -> None:
    """Orders of one buyer, from four callers at once over two workers.

    Each sees exactly what was known before its `as_of`, or its score could never be told again.
    """
    server = start()
    given: list[dict[str, Any]] = []

    def ask(caller: int) -> None:
        for number in range(15):
            sent = {**recent(f"{caller}-{number}"), "buyer_id": "ann", "amount_minor": 100 * number}
            given.extend(server.ask("POST", "/v1/score", sent)[1]["results"])

    threads = [threading.Thread(target=ask, args=(caller,)) for caller in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with home.open_store() as store:
        scores = {each.order_id: each for each in store.scores_after(0, 100)}
        asked = [scores[result["order_id"]] for result in given]
        moments = Asked(
            np.array([each.order_key for each in asked]),
            np.array([each.as_of for each in asked]),
        )
        batch = score(store, open_champion(home), store.facts(), moments, settings=home.settings)
    assert len(given) == 60
    assert [r["risk"] for r in given] == pytest.approx(batch.risk.tolist(), abs=1e-12)


def test_the_metrics_add_up_all_workers(start: Callable[[], Server]) -> None:
    server = start()
    for number in range(30):
        assert server.ask("POST", "/v1/score", recent(f"A{number}"))[0] == 200
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/metrics")
    lines = connection.getresponse().read().decode().splitlines()
    connection.close()
    counted = [line for line in lines if line.startswith("riskradar_requests_total")]
    (scores,) = [line for line in counted if '"/v1/score"' in line]
    assert float(scores.rsplit(" ", 1)[1]) == 30


def test_a_body_without_a_length_is_cut_off_where_it_is_too_long(
    start: Callable[[], Server],
) -> None:
    """Chunked: nothing says beforehand how much will come."""
    server = start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {server.key}"}
    chunks = (b"x" * 1_000_000 for _ in range(10))
    try:
        connection.request("POST", "/v1/score", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413, answer.read()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it hung up before we had sent all; as good an answer
    finally:
        connection.close()
    assert server.ask("GET", "/healthz")[0] == 200


def test_a_second_server_on_the_same_port_is_refused_rather_than_sharing_it(
    start: Callable[[], Server],
) -> None:
    server = start()
    with pytest.raises(CannotListen, match=f"expected 127.0.0.1:{server.port} to be free"):
        serve(server.home.path, port=server.port)


def test_a_home_with_wrong_settings_is_refused_before_a_worker_starts(home: Home) -> None:
    home.settings_path.write_text("[outreach]\nper_dya = 7\n")
    with pytest.raises(BadSettings, match="per_dya"):
        serve(home.path, port=0)
