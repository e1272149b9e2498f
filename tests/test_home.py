"""Claims about a home directory: its places, who may enter, and its locks."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from store_rows import NOON, order

from store.errors import BadSettings, HomeBusy
from store.home import Home, home_path
from store.settings import Settings


def test_the_home_is_what_was_asked_for_else_the_environment_else_here():
    environment = {"RISKRADAR_HOME": "/srv/radar"}
    assert home_path("/tmp/h", environment) == Path("/tmp/h")  # noqa: S108 - never made
    assert home_path(None, environment) == Path("/srv/radar")
    assert home_path(None, {}) == Path.cwd() / "riskradar-home"
    assert home_path("~/h", {}) == Path.home() / "h"


def test_a_new_home_has_its_folders_its_settings_and_one_owner(tmp_path):
    home = Home(tmp_path / "deep" / "home").create()
    assert sorted(path.name for path in home.path.iterdir()) == [
        "models",
        "rejects",
        "reports",
        "riskradar.toml",
    ]
    assert home.settings == Settings()
    for folder in (home.path, home.models_dir, home.rejects_dir, home.reports_dir):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_home_that_exists_keeps_its_settings(tmp_path):
    (tmp_path / "riskradar.toml").write_text("[outreach]\nper_day = 7")
    assert Home(tmp_path).create().settings.outreach.per_day == 7


def test_a_wrong_settings_file_is_named_when_it_is_asked_for(tmp_path):
    (tmp_path / "riskradar.toml").write_text("[outreach]\nper_days = 7")
    home = Home(tmp_path)
    with pytest.raises(BadSettings, match=r"riskradar\.toml: \[outreach\] has no key 'per_days'"):
        _ = home.settings


def test_a_home_opens_its_store(tmp_path):
    home = Home(tmp_path / "home")
    with home.open_store() as store:
        store.write({"orders": [order()]}, received_at=NOON)
    with home.open_store(readonly=True) as store:
        assert len(store.facts()["orders"]) == 1
    assert home.store_path.exists()


def test_a_lock_is_held_by_one_at_a_time_and_free_afterwards(tmp_path):
    home = Home(tmp_path)
    with home.lock("nightly"):
        with pytest.raises(HomeBusy, match=r"lock 'nightly' of .* to be free; process \d+ holds"):
            enter(home.lock("nightly"))
        enter(home.lock("ingest"))
    enter(home.lock("nightly"))


def enter(lock) -> None:
    with lock:
        pass


HOLDER = """
import sys
from store.home import Home
with Home(sys.argv[1]).lock("nightly"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HomeBusy, match=f"process {holder.pid} holds it"):
            enter(Home(tmp_path).lock("nightly"))
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        enter(Home(tmp_path).lock("nightly", wait_s=5))
