"""Stores what a request told, or refuses all of it by the paths of what cannot be stored.

Knows nothing of scores. What a row must satisfy against stored rows is found out here: the times
of an update against the placing that is already known, and what the store itself refuses.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from features.facts import NONE, key_of
from features.schema import in_text
from serving.checks import IN_ORDER, Found, Row
from serving.described import TIME_EXPECTED, join
from serving.metrics import child, records_stored
from serving.problems import FieldError, refused
from store import Store, Written
from store.errors import MissingValue, RowRefused

_LATER = tuple(late for _, late in IN_ORDER["orders"])


def remember(store: Store, told: Found, clock: Callable[[], int]) -> Written:
    """Store the rows in one transaction, or raise the `Problem` that names what it cannot store.

    `clock` (microseconds UTC) is read with the store's write lock held, so that no row can become
    known before a moment that somebody has already been answered for.
    """
    _check_updates(store, told)
    try:
        written = store.write(told.rows, received_at=clock)
    except RowRefused as refusal:
        raise refused([_error(refusal, told)]) from None
    for table, counts in written.tables.items():
        child(records_stored, table).inc(counts.inserted)
    return written


def just_after(written: Written) -> int:
    """The moment at which all that was written is known, and nothing that is written later."""
    return max(written.received_at, written.last_known_at) + 1


def just_now(store: Store, clock: Callable[[], int]) -> int:
    """Now, once whoever was writing has finished: no row can become known before it any more."""
    return just_after(store.write({}, received_at=clock))


def _error(refusal: RowRefused, told: Found) -> FieldError:
    path = told.paths[refusal.table][refusal.position]
    if isinstance(refusal, MissingValue):
        row = told.rows[refusal.table][refusal.position]
        name = "placed_at" if refusal.table == "orders" and "placed_at" not in row else ""
        where = join(path, name) if name else path
        return FieldError(where, "nothing, in an order not told before", TIME_EXPECTED)
    known_at = told.rows[refusal.table][refusal.position].get("known_at")
    got = "none" if known_at is None else f'"{in_text(known_at)}"'
    return FieldError(join(path, "known_at"), got, "a later moment; that one has another content")


def _check_updates(store: Store, told: Found) -> None:
    """Refuse times that lie before the placing of an order that is already known."""
    partial = [
        (row, path)
        for row, path in zip(told.rows.get("orders", ()), told.paths.get("orders", ()), strict=True)
        if "placed_at" not in row and any(row.get(name) is not None for name in _LATER)
    ]
    if not partial:
        return
    placed = _placed_at(store, [row for row, _ in partial])
    errors = [
        error
        for (row, path), moment in zip(partial, placed, strict=True)
        for error in _too_early(row, path, moment)
    ]
    if errors:
        raise refused(errors)


def _placed_at(store: Store, rows: list[Row]) -> list[int]:
    keys = [key_of("order", row["shop_id"], row["order_id"]) for row in rows]
    orders = np.sort(store.neighbourhood(keys, cap=1)["orders"], order="known_at")
    latest = dict(zip(orders["order_key"].tolist(), orders["placed_at"].tolist(), strict=True))
    return [latest.get(key, NONE) for key in keys]


def _too_early(row: Row, path: str, placed_at: int) -> list[FieldError]:
    if placed_at == NONE:
        return []
    expected = f"a time not before placed_at, which is {in_text(placed_at)}"
    return [
        FieldError(join(path, name), f'"{in_text(row[name])}"', expected)
        for name in _LATER
        if row.get(name) is not None and row[name] < placed_at
    ]
