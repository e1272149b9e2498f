"""The rejects of an ingest: one JSON line per row that did not go in, with where and why.

Knows nothing of how rows are checked. The lines hold the rows themselves, customers' words and
addresses included, so the file is readable by its owner alone.
"""
# ruff: noqa: S608 - names in SQL are our own tables'

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from training.ingest_desk import Connection, iter_rows
from training.ingest_tidy import Unread

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Rejects:
    """Collects rejects in the staging folder and, at the end, puts them where users look."""

    def __init__(self, folder: Path) -> None:
        """Starts with none."""
        self._path = folder / "rejects.jsonl"
        self._out = os.fdopen(os.open(self._path, _NEW, 0o600), "w", encoding="utf-8")
        self.count = 0

    def refuse(self, file: str, unread: Unread) -> None:
        """A record that could not be read; it belongs to no table yet."""
        row = {"text": unread.text}
        self._write(_entry(file, unread.line, None, None, unread.reason, row))

    def refuse_rows(self, connection: Connection, table: str) -> None:
        """The rows of the table that have problems, in the order in which the map gave them."""
        columns = {c[0] for c in connection.execute(f"FROM staged.raw_{table} LIMIT 0").description}
        file = "raw._file" if "_file" in columns else "NULL"
        line = "raw._line" if "_line" in columns else "NULL"
        found = connection.execute(
            f"SELECT {file}, {line}, problems, to_json(raw) FROM staged.{table} AS checked "
            f"JOIN staged.raw_{table} AS raw ON raw.rowid = checked.row_id "
            "WHERE problems IS NOT NULL ORDER BY row_id"
        )
        for named, number, problems, text in iter_rows(found):
            row = {k: v for k, v in json.loads(text).items() if k not in {"_file", "_line"}}
            first, *more = problems
            entry = _entry(named, number, table, first["field"], first["reason"], row)
            self._write(entry | ({"more": more} if more else {}))

    def _write(self, entry: dict[str, Any]) -> None:
        self._out.write(json.dumps(entry, ensure_ascii=False) + "\n")
        self.count += 1

    def publish(self, rejects_dir: Path, received_at: int) -> Path | None:
        """Moves the lines to `<UTC time>-<digest>.jsonl`; None where there are none.

        The same lines are not kept twice: a file of that digest that is there already stays.
        """
        self._out.flush()
        os.fsync(self._out.fileno())
        self._out.close()
        if self.count == 0:
            return None
        rejects_dir.mkdir(parents=True, exist_ok=True)
        digest = _digest(self._path)
        earlier = sorted(rejects_dir.glob(f"*-{digest}.jsonl"))
        moment = datetime.fromtimestamp(received_at // 1_000_000, UTC)
        target = rejects_dir / f"{moment:%Y-%m-%dT%H%M%SZ}-{digest}.jsonl"
        return earlier[0] if earlier else self._path.replace(target)

    def close(self) -> None:
        """Lets go of the file; harmless when it was published."""
        self._out.close()


def _entry(
    file: str | None, line: int | None, table: str | None, field: str | None, reason: str, row: Any
) -> dict[str, Any]:
    return {
        "file": file,
        "line": line,
        "table": table,
        "field": field,
        "reason": reason,
        "row": row,
    }


def _digest(path: Path) -> str:
    with path.open("rb") as lines:
        return hashlib.file_digest(lines, "sha256").hexdigest()[:12]
