"""Freezing the evidence of an alert: one file of all that was known when it was raised.

Knows nothing of what raises an alert. A file is worked out from what the store had then, so one
that a kill prevented is the same when it is made later; the store learns of it last, so whatever
it does not know of yet is simply done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec

from features.schema import TABLES, Kind, in_text
from outreach.evidence_log import (
    Line,
    append,
    canonical,
    chained,
    digest,
    mended,
    put_whole,
    sync_folder,
)
from store import Record, Score, Store
from store.alert_types import Alert
from store.home import Home

FORMAT = 1  # of a file; raised when what it holds is arranged otherwise
AT_ONCE = 100  # files frozen under one lock, so that nobody waits long for it
WAIT_S = 10.0  # for the lock; who does not get it leaves the rest to the next run
_TIMES = {
    name: {column.name for column in spec.columns if column.kind is Kind.TIME}
    for name, spec in TABLES.items()
}


def evidence_dir(home: Home) -> Path:
    """The folder of the evidence; it need not exist."""
    return home.path / "evidence"


def file_name(alert_id: str) -> str:
    """Name of the file of an alert."""
    return f"{alert_id}.json"


def complete(store: Store, home: Home, *, now: int) -> int:
    """Freeze the evidence of every alert that has none yet; how many there were.

    `now` is microseconds UTC, when they were frozen. Raises HomeBusy where another process keeps
    the lock for too long, OSError where nothing can be written; what was frozen by then stays.
    """
    count = 0
    while waiting := store.unfrozen_alerts(AT_ONCE):
        freeze(store, home, waiting, now=now)
        count += len(waiting)
    return count


def freeze(store: Store, home: Home, alerts: Sequence[Alert], *, now: int) -> None:
    """Freeze the evidence of some alerts; of one that has it already, nothing changes."""
    drafts = [(alert, content(store, alert)) for alert in alerts]
    with home.lock("evidence", wait_s=WAIT_S):
        folder = evidence_dir(home)
        folder.mkdir(mode=0o700, exist_ok=True)
        frozen = _put(folder, drafts, now)
    store.mark_frozen(frozen)


def _put(
    folder: Path, drafts: Sequence[tuple[Alert, bytes]], now: int
) -> dict[str, tuple[str, str]]:
    """Write files, then their lines; alert_id → SHA-256 of its file and of its line."""
    log = mended(folder)
    for draft in folder.glob(".*"):  # of a killed run: whoever holds the lock is alone
        draft.unlink()
    logged = log.digests_of()
    lines = []
    for alert, data in drafts:
        if alert.alert_id not in logged:
            name = file_name(alert.alert_id)
            put_whole(folder / name, data)
            lines.append(Line(alert.alert_id, in_text(now), name, 0, "", digest(data)))
    if lines:
        sync_folder(folder)  # a line must not outlive the name of its file
        lines = chained(log, lines)
        for line, own in zip(lines, append(folder, lines), strict=True):
            logged[line.alert_id] = (line.sha256, own)
    return {alert.alert_id: logged[alert.alert_id] for alert, _ in drafts}


def content(store: Store, alert: Alert) -> bytes:
    """All that was known of the alert's order when it was raised, as canonical JSON."""
    records, scores = store.alert_records(alert)
    tables: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        tables.setdefault(record.table, []).append(_told(record))
    document = {
        "format": FORMAT,
        "alert": dict(_raised(alert)),
        "records": tables,
        "scores": [_scored(score) for score in scores],
    }
    return canonical(document) + b"\n"


def _raised(alert: Alert) -> Iterator[tuple[str, Any]]:
    """The alert as raised: what came later is none of its evidence."""
    later = {"closed_at", "closed_by", "root_cause", "reason", "evidence", "evidence_line"}
    for name in (field.name for field in fields(Alert)):
        if name not in later and name not in ("cause", "order_key"):
            value = getattr(alert, name)
            yield name, in_text(value) if name.endswith("_at") else value
    yield "cause", cause_in_text(alert)


def cause_in_text(alert: Alert) -> dict[str, Any]:
    """The cause of an alert with its times as RFC 3339."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(alert.cause))
    times = ("known_at", "sent_at", "opened_at", "answer_due_at")
    return {
        name: in_text(value) if name in times and value is not None else value
        for name, value in plain.items()
    }


def _told(record: Record) -> dict[str, Any]:
    times = _TIMES[record.table]
    values = {
        name: in_text(value) if name in times and value is not None else value
        for name, value in record.values.items()
    }
    known_at, received_at = in_text(record.known_at), in_text(record.received_at)
    return {**values, "known_at": known_at, "received_at": received_at}


def _scored(score: Score) -> dict[str, Any]:
    return {
        "as_of": in_text(score.as_of),
        "scored_at": in_text(score.scored_at),
        "model": score.model,
        "answer": msgspec.json.decode(score.answer),
    }
