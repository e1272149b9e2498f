"""JSON exports as tables of text columns: one object a line, an array of objects, or one object.

Knows nothing of what the keys mean: each key of the objects is a column, and what is nested in it
stays JSON text, which a mapping may take apart.
"""
# ruff: noqa: S608 - names and texts in SQL go through `quoted` and `literal`

from __future__ import annotations

import json
import shutil
from pathlib import Path

from training.ingest_desk import Desk, Tally, create, iter_rows, literal, quoted
from training.ingest_text import Dialect, Lines, distinct, open_text
from training.ingest_tidy import Unread, json_lines
from training.ingest_types import IngestError

_MAX_KEYS = 2_000  # columns of a JSON file: more means that the keys are data
_EVERY = 4_096  # records between two reports of progress
_LONGEST = 64_000_000  # characters of one object
_NO_OBJECT = "CASE WHEN json_valid(doc) THEN json_type(doc) <> 'OBJECT' ELSE true END"


def load_json(desk: Desk, path: Path, table: str, tally: Tally) -> None:
    """The file's objects as a table. IngestError where the file as a whole is no JSON."""
    if _is_json_lines(path, desk.dialect):
        _stage_lines(desk, path, tally)
    else:
        _stage_document(desk, path)
    _refuse_non_objects(desk, tally)
    names = _keys(desk)
    if len(names) > _MAX_KEYS:
        raise IngestError(
            f"{path}: expected objects with at most {_MAX_KEYS} different keys, got {len(names)}. "
            "Export one object per record."
        )
    pointers = ", ".join(
        literal("/" + name.replace("~", "~0").replace("/", "~1")) for name in names
    )
    parts = "".join(
        f"parts[{place}] AS {quoted(unique)}, "
        for place, unique in enumerate(distinct(names), start=1)
    )
    texts = f"SELECT _line, json_extract_string(doc, [{pointers}]::VARCHAR[]) AS parts"
    tally.add(create(desk, path, table, f"(SELECT {parts}_line FROM ({texts} FROM documents))"))
    desk.connection.execute("DROP TABLE documents")


def _is_json_lines(path: Path, dialect: Dialect) -> bool:
    with open_text(path, dialect.encoding) as (text, _):
        first = next((line.strip() for line in text if line.strip()), "")
    if not first:
        raise IngestError(f"{path} is empty: expected JSON objects. Export it again.")
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        # Broken, or the beginning of a longer text: an object a line also ends on its line.
        return first.startswith("{") and first.endswith("}")


def _stage_lines(desk: Desk, path: Path, tally: Tally) -> None:
    tidied, size = desk.folder / "tidied.txt", path.stat().st_size
    with (
        open_text(path, desk.dialect.encoding) as (text, raw),
        tidied.open("w", encoding="utf-8", newline="") as out,
    ):
        for record_number, record in enumerate(json_lines(Lines(text), desk.dialect)):
            if isinstance(record, Unread):
                tally.add(0, record)
            else:
                out.write(f"{record[0]}\x01{record[1]}\n")
            if record_number % _EVERY == 0:
                desk.progress(raw.tell(), size, f"reading {path.name}")
    desk.connection.execute(
        "CREATE TABLE documents AS SELECT * FROM "
        f"read_csv({literal(str(tidied))}, auto_detect=false, header=false, delim='\x01', "
        "quote='', escape='', columns={'_line': 'BIGINT', 'doc': 'VARCHAR'}, "
        f"new_line='\\n', max_line_size={_LONGEST})"
    )
    tidied.unlink()


def _stage_document(desk: Desk, path: Path) -> None:
    copied = desk.folder / "document.json"
    with (
        open_text(path, desk.dialect.encoding) as (text, _),
        copied.open("w", encoding="utf-8", newline="") as out,
    ):
        shutil.copyfileobj(text, out, 1 << 20)
    desk.connection.execute(
        "CREATE TABLE documents AS SELECT row_number() OVER () AS _line, json::VARCHAR AS doc "
        f"FROM read_json_objects({literal(str(copied))}, maximum_object_size={_LONGEST})"
    )
    copied.unlink()


def _refuse_non_objects(desk: Desk, tally: Tally) -> None:
    found = desk.connection.execute(f"SELECT _line, doc FROM documents WHERE {_NO_OBJECT}")
    for line, doc in iter_rows(found):
        tally.add(0, Unread(line, "it is not a JSON object", doc[:2_000]))
    desk.connection.execute(f"DELETE FROM documents WHERE {_NO_OBJECT}")


def _keys(desk: Desk) -> list[str]:
    found = desk.connection.execute(
        "SELECT key FROM (SELECT unnest(json_keys(doc)) AS key, _line FROM documents) "
        "GROUP BY key ORDER BY min(_line), min(key)"
    )
    return [row[0] for row in found.fetchall()]
