"""The tables of the store, generated from the schema, and the few that are ours alone.

Knows nothing of how rows are written or read. A record's row is its key as 64-bit numbers, its
two clocks, its packed facts, then what was said, column by column; facts come before the texts
so that a scan for training never walks through long messages.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

from features.schema import TABLES, Kind, TableSpec
from store.sqlite import NEVER_REUSED, WITHOUT_ROWID, where

SCHEMA_VERSION = 1  # raise it with a step in `upgrade.STEPS` when an old store needs more than
# new tables, columns or indexes, which are added wherever they are missing

METADATA = MetaData()
_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(),
    Kind.TIME: BigInteger(),
    Kind.MONEY: BigInteger(),
    Kind.INTEGER: BigInteger(),
    Kind.NUMBER: Float(),
    Kind.FLAG: Integer(),
    Kind.JSON: Text(),
}
# Tables whose rows belong to one order: what a neighbourhood is made of. Of the orders tied to the
# one asked about only PAST matters: what they were and how they ended.
OF_ORDERS = ("orders", "items", "addresses", "messages", "outcomes", "deliveries", "outreach")
PAST = ("orders", "addresses", "outcomes", "deliveries")
OF_OTHERS = ("products", "sellers", "buyers")
# Facts that tie an order to others: table → facts. A neighbourhood is the orders tied alike.
LINKING = {"orders": ("buyer_key",), "addresses": ("phone_key", "address_key")}


def domain_of(spec: TableSpec) -> str:
    """What a table's first key column identifies, as `key_of` calls it: order, product, ..."""
    return spec.key[0].removesuffix("_id")


def key_column(spec: TableSpec) -> str:
    """Name of the 64-bit column that stands for the first key column."""
    return f"{domain_of(spec)}_key"


def hashed_columns(spec: TableSpec) -> tuple[str, ...]:
    """The 64-bit key columns of a table; the first is its own, another leads to the order."""
    own = key_column(spec)
    return (own, "order_key") if spec.name in OF_ORDERS and own != "order_key" else (own,)


def _record_table(spec: TableSpec) -> Table:
    hashed = hashed_columns(spec)
    table = Table(
        spec.name,
        METADATA,
        Column("id", Integer, primary_key=True),
        *(Column(name, BigInteger, nullable=name != hashed[0]) for name in hashed),
        Column("known_at", BigInteger, nullable=False),
        Column("received_at", BigInteger, nullable=False),
        Column("facts", LargeBinary, nullable=False),
        Column("shop_id", Text, nullable=False),
        *(Column(c.name, _TYPES[c.kind]) for c in spec.columns),
    )
    version = (hashed[0], *spec.key[1:], "known_at")
    Index(f"{spec.name}_versions", *(table.c[name] for name in version), unique=True)
    if spec.name in PAST:
        # A locker's many orders are read off this index alone, in half the time.
        Index(f"{spec.name}_past", table.c.order_key, table.c.facts)
    if len(hashed) > 1:
        tied = table.c.order_key
        columns = (tied, *version_columns(table, spec))
        Index(f"{spec.name}_of_order", *columns, **where(tied.isnot(None)))
    return table


def version_columns(table: Table, spec: TableSpec) -> tuple[Column[object], ...]:
    """The columns that name one version of one key: rows are read in their order."""
    return tuple(table.c[name] for name in (key_column(spec), *spec.key[1:], "known_at"))


RECORDS: dict[str, Table] = {spec.name: _record_table(spec) for spec in TABLES.values()}
Index("orders_placed", RECORDS["orders"].c.placed_at)

# An order became tied to a buyer, phone or address at `known_at`, by the first version saying so.
LINKS = Table(
    "links",
    METADATA,
    Column("order_key", BigInteger, nullable=False),
    Column("link_key", BigInteger, nullable=False),
    Column("known_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("order_key", "link_key"),
    **WITHOUT_ROWID,
)
Index("links_latest", LINKS.c.link_key, LINKS.c.known_at, LINKS.c.order_key)

SCORES = Table(
    "scores",
    METADATA,
    Column("seq", Integer, primary_key=True),  # order of commit: there is one writer at a time
    Column("shop_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("order_key", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("scored_at", BigInteger, nullable=False),
    Column("model", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("platform", Text),
    Column("risk", Float, nullable=False),
    Column("band", Text, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    UniqueConstraint("order_key", "as_of"),
    **NEVER_REUSED,
)
# The score of the latest `as_of` of each order, so that a day's ranking is read off an index.
LATEST = Table(
    "latest_scores",
    METADATA,
    Column("order_key", Integer, primary_key=True, autoincrement=False),
    Column("as_of", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("shop_key", BigInteger, nullable=False),
    Column("platform", Text),
    Column("risk", Float, nullable=False),
)
Index("latest_scores_rank", LATEST.c.day, LATEST.c.shop_key, LATEST.c.risk)

STATES = Table(
    "states",
    METADATA,
    Column("shop_id", Text, nullable=False),
    Column("day", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    PrimaryKeyConstraint("shop_id", "day"),
)

KEYS = Table(
    "keys",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("shop_id", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
Index("keys_in_use", KEYS.c.name, unique=True, **where(KEYS.c.revoked_at.is_(None)))

# Red alerts: a row for each cause, never removed; `known` is the last row of each table then.
ALERTS = Table(
    "alerts",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("alert_id", Text, nullable=False, unique=True),
    Column("shop_id", Text, nullable=False),
    Column("order_id", Text),
    Column("order_key", BigInteger),
    Column("buyer_id", Text),
    Column("code", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Column("known", Text, nullable=False),
    Column("closed_at", BigInteger),
    Column("closed_by", Text),
    Column("root_cause", Text),
    Column("reason", Text),
    Column("evidence", Text),
    Column("evidence_line", Text),
    **NEVER_REUSED,
)
Index("alerts_of_order", ALERTS.c.order_key, **where(ALERTS.c.order_key.isnot(None)))
Index("alerts_unfrozen", ALERTS.c.seq, **where(ALERTS.c.evidence.is_(None)))

META = Table(
    "meta", METADATA, Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)
