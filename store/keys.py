"""API keys: who may ask what, kept only as hashes.

Knows nothing of requests. A key is 256 random bits, so a plain SHA-256 of it cannot be guessed
backwards; a slow hash, which is for passwords that people choose, would cost every request.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, bindparam, select, update

from store.errors import KeyExists, StoreError
from store.sqlite import Database, compiled, insert
from store.tables import KEYS

SCOPES = ("score", "events", "read")
PREFIX = "rr_"  # lets people and secret scanners see what leaked


@dataclass(frozen=True)
class KeyInfo:
    """What is known of a key, never the key itself.

    Attributes:
        name: who uses it, as the one who made it said.
        scopes: what it may do, of SCOPES.
        shop_id: the only shop it may speak of; None: every shop.
        created_at: microseconds UTC.
        revoked_at: microseconds UTC; None while it works.
    """

    name: str
    scopes: frozenset[str]
    shop_id: str | None
    created_at: int
    revoked_at: int | None


def add_key(
    database: Database, name: str, scopes: Iterable[str], shop_id: str | None, *, now: int
) -> str:
    """Make a key and return it, for the only time; see `Store.add_key`."""
    wanted = _checked(scopes)
    plain = PREFIX + secrets.token_urlsafe(32)
    given = {
        "digest": _digest(plain),
        "name": name,
        "scopes": " ".join(wanted),
        "shop_id": shop_id,
        "created_at": now,
    }
    made = compiled(insert(KEYS).values({column: bindparam(column) for column in given}))
    in_use = compiled(_keys().where(KEYS.c.name == bindparam("name"), KEYS.c.revoked_at.is_(None)))
    with database.writing() as connection:
        if connection.execute(in_use.text, (name,)).fetchone():
            raise KeyExists(
                f"Expected a new name, got {name!r}, which a working key has."
                f" Revoke that one first with `riskradar keys revoke {name}`."
            )
        connection.execute(made.text, made.values(given))
    return plain


def _checked(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise StoreError(
            f"Expected scopes of {', '.join(SCOPES)}, got {', '.join(unknown) or 'none'}."
        )
    return wanted


def check_key(database: Database, plain: str) -> KeyInfo | None:
    """Who holds a key, or None where it is unknown or revoked."""
    digest = _digest(plain)
    with database.reading() as connection:
        row = connection.execute(_by_digest(), (digest,)).fetchone()
    if row is None or not hmac.compare_digest(row[0], digest) or row[-1] is not None:
        return None
    return _info(row)


def list_keys(database: Database) -> list[KeyInfo]:
    """All keys ever made, oldest first."""
    with database.reading() as connection:
        rows = connection.execute(compiled(_keys().order_by(KEYS.c.id)).text)
        return [_info(row) for row in rows]


def revoke_key(database: Database, name: str, *, now: int) -> bool:
    """End the working key of that name; False where there is none."""
    working = (KEYS.c.name == bindparam("of")) & KEYS.c.revoked_at.is_(None)
    made = compiled(update(KEYS).where(working).values(revoked_at=bindparam("now")))
    with database.writing() as connection:
        values = made.values({"of": name, "now": now})
        return connection.execute(made.text, values).rowcount > 0


def _digest(plain: str) -> bytes:
    return sha256(plain.encode("utf-8", "surrogatepass")).digest()


def _keys() -> Select[Any]:
    columns = ("digest", "name", "scopes", "shop_id", "created_at", "revoked_at")
    return select(*(KEYS.c[name] for name in columns))


@cache
def _by_digest() -> str:
    return compiled(_keys().where(KEYS.c.digest == bindparam("digest"))).text


def _info(row: tuple[Any, ...]) -> KeyInfo:
    _, name, scopes, shop_id, created_at, revoked_at = row
    return KeyInfo(name, frozenset(scopes.split()), shop_id, created_at, revoked_at)
