"""`riskradar read` and `POST /v1/read`: what a message says, on the command line and over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from served_shop import Caller

from cli import main

THREAT = "再不发货我就去法院起诉"


def said(*arguments: str, stdin: str | None = None, home: Any = "nowhere") -> Any:
    return CliRunner().invoke(main, ["--home", str(home), "read", *arguments], input=stdin)


def test_a_text_is_shown_with_its_signals_and_the_words(tmp_path):
    ran = said(THREAT, home=tmp_path)
    assert ran.exit_code == 0
    assert "[zh]" in ran.output
    assert "● legal_threat" in ran.output
    assert not list(tmp_path.iterdir()), "reading a message makes nothing"


def test_lines_of_json_are_answered_in_their_order_with_their_ids(tmp_path):
    lines = [{"id": "a", "text": THREAT}, {"id": "b", "text": THREAT, "sender": "seller"}]
    ran = said("--json", stdin="\n".join(map(json.dumps, lines)), home=tmp_path)
    first, second = map(json.loads, ran.output.splitlines())
    assert (first["id"], first["lang"]) == ("a", "zh")
    found = {one["signal"]: one for one in first["signals"]}
    legal = found["legal_threat"]
    assert THREAT[legal["start"] : legal["end"]] == legal["text"] != ""
    assert second == {"id": "b", "lang": "zh", "signals": []}


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("{", "line 2: expected JSON"),
        ("[]", "line 2: expected an object"),
        ('{"id": "b"}', "line 2: text: expected a text"),
        ('{"text": "x", "sender": "me"}', "line 2: sender: expected one of buyer"),
    ],
)
def test_a_broken_line_is_named(tmp_path, line, named):
    ran = said("--json", stdin=f'{{"text": "hello"}}\n{line}\n', home=tmp_path)
    assert ran.exit_code == 1
    assert named in ran.output


def test_an_operators_phrase_counts_and_a_mistake_in_it_is_named(tmp_path):
    settings = tmp_path / "riskradar.toml"
    settings.write_text('[signals.phrases.anger]\nadd = ["banana republic"]\n')
    assert "anger" in said("what a banana republic", home=tmp_path).output
    settings.write_text('[signals.phrases.angr]\nadd = ["banana republic"]\n')
    ran = said("hello", home=tmp_path)
    assert ran.exit_code == 1
    assert "angr" in ran.output


def test_the_service_reads_one_message_or_many(shop: Caller) -> None:
    one = shop.post("/v1/read", {"id": "a", "text": THREAT}).get_json()
    assert one["id"] == "a"
    assert "legal_threat" in {found["signal"] for found in one["signals"]}
    many = shop.post(
        "/v1/read", [{"text": THREAT}, {"text": THREAT, "sender": "system"}]
    ).get_json()
    assert [bool(each["signals"]) for each in many] == [True, False]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"id": "a"}, "text"),
        ([{"text": "x"}, {"text": 3}], "[1].text"),
        ({"text": "x", "sender": "me"}, "sender"),
        ({"text": "x", "txt": "y"}, "txt"),
        ([], ""),
        ({"text": "x" * 20_001}, "text"),
    ],
)
def test_a_wrong_field_is_named(shop: Caller, body: Any, path: str) -> None:
    answer = shop.post("/v1/read", body)
    assert answer.status_code == 422
    assert [error["path"] for error in answer.get_json()["errors"]] == [path]
