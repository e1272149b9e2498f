"""The store: everything riskradar remembers, behind one class.

Knows nothing itself; each method says what it promises and leaves the work to its module.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from features.facts import Facts
from store import read
from store.errors import RowRefused
from store.prepare import Records
from store.sqlite import Database, location
from store.upgrade import bring_up_to_date
from store.write import Written, write


def open_store(url_or_path: str | os.PathLike[str], *, readonly: bool = False) -> Store:
    """Open a store by path or `sqlite:///PATH`, creating or upgrading it unless `readonly`.

    Raises StoreMissing (readonly, no file), StoreNewer (newer code wrote it), StoreOlder
    (readonly, and it needs an upgrade), StoreBusy (another process holds it for too long).
    """
    database = Database(location(url_or_path), readonly=readonly)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return Store(database)


class Store:
    """One open store. Threads may share it; each process opens its own, after any fork."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Close all connections; using the store afterwards is an error."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(
        self, records: Records, *, received_at: int, refused: list[RowRefused] | None = None
    ) -> Written:
        """Store rows of any tables in one transaction: table → mappings of column to value.

        A row has `shop_id`, `known_at` (microseconds UTC; None or absent: `received_at`) and
        schema columns. An absent column keeps the value of the latest version known by then,
        None clears it, and content equal to that version adds nothing. Where other content holds
        the same moment, the row is known at `received_at` instead.

        Raises UnknownColumn; BadVersion and MissingValue for a row that cannot be stored, and
        then nothing is stored - unless `refused` is a list, to which they are added while the
        other rows are stored.
        """
        return write(self._database, records, received_at=received_at, refused=refused)

    def facts(
        self,
        *,
        shops: Iterable[str] | None = None,
        known_before: int | None = None,
        tables: Iterable[str] | None = None,
    ) -> Facts:
        """Facts of every version, of all or some shops and tables, all known before a moment.

        Rows lie by their key (its 64-bit part first), then `known_at`: the same content gives
        the same arrays, in whatever order it was written.
        """
        return read.facts(self._database, shops=shops, known_before=known_before, tables=tables)

    def neighbourhood(
        self,
        order_keys: Sequence[int],
        as_of: Sequence[int] | None = None,
        cap: int = read.CAP,
    ) -> Facts:
        """Facts that the features of some orders need, by index: all tables, all versions.

        Rows of the orders themselves; of the `cap` latest orders (by link time, then order_key,
        the order itself being one of them) tied to each buyer, phone or address that the order
        was tied to - both strictly before its `as_of` where given; and products, sellers and
        buyers that the orders' own rows name. The order of rows is not promised.
        """
        return read.neighbourhood(self._database, order_keys, as_of, cap)

    def open_orders(
        self,
        *,
        as_of: int,
        placed_from: int | None = None,
        placed_to: int | None = None,
        shops: Iterable[str] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Keys (n,), ascending, of orders known before `as_of`, not shipped or cancelled by then.

        Placed in [placed_from, placed_to) where given; microseconds UTC.
        """
        return read.open_orders(
            self._database, as_of=as_of, placed_from=placed_from, placed_to=placed_to, shops=shops
        )

    def order_ids(self, order_keys: Sequence[int]) -> dict[int, tuple[str, str]]:
        """(shop_id, order_id) of each key that any row names; unknown keys are left out."""
        return read.order_ids(self._database, order_keys)
