"""Scores as they were answered, and the ranking of a day that is read off them.

Knows nothing of models or policy: a score is a row with the answer's bytes as the caller made
them. The first answer of an (order, as_of) is the one that stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select

from features.facts import key_of
from store.sqlite import Database, compiled, insert
from store.tables import LATEST, SCORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One answer about one order at one moment.

    Attributes:
        shop_id, order_id: the order in words.
        order_key: the order as 64 bits.
        as_of: the moment asked about, microseconds UTC.
        scored_at: when it was answered, microseconds UTC.
        model: name of the bundle that answered.
        day: the UTC day, since 1970, in whose list the order is ranked.
        platform: of the order, None where unknown.
        risk: probability in [0, 1] that the list is ranked by.
        band: high, elevated or low.
        flagged: whether it was within what the team can contact that day.
        answer: the whole answer, JSON as bytes.
        seq: its place in the order of commit; given by the store, 0 before.
    """

    shop_id: str
    order_id: str
    order_key: int
    as_of: int
    scored_at: int
    model: str
    day: int
    platform: str | None
    risk: float
    band: str
    flagged: bool
    answer: bytes
    seq: int = 0


_NAMES = tuple(field.name for field in fields(Score))
_STORED = tuple(name for name in _NAMES if name != "seq")
_stored_values = attrgetter(*_STORED)


@cache
def _add_score() -> str:
    statement = insert(SCORES).values({name: bindparam(name) for name in _STORED})
    return compiled(statement.on_conflict_do_nothing()).text


@cache
def _add_latest() -> str:
    statement = insert(LATEST).values({c.name: bindparam(c.name) for c in LATEST.columns})
    said = statement.excluded
    changed = {c.name: said[c.name] for c in LATEST.columns if c.name != "order_key"}
    return compiled(
        statement.on_conflict_do_update(
            index_elements=[LATEST.c.order_key], set_=changed, where=said.as_of > LATEST.c.as_of
        )
    ).text


def put_scores(database: Database, scores: Sequence[Score]) -> int:
    """Store answers in one transaction; see `Store.put_scores`."""
    rows = [_stored_values(score) for score in scores]
    latest = [
        (s.order_key, s.as_of, s.day, _shop_key(s.shop_id), s.platform, s.risk) for s in scores
    ]
    with database.writing() as connection:
        added = connection.executemany(_add_score(), rows).rowcount
        connection.executemany(_add_latest(), latest)
    return max(added, 0)


def _shop_key(shop_id: str) -> int:
    return key_of("shop", shop_id, shop_id)


def _scores(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(*(SCORES.c[name] for name in _NAMES)).where(*conditions)


@cache
def _one() -> str:
    asked = (SCORES.c.order_key == bindparam("order_key")) & (SCORES.c.as_of == bindparam("as_of"))
    return compiled(_scores(asked)).text


@cache
def _after() -> str:
    return compiled(_scores(SCORES.c.seq > bindparam("cursor")).order_by(SCORES.c.seq)).text


@cache
def _of_order() -> str:
    one = _scores(SCORES.c.order_key == bindparam("order_key"))
    return compiled(one.order_by(SCORES.c.as_of, SCORES.c.seq)).text


@cache
def _top(*, one_platform: bool) -> str:
    """(day, shop_key[, platform]) → scores by falling risk."""
    same = (SCORES.c.order_key == LATEST.c.order_key) & (SCORES.c.as_of == LATEST.c.as_of)
    statement = (
        _scores(LATEST.c.day == bindparam("day"), LATEST.c.shop_key == bindparam("shop_key"))
        .select_from(LATEST.join(SCORES, same))
        .order_by(LATEST.c.risk.desc(), LATEST.c.order_key)
    )
    if one_platform:
        statement = statement.where(LATEST.c.platform == bindparam("platform"))
    return compiled(statement).text


def _higher() -> ColumnElement[bool]:
    same = (LATEST.c.day == bindparam("day")) & (LATEST.c.shop_key == bindparam("shop_key"))
    return same & (LATEST.c.risk > bindparam("risk"))


@cache
def _above() -> str:
    """(day, shop_key, risk, limit, 0) → how many orders of a day and shop are at a higher risk."""
    # Counted in SQL: to fetch them costs five times as much.
    some = select(LATEST.c.order_key).where(_higher())
    some = some.limit(bindparam("limit")).offset(bindparam("skipped"))
    return compiled(select(func.count()).select_from(some.subquery())).text


@cache
def _is_above() -> str:
    """(day, shop_key, risk, order_key) → a row if that order is one of them."""
    one = select(LATEST.c.order_key).where(_higher())
    return compiled(one.where(LATEST.c.order_key == bindparam("order_key"))).text


@cache
def _next_shop() -> str:
    """(day, shop_key) → the smallest key of a shop beyond it that was scored on the day."""
    beyond = (LATEST.c.day == bindparam("day")) & (LATEST.c.shop_key > bindparam("shop_key"))
    return compiled(select(func.min(LATEST.c.shop_key)).where(beyond)).text


def _score(row: tuple[Any, ...]) -> Score:
    values = dict(zip(_NAMES, row, strict=True))
    values["flagged"] = bool(values["flagged"])
    return Score(**values)


def stored_score(database: Database, order_key: int, as_of: int) -> Score | None:
    """The answer once given; see `Store.stored_score`."""
    with database.reading() as connection:
        row = connection.execute(_one(), (order_key, as_of)).fetchone()
    return _score(row) if row else None


def scores_after(database: Database, cursor: int, limit: int) -> list[Score]:
    """Answers in the order of their commit; see `Store.scores_after`."""
    with database.reading() as connection:
        return [_score(row) for row in connection.execute(_after(), (cursor,)).fetchmany(limit)]


def scores_of(database: Database, order_key: int) -> list[Score]:
    """All answers about one order; see `Store.scores_of`."""
    with database.reading() as connection:
        return [_score(row) for row in connection.execute(_of_order(), (order_key,))]


def latest_scores(
    database: Database, day: int, shop: str | None, platform: str | None, limit: int
) -> list[Score]:
    """The top of a day's list; see `Store.latest_scores`."""
    text = _top(one_platform=platform is not None)
    narrowed = () if platform is None else (platform,)
    with database.reading() as connection:
        shops = _shops_of(connection, day) if shop is None else [_shop_key(shop)]
        found = [
            _score(row)
            for key in shops
            for row in connection.execute(text, (day, key, *narrowed)).fetchmany(limit)
        ]
    return sorted(found, key=lambda score: (-score.risk, score.order_key))[:limit]


def _shops_of(connection: Any, day: int) -> list[int]:
    """Keys of the shops scored on a day: one index seek each, however many orders."""
    found: list[int] = []
    key = -(2**63)
    while True:
        (following,) = connection.execute(_next_shop(), (day, key)).fetchone()
        if following is None:
            return found
        key = int(following)
        found.append(key)


@cache
def _highest() -> str:
    """(day, shop_key) → (order_key, risk) of the day and shop by falling risk."""
    same = (LATEST.c.day == bindparam("day")) & (LATEST.c.shop_key == bindparam("shop_key"))
    query = select(LATEST.c.order_key, LATEST.c.risk).where(same)
    return compiled(query.order_by(LATEST.c.risk.desc())).text


def highest_risks(
    database: Database, shop_key: int, day: int, limit: int, without: Collection[int]
) -> list[float]:
    """The highest latest risks of a day; see `Store.highest_risks`."""
    left_out = set(without)
    with database.reading() as connection:
        rows = connection.execute(_highest(), (day, shop_key)).fetchmany(limit + len(left_out))
    return [risk for key, risk in rows if key not in left_out][:limit]


def rank_today(
    database: Database, shop_key: int, day: int, risk: float, limit: int, without: Collection[int]
) -> int:
    """How many orders of a day rank above a risk; see `Store.rank_today`."""
    left_out, asked = set(without), (day, shop_key, risk)
    with database.reading() as connection:
        counted = connection.execute(_above(), (*asked, limit + len(left_out), 0)).fetchone()
        among = [connection.execute(_is_above(), (*asked, key)).fetchone() for key in left_out]
    return min(limit, int(counted[0]) - sum(row is not None for row in among))


def compile_all() -> None:
    """Compile what a request needs now, so that no first one has to."""
    for statement in (_add_score, _add_latest, _one, _of_order, _above, _is_above, _highest):
        statement()
