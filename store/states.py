"""Population states: one opaque piece of bytes per UTC day, written every night.

Knows nothing of what a state counts; its version is a number that features gives.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.sql import ClauseElement

from store.sqlite import Database, compiled, insert
from store.tables import STATES

_OF_DAY = (STATES.c.shop_id == bindparam("shop")) & (STATES.c.day == bindparam("at"))
_OF_VERSION = STATES.c.version == bindparam("of_version")


def _put() -> ClauseElement:
    statement = insert(STATES).values({c.name: bindparam(c.name) for c in STATES.columns})
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[STATES.c.shop_id, STATES.c.day],
        set_={"version": said.version, "data": said.data},
    )


def put_state(database: Database, shop_id: str, day: int, data: bytes, version: int) -> None:
    """Store the state of a day, in place of what the day had."""
    made = compiled(_put())
    given = {"shop_id": shop_id, "day": day, "data": data, "version": version}
    with database.writing() as connection:
        connection.execute(made.text, made.values(given))


def state(database: Database, shop_id: str, day: int, version: int | None) -> bytes | None:
    """The state of a day, of that version where one is named."""
    found = _read(database, select(STATES.c.data).where(_OF_DAY), version, shop=shop_id, at=day)
    return found[0][0] if found else None


def state_days(database: Database, shop_id: str, version: int | None) -> list[int]:
    """Days that have a state, ascending, of that version where one is named."""
    query = select(STATES.c.day).where(STATES.c.shop_id == bindparam("shop")).order_by("day")
    return [day for (day,) in _read(database, query, version, shop=shop_id)]


def drop_states(database: Database, shop_id: str, before_day: int) -> int:
    """Forget the states of days before one; how many there were."""
    older = (STATES.c.shop_id == bindparam("shop")) & (STATES.c.day < bindparam("before"))
    made = compiled(delete(STATES).where(older))
    with database.writing() as connection:
        given = {"shop": shop_id, "before": before_day}
        return connection.execute(made.text, made.values(given)).rowcount


def _read(database: Database, query: Any, version: int | None, **given: Any) -> list[Any]:
    made = compiled(query if version is None else query.where(_OF_VERSION))
    with database.reading() as connection:
        values = made.values({**given, "of_version": version})
        return connection.execute(made.text, values).fetchall()
