"""Who is calling and what they may do: API keys with scopes, perhaps tied to one shop.

Knows nothing of what is asked. The store keeps only hashes; so does the cache here, which answers
for `TTL_S` seconds, so that a revoked key stops working within that time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.problems import Problem
from serving.wire import Scope
from store import KeyInfo

TTL_S = 2.0  # seconds that a key's check may be remembered
MAX_HELD = 1024  # remembered checks; a flood of made-up keys must not grow memory
DEFAULT_SHOP = "default"  # the shop of whoever names none


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds the key: its name, what it may do, and the only shop it reaches, if tied."""

    name: str
    scopes: frozenset[str]
    tied_to: str | None

    def shop_of(self, shop_id: str | None, path: str) -> str:
        """The shop a record belongs to; `path` says where, should the key not reach it."""
        if shop_id is None:
            return self.tied_to or DEFAULT_SHOP
        if self.tied_to not in (None, shop_id):
            where = f"{path}.shop_id" if path else "shop_id"
            raise Problem("forbidden", f"{where}: this key is tied to another shop.")
        return shop_id


class Keys:
    """Checks keys against the store, remembering each answer for a moment."""

    def __init__(
        self,
        check_key: Callable[[str], KeyInfo | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check_key = check_key
        self._clock = clock
        self._held: dict[bytes, tuple[float, Caller | None]] = {}

    def caller(self, authorization: str | None, scope: Scope) -> Caller:
        """The holder of the key in an `Authorization` header; raises where it may not `scope`."""
        word, _, plain = (authorization or "").partition(" ")
        if word.lower() != "bearer" or not plain:
            raise Problem("unauthorized", "expected `Authorization: Bearer KEY`, got none.")
        found = self._remembered(plain.strip())
        if found is None:
            raise Problem("unauthorized", "this key is not known, or was revoked.")
        if scope not in found.scopes:
            has = ", ".join(sorted(found.scopes)) or "none"
            raise Problem("forbidden", f"expected a key with the scope {scope}, got {has}.")
        return found

    def _remembered(self, plain: str) -> Caller | None:
        digest = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
        now = self._clock()
        held = self._held.get(digest)
        if held is not None and now < held[0]:
            return held[1]
        info = self._check_key(plain)
        found = None if info is None else Caller(info.name, frozenset(info.scopes), info.shop_id)
        if len(self._held) >= MAX_HELD:
            self._held.clear()
        self._held[digest] = (now + TTL_S, found)
        return found
