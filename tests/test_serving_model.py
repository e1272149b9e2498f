"""The model in use: taken up while we serve, refused by name, and what `readyz` says of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from served_shop import NOW, Caller, add_model, as_json, order, promote

from features.encoded import WEIGHTS, Encoding, Encodings
from features.population import STATE_VERSION
from features.schema import DAY_US
from models.registry import Registry
from store.home import Home

LATER = NOW + DAY_US


def ready(shop: Caller) -> tuple[int, dict[str, dict[str, object]]]:
    """Status and checks of `/readyz`, asked without a key."""
    answer = shop.get("/readyz", key="")
    return answer.status_code, answer.get_json()["checks"]


def test_a_promotion_and_a_rollback_are_taken_up_by_a_running_app(shop: Caller) -> None:
    first = shop.score(order("A1"))["model"]
    second = add_model(shop.home, LATER, l2=10.0)
    promote(shop.home, second)
    shop.service.champion.look()
    assert shop.score(order("A1"))["model"] == second != first
    Registry(shop.home.models_dir).rollback()
    shop.service.champion.look()
    assert shop.score(order("A1"))["model"] == first


def test_a_stored_answer_names_the_model_that_gave_it(shop: Caller) -> None:
    old = shop.score(order("A1"))
    promote(shop.home, add_model(shop.home, LATER, l2=10.0))
    shop.service.champion.look()
    asked = {"order_id": "A1", "as_of": old["results"][0]["as_of"]}
    assert shop.score(asked) == old


def test_a_promotion_is_taken_up_within_five_seconds_without_a_failed_request(
    shop: Caller,
) -> None:
    """The watcher itself, at its own pace, while two threads keep asking."""
    second = add_model(shop.home, LATER, l2=10.0)
    answered: list[tuple[int, str]] = []
    done = threading.Event()

    def ask(name: str) -> None:
        client = shop.client.application.test_client()
        headers = {"Authorization": f"Bearer {shop.key}"}
        while not done.is_set():
            answer = client.post("/v1/score", data=as_json(order(name)), headers=headers)
            answered.append((answer.status_code, answer.get_json().get("model", "")))

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("A1", "A2")]
    for thread in threads:
        thread.start()
    promote(shop.home, second)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (200, second) not in answered[-4:]:
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answered} == {200}
    assert answered[-1][1] == second


def test_a_damaged_bundle_is_refused_by_name_and_the_old_one_serves_on(shop: Caller) -> None:
    first = shop.score(order("A1"))["model"]
    second = add_model(shop.home, LATER, l2=10.0)
    graph = shop.home.models_dir / second / "model.onnx"
    graph.write_bytes(graph.read_bytes()[:-1] + b"\0")
    promote(shop.home, second)
    shop.service.champion.look()
    assert shop.score(order("A1"))["model"] == first
    status, checks = ready(shop)
    assert (status, checks["model"]["ok"], checks["model"]["degraded"]) == (200, True, True)
    assert first in str(checks["model"]["detail"])
    assert f"refused bundle {second}: model.onnx" in str(checks["model"]["detail"])


@pytest.mark.parametrize(
    "carried", [Encodings(), Encodings(Encoding.rounded(np.zeros(WEIGHTS), 0.5))]
)
def test_a_bundle_with_other_weights_of_words_than_it_was_proved_with_is_refused(
    shop: Caller, carried: Encodings
) -> None:
    """The proof's orders hold messages: weights of another night change what they score."""
    second = add_model(shop.home, LATER, carried=carried)
    promote(shop.home, second)
    shop.service.champion.look()
    assert shop.score(order("A1"))["model"] != second
    detail = str(ready(shop)[1]["model"]["detail"])
    assert f"refused bundle {second}: proof.json" in detail


def test_a_home_without_a_model_is_served_but_not_ready_and_stores_nothing(
    home: Home, open_app: Callable[[], Caller]
) -> None:
    (home.models_dir / "current").unlink()
    shop = open_app()
    answer = shop.post("/v1/score", order("A1"))
    assert answer.status_code == 503
    assert answer.get_json()["type"] == "/problems/not-ready"
    assert shop.service.store.timeline("default", "A1") == []
    status, checks = ready(shop)
    assert (status, checks["model"]["ok"]) == (503, False)
    assert shop.get("/healthz").status_code == 200


def test_events_are_kept_even_without_a_model(home: Home, open_app: Callable[[], Caller]) -> None:
    (home.models_dir / "current").unlink()
    shop = open_app()
    outcome = {"order_id": "A1", "kind": "return", "opened_at": "2026-11-18T11:00:00Z"}
    assert shop.post("/v1/outcomes", outcome).get_json()["inserted"] == 1
    message = {"message_id": "M", "order_id": "A1", "sender": "buyer", "sent_at": "2026-11-18T11:00:00Z"}  # fmt: skip  # noqa: E501  # one row reads best on one line
    assert shop.post("/v1/messages", message).get_json()["results"] == []


def test_readyz_names_every_dependency(shop: Caller) -> None:
    status, checks = ready(shop)
    assert status == 200
    assert set(checks) == {"store", "model", "population", "settings"}
    assert all(check["ok"] and "degraded" not in check for check in checks.values())


def test_a_night_that_did_not_run_shows_in_readyz_and_the_older_state_is_used(
    shop: Caller,
) -> None:
    newest = shop.service.store.state_days("")[-1]
    shop.clock.now += 3 * DAY_US
    status, checks = ready(shop)
    assert (status, checks["population"]["degraded"]) == (200, True)
    assert "2 days older" in str(checks["population"]["detail"])
    assert shop.service.states.state(newest + 2).day == newest
    assert shop.one(order("A1"))["risk"] > 0


def test_a_shop_without_any_state_is_scored_with_nothing_counted(shop: Caller) -> None:
    shop.service.store.drop_states("", before_day=10**6)
    status, checks = ready(shop)
    assert (status, checks["population"]["degraded"]) == (200, True)
    assert "no state at all" in str(checks["population"]["detail"])
    assert shop.one(order("A1"))["risk"] > 0


def test_a_damaged_state_is_left_out_rather_than_served(shop: Caller) -> None:
    day = shop.clock.now // DAY_US - 1
    shop.service.store.put_state("", day, b"damaged", STATE_VERSION)
    _, checks = ready(shop)
    assert "no state at all" in str(checks["population"]["detail"])


def test_a_store_that_cannot_be_read_is_not_ready(shop: Caller) -> None:
    shop.service.store.close()
    status, checks = ready(shop)
    assert (status, checks["store"]["ok"]) == (503, False)


def test_settings_that_changed_since_the_start_show_in_readyz(shop: Caller) -> None:
    shop.home.settings_path.write_text("[outreach]\nper_day = 7\n")
    assert ready(shop)[1]["settings"]["detail"] == "the file has changed; restart to take it up"
    shop.home.settings_path.write_text("[outreach]\nper_dya = 7\n")
    status, checks = ready(shop)
    assert (status, checks["settings"]["degraded"]) == (200, True)
    assert "wrong" in str(checks["settings"]["detail"])


def test_metrics_count_requests_scores_and_rows(shop: Caller) -> None:
    def metric(name: str) -> float:
        lines = shop.get("/metrics", key="").get_data(as_text=True).splitlines()
        found = [line for line in lines if line.startswith(name)]
        return float(found[0].rsplit(" ", 1)[1]) if found else 0.0

    scored = 'riskradar_orders_scored_total{band="high"}'
    rows = 'riskradar_records_stored_total{table="orders"}'
    requests = 'riskradar_requests_total{route="/v1/score",status="200"}'
    before = [metric(name) for name in (scored, rows, requests)]
    shop.one(order("A1"))
    assert [metric(name) for name in (scored, rows, requests)] == [n + 1 for n in before]
