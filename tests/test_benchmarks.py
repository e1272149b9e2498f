"""The benchmarks run, at their smallest sizes, and print what they promise.

Budgets are not held here: a test machine is busy, and a figure of two thousand orders is no figure.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import making, meter, olist, olist_cut
from benchmarks.client import BadAnswer, at_rate, request, saturate
from benchmarks.orders import Requests, encoded, templates
from benchmarks.row import Row, figure, table
from benchmarks.server import noop
from benchmarks.shop import Shop, shop
from features.schema import DAY_US
from serving.parse import Arrival, score_request
from store import open_store

NOW = 1_767_225_600_000_000
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def little(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return shop(tmp_path_factory.mktemp("bench"), 300, end_at=NOW, days=60)


def test_a_row_says_whether_it_meets_its_budget() -> None:
    slow = Row("batch", "batch ÷ bare", 2.5, "x", 2.0, 1.0)
    fast = Row("http", "ours ÷ no-op", 0.3, "x", 0.1, 0.25, more_is_better=True)
    assert [json.loads(row.as_json())["meets_bar"] for row in (slow, fast)] == [False, True]
    assert "MISSED" in table([slow])
    assert "meets aim" in table([fast])
    assert "≥ 0.1 x" in table([fast])


def test_a_row_of_a_small_size_says_so() -> None:
    assert "(small)" in table([Row("batch", "batch", 0.9, "x", 2.0, 1.0, small=True)])


def test_figures_are_printed_with_three_digits_and_no_exponent() -> None:
    assert [figure(v) for v in (0.01234, 3.0, 12.345, 123.4, 1234567.0)] == [
        "0.0123",
        "3",
        "12.3",
        "123",
        "1,234,567",
    ]


def test_works_are_measured_in_turns_and_warm_ups_are_not_counted() -> None:
    done: list[str] = []
    spent = meter.interleaved(
        [lambda: done.append("a"), lambda: done.append("b")], repeats=2, warm_ups=1
    )
    assert done == ["a", "b"] * 3
    assert [len(one) for one in spent] == [2, 2]


def test_time_spent_waiting_counts_on_the_clock_and_not_as_processor_time() -> None:
    one = meter.spent(lambda: time.sleep(0.05))
    assert one.wall_s >= 0.05
    assert one.cpu_s < 0.04


def test_a_watched_function_is_counted_and_put_back() -> None:
    watch, plain = meter.Watch(), json.dumps
    with meter.watching(watch, json, "dumps", "dumps"):
        assert json.dumps([1]) == "[1]"
    assert json.dumps is plain
    assert watch.calls == {"dumps": 1}
    assert watch.took["dumps"].wall_s > 0


def test_a_kept_shop_is_read_and_not_simulated_again(little: Shop) -> None:
    before = sorted(path.stat().st_mtime_ns for path in little.folder.iterdir())
    again = shop(little.folder.parent, 300, end_at=NOW, days=60)
    assert sorted(path.stat().st_mtime_ns for path in again.folder.iterdir()) == before
    assert again.rows == little.rows


def test_filling_a_store_leaves_no_row_of_the_shop_out(little: Shop, tmp_path: Path) -> None:
    with open_store(tmp_path / "store.sqlite") as store:
        little.fill(store)
        found = {name: len(rows) for name, rows in store.facts().items()}
    assert found["messages"] == little.rows["messages"]
    assert found["orders"] <= little.rows["orders"]  # a version that says nothing new is no row
    assert len(set(_column(little, "orders", "order_id"))) == 300


def _column(shop: Shop, table: str, name: str) -> list[str]:
    return [value for block in shop.blocks() for value in block[table][name]]


def test_every_request_is_a_new_order_with_items_address_and_messages(little: Shop) -> None:
    """The service's own reader takes each, so no benchmark ever times a refusal."""
    asked = Requests(templates(little, 50), "test", NOW)
    bodies = list(islice(asked.bodies(), 120))
    assert len({body["order_id"] for body in bodies}) == 120
    assert len({m["message_id"] for body in bodies for m in body["messages"]}) == sum(
        len(body["messages"]) for body in bodies
    )
    for body in bodies:
        assert body["items"]
        assert body["addresses"]
        assert body["messages"]
        read = score_request(encoded(body), Arrival(NOW, lambda sent, _: sent or ""))
        assert {row["shop_id"] for row in read.told.rows["orders"]} == {"demo"}


def test_the_buyers_of_the_requests_are_buyers_of_the_history(little: Shop) -> None:
    asked = Requests(templates(little, 50), "test", NOW)
    buyers = {body["buyer_id"] for body in islice(asked.bodies(), 50)}
    assert buyers <= set(_column(little, "orders", "buyer_id"))


def test_the_client_loads_the_no_op_server_both_ways() -> None:
    message = request("/v1/score", b'{"order_id": "a"}')
    with noop() as server:
        full = saturate(server.port, iter([message] * 10_000), seconds=0.2, connections=2)
        calm = at_rate(server.port, iter([message] * 100), rate=50, seconds=0.4, connections=2)
        assert len(server.workers) >= 2
        assert server.cpu_s > 0
        with pytest.raises(BadAnswer, match="expected 200"):
            saturate(server.port, iter([request("/nowhere", b"{}")] * 9), seconds=1, connections=1)
    assert full.answered > 2
    assert calm.answered == 20
    assert calm.wall_s >= 0.38  # twenty at fifty a second, the first at once
    assert 0 < full.quantile_ms(0.5) <= full.quantile_ms(0.99)


def test_features_are_measured_in_a_process_of_their_own(tmp_path: Path) -> None:
    seconds, memory = making.measure(tmp_path, small=True, orders=300)
    assert seconds.value > 0
    assert seconds.bar == pytest.approx(60 * 300 / 1_000_000)
    assert seconds.small
    assert 0.01 < memory.value < 4
    assert json.loads(seconds.as_json())["details"]["rows"] <= 300


def test_an_unknown_benchmark_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["speed"])
    assert "got speed" in capsys.readouterr().err


def test_every_benchmark_has_its_line_on_the_page() -> None:
    page = command.PAGE.read_text()
    assert [name for name in command.BENCHMARKS if f"`{name}`" not in page] == []
    assert command.BEGIN in page
    assert command.END in page


def test_the_page_gets_the_table_between_its_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{command.BEGIN}\nold\n{command.END}\nafter\n")
    monkeypatch.setattr(command, "PAGE", page)
    command._write("| table |", ['{"benchmark": "batch"}'])
    said = page.read_text()
    assert "old" not in said
    assert said.startswith("before\n")
    assert said.endswith("after\n")
    assert '| table |\n\n```json\n{"benchmark": "batch"}\n```' in said


def test_without_its_data_olist_says_what_it_looked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert olist.main(["--data", str(tmp_path)]) == 0
    assert re.match(r"skipped: expected olist_orders_dataset.csv in ", capsys.readouterr().out)


def test_a_cut_of_olist_keeps_its_orders_with_their_customers_and_nobody_else(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    _csv(
        data / olist_cut.ORDERS,
        ("order_id", "customer_id", "order_purchase_timestamp"),
        ("o1", "c1", "2018-01-01 10:00:00"),
        ("o2", "c2", "2018-04-01 10:00:00"),
    )
    _csv(data / "olist_customers_dataset.csv", ("customer_id",), ("c1",), ("c2",))
    _csv(data / "olist_order_items_dataset.csv", ("order_id", "price"), ("o1", "5"), ("o2", "6"))
    _csv(data / "olist_sellers_dataset.csv", ("seller_id",), ("s1",))
    out = tmp_path / "out"
    out.mkdir()
    cut = olist_cut.Cut(
        "spring", datetime(2018, 3, 1, tzinfo=UTC), datetime(2018, 5, 1, tzinfo=UTC)
    )
    assert {path.stem: _first(path) for path in cut.write(data, out)} == {
        "olist_orders_dataset": ["o2"],
        "olist_customers_dataset": ["c2"],
        "olist_order_items_dataset": ["o2"],
        "olist_sellers_dataset": ["s1"],
    }


def _csv(path: Path, *rows: tuple[str, ...]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)


def _first(path: Path) -> list[str]:
    with path.open() as file:
        return [row[0] for row in csv.reader(file)][1:]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["start", "http", "batch"])
def test_the_command_measures_a_small_size_and_prints_a_line_a_row(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.getbasetemp() / "bench"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--small"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "RISKRADAR_BENCH_DIR": str(place)},
    )
    rows = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert rows
    assert all(row["small"] for row in rows)
    assert all(row["value"] > 0 for row in rows)


def test_a_day_of_the_simulated_shop_is_a_whole_day(little: Shop) -> None:
    """The homes end at a midnight, so that the state of the day before is there."""
    assert little.end_at % DAY_US == 0
