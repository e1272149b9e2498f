"""docs/http.md and openapi.json say what the service does: their examples are run against it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from served_process import Server
from served_shop import Caller, order

from serving import openapi, wire
from serving.problems import KINDS

PAGE = Path(__file__).parent.parent / "docs" / "http.md"
BLOCK = re.compile(r"```(sh|json)\n(.*?)```", re.DOTALL)
UNLISTED = {"/", "/problems/<kind>"}  # pages for people


def examples() -> list[tuple[str, Any]]:
    """Each curl example of the page with the JSON that follows it, None where none does."""
    blocks = BLOCK.findall(PAGE.read_text())
    found = []
    for at, (kind, text) in enumerate(blocks):
        if kind == "sh" and "curl" in text:
            follows = blocks[at + 1] if at + 1 < len(blocks) else ("", "")
            found.append((text, json.loads(follows[1]) if follows[0] == "json" else None))
    return found


def assert_same_shape(said: Any, given: Any, path: str = "$") -> None:
    """All that the page shows is there, of the same kind; lists by their first item."""
    if isinstance(said, dict):
        assert isinstance(given, dict), path
        for key, value in said.items():
            assert key in given, f"{path}.{key} is not in the answer"
            assert_same_shape(value, given[key], f"{path}.{key}")
    elif isinstance(said, list):
        assert isinstance(given, list), path
        assert bool(said) == bool(given), path
        if said:
            assert_same_shape(said[0], given[0], f"{path}[0]")
    elif said is not None and not (given is None and path.endswith(".value")):
        assert type(said) is type(given), path


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are for curl")
def test_every_example_of_the_page_runs_and_answers_as_it_says(
    start: Callable[[], Server],
) -> None:
    server = start()
    shell = {"URL": f"http://127.0.0.1:{server.port}", "KEY": server.key, "PATH": "/usr/bin:/bin"}
    for text, said in examples():
        ran = subprocess.run(["bash", "-ec", text], env=shell, capture_output=True, check=True)
        answers = list(_values(ran.stdout.decode()))
        assert len(answers) == text.count("curl ")
        if said is not None:
            assert_same_shape(said, answers[-1])
        if "type" not in (said or {}):
            assert [a for a in answers if "type" in a] == []


def _values(text: str) -> list[Any]:
    """JSON values that stand one after the other."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
    return found


def test_every_kind_of_problem_is_on_the_page_with_its_status() -> None:
    page = PAGE.read_text()
    missing = [
        kind for kind, said in KINDS.items() if f"`/problems/{kind}` | {said.status} |" not in page
    ]
    assert missing == []


def test_every_route_is_in_openapi_and_every_operation_has_a_route(shop: Caller) -> None:
    served = {
        (method.lower(), re.sub(r"<(?:path:)?(\w+)>", r"{\1}", rule.rule))
        for rule in shop.client.application.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and rule.rule not in UNLISTED
    }
    assert served == {(each.method, each.path) for each in openapi.OPERATIONS}


def test_every_route_is_on_the_page() -> None:
    page = PAGE.read_text()
    assert [each.path for each in openapi.OPERATIONS if each.path not in page] == []


def test_every_reference_of_openapi_leads_somewhere(shop: Caller) -> None:
    document = shop.get("/openapi.json", key="").get_data(as_text=True)
    schemas = json.loads(document)["components"]["schemas"]
    wanted = set(re.findall(r"#/components/schemas/(\w+)", document))
    assert wanted - set(schemas) == set()


def test_openapi_knows_every_column_and_refuses_every_other(shop: Caller) -> None:
    schemas = shop.get("/openapi.json", key="").get_json()["components"]["schemas"]
    fields = {field.name for field in msgspec.structs.fields(wire.OneOrder)}
    assert set(schemas["OneOrder"]["properties"]) == fields
    assert schemas["OneOrder"]["additionalProperties"] is False


def test_an_answer_has_the_fields_that_openapi_says(shop: Caller) -> None:
    schemas = shop.get("/openapi.json", key="").get_json()["components"]["schemas"]
    assert set(schemas["Result"]["properties"]) == set(shop.one(order("A1")))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_type_of_a_problem_leads_to_its_explanation(shop: Caller, kind: str) -> None:
    page = shop.get(f"/problems/{kind}", key="")
    assert page.status_code == 200
    assert KINDS[kind].what_to_do in page.get_data(as_text=True)


def test_the_front_page_says_what_this_is(shop: Caller) -> None:
    page = shop.get("/", key="").get_data(as_text=True)
    assert "before they ship" in page
    assert "/openapi.json" in page
