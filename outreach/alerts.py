"""Red alerts: what is new is read once, what it raises is stored, its evidence is frozen.

Knows nothing of scores or HTTP. An alert stands from its first sight until a person closes it;
evidence that cannot be frozen now is frozen by a later run, from what was known on raising.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from features.schema import in_text
from features.signals import Reading
from outreach.alert_rules import RED_BITS, Read, Rules, alerts_of
from outreach.alert_words import words
from outreach.evidence import cause_in_text, complete, freeze
from store import Store
from store.alert_rows import Unread
from store.alert_types import Alert, ReadUpTo
from store.errors import HomeBusy
from store.home import Home

CHUNK = 20_000  # rows of messages looked at at once: a few megabytes, no lock held


def reading_of(store: Store) -> Read:
    """What a buyer's message says, by the phrases of its shop that the store reads with."""

    def read(shop_id: str, text: str) -> Reading:
        return store.readers.of(shop_id).read(text, "buyer")

    return read


class Watch:
    """Looks for red alerts in one home; threads share it.

    Attributes:
        read: what a buyer's message says.
    """

    def __init__(self, store: Store, home: Home) -> None:
        self._store = store
        self._home = home
        self._rules = Rules.of(home.settings)
        self.read = reading_of(store)

    def review(self, order_keys: Sequence[int], now: int) -> list[Alert]:
        """Raise what some orders' new messages and claims call for; all their open alerts.

        `now` is microseconds UTC. Whatever the orders' age or stage. An evidence file that cannot
        be written now does not keep an alert from being raised.
        """
        unread = self._store.unread(order_keys, signals=RED_BITS)
        if unread.messages or unread.claims:
            self._try_to_freeze(self._raised(unread, now), now)
        return self._store.open_alerts(order_keys)

    def sweep(self, now: int, *, most: int | None = None, wait_s: float = 0.0) -> list[Alert]:
        """Raise what nobody has looked at yet, of any order or none; the alerts that are new.

        Every claim, and the messages after the store's cursor in chunks, `most` rows of them at
        the most: what an import brought is looked at once, and again when phrases change. What
        was known longer ago than the setting `alerts.history_days` is history and raises nothing.
        Evidence that is missing is frozen. Where another process is at it for longer than
        `wait_s`, nothing is done.
        """
        try:
            with self._home.lock("alerts", wait_s=wait_s):
                return self._swept(now, most)
        except HomeBusy:
            return []

    def _swept(self, now: int, most: int | None) -> list[Alert]:
        since = self._rules.history_ends(now)
        raised = self._raised(self._store.claims_since(since), now)
        left = most
        while left is None or left > 0:
            limit = CHUNK if left is None else min(CHUNK, left)
            unread, read_up_to = self._store.unread_after(
                since=since, limit=limit, signals=RED_BITS
            )
            if read_up_to is None:
                break
            raised += self._raised(unread, now, read_up_to)
            left = None if left is None else left - limit
        self.complete(now)
        return raised

    def _raised(self, unread: Unread, now: int, read_up_to: ReadUpTo | None = None) -> list[Alert]:
        found = alerts_of(unread, self._rules, read=self.read, now=now)
        before = self._store.raised_before([alert.alert_id for alert in found]) if found else set()
        fresh = [alert for alert in found if alert.alert_id not in before]
        if not fresh and read_up_to is None:  # most requests take no lock
            return []
        return self._store.raise_alerts(fresh, read_up_to=read_up_to)

    def _try_to_freeze(self, alerts: Sequence[Alert], now: int) -> None:
        try:
            if alerts:
                freeze(self._store, self._home, alerts, now=now)
        except (HomeBusy, OSError):  # raised all the same: the next sweep freezes it
            return

    def complete(self, now: int) -> None:
        """Freeze what evidence is missing, as far as that can be done now."""
        try:
            complete(self._store, self._home, now=now)
        except (HomeBusy, OSError):  # as above
            return


def review(store: Store, home: Home, order_keys: Sequence[int], now: int) -> list[Alert]:
    """See `Watch.review`."""
    return Watch(store, home).review(order_keys, now)


def sweep(store: Store, home: Home, now: int, *, wait_s: float = 0.0) -> list[Alert]:
    """See `Watch.sweep`: for the nightly job and for what an import brought."""
    return Watch(store, home).sweep(now, wait_s=wait_s)


def for_answer(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Alerts as a score's answer shows them, in their order."""
    return [_shown(alert) for alert in alerts]


def _shown(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "code": alert.code,
        "text": words("en").nature[alert.code],
        "state": alert.state,
        "raised_at": in_text(alert.raised_at),
        "deadline": in_text(alert.deadline_at),
        "role": alert.role,
        "cause": cause_in_text(alert),
    }
