"""Claims about docs/ingest.md: its tables are the schema's, and its example does what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ingest_desk import at, open_home

from features.schema import TABLES
from training.ingest import describe, format_names
from training.ingest_map import prelude

PAGE = (Path(__file__).parents[1] / "docs" / "ingest.md").read_text(encoding="utf-8")


def block(kind):
    """The page's one fenced block of that kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


@pytest.mark.parametrize("table", TABLES)
def test_the_page_lists_every_column_and_marks_those_that_are_needed(table):
    (listed,) = re.findall(rf"^\| {table} \| (.*) \|$", PAGE, re.MULTILINE)
    required = [column.name for column in TABLES[table].columns if column.required]
    assert re.findall(r"\*\*(\w+)\*\*", listed) == required
    assert sorted(listed.replace("*", "").split(", ")) == sorted(TABLES[table].names)


def test_the_page_lists_every_choice_of_every_column():
    choices = {one for spec in TABLES.values() for column in spec.columns for one in column.choices}
    assert choices - set(re.findall(r"\w+", PAGE)) == set()


def test_the_page_explains_every_format_and_every_macro():
    assert re.findall(r"^\| `([\w-]+)` \| (?:our|the public|Amazon)", PAGE, re.MULTILINE) == [
        name
        for name in ("riskradar", "olist", "amazon-actionable-orders")
        if name in format_names()
    ]
    explained = set(re.findall(r"^   \| `(\w+)\(", PAGE, re.MULTILINE))
    ours = set(re.findall(r"CREATE MACRO (\w+)", prelude()))
    assert explained == ours - {"plain_object", "plain_object_of", "json_pair"}


def test_the_example_of_the_page_does_what_the_page_says(tmp_path):
    home = open_home(tmp_path)
    with home.store:
        written = home.file("taobao.sql", block("sql"))
        export = home.file("ExportOrderList202511.csv", block("csv").encode("gb18030"))
        summary = home.take(export, by=written, encoding="gb18030")
        expected = block("text").splitlines()
        assert describe(summary).splitlines()[1:-1] == expected[1:-1]
        assert expected[-1].startswith("1 rejected")
        (reject,) = home.rejects()
        assert (reject["line"], reject["field"]) == (3, "amount_minor")
        order, address = home.told("2100000000001")[0], home.told("2100000000001", "addresses")[0]
    assert (order["amount_minor"], order["platform"]) == (12990, "taobao")
    assert order["placed_at"] == at("2025-11-10 16:00:07")
    assert (address["phone"], address["postcode"]) == ("18600000001", "310012")
    assert address["line1"] == "浙江省 杭州市 西湖区 文三路 1 号"
