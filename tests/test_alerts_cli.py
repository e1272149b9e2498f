"""`riskradar alerts` and `riskradar evidence`, as a person types them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alert_desk import claim, new_home, order, said_of, write
from click.testing import CliRunner, Result

from cli import main
from cli_upkeep import now_us
from store.home import Home


@pytest.fixture
def home(tmp_path) -> Home:
    """Two claims that an import brought; nobody has looked at them yet."""
    made = new_home(tmp_path)
    now = now_us()
    with made.open_store() as store:
        write(
            store,
            orders=[order(known_at=now, amount_minor=1_000, currency="USD"), order("B", now)],
            outcomes=[
                claim(now, opened_at=now - 1),
                said_of("B", now, kind="chargeback", opened_at=now - 1),
            ],
            received_at=now,
        )
    return made


def run(home: Home, *words: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home.path), *words])


def listed(home: Home, *words: str) -> list[dict]:
    return json.loads(run(home, "alerts", "list", "--json", *words).output)["alerts"]


def test_the_list_looks_at_what_is_new_and_puts_the_nearest_deadline_first(home):
    shown = run(home, "alerts", "list")
    assert shown.exit_code == 0
    assert [line.split("  ")[2:] for line in shown.output.splitlines()] == [
        ["claim_opened", "shop/A", "team lead"],
        ["claim_opened", "shop/B", "team lead"],
    ]
    assert [alert["order_id"] for alert in listed(home)] == ["A", "B"]
    assert listed(home, "--shop", "other") == []


def test_an_alert_is_shown_closed_and_listed_as_closed(home):
    first = listed(home)[0]["id"]
    assert "[URGENT][ESCALATED]\nOrder: A; shop shop" in run(home, "alerts", "show", first).output
    assert "【紧急】【升级】" in run(home, "alerts", "show", first, "--lang", "zh").output
    why = ("--root-cause", "logistics", "--reason", "Lost; refunded.", "--by", "Wei")
    assert run(home, "alerts", "close", first, *why).output == f"closed {first} as logistics\n"
    assert len(listed(home)) == 1
    (closed,) = listed(home, "--state", "closed")
    assert closed["closed"] == {"by": "Wei", "root_cause": "logistics", "reason": "Lost; refunded."}
    shown = run(home, "alerts", "show", first).output
    assert shown.endswith("closed by Wei as logistics: Lost; refunded.\n")
    other = run(home, "alerts", "close", first, *why[:-1], "Ana")
    assert other.exit_code == 1
    assert "which Wei closed as logistics" in other.output


def test_a_home_without_alerts_says_so(tmp_path):
    assert run(new_home(tmp_path), "alerts", "list").output == "no open alerts\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "none"), "Expected the id of an alert, got 'none'"),
        (
            ("close", "none", "--root-cause", "logistics", "--reason", "x", "--by", "x"),
            "Expected the id of an alert, got 'none'",
        ),
        (
            ("close", "none", "--root-cause", "logistics", "--reason", " ", "--by", "x"),
            "reason: expected some words, got none.",
        ),
        (("close", "none", "--root-cause", "rain", "--reason", "x", "--by", "x"), "'rain' is not"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(home, words, said):
    shown = run(home, "alerts", *words)
    assert shown.exit_code != 0
    assert said in shown.output


def test_an_import_raises_what_it_brought(tmp_path):
    home = new_home(tmp_path)
    now = datetime.now(UTC).isoformat()
    exports = {
        "orders.csv": f"order_id,placed_at,buyer_id\nA,{now},b1\n",
        "outcomes.csv": f"order_id,kind,opened_at\nA,chargeback,{now}\n",
    }
    for name, text in exports.items():
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in exports]
    shown = run(home, "ingest", *files, "--format", "riskradar", "--shop", "shop")
    assert shown.exit_code == 0, shown.output
    assert shown.output.endswith("1 red alert raised; see `riskradar alerts list`\n")
    again = run(home, "ingest", *files, "--format", "riskradar", "--shop", "shop")
    assert "raised" not in again.output


def test_evidence_that_is_whole_is_said_to_be_whole(home):
    first = listed(home)[0]["id"]
    shown = run(home, "evidence", "verify")
    assert shown.exit_code == 0
    assert shown.output.startswith("2 files of evidence: whole; last line ")
    path: Path = home.path / "evidence" / f"{first}.json"
    path.write_bytes(b"{}")
    damaged = run(home, "evidence", "verify")
    assert damaged.exit_code == 1
    assert f"DAMAGED: {first}.json: changed" in damaged.output


def test_evidence_that_a_kill_prevented_is_no_damage(home):
    (home.path / "evidence").write_text("in the way")
    assert len(listed(home)) == 2
    (home.path / "evidence").unlink()
    shown = run(home, "evidence", "verify")
    assert shown.exit_code == 0
    assert shown.output.count("unfinished: ") == 2
