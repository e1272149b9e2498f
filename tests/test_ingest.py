"""Claims about an ingest as a whole: what goes in, what is refused, and that nothing is halved."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from ingest_desk import DAY, HOUR, MIDDAY, NOW, ORDERS, open_home

from store import open_store
from training.ingest import BATCH_ROWS, IngestError, describe

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def home(tmp_path):
    found = open_home(tmp_path)
    with found.store:
        yield found


def same(first, second):
    return all(np.array_equal(first[table], second[table]) for table in first)


def test_the_summary_counts_files_and_tables(home):
    summary = home.take(home.file("orders.csv", ORDERS))
    assert describe(summary).splitlines()[1:] == [
        "table               rows         new   unchanged    rejected",
        "orders                 2           2           0           0",
    ]
    assert home.told("A1")[0]["amount_minor"] == 12990


def test_the_same_file_twice_changes_nothing(home):
    path = home.file("orders.csv", ORDERS)
    home.take(path)
    before = home.store.facts()
    again = home.take(path, at=NOW + DAY).tables["orders"]
    assert (again.new, again.unchanged) == (0, 2)
    assert same(before, home.store.facts())


def test_a_bad_row_is_rejected_with_file_line_field_and_reason_and_the_rest_go_in(home):
    """Its line is the file's: a user opens the file there, whatever stands above it."""
    rows = (
        "order_id,placed_at,amount_minor,ship_service\n"
        'A1,2025-01-01T12:00:00Z,1,"by hand\nand foot"\n'
        "\n"
        "A2,2025-01-01T12:00:00Z,129.90,post\n"
    )
    path = home.file("orders.csv", rows)
    summary = home.take(path)
    assert (summary.tables["orders"].new, summary.tables["orders"].rejected) == (1, 1)
    (reject,) = home.rejects()
    assert reject == {
        "file": str(path),
        "line": 5,
        "table": "orders",
        "field": "amount_minor",
        "reason": "must be a whole number of minor units: 12990 for 129.90 EUR; "
        "a map converts it with minor(column, 'EUR')",
        "row": {
            "order_id": "A2",
            "placed_at": "2025-01-01T12:00:00Z",
            "amount_minor": "129.90",
            "ship_service": "post",
        },
    }


def test_a_row_names_everything_that_is_wrong_with_it(home):
    rows = "order_id,placed_at,currency,is_gift\nA1,yesterday,euro,perhaps\n"
    home.take(home.file("orders.csv", rows))
    (reject,) = home.rejects()
    named = [reject["field"]] + [one["field"] for one in reject["more"]]
    assert named == ["placed_at", "currency", "is_gift"]


def test_a_record_that_cannot_be_read_is_rejected_with_its_line(home):
    path = home.file("orders.csv", ORDERS + "A3,2025-01-01T14:00:00Z\n")
    summary = home.take(path)
    assert (summary.files[0].rows, summary.files[0].unreadable) == (2, 1)
    (reject,) = home.rejects()
    assert (reject["line"], reject["table"], reject["field"]) == (4, None, None)
    assert reject["reason"] == "expected 4 columns as in the header, got 2"
    assert reject["row"] == {"text": "A3,2025-01-01T14:00:00Z"}


def test_rejects_are_for_their_owner_alone_and_not_kept_twice(home):
    path = home.file("orders.csv", ORDERS + "A3,,1,EUR\n")
    first, second = home.take(path), home.take(path, at=NOW + DAY)
    assert first.rejects == second.rejects
    assert first.rejects.name.startswith("2026-01-01T000000Z-")
    assert stat.S_IMODE(first.rejects.stat().st_mode) == 0o600
    assert len(home.rejects()) == 1


def test_a_corrected_file_brings_in_what_was_rejected_and_nothing_twice(home):
    home.take(home.file("orders.csv", ORDERS + "A3,2025-01-01 14:00:00,1,EUR\n"))
    mended = home.file("orders.csv", ORDERS + "A3,2025-01-01T14:00:00Z,1,EUR\n")
    again = home.take(mended).tables["orders"]
    assert (again.new, again.unchanged, again.rejected) == (1, 2, 0)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("orders.csv", None, "found none"),
        ("orders.csv", "", "is empty"),
        ("orders.json", "  \n", "is empty"),
        ("orders.xlsx", "PK", "expected a file whose name ends in"),
        ("orders.csv", "PK\x03\x04", "a zip archive or a spreadsheet"),
        ("orders.csv.gz", gzip.compress(ORDERS.encode(), mtime=0)[:-12], "gzip is broken or cut"),
        ("orders.parquet", b"PAR1 but not for long", "cannot be read"),
        ("orders.json", '[{"order_id": "A1"}, {"order_id":', "cannot be read"),
        ("orders.csv", "order_id,placed_at\nA1\n", "1 of 1 records cannot be read"),
        ("orders.csv", "order_id\nA1\n", "placed_at is required and missing"),
        ("orders.csv", "order_id,placed_at,colour\nA1,2025-01-01T12:00:00Z,red\n", "got colour"),
        ("orders.csv", "id,placed_at\nA1,2025-01-01T12:00:00Z\n", "expected the column 'order_id'"),
        ("sales.csv", ORDERS, "is none of the files that riskradar reads"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_a_file_that_cannot_be_used_is_one_error_and_nothing_is_half_ingested(
    home, name, content, said
):
    good = home.file("buyers.csv", "buyer_id\nB1\n")
    bad = home.path / "exports" / name if content is None else home.file(name, content)
    with pytest.raises(IngestError, match=said) as raised:
        home.take(good, bad)
    assert name.split(".", maxsplit=1)[0] in str(raised.value)
    assert home.is_untouched()


AS_OTHER_FILES = {
    "orders.tsv": ORDERS.replace(",", "\t").encode(),
    "orders.txt": b"\xef\xbb\xbf" + ORDERS.replace(",", ";").replace("\n", "\r\n").encode(),
    "orders.csv.gz": gzip.compress(ORDERS.encode(), mtime=0),
    "orders.csv": ORDERS.encode("utf-16"),
    "orders.jsonl": b'{"order_id": "A1", "placed_at": "2025-01-01T12:00:00Z", '
    b'"amount_minor": 12990, "currency": "EUR"}\n\n'
    b'{"placed_at": "2025-01-01 14:00:00+01:00", "order_id": "A2", "amount_minor": 500, '
    b'"currency": "JPY"}',
    "orders.json": b'[\n {"order_id": "A1", "placed_at": "2025-01-01T12:00:00Z", '
    b'"amount_minor": 12990,\n "currency": "EUR"}, {"order_id": "A2", "amount_minor": "500", '
    b'"placed_at": "2025-01-01T13:00:00Z", "currency": "JPY"}]',
}


@pytest.mark.parametrize("name", [*AS_OTHER_FILES, "orders.parquet"])
def test_the_same_orders_in_another_kind_of_file_are_the_same_orders(home, tmp_path, name):
    home.take(home.file("orders.csv", ORDERS))
    if name.endswith("parquet"):
        path = home.file(name, "")
        # DuckDB finds out the types: timestamps with a zone, whole numbers.
        duckdb.read_csv(str(home.file("orders.csv", ORDERS))).write_parquet(str(path))
    else:
        path = home.file(name, AS_OTHER_FILES[name])
    (tmp_path / "other").mkdir()
    other = open_home(tmp_path / "other")
    with other.store:
        assert other.take(path).tables["orders"].new == 2
        assert same(home.store.facts(), other.store.facts())


def test_a_file_in_gb18030_is_read_when_it_is_said(home):
    rows = "message_id,sent_at,sender,text\nM1,2025-01-01T12:00:00Z,buyer,什么时候发货\n"
    path = home.file("messages.csv", rows.encode("gb18030"))
    with pytest.raises(IngestError, match="--encoding"):
        home.take(path)
    assert home.is_untouched()
    home.take(path, encoding="gb18030")
    facts = home.store.facts()["messages"]
    assert len(facts) == 1


def test_an_encoding_that_nobody_knows_is_refused_by_name(home):
    with pytest.raises(IngestError, match="'gbk-2' is no encoding"):
        home.take(home.file("orders.csv", ORDERS), encoding="gbk-2")


def test_a_few_damaged_lines_are_rejected_and_many_mean_another_encoding(home):
    rows = "".join(f"B{number}\n" for number in range(2_000)).encode()
    few = home.file("buyers.csv", b"buyer_id\n" + rows + b"caf\xe9\n" * 20)
    assert home.take(few).files[0].unreadable == 20
    many = home.file("buyers.csv", b"buyer_id\n" + rows + b"caf\xe9\n" * 21)
    with pytest.raises(
        IngestError, match="21 of 2021 records cannot be read; the first, line 2002"
    ):
        home.take(many)


ITEM = "order_id,line,product_id\nA1,1,P1\n"


def test_an_item_is_known_when_its_order_was_placed(home):
    home.take(home.file("orders.csv", ORDERS), home.file("items.csv", ITEM))
    assert home.told("A1", "items")[0]["known_at"] == MIDDAY


def test_an_item_that_comes_later_finds_its_order_in_the_store(home):
    home.take(home.file("orders.csv", ORDERS))
    home.take(home.file("items.csv", ITEM))
    assert home.told("A1", "items")[0]["known_at"] == MIDDAY


def test_an_item_without_an_order_anywhere_is_rejected(home):
    summary = home.take(home.file("items.csv", ITEM))
    assert summary.tables["items"].rejected == 1
    (reject,) = home.rejects()
    assert reject["field"] == "known_at"
    assert "neither in these files nor in the store" in reject["reason"]


def test_what_has_no_clock_was_always_known(home):
    home.take(home.file("sellers.csv", "seller_id,city\nS1,Kassel\n"))
    assert home.store.facts()["sellers"]["known_at"].tolist() == [631_152_000_000_000]


def test_rows_of_one_key_at_different_moments_are_its_versions(home):
    rows = (
        "order_id,known_at,placed_at,shipped_at\n"
        "A1,2025-01-01T12:00:00Z,2025-01-01T12:00:00Z,\n"
        "A1,2025-01-01T15:00:00Z,2025-01-01T12:00:00Z,2025-01-01T15:00:00Z\n"
    )
    home.take(home.file("orders.csv", rows))
    versions = [(v["known_at"] - MIDDAY, v["shipped_at"]) for v in home.told("A1")]
    assert versions == [(0, None), (3 * HOUR, MIDDAY + 3 * HOUR)]


def test_an_update_names_only_what_changed_and_an_empty_value_clears(home):
    home.take(home.file("orders.csv", ORDERS))
    update = "order_id,known_at,carrier,currency\nA1,2025-01-02T12:00:00Z,dhl,\n"
    home.take(home.file("orders.csv", update))
    last = home.told("A1")[-1]
    assert (last["amount_minor"], last["carrier"], last["currency"]) == (12990, "dhl", None)


def test_an_update_of_an_order_that_nobody_knows_is_rejected(home):
    update = "order_id,known_at,carrier\nA9,2025-01-02T12:00:00Z,dhl\n"
    summary = home.take(home.file("orders.csv", update))
    assert (summary.tables["orders"].new, summary.tables["orders"].rejected) == (0, 1)
    assert home.rejects()[0]["line"] == 2
    assert "refused by the store" in home.rejects()[0]["reason"]


def test_a_row_said_twice_counts_once_and_one_said_differently_is_rejected(home):
    twice = ORDERS + "A1,2025-01-01T12:00:00Z,12990,EUR\nA2,2025-01-01T13:00:00Z,900,JPY\n"
    one = home.take(home.file("orders.csv", twice)).tables["orders"]
    assert (one.new, one.unchanged, one.rejected) == (2, 1, 1)
    assert home.rejects()[0]["line"] == 5
    assert home.told("A2")[0]["amount_minor"] == 500


def test_the_shop_is_the_rows_else_the_commands_else_the_default(home):
    rows = "shop_id,buyer_id\nown,B1\n,B2\n"
    path = home.file("buyers.csv", rows)
    home.take(path)
    home.take(path, shop_id="second")
    found = home.store.facts(shops=["own"])["buyers"], home.store.facts(shops=["second"])["buyers"]
    assert [len(rows) for rows in found] == [1, 1]
    assert len(home.store.facts(shops=["default"])["buyers"]) == 1


def test_the_platform_is_the_rows_else_the_commands(home):
    rows = ORDERS.replace("currency", "platform").replace("EUR", "ebay").replace("JPY", "")
    home.take(home.file("orders.csv", rows), platform="shopify")
    assert [home.told(order)[0]["platform"] for order in ("A1", "A2")] == ["ebay", "shopify"]


def test_an_order_shipped_long_before_it_was_placed_is_rejected_and_hours_are_forgiven(home):
    """Two systems' clocks differ by hours: of 11,031 Olist orders 3 "ship" up to 1.4 h early."""
    rows = (
        "order_id,placed_at,shipped_at\n"
        "A1,2025-01-02T12:00:00Z,2025-01-02T10:36:00Z\n"
        "A2,2025-01-02T12:00:00Z,2025-01-01T11:00:00Z\n"
    )
    home.take(home.file("orders.csv", rows))
    (reject,) = home.rejects()
    assert (reject["line"], reject["field"]) == (3, "shipped_at")
    assert reject["reason"] == "is more than a day before placed_at"


def test_an_outcome_known_before_it_happened_is_rejected(home):
    """Otherwise a score would know its own future."""
    rows = "order_id,kind,opened_at,known_at\nA1,return,2025-01-05T12:00:00Z,2025-01-01T12:00:00Z\n"
    home.take(home.file("outcomes.csv", rows))
    assert home.rejects()[0]["field"] == "known_at"


class Watched:
    """A store that says how many rows came at once, and may stop after some writes."""

    def __init__(self, store, stop_after=None):
        self.store, self.sizes, self.stop_after = store, [], stop_after

    def write(self, records, **said):
        if len(self.sizes) == self.stop_after:
            raise KeyboardInterrupt
        self.sizes.append(sum(len(rows) for rows in records.values()))
        return self.store.write(records, **said)

    def facts(self, **said):
        return self.store.facts(**said)


MANY = "buyer_id,attributes\n" + "".join(
    f'B{number},"{{""tier"": {number % 3}}}"\n' for number in range(2 * BATCH_ROWS + 1)
)


def test_rows_are_written_in_short_transactions(home):
    watched = Watched(home.store)
    home.take(home.file("buyers.csv", MANY), store=watched)
    assert watched.sizes == [BATCH_ROWS, BATCH_ROWS, 1]


def test_an_interrupted_ingest_is_completed_by_running_it_again(home, tmp_path):
    path = home.file("buyers.csv", MANY)
    with pytest.raises(KeyboardInterrupt):
        home.take(path, store=Watched(home.store, stop_after=1))
    assert not list((home.path / "staging").glob("*"))
    again = home.take(path).tables["buyers"]
    assert (again.new, again.unchanged) == (BATCH_ROWS + 1, BATCH_ROWS)
    with open_store(tmp_path / "whole.sqlite") as whole:
        home.take(path, store=whole)
        assert same(home.store.facts(), whole.facts())


def test_what_a_killed_ingest_left_behind_is_removed_after_a_day(home):
    left, busy = home.path / "staging" / "ingest-left", home.path / "staging" / "ingest-busy"
    left.mkdir(parents=True)
    busy.mkdir()
    os.utime(left, (0, 0))
    home.take(home.file("orders.csv", ORDERS))
    assert list((home.path / "staging").glob("*")) == [busy]


KILLED = """
import sys
from pathlib import Path
from store import open_store
from training.ingest import ingest
home, export = map(Path, sys.argv[1:])
print("ready", flush=True)
with open_store(home / "store.sqlite") as store:
    ingest([export], "riskradar", store=store, rejects_dir=home / "rejects", received_at={now})
"""


@pytest.mark.slow
def test_an_ingest_killed_at_any_moment_is_completed_by_running_it_again(home, tmp_path):
    path = home.file("buyers.csv", MANY)
    script = home.file("killed.py", KILLED.format(now=NOW))
    for tenths in range(1, 21, 2):  # an ingest of it takes about a second, on an idle machine
        command = [sys.executable, str(script), str(home.path), str(path)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=ENVIRONMENT)
        with process:
            process.stdout.readline()
            time.sleep(tenths / 10)
            process.kill()
    home.take(path)
    with open_store(tmp_path / "whole.sqlite") as whole:
        home.take(path, store=whole)
        assert same(home.store.facts(), whole.facts())


def test_progress_is_told_while_reading_and_writing(home):
    told = []
    home.take(
        home.file("orders.csv", ORDERS),
        progress=lambda done, total, what: told.append((done, total, what)),
    )
    size = len(ORDERS)
    assert told[0] == (size, size, "reading orders.csv")
    assert told[-1] == (2, 2, "writing orders")


def test_attributes_are_one_object_of_plain_values(home):
    rows = [
        {"buyer_id": "B1", "attributes": {"tier": "gold", "orders": 3, "vip": True, "x": None}},
        {"buyer_id": "B2", "attributes": {"nested": {"no": 1}}},
        {"buyer_id": "B3", "attributes": "tier gold"},
        {"buyer_id": "B4", "attributes": ["gold"]},
    ]
    home.take(home.file("buyers.jsonl", "\n".join(map(json.dumps, rows))))
    assert [reject["line"] for reject in home.rejects()] == [2, 3, 4]
    assert len(home.store.facts()["buyers"]) == 1
