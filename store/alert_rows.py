"""The rows that may raise red alerts: buyers' messages that nobody has read yet, and claims.

Knows nothing of what a message means: its facts say which signals it carries, and who asks says
which of them matter. Rows are numbered in the order of their commit, since there
is one writer at a time, so "read so far" is one number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select

from features.facts import from_bytes
from store.alert_types import ReadUpTo
from store.alerts import cursor_of
from store.sqlite import Connection, Database, compiled, key_list, keys_given
from store.tables import RECORDS

CLAIMS = ("a_to_z_claim", "chargeback", "complaint")


@dataclass(frozen=True, slots=True)
class Message:
    """One version of a buyer's message; times in microseconds UTC."""

    row: int
    shop_id: str
    order_key: int | None
    order_id: str | None
    buyer_id: str | None
    message_id: str
    known_at: int
    sent_at: int
    text: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The latest version of a claim; times in microseconds UTC, money in minor units."""

    shop_id: str
    order_key: int
    order_id: str
    kind: str
    opened_at: int
    closed_at: int | None
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class Order:
    """What an alert needs of the latest version of its order."""

    buyer_id: str | None
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Unread:
    """What may raise alerts, and by `order_key` the orders with a claim or a message here."""

    messages: tuple[Message, ...]
    claims: tuple[Claim, ...]
    orders: Mapping[int, Order]


def unread(database: Database, order_keys: Sequence[int], signals: int) -> Unread:
    """What may raise an alert on some orders; see `Store.unread`."""
    keys = key_list(sorted({int(key) for key in order_keys}))
    with database.reading() as connection:
        asked = (keys, cursor_of(connection).row)
        rows = connection.execute(_messages_of(), asked).fetchall()
        messages = _messages(connection, rows, signals)
        return _with_orders(connection, messages, _claims(connection, keys))


def unread_after(
    database: Database, since: int, limit: int, signals: int
) -> tuple[Unread, ReadUpTo | None]:
    """The next messages to read; see `Store.unread_after`."""
    with database.reading() as connection:
        after, phrases = cursor_of(connection)
        (last,) = connection.execute(_last_message()).fetchone()
        if (last or 0) <= after:
            return Unread((), (), {}), None
        up_to = ReadUpTo(min(after + limit, last), phrases)
        rows = connection.execute(_next_messages(), (after, up_to.row, since)).fetchall()
        return _with_orders(connection, _messages(connection, rows, signals), ()), up_to


def claims_since(database: Database, since: int) -> Unread:
    """All claims known since a moment; see `Store.claims_since`."""
    with database.reading() as connection:
        keys = [key for (key,) in connection.execute(_orders_with_claims(), (since,))]
        return _with_orders(connection, (), _claims(connection, key_list(keys)))


@cache
def _last_message() -> str:
    return compiled(select(func.max(RECORDS["messages"].c.id))).text


@cache
def _messages_of() -> str:
    """(order keys, row) → (row, facts) of the orders' messages in later rows."""
    table, keys = RECORDS["messages"], keys_given("keys")
    source = keys.join(table, table.c.order_key == keys.c.value)
    query = select(table.c.id, table.c.facts).select_from(source)
    return compiled(query.where(table.c.id > bindparam("row"))).text


@cache
def _next_messages() -> str:
    """(row, row, known_at) → (row, facts) of messages after one row up to another, known since."""
    table = RECORDS["messages"]
    rows = (table.c.id > bindparam("after")) & (table.c.id <= bindparam("up_to"))
    known = table.c.known_at >= bindparam("since")
    return compiled(select(table.c.id, table.c.facts).where(rows, known)).text


@cache
def _texts() -> str:
    """(rows) → the messages in those rows, in their order."""
    table, rows = RECORDS["messages"], keys_given("rows")
    names = ("shop_id", "order_key", "order_id", "buyer_id", "message_id", "known_at", "sent_at")
    query = select(table.c.id, *(table.c[n] for n in names), table.c.text)
    source = rows.join(table, table.c.id == rows.c.value)
    return compiled(query.select_from(source).order_by(table.c.id)).text


def _messages(
    connection: Connection, rows: Sequence[tuple[int, bytes]], signals: int
) -> tuple[Message, ...]:
    """The messages whose facts carry any of the signals; texts are fetched of these alone."""
    if not rows:
        return ()
    ids, blobs = zip(*rows, strict=True)
    carried = (from_bytes("messages", blobs)["signals"] & signals).tolist()
    wanted = [row for row, bits in zip(ids, carried, strict=True) if bits]
    if not wanted:
        return ()
    return tuple(Message(*row) for row in connection.execute(_texts(), (key_list(wanted),)))


@cache
def _orders_with_claims() -> str:
    """(known_at) → keys of the orders with a claim of which something became known since."""
    table = RECORDS["outcomes"]
    known = table.c.known_at >= bindparam("since")
    return compiled(select(table.c.order_key).distinct().where(known, _is_claim())).text


def _is_claim() -> ColumnElement[bool]:
    return RECORDS["outcomes"].c.kind.in_([literal_column(f"'{kind}'") for kind in CLAIMS])


@cache
def _claims_of() -> str:
    """(order keys) → versions of their claims, by known_at."""
    table, keys = RECORDS["outcomes"], keys_given("keys")
    names = ("shop_id", "order_key", "order_id", "kind", "opened_at", "closed_at", "amount_minor")
    source = keys.join(table, table.c.order_key == keys.c.value)
    query = select(*(table.c[name] for name in names)).select_from(source).where(_is_claim())
    return compiled(query.order_by(table.c.known_at)).text


def _claims(connection: Connection, keys: str) -> tuple[Claim, ...]:
    versions = (Claim(*row) for row in connection.execute(_claims_of(), (keys,)))
    return tuple({(c.order_key, c.kind, c.opened_at): c for c in versions}.values())


@cache
def _order_of() -> str:
    """(order keys) → versions of the orders, by known_at."""
    table, keys = RECORDS["orders"], keys_given("keys")
    names = ("order_key", "buyer_id", "amount_minor", "currency")
    source = keys.join(table, table.c.order_key == keys.c.value)
    query = select(*(table.c[name] for name in names)).select_from(source)
    return compiled(query.order_by(table.c.known_at)).text


def _with_orders(
    connection: Connection, messages: tuple[Message, ...], claims: tuple[Claim, ...]
) -> Unread:
    keys = {claim.order_key for claim in claims}
    keys |= {said.order_key for said in messages if said.order_key is not None}
    rows = connection.execute(_order_of(), (key_list(sorted(keys)),)) if keys else ()
    return Unread(messages, claims, {key: Order(*values) for key, *values in rows})
