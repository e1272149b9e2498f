"""What the rows of one request must satisfy together: times in order, one of each key, real codes.

Knows nothing of stored rows. Every wrong place is collected before anything is refused, so that a
caller corrects them all at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from features.money import is_currency
from features.schema import DAY_US, EARLIEST_US, LATEST_US, TABLES, in_text, micros
from serving.described import CURRENCY_EXPECTED, TIME_EXPECTED, described, join
from serving.problems import FieldError, refused

Row = dict[str, Any]
# A caller's clock may run ahead of ours by this much before a record's own time (`placed_at`,
# `sent_at`, ...) is called impossible: a day forgives a local time sent with another zone's offset.
AHEAD_US = DAY_US

# Pairs of times in the order in which they can only happen.
IN_ORDER: dict[str, tuple[tuple[str, str], ...]] = {
    "orders": (
        ("placed_at", "paid_at"),
        ("placed_at", "ship_by_at"),
        ("placed_at", "deliver_by_at"),
        ("placed_at", "shipped_at"),
        ("placed_at", "cancelled_at"),
    ),
    "outcomes": (("opened_at", "closed_at"),),
    "outreach": (("assigned_at", "sent_at"),),
}


class _Asked(Protocol):
    @property
    def shop_id(self) -> str: ...
    @property
    def order_id(self) -> str: ...
    @property
    def as_of(self) -> int | None: ...
    @property
    def path(self) -> str: ...


class Found:
    """Rows of one request with where they stood, and every wrong place found in them so far."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = {}
        self.paths: dict[str, list[str]] = {}
        self._errors: list[FieldError] = []

    def keep(self, table: str, row: Row, path: str) -> None:
        """Keep a row and where it stood."""
        self.rows.setdefault(table, []).append(row)
        self.paths.setdefault(table, []).append(path)

    def wrong(self, path: str, name: str, got: str, expected: str) -> None:
        """Note a wrong place."""
        self._errors.append(FieldError(join(path, name), got, expected))

    def time(self, moment: datetime | None, path: str, name: str) -> int | None:
        """A time in microseconds; one outside 1990 to 2100 is a mistake of unit and is noted."""
        if moment is None:
            return None
        value = micros(moment)
        if not EARLIEST_US <= value < LATEST_US:
            self.wrong(path, name, f'"{moment.isoformat()}"', "a time from 1990 to 2099")
        return value

    def past(self, moment: int, now: int, path: str, name: str) -> None:
        """Note a time that we cannot have lived through yet."""
        if moment > now:
            expected = f"a time not after now, which is {in_text(now)} on our clock"
            self.wrong(path, name, f'"{in_text(moment)}"', expected)

    def check(self, now: int) -> None:
        """Raise one problem for everything that is wrong, if anything is."""
        for table, rows in self.rows.items():
            paths = self.paths[table]
            for row, path in zip(rows, paths, strict=True):
                self._row(table, row, path, now)
            if len(rows) > 1 and table != "orders":  # see `no_order_twice`
                self._once(table, rows, paths)
        if self._errors:
            raise refused(self._errors)

    def _row(self, table: str, row: Row, path: str, now: int) -> None:
        if row.get("known_at", now) > now:
            self.past(row["known_at"], now, path, "known_at")
        for early, late in IN_ORDER.get(table, ()):
            first, second = row.get(early), row.get(late)
            if first is not None and second is not None and second < first:
                expected = f"a time not before {early}, which is {in_text(first)}"
                self.wrong(path, late, f'"{in_text(second)}"', expected)
        own_time = TABLES[table].own_time
        if own_time is not None and (row.get(own_time) or 0) > now + AHEAD_US:
            self.past(row[own_time], now, path, own_time)
        if table == "orders":
            self._order(row, path)

    def _order(self, row: Row, path: str) -> None:
        if "placed_at" in row and row["placed_at"] is None:
            self.wrong(path, "placed_at", "null", TIME_EXPECTED)
        code = row.get("currency")
        if code is not None and not is_currency(code):
            column = TABLES["orders"].column("currency")
            self.wrong(path, "currency", described(code, column), CURRENCY_EXPECTED)

    def _once(self, table: str, rows: Sequence[Row], paths: Sequence[str]) -> None:
        key = TABLES[table].key
        keys = (
            (row["shop_id"], row.get("known_at"), *(row.get(name) for name in key)) for row in rows
        )
        for earlier, later in _repeated(keys):
            expected = "each of them once; it was sent before as " + (
                join(paths[earlier], key[-1]) or key[-1]
            )
            self.wrong(
                paths[later], key[-1], f"a second row of the same {' and '.join(key)}", expected
            )


def no_order_twice(asked: Sequence[_Asked], found: Found) -> None:
    """Note an order that one request asks about twice at the same moment."""
    if len(asked) < 2:
        return
    keys = ((order.shop_id, order.order_id, order.as_of) for order in asked)
    for earlier, later in _repeated(keys):
        expected = f"each order once; it was sent before as {join(asked[earlier].path, 'order_id')}"
        found.wrong(asked[later].path, "order_id", "a second order of the same id", expected)


def _repeated(keys: Iterable[tuple[Any, ...]]) -> list[tuple[int, int]]:
    seen: dict[tuple[Any, ...], int] = {}
    twice = []
    for index, key in enumerate(keys):
        first = seen.setdefault(key, index)
        if first != index:
            twice.append((first, index))
    return twice
