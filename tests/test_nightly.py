"""The nightly job on a small synthetic shop: promotes once, keeps with a reason, survives kills."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from served_shop import NOW, Caller

from features.encoded import Encodings
from features.facts import key_of
from features.schema import DAY_US
from models.registry import Registry
from store.home import Home
from training.batch import Asked, score
from training.champion import open_champion
from training.simulate import simulate

ORDERS, DAYS = 1_500, 150
# Two windows and one head: a night of seconds. The shop's own file says so.
SETTINGS = "[heads]\nmin_positives = 100000\n[training]\nmax_origins = 2\n"
COMMAND = [str(Path(sys.executable).with_name("riskradar")), "--home"]


def riskradar(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own."""
    return subprocess.run(
        [*COMMAND, str(home.path), *arguments], capture_output=True, text=True, check=False
    )


def night(home: Home) -> subprocess.CompletedProcess[str]:
    return riskradar(home, "nightly", "--as-of", "2026-11-18T11:06:40Z")


def outspoken(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The shop with a word more in what buyers write of orders that end in an outcome."""
    ends = {row["order_id"] for row in tables["outcomes"]}
    messages = [
        row | {"text": f"{row['text']} zepsute"} if row["order_id"] in ends else row
        for row in tables["messages"]
    ]
    return tables | {"messages": messages}


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home after its first night, to be copied and never written to."""
    home = Home(tmp_path_factory.mktemp("nightly") / "home").create()
    home.settings_path.write_text(SETTINGS)
    shop = simulate(orders=ORDERS, seed=3, start_at=NOW - DAYS * DAY_US, days=DAYS)
    with home.open_store() as store:
        store.write(outspoken(shop.tables), received_at=NOW)
    ran = night(home)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("promoted ")
    assert ran.stdout.count("\n") == 1  # one line says what was done and why
    return home.path


@pytest.fixture
def promoted(first_night: Path, tmp_path: Path) -> Home:
    return Home(shutil.copytree(first_night, tmp_path / "home"))


def test_the_same_night_again_changes_nothing_and_says_why(promoted: Home) -> None:
    before = Registry(promoted.models_dir).list()
    ran = night(promoted)
    assert ran.returncode == 3
    assert ran.stdout == f"kept {before[0]}: this night's data give the very same model\n"
    assert Registry(promoted.models_dir).list() == before


def test_the_manifest_says_what_was_learned_from(promoted: Home) -> None:
    window = open_champion(promoted).manifest.training_window
    assert NOW - DAYS * DAY_US <= window["first_placed_at"] < window["last_placed_at"] < NOW
    assert window["as_of"] == NOW - NOW % 1_000_000
    assert window["orders"]["risk"] > window["positives"]["risk"] > 50


def test_what_was_learned_of_words_travels_in_the_bundle_and_is_read_by_the_model(
    promoted: Home,
) -> None:
    bundle = open_champion(promoted)
    assert bundle.feature_names[-1] == "conversation_trouble"
    assert Encodings.of_arrays(bundle.encodings).conversation is not None
    assert "encodings.npz" in bundle.manifest.files


def test_a_night_without_enough_history_fails_and_leaves_no_model(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    shop = simulate(orders=40, seed=3, start_at=NOW - 20 * DAY_US, days=20)
    with home.open_store() as store:
        store.write(shop.tables, received_at=NOW)
    ran = night(home)
    assert ran.returncode == 1
    assert ran.stdout.startswith("failed: no model yet, and none can be trained: ")
    assert Registry(home.models_dir).current_name() == ""
    with home.open_store() as store:  # the states are written whether or not a model is
        assert store.state_days("") == [NOW // DAY_US - 1, NOW // DAY_US]


@pytest.mark.parametrize("after_s", [1.5, 4.0])
def test_a_night_killed_half_way_leaves_the_champion_whole(promoted: Home, after_s: float) -> None:
    champion = Registry(promoted.models_dir).current_name()
    promoted.settings_path.write_text(SETTINGS + "seed = 7\n")  # so that it makes another model
    arguments = [*COMMAND, str(promoted.path), "nightly", "--as-of", "2026-11-18T11:06:40Z"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert Registry(promoted.models_dir).current_name() == champion
    assert open_champion(promoted).name == champion
    with promoted.lock("nightly"):  # the lock ended with the process
        pass


def test_two_nights_at_once_are_one(promoted: Home) -> None:
    with promoted.lock("nightly"):
        ran = night(promoted)
    assert ran.returncode == 1
    assert "holds it" in ran.stderr


def test_the_list_names_the_riskiest_open_orders_with_reasons(promoted: Home) -> None:
    ran = riskradar(promoted, "top", "--day", "2026-11-18", "--limit", "3", "--json")
    listed = json.loads(ran.stdout)["results"]
    risks = [row["risk"] for row in listed]
    assert len(listed) == 3
    assert risks == sorted(risks, reverse=True)
    assert all(row["flagged"] and row["reasons"][0]["text"].endswith(".") for row in listed)


def test_every_order_is_scored_into_a_file_once(promoted: Home, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    ran = riskradar(promoted, "score", "--orders", "all", "--moment", "placed", "--out", str(out))
    assert ran.returncode == 0, ran.stderr
    header, *rows = out.read_text().splitlines()
    assert header.startswith("shop_id,order_id,as_of,risk,band,flagged")
    assert len({row.split(",")[1] for row in rows}) == len(rows) == ORDERS


def test_orders_named_in_a_file_are_scored_and_an_unknown_one_is_an_error(
    promoted: Home, tmp_path: Path
) -> None:
    named, out = tmp_path / "mine.csv", tmp_path / "scores.parquet"
    named.write_text("order_id\nO00000007\nO00000008\n")
    ran = riskradar(
        promoted, *("score", "--orders", str(named), "--moment", "placed", "--out", str(out))
    )
    assert ran.stdout == f"2 orders scored into {out}\n", ran.stderr
    assert out.read_bytes()[:4] == b"PAR1"
    named.write_text("order_id\nnobody\n")
    ran = riskradar(promoted, "score", "--orders", str(named), "--out", str(out))
    assert ran.returncode == 1
    assert "names 1 of 1 orders that are not known" in ran.stderr


def test_a_score_in_batch_equals_the_score_over_http(shop: Caller) -> None:
    """The same function on a smaller table: equal to 1e-12, the sigmoid's last bit aside."""
    with shop.home.open_store(readonly=True) as store:
        key = store.open_orders(as_of=NOW)[-1]
        shop_id, order_id = store.order_ids([int(key)])[int(key)]
        facts = store.facts()
        asked = Asked(np.array([key_of("order", shop_id, order_id)]), np.array([NOW]))
        bundle = open_champion(shop.home)
        batch = score(store, bundle, facts, asked, settings=shop.home.settings)
        placed = int(facts["orders"]["placed_at"][facts["orders"]["order_key"] == key][0])
    moment = np.datetime64(placed, "us").astype("datetime64[s]")
    told = {"order_id": order_id, "shop_id": shop_id, "placed_at": f"{moment}Z"}
    live = shop.one(told | {"as_of": "2026-11-18T11:06:40Z"})
    assert abs(live["risk"] - batch.risk[0]) < 1e-12
