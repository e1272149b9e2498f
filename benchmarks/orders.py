"""Requests about new orders: each with its items, its address and its messages, never seen before.

Knows nothing of servers. Orders are those of a simulated shop under new ids, placed just now by
the shop's own buyers, so that each finds the history that its buyer, phone and address have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from benchmarks.shop import Block, Shop
from features.schema import HOUR_US, TABLES, Kind

AGE_US = 3 * HOUR_US  # the orders were placed so long ago; what came later was said since
MOST_MESSAGES = 5
INSIDE = ("items", "addresses", "messages")

Record = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """An order as a caller would send it, times in microseconds after placing."""

    order: Record
    inside: dict[str, list[Record]]


def templates(shop: Shop, most: int) -> list[Template]:
    """Up to `most` orders of the shop's last days that had a message before they shipped."""
    found: list[Template] = []
    for block in shop.blocks():
        found += _of_block(block)
        found = found[-most:]
    return found


def _of_block(block: Block) -> list[Template]:
    orders = {row["order_id"]: row for row in reversed(_rows(block, "orders"))}  # first versions
    inside = {table: _by_order(_rows(block, table)) for table in INSIDE}
    return [
        _template(row, {table: inside[table][key] for table in INSIDE})
        for key, row in sorted(orders.items())
        if all(key in inside[table] for table in INSIDE)
    ]


def _rows(block: Block, table: str) -> list[Record]:
    columns = block[table]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _by_order(rows: list[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for row in sorted(rows, key=lambda row: int(row["known_at"])):
        if row["order_id"] is not None:
            found.setdefault(row["order_id"], []).append(row)
    return found


def _template(order: Record, inside: dict[str, list[Record]]) -> Template:
    placed = order["placed_at"]
    inside = inside | {
        "addresses": inside["addresses"][:1],
        "messages": inside["messages"][:MOST_MESSAGES],
    }
    return Template(
        _relative("orders", order, placed),
        {table: [_relative(table, row, placed) for row in rows] for table, rows in inside.items()},
    )


def _relative(table: str, row: Record, placed: int) -> Record:
    """Without what is unknown, what the shop could not know yet, and what the order says anyway."""
    dropped = {"known_at", "shipped_at", "cancelled_at"}
    if table != "orders":
        dropped |= {"shop_id", "order_id"}
    times = _times(table)
    return {
        name: value - placed if name in times else value
        for name, value in row.items()
        if value is not None and name not in dropped
    }


def _times(table: str) -> set[str]:
    return {column.name for column in TABLES[table].columns if column.kind is Kind.TIME}


@dataclass(frozen=True)
class Requests:
    """Bodies of `POST /v1/score`, all of them new orders; `run` keeps the ids of runs apart."""

    templates: list[Template]
    run: str
    now: int  # microseconds UTC

    def bodies(self, first: int = 0) -> Iterator[Record]:
        """One order after another, without end; `first` sets apart the ids of several callers."""
        for number in count(first):
            yield self._body(self.templates[number % len(self.templates)], f"{self.run}-{number}")

    def _body(self, template: Template, name: str) -> Record:
        body = {**self._absolute("orders", template.order), "order_id": name}
        for table, rows in template.inside.items():
            body[table] = [self._absolute(table, row) for row in rows]
        for number, message in enumerate(body["messages"]):
            message["message_id"] = f"{name}-{number}"
        return body

    def _absolute(self, table: str, row: Record) -> Record:
        times, placed = _times(table), self.now - AGE_US
        return {
            name: self._text(placed + value, name) if name in times else value
            for name, value in row.items()
        }

    def _text(self, moment: int, name: str) -> str:
        """RFC 3339; what has happened happened by now, what was promised lies ahead."""
        if not name.endswith("_by_at"):
            moment = min(moment, self.now)
        return datetime.fromtimestamp(moment / 1e6, UTC).isoformat().replace("+00:00", "Z")


def encoded(body: Record) -> bytes:
    """As it goes over the wire."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
