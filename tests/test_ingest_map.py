"""Claims about maps: what they may do, what they may say of their files, and how they are wrong."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from ingest_desk import HOUR, MIDDAY, ORDERS, open_home

from training.ingest import IngestError, format_names, format_text
from training.ingest_map import read_map
from training.ingest_run import lock, open_staging


@pytest.fixture
def home(tmp_path):
    found = open_home(tmp_path)
    with found.store:
        yield found


SHOP = """order no;created;total;cur;state
17;31.12.2024 18:00;1.299,90;EUR;open
18;01.01.2025 13:00;12,00;EUR;shipped
"""
OWN_MAP = """
-- How to read the shop's file.
CREATE MACRO euros(amount) AS replace(replace(amount, '.', ''), ',', '.');
CREATE VIEW orders AS
SELECT
    "order no" AS order_id,
    local_time(strptime(created, '%d.%m.%Y %H:%M'), 'Europe/Berlin') AS placed_at,
    minor(euros(total), cur) AS amount_minor,
    cur AS currency,
    _file, _line
FROM src."shop export";
"""


def test_a_map_of_ones_own_makes_orders_of_any_export(home):
    home.take(home.file("shop export.csv", SHOP), by=home.map(OWN_MAP))
    order = home.told("18")[0]
    assert (order["placed_at"], order["amount_minor"]) == (MIDDAY, 1200)
    assert home.told("17")[0]["amount_minor"] == 129990


HOSTILE = [
    "CREATE VIEW orders AS SELECT content AS order_id FROM read_text('/etc/passwd')",
    "CREATE VIEW orders AS SELECT * FROM read_csv('/etc/passwd')",
    "CREATE VIEW orders AS SELECT * FROM '/etc/passwd'",
    "CREATE VIEW orders AS SELECT * FROM glob('/etc/*')",
    "CREATE VIEW orders AS SELECT * FROM read_blob('{home}/store.sqlite')",
    "CREATE VIEW orders AS SELECT * FROM read_csv('https://example.com/orders.csv')",
    "CREATE VIEW orders AS SELECT * FROM sniff_csv('/etc/passwd')",
    "CREATE VIEW orders AS SELECT * FROM parquet_metadata('/etc/passwd')",
    "CREATE VIEW orders AS SELECT * FROM python_values",
    "CREATE VIEW orders AS SELECT * FROM query('COPY (SELECT 1) TO ''{home}/out.csv''')",
    "CREATE VIEW orders AS SELECT * FROM enable_logging(storage='file', storage_path='{home}/x')",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "COPY (SELECT 1) TO '{home}/out.csv'",
    "EXPORT DATABASE '{home}/out'",
    "ATTACH '{home}/store.sqlite'",
    "INSTALL httpfs",
    "LOAD '{home}/evil.duckdb_extension'",
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "PRAGMA enable_profiling",
    "DROP SCHEMA src CASCADE",
]
python_values = {"order_id": np.array(["from our own process"])}


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_hostile_map_reads_writes_and_loads_nothing(home, sql):
    written = home.map(sql.format(home=home.path))
    orders = home.file("orders.csv", ORDERS)
    before = sorted(path.name for path in home.path.iterdir())
    with pytest.raises(IngestError, match=r"map\.sql, (line 1|view orders): "):
        home.take(orders, by=written)
    assert home.is_untouched()
    left = {path.name for path in home.path.iterdir()} - {"staging"}
    assert sorted(left) == before


def carry_out(connection, sql):
    connection.execute(sql)
    if sql.startswith("CREATE VIEW"):  # some files are opened only when the view is read
        connection.execute("FROM orders").fetchall()


@pytest.mark.parametrize("sql", [sql for sql in HOSTILE if not sql.startswith("DROP")])
def test_the_lock_alone_stops_what_the_list_of_statements_would_miss(tmp_path, sql):
    """Two walls: a map may only CREATE, and the connection could do no harm if it did more."""
    connection = open_staging(tmp_path)
    lock(connection)
    with pytest.raises(duckdb.Error):
        carry_out(connection, sql.format(home=tmp_path))
    connection.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names <= {"staging.duckdb", "staging.duckdb.wal", "spill"}


WITHOUT_COLUMN = """-- one
CREATE VIEW items AS SELECT 1 AS line;

-- two
CREATE VIEW orders AS
SELECT order_id,
  order_date AS placed_at
FROM src.orders;"""
AS_DATE = "SELECT * REPLACE (amount_minor::DATE AS amount_minor) FROM src.orders"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("CREATE VIEW orders AS\nSELECT order_id\nFRM src.orders", "line 3: Parser Error"),
        (WITHOUT_COLUMN, 'line 7: .*"order_date" not found'),
        ("CREATE VIEW orders AS SELECT * FROM src.sales", "line 1: .*sales does not exist"),
        ("\nINSERT INTO src.orders VALUES (1)", "line 2: expected CREATE VIEW .*, got INSERT"),
        ("CREATE VIEW order AS SELECT 1", "line 1: Parser Error"),
        ("CREATE VIEW orderz AS SELECT 1 AS order_id", "is it meant to be 'orders'"),
        ("CREATE VIEW _a AS SELECT 1", "creates none of our tables"),
        ("", "creates none of our tables"),
        (
            "CREATE VIEW orders AS SELECT * EXCLUDE (placed_at) FROM src.orders",
            "view orders .*placed_at is required and missing",
        ),
        (
            "CREATE VIEW orders AS SELECT *, [1, 2] AS carrier FROM src.orders",
            r"carrier is of kind text, which cannot be read from INTEGER\[\]",
        ),
        (f"CREATE VIEW orders AS {AS_DATE}", "view orders: Conversion Error"),
    ],
)
def test_a_broken_map_is_one_error_that_names_the_line_or_the_view(home, sql, said):
    with pytest.raises(IngestError, match=said):
        home.take(home.file("orders.csv", ORDERS), by=home.map(sql))
    assert home.is_untouched()


def test_an_error_of_the_map_does_not_repeat_what_a_customer_wrote(home):
    path = home.file("messages.csv", "id,text\n1,my door code is 4711\n")
    sql = (
        "CREATE VIEW messages AS SELECT id AS message_id, now() AS sent_at, 'buyer' AS sender, "
        "text::INTEGER AS text FROM src.messages"
    )
    with pytest.raises(IngestError, match="Conversion Error") as raised:
        home.take(path, by=home.map(sql))
    assert "4711" not in str(raised.value)


def test_a_map_that_is_neither_a_format_nor_a_file_is_refused_with_the_formats(home):
    with pytest.raises(IngestError, match="among amazon-actionable-orders, olist, riskradar"):
        home.take(home.file("orders.csv", ORDERS), by="ebay")


def test_a_built_in_format_can_be_copied_and_serves_as_a_map(home):
    copied = home.map(format_text("riskradar"))
    assert home.take(home.file("orders.csv", ORDERS), by=copied).tables["orders"].new == 2


@pytest.mark.parametrize("name", format_names())
def test_every_format_explains_its_source_and_its_traps(name):
    text = format_text(name)
    assert text.startswith(f"-- {name}: ")
    assert "\n-- Source: " in text
    assert "\n-- Traps:" in text


STACKING = """
-- file: orders from shop-* (order_id, placed_at, gift?)
CREATE VIEW orders AS SELECT order_id, placed_at, gift AS is_gift, _file, _line FROM src.orders;
"""


def test_files_that_fit_a_pattern_are_read_as_one_and_may_lack_what_the_map_says(home):
    first = home.file("shop-1.csv", "order_id,placed_at\nA1,2025-01-01T12:00:00Z\n")
    second = home.file("shop-2.csv", "order_id,placed_at,gift\nA2,2025-01-01T13:00:00Z,yes\n")
    home.take(first, second, by=home.map(STACKING))
    assert [home.told(order)[0]["is_gift"] for order in ("A1", "A2")] == [None, True]


def test_files_of_one_name_need_the_same_columns(home):
    first = home.file("a/orders.csv", ORDERS)
    second = home.file("b/orders.csv", ORDERS.replace("currency", "carrier"))
    with pytest.raises(IngestError, match="carrier, currency is in one only"):
        home.take(first, second)
    third = home.file("b/orders.csv", ORDERS.replace("A1", "A3"))
    assert home.take(first, third).tables["orders"].rows == 4


def test_a_file_that_the_map_needs_and_nobody_gave_is_named(home):
    with pytest.raises(IngestError, match="olist needs a file named olist_orders_dataset"):
        home.take(home.file("olist_sellers_dataset.csv", "seller_id\n1\n"), by="olist")


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("-- file: orders", "line 1: expected `-- file: NAME"),
        ("-- file: orders (order_id,\nCREATE", "line 1: expected a closing"),
        ("-- read: delimiter=colon", "got 'delimiter=colon'"),
        ("-- read: mode=fast", "expected delimiter=comma|tab|semicolon|pipe"),
    ],
)
def test_a_note_that_says_nothing_is_refused_by_its_line(home, note, said):
    with pytest.raises(IngestError, match=said.replace("|", r"\|")):
        read_map(home.map(note))


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        ("129.90", "BRL", "12990"),
        ("129.9", "BRL", "12990"),
        ("130", "JPY", "130"),
        ("1.234", "KWD", "1234"),
        ("-3.10", "EUR", "-310"),
        ("9007199254740993.01", "EUR", "900719925474099301"),  # beyond what a float can hold
        ("129.905", "BRL", "129.905"),  # handed on, and refused by name
        ("1,299.00", "EUR", "1,299.00"),
        ("129", None, "129 in no currency"),
        ("129", "XXX", "129 in XXX"),
        (None, "EUR", None),
    ],
)
def test_an_amount_becomes_minor_units_or_is_handed_on(staging, amount, currency, expected):
    found = staging.execute("SELECT minor(?, ?)", [amount, currency]).fetchall()
    assert found == [(expected,)]


@pytest.fixture(scope="module")
def staging(tmp_path_factory):
    connection = open_staging(tmp_path_factory.mktemp("staging"))
    yield connection
    connection.close()


def test_a_sum_of_amounts_is_exact_or_the_text_that_is_no_amount(staging):
    sql = "SELECT minor_sum(unnest, 'EUR') FROM unnest(?::VARCHAR[])"
    assert staging.execute(sql, [["0.10", "0.20", None]]).fetchall() == [("30",)]
    assert staging.execute(sql, [["0.10", "free"]]).fetchall() == [("free",)]
    assert staging.execute(sql, [[None]]).fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-07-01 12:00:00", "2025-07-01T10:00:00.000000Z"),
        ("2025-01-01 12:00:00", "2025-01-01T11:00:00.000000Z"),
        ("2025-01-01", "2024-12-31T23:00:00.000000Z"),
        ("2025-07-01T12:00:00-03:00", "2025-07-01T12:00:00-03:00"),
        ("noon", "noon"),
        (None, None),
    ],
)
def test_a_local_time_gets_its_offset_or_is_handed_on(staging, moment, expected):
    """DuckDB itself drops an offset when it casts to TIMESTAMP, silently."""
    sql = "SELECT local_time(?, 'Europe/Berlin')"
    assert staging.execute(sql, [moment]).fetchall() == [(expected,)]


@pytest.mark.parametrize(
    ("moment", "unit", "expected"),
    [
        ("1735732800", "s", "2025-01-01T12:00:00.000000Z"),
        ("1735732800.5", "s", "2025-01-01T12:00:00.500000Z"),
        ("1735732800000", "ms", "2025-01-01T12:00:00.000000Z"),
        ("1735732800000000", "us", "2025-01-01T12:00:00.000000Z"),
        ("2025-01-01", "s", "2025-01-01"),
        (None, "s", None),
    ],
)
def test_a_number_since_1970_becomes_a_time_or_is_handed_on(staging, moment, unit, expected):
    sql = "SELECT unix_time(entry, $unit) FROM (VALUES ($moment::VARCHAR)) AS v(entry)"
    assert staging.execute(sql, {"moment": moment, "unit": unit}).fetchall() == [(expected,)]


def test_a_day_ends_at_the_midnight_after_it(staging):
    sql = "SELECT day_end('2025-03-30 08:00', 'Europe/Berlin')"  # the day has 23 hours
    assert staging.execute(sql).fetchall() == [("2025-03-30T22:00:00.000000Z",)]


TIMES = {
    "2025-01-01T12:00:00Z": 0,
    "2025-01-01 12:00:00z": 0,
    "2025-01-01T13:00+01:00": 0,
    "2025-01-01 09:00:00 -0300": 0,
    "2025-01-01T13:00:00.5Z": HOUR + 500_000,
    "2025-01-01T12:00:00": "is a time without an offset",
    "2025-01-01": "is a time without an offset",
    "2025-02-30T12:00:00Z": "is not a time such as",
    "2025-01-01T12:00:00+25:00": "is not a time such as",
    "1735732800": "is a bare number",
    "2205-01-01T12:00:00Z": "lies outside of the years 1990 to 2099",
    "": "is required and missing",
}


@pytest.mark.parametrize("text", TIMES)
def test_a_time_has_an_offset_or_is_refused_by_name(home, text):
    home.take(home.file("orders.csv", f"order_id,placed_at\nA1,{text}\n"))
    if isinstance(TIMES[text], int):
        assert home.told("A1")[0]["placed_at"] == MIDDAY + TIMES[text]
    else:
        assert home.rejects()[0]["reason"].startswith(TIMES[text])


VALUES = [
    ("orders", "amount_minor", "-1", "must be at least 0"),
    ("orders", "amount_minor", "12990.0", "must be a whole number of minor units"),
    ("orders", "amount_minor", "9223372036854775807", "is too large"),
    ("orders", "currency", "eur", "must be an ISO 4217 code"),
    ("orders", "payment_method", "cash", "must be one of card, wallet"),
    ("orders", "instalments", "3.0", 3),
    ("orders", "instalments", "3.5", "must be a whole number"),
    ("orders", "instalments", "0x10", "must be a whole number"),
    ("orders", "is_gift", "Yes", True),
    ("orders", "is_gift", "0", False),
    ("orders", "is_gift", "2", "must be true or false"),
    ("orders", "channel", "x" * 20_001, "is longer than 20000 characters"),
    ("orders", "channel", "  web ", "web"),
    ("orders", "attributes", '"{""b"":1,""a"":null}"', {"b": 1}),
    ("orders", "attributes", '"{""b"":{}}"', "must be a JSON object of texts"),
    ("addresses", "lat", "-23.5", -23.5),
    ("addresses", "lat", "91", "must be at most 90"),
    ("addresses", "lat", "nan", "must be a finite number"),
    ("addresses", "lat", '"-23,5"', "must be a finite number with a decimal point"),
]


@pytest.mark.parametrize(("table", "column", "text", "expected"), VALUES)
def test_a_value_is_read_or_refused_with_its_reason(home, table, column, text, expected):
    moment = {"orders": "placed_at", "addresses": "recorded_at"}[table]
    rows = f"order_id,{moment},{column}\nA1,2025-01-01T12:00:00Z,{text}\n"
    home.take(home.file(f"{table}.csv", rows))
    refused = home.rejects()
    if refused:
        assert refused[0]["field"] == column
        assert refused[0]["reason"].startswith(expected)
    else:
        assert home.told("A1", table)[0][column] == expected
