"""Red alerts as they were raised and closed: one row each, raised once per cause, closed once.

Knows nothing of what raises an alert or of what its evidence holds; a score cannot touch a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select, update

from features.schema import LATEST_US
from store.alert_types import (
    Alert,
    AlertClosed,
    AlertMissing,
    Cause,
    Closing,
    ReadUpTo,
    State,
)
from store.sqlite import Connection, Database, compiled, insert, key_list, keys_given
from store.tables import ALERTS, META, RECORDS, SCORES
from store.upgrade import PHRASES

_EVER_US = 2 * LATEST_US  # later than anything that can happen
_NAMES = tuple(field.name for field in fields(Alert))
_STORED = tuple(name for name in _NAMES if name != "seq")
_causes: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Cause)  # Any: a union is no type to mypy


def _values(alert: Alert) -> tuple[Any, ...]:
    changed = {
        "cause": msgspec.json.encode(alert.cause).decode(),
        "known": msgspec.json.encode(alert.known).decode(),
    }
    return tuple(changed.get(name, getattr(alert, name)) for name in _STORED)


def _alert(row: Sequence[Any]) -> Alert:
    values = dict(zip(_NAMES, row, strict=True))
    values["cause"] = _causes.decode(values["cause"])
    values["known"] = msgspec.json.decode(values["known"])
    return Alert(**values)


def _alerts(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*(ALERTS.c[name] for name in _NAMES)).where(*conditions)


@cache
def _add() -> str:
    statement = insert(ALERTS).values({name: bindparam(name) for name in _STORED})
    return compiled(statement.on_conflict_do_nothing()).text


@cache
def _of_ids() -> str:
    ids = keys_given("ids")
    return compiled(_alerts().select_from(ids.join(ALERTS, ALERTS.c.alert_id == ids.c.value))).text


@cache
def _last_rows() -> str:
    """The last row of every table and the last score, in the order of `_TABLES`."""
    tables = [select(func.max(table.c.id)).scalar_subquery() for table in RECORDS.values()]
    return compiled(select(*tables, select(func.max(SCORES.c.seq)).scalar_subquery())).text


_TABLES = (*RECORDS, "scores")


def raise_alerts(
    database: Database, given: Sequence[Alert], read_up_to: ReadUpTo | None = None
) -> list[Alert]:
    """Add the alerts whose cause is new, in one transaction; see `Store.raise_alerts`."""
    with database.writing() as connection:
        there = {row[0] for row in connection.execute(_of_ids(), (_ids(given),))}
        fresh = list({each.alert_id: each for each in given if each.alert_id not in there}.values())
        if fresh:
            last = connection.execute(_last_rows()).fetchone()
            known = {name: row or 0 for name, row in zip(_TABLES, last, strict=True)}
            rows = [_values(replace(each, known=known)) for each in fresh]
            connection.executemany(_add(), rows)
        if read_up_to is not None:
            _move_cursor(connection, read_up_to)
        return _found(connection, fresh)


def _ids(alerts: Iterable[Alert]) -> str:
    return key_list([alert.alert_id for alert in alerts])


def _found(connection: Connection, alerts: Sequence[Alert]) -> list[Alert]:
    rows = connection.execute(_of_ids(), (_ids(alerts),)) if alerts else ()
    return sorted((_alert(row) for row in rows), key=lambda alert: alert.seq)


def raised_before(database: Database, alert_ids: Sequence[str]) -> set[str]:
    """Which of the ids were raised, open or closed; see `Store.raised_before`."""
    with database.reading() as connection:
        return {row[0] for row in connection.execute(_of_ids(), (key_list(alert_ids),))}


_CURSOR = "alerts.messages"
_READ_META = compiled(select(META.c.value).where(META.c.name == bindparam("name"))).text


def cursor_of(connection: Connection) -> ReadUpTo:
    """How far messages were read; row 0 once an operator's new phrase may find an old threat."""
    phrases, told = _meta(connection, PHRASES), _meta(connection, _CURSOR)
    row, _, by = told.partition(" ")
    return ReadUpTo(int(row) if row and by == phrases else 0, phrases)


def _meta(connection: Connection, name: str) -> str:
    row = connection.execute(_READ_META, (name,)).fetchone()
    return str(row[0]) if row else ""


def _move_cursor(connection: Connection, read_up_to: ReadUpTo) -> None:
    now = cursor_of(connection)
    if read_up_to.phrases != now.phrases:
        return  # read by phrases that no longer hold
    statement = insert(META).values(name=bindparam("name"), value=bindparam("value"))
    moved = statement.on_conflict_do_update(
        index_elements=[META.c.name], set_={"value": statement.excluded.value}
    )
    value = f"{max(read_up_to.row, now.row)} {now.phrases}"
    connection.execute(compiled(moved).text, (_CURSOR, value))


@cache
def _open_of() -> str:
    """(order keys, as_of) → alerts of those orders that were raised and not closed by then."""
    keys = keys_given("keys")
    as_of: ColumnElement[int] = bindparam("as_of")
    tied = keys.join(ALERTS, ALERTS.c.order_key == keys.c.value)
    still = func.coalesce(ALERTS.c.closed_at, literal_column(str(_EVER_US)))
    return compiled(
        _alerts(as_of.between(ALERTS.c.raised_at, still)).select_from(tied).order_by(ALERTS.c.seq)
    ).text


def open_alerts(database: Database, order_keys: Sequence[int], as_of: int | None) -> list[Alert]:
    """The alerts that stand; see `Store.open_alerts`."""
    asked = (key_list([int(key) for key in order_keys]), _EVER_US - 1 if as_of is None else as_of)
    with database.reading() as connection:
        return [_alert(row) for row in connection.execute(_open_of(), asked)]


def alert_of(database: Database, alert_id: str) -> Alert:
    """One alert by its id; see `Store.alert`."""
    with database.reading() as connection:
        row = connection.execute(_of_ids(), (key_list([alert_id]),)).fetchone()
    if row is None:
        raise AlertMissing(f"Expected the id of an alert, got {alert_id[:40]!r}, which none has.")
    return _alert(row)


def alerts(
    database: Database, shop: str | None, state: State | None, after: int, limit: int
) -> list[Alert]:
    """A page of alerts by `seq`; see `Store.alerts`."""
    query = _alerts(ALERTS.c.seq > bindparam("after")).order_by(ALERTS.c.seq)
    if shop is not None:
        query = query.where(ALERTS.c.shop_id == bindparam("shop"))
    if state is not None:
        closed = ALERTS.c.closed_at
        query = query.where(closed.is_(None) if state == "open" else closed.isnot(None))
    return _page(database, query, limit, after=after, shop=shop)


def unfrozen(database: Database, limit: int) -> list[Alert]:
    """The alerts without evidence, earliest first; see `Store.unfrozen_alerts`."""
    return _page(database, _alerts(ALERTS.c.evidence.is_(None)).order_by(ALERTS.c.seq), limit)


def _page(database: Database, query: Select[Any], limit: int, **given: Any) -> list[Alert]:
    made = compiled(query)
    with database.reading() as connection:
        rows = connection.execute(made.text, made.values(given)).fetchmany(limit)
    return [_alert(row) for row in rows]


def close_alert(database: Database, alert_id: str, closing: Closing) -> Alert:
    """Close an alert; see `Store.close_alert`."""
    names = ("closed_at", "closed_by", "root_cause", "reason")
    is_open = (ALERTS.c.alert_id == bindparam("of_id")) & ALERTS.c.closed_at.is_(None)
    made = compiled(update(ALERTS).where(is_open).values({n: bindparam(f"new_{n}") for n in names}))
    given = {f"new_{name}": getattr(closing, name) for name in names}
    with database.writing() as connection:
        connection.execute(made.text, made.values({**given, "of_id": alert_id}))
    alert = alert_of(database, alert_id)
    said = (alert.closed_by, alert.root_cause, alert.reason)
    if said != (closing.closed_by, closing.root_cause, closing.reason):
        raise AlertClosed(
            f"Expected an open alert, got {alert_id}, which {alert.closed_by} closed as"
            f" {alert.root_cause}. A closed alert stays as it is."
        )
    return alert


def mark_frozen(database: Database, frozen: Mapping[str, tuple[str, str]]) -> None:
    """Note the digests of the evidence of alerts; see `Store.mark_frozen`."""
    bare = (ALERTS.c.alert_id == bindparam("of_id")) & ALERTS.c.evidence.is_(None)
    digests: dict[str, Any] = {"evidence": bindparam("file"), "evidence_line": bindparam("line")}
    made = compiled(update(ALERTS).where(bare).values(digests))
    with database.writing() as connection:
        for alert_id, (file, line) in frozen.items():
            given = {"file": file, "line": line, "of_id": alert_id}
            connection.execute(made.text, made.values(given))
