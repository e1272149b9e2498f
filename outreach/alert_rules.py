"""The rules of red alerts: which message or claim raises one, for whom, and until when.

Knows nothing of the store, the model or the clock: rows and readings go in, alerts come out, so no
score can lower one. Where money cannot be compared an alert is raised and says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from features.money import is_currency, minor_digits
from features.rates import Rates
from features.schema import DAY_US, HOUR_US
from features.signals import RED, SIGNALS, Reading
from store.alert_rows import Claim, Message, Order, Unread
from store.alert_types import Alert, Cause, MessageCause, OutcomeCause, Passage
from store.settings import Alerts, Settings

RED_BITS = sum(1 << SIGNALS.index(code) for code in RED)  # as the facts of a message have them
CODES = (*RED, "claim_opened", "claim_timing_out", "amount_above_threshold")
ID_DIGITS = 20  # hexadecimal; two of a billion causes share an id with probability 4e-7
UNKNOWN_ORDER = Order(None, None, None)

Read = Callable[[str, str], Reading]  # (shop_id, text of a buyer) → what it says


@dataclass(frozen=True)
class Rules:
    """What a shop chose that alerts depend on: its `[alerts]`, and what currencies are worth."""

    chosen: Alerts
    rates: Rates

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """The rules that the settings make."""
        return cls(settings.alerts, Rates(settings.currency.home, settings.currency.rates))

    def role(self, code: str) -> str:
        """Who takes alerts of a code."""
        own: str | None = getattr(self.chosen.roles, code)
        return own or self.chosen.role

    def deadline(self, code: str, raised_at: int) -> int:
        """By when an alert raised then is to be answered, microseconds UTC."""
        own: float | None = getattr(self.chosen.deadline_hours, code)
        return raised_at + round((own or self.chosen.hours) * HOUR_US)

    def answer_due_at(self, claim: Claim) -> int:
        """By when the platform or bank wants an answer to a claim, microseconds UTC."""
        hours: float = getattr(self.chosen.answer_hours, claim.kind)
        return claim.opened_at + round(hours * HOUR_US)

    def history_ends(self, now: int) -> int:
        """What an import brings from before that moment raises nothing."""
        return now - round(self.chosen.history_days * DAY_US)


def alerts_of(unread: Unread, rules: Rules, *, read: Read, now: int) -> list[Alert]:
    """The alerts that messages and claims raise, in their order; the same cause, the same id."""
    found: list[Alert] = []
    for message in unread.messages:
        key = message.order_key
        order = UNKNOWN_ORDER if key is None else unread.orders.get(key, UNKNOWN_ORDER)
        found += _of_message(message, read(message.shop_id, message.text), order, rules, now)
    for claim in unread.claims:
        order = unread.orders.get(claim.order_key, UNKNOWN_ORDER)
        found += _of_claim(claim, order, rules, now)
    return found


def alert_id(shop_id: str, order_id: str | None, code: str, cause: Cause) -> str:
    """Digest of shop, order, code and cause; words and versions of a cause change nothing."""
    if isinstance(cause, MessageCause):
        named: tuple[Any, ...] = ("message", cause.message_id)
    else:
        named = ("outcome", cause.kind, cause.opened_at)
    said = msgspec.json.encode([shop_id, order_id, code, *named])
    return hashlib.sha256(said).hexdigest()[:ID_DIGITS]


def _of_message(
    message: Message, reading: Reading, order: Order, rules: Rules, now: int
) -> Iterator[Alert]:
    """One alert for each red signal, with the words of that signal."""
    for code in RED:
        spans = tuple(
            Passage(start, end, words)
            for signal, start, end, words in reading.quoted(message.text)
            if signal == code
        )
        if spans:
            cause = MessageCause(message.message_id, message.known_at, message.sent_at, spans)
            buyer = message.buyer_id or order.buyer_id
            deadline = rules.deadline(code, now)
            yield _alert(message, buyer, code, cause, rules=rules, now=now, deadline_at=deadline)


def _of_claim(claim: Claim, order: Order, rules: Rules, now: int) -> Iterator[Alert]:
    """The alerts of an open claim: that it is open, that its time runs out, that it is large."""
    if claim.closed_at is not None and claim.closed_at <= now:
        return
    due_at = rules.answer_due_at(claim)
    disputed = order.amount_minor if claim.amount_minor is None else claim.amount_minor
    # A deadline of the platform that lies ahead is kept, whatever the shop's own.
    for code, note in _codes(claim, order.currency, disputed, rules, now):
        own = rules.deadline(code, now)
        deadline = due_at if code == "claim_timing_out" or now < due_at < own else own
        cause = OutcomeCause(claim.kind, claim.opened_at, due_at, disputed, order.currency, note)
        yield _alert(claim, order.buyer_id, code, cause, rules=rules, now=now, deadline_at=deadline)


def _codes(
    claim: Claim, currency: str | None, disputed: int | None, rules: Rules, now: int
) -> Iterator[tuple[str, str]]:
    """Codes that an open claim raises, each with what could not be known about it."""
    yield "claim_opened", ""
    window = round(rules.chosen.due_within_hours * HOUR_US)
    if abs(rules.answer_due_at(claim) - now) <= window:
        yield "claim_timing_out", ""
    if disputed is not None:
        above, note = _is_above(disputed, currency, rules)
        if above:
            yield "amount_above_threshold", note


def _is_above(amount_minor: int, currency: str | None, rules: Rules) -> tuple[bool, str]:
    """Whether an amount exceeds the threshold, and why it counts as above where nobody knows."""
    limit, code = rules.chosen.amount, rules.chosen.currency
    if currency is None or not is_currency(currency):
        return True, "The currency is not known, so the amount could not be compared."
    amount = amount_minor / 10 ** minor_digits(currency)
    if currency == code:
        return amount > limit, ""
    worth, limit_worth = _home_units(currency, rules.rates), _home_units(code, rules.rates)
    if worth is None or limit_worth is None:
        missing = code if worth is not None else currency
        return True, f"The settings have no rate for {missing}, so it could not be compared."
    return amount * worth > limit * limit_worth, ""


def _home_units(code: str, rates: Rates) -> float | None:
    """Home units per unit of a currency, None where no rate is set."""
    return 1.0 if code == rates.home else rates.per_unit.get(code)


def _alert(
    about: Message | Claim,
    buyer_id: str | None,
    code: str,
    cause: Cause,
    *,
    rules: Rules,
    now: int,
    deadline_at: int,
) -> Alert:
    return Alert(
        alert_id=alert_id(about.shop_id, about.order_id, code, cause),
        shop_id=about.shop_id,
        order_id=about.order_id,
        order_key=about.order_key,
        buyer_id=buyer_id,
        code=code,
        role=rules.role(code),
        raised_at=now,
        deadline_at=deadline_at,
        cause=cause,
    )
