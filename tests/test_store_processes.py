"""Claims about several processes on one store, and about those that die."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from store_rows import NOON, SHOP, key, new_store, order, score
from store_workers import import_in_bulk, records, serve

from store import open_store
from store.errors import StoreBusy
from store.sqlite import Database

WORKER = Path(__file__).parent / "store_workers.py"


def test_serving_processes_and_an_import_write_at_once_without_a_lock_error(tmp_path):
    path = str(tmp_path / "store.sqlite")
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        serving = [pool.submit(serve, path, name, 150) for name in ("x", "y", "z")]
        bulk = pool.submit(import_in_bulk, path, 6, 2_000)
        done = [each.result() for each in (*serving, bulk)]
    assert [count for count, _ in done] == [150, 150, 150, 12_000]
    with open_store(path) as store:
        assert len(store.facts(tables=["orders"])["orders"]) == 12_450
        scores = store.scores_after(0, 1_000)
    assert [s.seq for s in scores] == sorted(s.seq for s in scores)
    assert len({s.order_key for s in scores}) == 450


def test_threads_share_one_store(tmp_path):
    with new_store(tmp_path) as store:

        def work(name: str) -> None:
            for number in range(50):
                store.write(records(f"{name}-{number}", number), received_at=NOON)
                store.put_scores([score(f"{name}-{number}")])

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.facts(tables=["orders"])["orders"]) == 200
        assert len(store.scores_after(0, 1_000)) == 200


def test_a_reader_sees_one_state_of_the_store_while_others_write(tmp_path):
    with new_store(tmp_path) as store:
        store.write({"orders": [order()]}, received_at=NOON)
        with store._database.reading() as connection:
            before = connection.execute("SELECT count(*) FROM orders").fetchone()
            store.write({"orders": [order("B")]}, received_at=NOON)
            assert connection.execute("SELECT count(*) FROM orders").fetchone() == before == (1,)
        assert len(store.facts(tables=["orders"])["orders"]) == 2


def test_a_writer_that_waits_too_long_is_told_so(tmp_path):
    with new_store(tmp_path) as store, store._database.writing():
        other = Database(tmp_path / "store.sqlite")
        with pytest.raises(StoreBusy, match="Waited 0 s for the lock"), other.writing(0.05):
            pass
        other.close()


def test_a_write_that_fails_leaves_nothing_and_blocks_nobody(tmp_path):
    with new_store(tmp_path) as store:

        def fail() -> None:
            with store._database.writing() as connection:
                connection.execute("DELETE FROM meta")
                connection.execute("SELECT * FROM nowhere")

        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            fail()
        store.write({"orders": [order()]}, received_at=NOON)
        assert len(store.facts()["orders"]) == 1


def killed_after(path: Path, acknowledged: int) -> int:
    """Kills a writing process once it has acknowledged so many orders; how many it did in all."""
    worker = subprocess.Popen([sys.executable, WORKER, path], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    for line in worker.stdout:
        if int(line) + 1 >= acknowledged:
            break
    worker.send_signal(signal.SIGKILL)
    rest = worker.stdout.read().splitlines()
    worker.stdout.close()
    assert worker.wait() == -signal.SIGKILL
    whole = [int(line) for line in rest if line]
    return max([acknowledged - 1, *whole]) + 1


def assert_whole(path: Path, acknowledged: int) -> None:
    """Every acknowledged order is there with all its rows and its score; the file is sound."""
    with open_store(path) as store:
        facts = store.facts()
        for number in range(acknowledged):
            assert store.stored_score(key(f"k-{number}"), NOON) is not None
        for table in ("orders", "items", "addresses", "messages"):
            assert acknowledged <= len(facts[table]) <= acknowledged + 1
            assert len(facts[table]) == len(facts["orders"]), "all rows of a write or none"
        assert store.timeline(SHOP, "k-0") != []
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()


def test_what_a_killed_process_acknowledged_is_all_there(tmp_path):
    path = tmp_path / "store.sqlite"
    assert_whole(path, killed_after(path, 60))


@pytest.mark.slow
@pytest.mark.parametrize("acknowledged", [1, 7, 160, 170, 400, 1_500])
def test_a_process_killed_at_any_point_leaves_all_it_acknowledged(tmp_path, acknowledged):
    """Some of these fall into a checkpoint, which starts every 4,000 pages of the log."""
    path = tmp_path / "store.sqlite"
    assert_whole(path, killed_after(path, acknowledged))
