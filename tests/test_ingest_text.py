"""Claims about reading text: which records there are, on which lines, and what is none."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.ingest_desk import Desk
from training.ingest_run import open_staging
from training.ingest_source import load, stem_and_suffix
from training.ingest_text import Dialect, Lines, columns_of
from training.ingest_tidy import Unread, tidy
from training.ingest_types import IngestError


def read(content, **dialect):
    """(header, records as (line, texts), unread records as (line, reason)) of a text."""
    chosen, out = Dialect(**dialect), io.StringIO()
    lines = Lines(io.StringIO(content, newline=""))
    names, delimiter = columns_of(Path("export.csv"), lines, chosen)
    unread = [
        (one.line, one.reason) for _, one in tidy(lines, chosen, delimiter, len(names), out) if one
    ]
    quoting = csv.QUOTE_MINIMAL if chosen.quoted else csv.QUOTE_NONE
    tidied = csv.reader(
        io.StringIO(out.getvalue(), newline=""), delimiter=delimiter, quoting=quoting
    )
    return names, [(int(line), texts) for line, *texts in tidied], unread


def test_a_record_over_several_lines_is_named_by_its_first():
    content = 'a,b\n1,"two\nlines"\n3,4\n'
    assert read(content) == (("a", "b"), [(2, ["1", "two\nlines"]), (4, ["3", "4"])], [])


def test_a_quotation_mark_that_never_closes_costs_its_own_line_only():
    content = 'a,b\n1,"open\n2,x\n3,"y"\n'
    _, records, unread = read(content)
    assert records == [(3, ["2", "x"]), (4, ["3", "y"])]
    assert [line for line, _ in unread] == [2]


def test_a_quotation_mark_inside_an_unquoted_text_is_a_letter():
    assert read('a,b\n1,32" TV\n')[1] == [(2, ["1", '32" TV'])]


def test_an_export_without_quoting_has_no_quotation_marks_to_close():
    """Amazon's reports quote nothing, and products are called `"Big" shirt`."""
    content = 'sku\tname\n1\t"Big" shirt\n2\t"half\n'
    assert read(content, quoted=False)[1] == [(2, ["1", '"Big" shirt']), (3, ["2", '"half'])]


def test_a_backslash_hides_a_quotation_mark_where_the_export_does_so():
    content = 'a,b\n1,"he said \\"no\\""\n'
    assert read(content, backslash=True)[1] == [(2, ["1", 'he said "no"'])]


def test_delimiters_after_the_last_column_are_no_columns():
    assert read("a,b\n1,2,,\n1,2,3\n")[1:] == (
        [(2, ["1", "2"])],
        [(3, "expected 2 columns as in the header, got 3")],
    )


def test_a_note_of_the_delimiter_before_the_header_is_skipped():
    assert read("sep=;\na;b\n1;2\n") == (("a", "b"), [(3, ["1", "2"])], [])


def test_columns_of_one_name_are_told_apart_whatever_their_capitals():
    """Shopify's export has `Phone` twice; SQL knows no capitals; `_line` is ours."""
    assert read("Phone,phone,,_line\n")[0] == ("Phone", "phone_2", "column_3", "_line_2")


def test_a_nul_is_no_text():
    assert read("a,b\n1,\0\n2,x\n")[2] == [(2, "it holds a NUL character")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders.csv", ("orders", ".csv")),
        ("Orders.CSV.GZ", ("Orders", ".csv")),
        ("orders.2024.jsonl", ("orders.2024", ".jsonl")),
    ],
)
def test_a_files_stem_has_no_suffixes(name, expected):
    assert stem_and_suffix(Path(name)) == expected


@pytest.fixture(scope="module")
def desk():
    """A staging database; files are loaded into it as they are for an ingest."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        connection = open_staging(path)
        yield Desk(connection, path, Dialect(), lambda *_: None, lambda *_: None)
        connection.close()


def loaded(desk, content):
    """(rows as (line, texts), how many were unreadable) of a file as the database has it."""
    path = desk.folder / "export.csv"
    path.write_bytes(content.encode())
    desk.connection.execute('DROP TABLE IF EXISTS files."0"')
    one = load(desk, 0, path)
    found = desk.connection.execute('SELECT _line, * EXCLUDE (_file, _line) FROM files."0"')
    rows = [(line, list(texts)) for line, *texts in found.fetchall()]
    assert len(rows) == one.count.rows
    return rows, one.count.unreadable


FIELDS = st.text(alphabet='ab ,"\n\r\té\\', max_size=5)


@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=6),
    # Not sparing quotation marks with \n: Python's writer then leaves a lone \r without them.
    style=st.sampled_from(
        [(csv.QUOTE_MINIMAL, "\r\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_ALL, "\n")]
    ),
)
def test_what_a_spreadsheet_writes_is_what_the_database_has(desk, rows, style):
    """Every text with its own line, except that nothing and the empty text are the same."""
    (quoting, end), out = style, io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator=end).writerows([("x", "y", "z"), *rows])
    expected, line = [], 2
    for row in rows:
        expected.append((line, [text or None for text in row]))
        text = io.StringIO()
        csv.writer(text, quoting=quoting, lineterminator=end).writerow(row)
        line += len(list(io.StringIO(text.getvalue(), newline="")))
    assert loaded(desk, out.getvalue()) == (expected, 0)


@settings(deadline=None, max_examples=100)
@given(content=st.text(alphabet='ab ,"\n\r', max_size=60))
def test_no_line_of_any_text_is_lost(desk, content):
    """Each line is in a record of the database, in one that is counted as unread, or empty."""
    out, lines = io.StringIO(), Lines(io.StringIO("x,y\n" + content, newline=""))
    columns_of(Path("export.csv"), lines, Dialect())
    unread = sum(1 for _, one in tidy(lines, Dialect(), ",", 2, out) if one)
    if unread and not out.getvalue():
        with pytest.raises(IngestError, match=f"{unread} of {unread} records cannot be read"):
            loaded(desk, "x,y\n" + content)
        return
    rows, counted = loaded(desk, "x,y\n" + content)
    assert counted == unread
    ends = io.StringIO(content, newline="")
    first_lines = {number for number, line in enumerate(ends, start=2) if line.strip("\r\n")}
    assert {line for line, _ in rows} <= first_lines
    if '"' not in content:
        assert len(rows) + counted == len(first_lines)


def test_an_unread_record_shows_its_text_but_not_without_end():
    long = "x" * 5_000
    out, lines = io.StringIO(), Lines(io.StringIO(f"a,b\n{long}\n"))
    columns_of(Path("export.csv"), lines, Dialect())
    ((_, one),) = tidy(lines, Dialect(), ",", 2, out)
    assert isinstance(one, Unread)
    assert one.text == "x" * 2_000
