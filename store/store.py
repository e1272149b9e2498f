"""The store: everything riskradar remembers, behind one class.

Knows nothing itself; each method says what it promises and leaves the work to its module.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from features.facts import DEFAULT, Facts, Readers
from store import (
    alert_records,
    alert_rows,
    alerts,
    keys,
    read,
    scores,
    statements,
    states,
    timeline,
)
from store.alert_rows import Unread
from store.alert_types import Alert, Closing, ReadUpTo, State
from store.errors import RowRefused
from store.keys import KeyInfo
from store.prepare import Records
from store.scores import Score
from store.sqlite import Database, location
from store.timeline import Record
from store.upgrade import bring_up_to_date, read_again
from store.write import Written, write


def open_store(
    url_or_path: str | os.PathLike[str], *, readonly: bool = False, readers: Readers = DEFAULT
) -> Store:
    """Open a store by path or `sqlite:///PATH`, creating or upgrading it unless `readonly`.

    `readers` read the messages that will be written.

    Raises StoreMissing (readonly, no file), StoreNewer (newer code wrote it), StoreOlder
    (readonly, and it needs an upgrade), StoreBusy (another process holds it for too long).
    """
    database = Database(location(url_or_path), readonly=readonly)
    try:
        bring_up_to_date(database, readers)
        statements.compile_all()
        scores.compile_all()
    except BaseException:
        database.close()
        raise
    return Store(database, readers)


class Store:
    """One open store. Threads may share it; each process opens its own, after any fork."""

    def __init__(self, database: Database, readers: Readers = DEFAULT) -> None:
        self._database = database
        self._readers = readers

    @property
    def readers(self) -> Readers:
        """What reads the messages of each shop."""
        return self._readers

    def close(self) -> None:
        """Close all connections; using the store afterwards is an error."""
        self._database.close()

    def read_again(self) -> int:
        """Read stored messages again where phrases have changed since; how many were."""
        return read_again(self._database, self._readers)

    def checkpoint(self) -> None:
        """Bring the log of recent writes into the store's file, so that no writer has to.

        Costs a wait for the disk; writers and readers go on meanwhile.
        """
        self._database.checkpoint()

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
        self,
        records: Records,
        *,
        received_at: int | Callable[[], int],
        refused: list[RowRefused] | None = None,
    ) -> Written:
        """Store rows of any tables in one transaction: table → mappings of column to value.

        A row has `shop_id`, `known_at` (microseconds UTC; None or absent: `received_at`) and
        schema columns. An absent column keeps the value of the latest version known by then,
        None clears it, and content equal to that version adds nothing. Where other content holds
        the same moment, the row is known at `received_at` instead.

        `received_at` may be a clock: it is then read with the write lock held, so that of two
        writes the later one is received later too, in whatever process: who asks just after its
        own `received_at` sees what the earlier wrote and never half of what the later will.

        Raises UnknownColumn; BadVersion and MissingValue for a row that cannot be stored, and
        then nothing is stored - unless `refused` is a list, to which they are added while the
        other rows are stored.
        """
        return write(
            self._database,
            records,
            received_at=received_at,
            refused=refused,
            readers=self._readers,
        )

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

        Rows of the orders themselves; orders, addresses, outcomes and deliveries of the `cap`
        latest orders (by link time, then order_key, the order itself being one of them) tied to
        each buyer, phone or address that the order was tied to - both strictly before its `as_of`
        where given; and products, sellers and buyers that the orders' own rows name. The order of
        rows is not promised.
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

    def timeline(self, shop_id: str, order_id: str) -> list[Record]:
        """All versions of all that was said of an order, by `known_at`; [] where nothing was.

        With the versions of the products, sellers and buyers that its rows name.
        """
        return timeline.timeline(self._database, shop_id, order_id)

    def put_scores(self, given: Sequence[Score]) -> int:
        """Store answers in one transaction; how many were new.

        The first answer of an (order_key, as_of) stays: where fewer were new than were given,
        read back with `stored_score` what stands.
        """
        return scores.put_scores(self._database, given)

    def stored_score(self, order_key: int, as_of: int) -> Score | None:
        """The answer that was given for that order and moment, or None."""
        return scores.stored_score(self._database, order_key, as_of)

    def scores_after(self, cursor: int, limit: int) -> list[Score]:
        """Up to `limit` scores with `seq` > `cursor` (0: from the first), in order of commit.

        Whoever goes on from the last `seq` received misses none and meets none twice.
        """
        return scores.scores_after(self._database, cursor, limit)

    def scores_of(self, order_key: int) -> list[Score]:
        """All scores of an order, by `as_of`."""
        return scores.scores_of(self._database, order_key)

    def latest_scores(
        self, day: int, shop: str | None = None, platform: str | None = None, limit: int = 100
    ) -> list[Score]:
        """The riskiest orders whose latest score belongs to that UTC day, falling.

        Ties lie by order_key. An order scored again on a later day belongs to that day only.
        """
        return scores.latest_scores(self._database, day, shop, platform, limit)

    def rank_today(
        self,
        shop_key: int,
        day: int,
        risk: float,
        *,
        limit: int = 1_000,
        without: Collection[int] = (),
    ) -> int:
        """How many orders of that shop and UTC day have a latest risk above `risk`, up to `limit`.

        `shop_key` is `key_of("shop", shop_id, shop_id)`; the orders whose keys are in `without`,
        such as the one being ranked anew, do not count.
        """
        return scores.rank_today(self._database, shop_key, day, risk, limit, without)

    def highest_risks(
        self, shop_key: int, day: int, *, limit: int, without: Collection[int] = ()
    ) -> list[float]:
        """The `limit` highest latest risks of that shop and UTC day, falling."""
        return scores.highest_risks(self._database, shop_key, day, limit, without)

    def put_state(self, shop_id: str, day: int, data: bytes, version: int) -> None:
        """Store the population state of a UTC day (since 1970), in place of what it had."""
        states.put_state(self._database, shop_id, day, data, version)

    def state(self, shop_id: str, day: int, *, version: int | None = None) -> bytes | None:
        """The state of a day; None where it has none, or none of that version."""
        return states.state(self._database, shop_id, day, version)

    def state_days(self, shop_id: str, *, version: int | None = None) -> list[int]:
        """Days that have a state, of that version where one is named, ascending."""
        return states.state_days(self._database, shop_id, version)

    def drop_states(self, shop_id: str, *, before_day: int) -> int:
        """Forget the states of all days before one; how many there were."""
        return states.drop_states(self._database, shop_id, before_day)

    def unread(self, order_keys: Sequence[int], *, signals: int) -> Unread:
        """What may raise an alert on some orders: messages not yet read for alerts, and claims.

        `signals` are bits as in the facts of messages: those that carry none of them are left out.
        A message is read once by `unread_after`; until then it is here each time.
        """
        return alert_rows.unread(self._database, order_keys, signals)

    def unread_after(
        self, *, since: int, limit: int, signals: int
    ) -> tuple[Unread, ReadUpTo | None]:
        """Messages known since a moment that carry signals, in the next `limit` rows not yet read.

        And how far that is, to be given to `raise_alerts`; None where no row is left.
        """
        return alert_rows.unread_after(self._database, since, limit, signals)

    def claims_since(self, since: int) -> Unread:
        """The claims of the orders of whose claims something became known since a moment.

        The latest version of each, open or closed.
        """
        return alert_rows.claims_since(self._database, since)

    def raise_alerts(
        self, given: Sequence[Alert], *, read_up_to: ReadUpTo | None = None
    ) -> list[Alert]:
        """Add alerts in one transaction; those that were new, as stored, by `seq`.

        An alert_id that was ever raised, open or closed, is not raised again. Each keeps which
        rows were there when it was raised. `read_up_to` is what `unread_after` gave.
        """
        return alerts.raise_alerts(self._database, given, read_up_to)

    def raised_before(self, alert_ids: Sequence[str]) -> set[str]:
        """Which of the ids were ever raised, open or closed."""
        return alerts.raised_before(self._database, alert_ids)

    def open_alerts(self, order_keys: Sequence[int], *, as_of: int | None = None) -> list[Alert]:
        """The alerts of some orders that stand, now or at a moment, by `seq`."""
        return alerts.open_alerts(self._database, order_keys, as_of)

    def alert(self, alert_id: str) -> Alert:
        """One alert; raises AlertMissing."""
        return alerts.alert_of(self._database, alert_id)

    def alerts(
        self,
        *,
        shop: str | None = None,
        state: State | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> list[Alert]:
        """Up to `limit` alerts with `seq` > `after`, by `seq`."""
        return alerts.alerts(self._database, shop, state, after, limit)

    def close_alert(self, alert_id: str, closing: Closing) -> Alert:
        """Close an alert; the alert as closed, also where it was closed in the same words before.

        Raises AlertMissing, and AlertClosed where it was closed in other words.
        """
        return alerts.close_alert(self._database, alert_id, closing)

    def alert_records(self, alert: Alert) -> tuple[list[Record], list[Score]]:
        """All that was known of the alert's order when it was raised, however much came since."""
        return alert_records.alert_records(self._database, alert)

    def unfrozen_alerts(self, limit: int = 100) -> list[Alert]:
        """The alerts whose evidence is not frozen yet, earliest first."""
        return alerts.unfrozen(self._database, limit)

    def mark_frozen(self, frozen: Mapping[str, tuple[str, str]]) -> None:
        """Note what the evidence came to: alert_id → SHA-256 of the file, and of its log line.

        What was noted before stays.
        """
        alerts.mark_frozen(self._database, frozen)

    def add_key(self, name: str, scopes: Iterable[str], shop_id: str | None = None) -> str:
        """Make an API key and return it for the only time: the store keeps its hash.

        Scopes are of "score", "events", "read". Raises KeyExists while a key of that name works.
        """
        return keys.add_key(self._database, name, scopes, shop_id, now=_now_us())

    def check_key(self, plain: str) -> KeyInfo | None:
        """Who holds that key, or None where it is unknown or revoked. Callers may cache it."""
        return keys.check_key(self._database, plain)

    def list_keys(self) -> list[KeyInfo]:
        """All keys ever made, oldest first, revoked ones included."""
        return keys.list_keys(self._database)

    def revoke_key(self, name: str) -> bool:
        """End the key of that name at once; False where no working key has it."""
        return keys.revoke_key(self._database, name, now=_now_us())


def _now_us() -> int:
    return time.time_ns() // 1_000
