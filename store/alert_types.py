"""What a red alert is: its cause, its state, and why it was closed.

Knows nothing of where alerts are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import msgspec

from store.errors import StoreError

RootCause = Literal["product_defect", "logistics", "description", "earlier_service", "false_alarm"]
ROOT_CAUSES: tuple[RootCause, ...] = get_args(RootCause)
State = Literal["open", "closed"]


class AlertMissing(StoreError, LookupError):
    """No alert has that id, or it belongs to a shop out of reach."""


class AlertClosed(StoreError, ValueError):
    """The alert was closed before, by somebody else or for another reason; that stands."""


class Passage(msgspec.Struct, frozen=True):
    """The very words: code points of the text as received, start inclusive, end exclusive."""

    start: int
    end: int
    text: str


class MessageCause(msgspec.Struct, frozen=True, tag_field="of", tag="message"):
    """A message that raised an alert, in the version known at `known_at` (microseconds UTC)."""

    message_id: str
    known_at: int
    sent_at: int
    spans: tuple[Passage, ...]


class OutcomeCause(msgspec.Struct, frozen=True, tag_field="of", tag="outcome"):
    """An outcome that raised an alert; times in microseconds UTC, money in minor units.

    `note` says what could not be known, such as a missing rate; "" where nothing was.
    """

    kind: str
    opened_at: int
    answer_due_at: int | None
    amount_minor: int | None
    currency: str | None
    note: str = ""


Cause = MessageCause | OutcomeCause


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One red alert.

    Attributes:
        alert_id: digest of shop, order, code and cause: the same cause gives the same id.
        shop_id: the shop.
        order_id, order_key: the order in words and as 64 bits; None for a message without one.
        buyer_id: as far as it was known on raising.
        code: what was seen, such as legal_threat.
        role: who is to take it.
        raised_at: microseconds UTC.
        deadline_at: by when it is to be answered, microseconds UTC.
        cause: the message or the outcome.
        known: table → last row that was there on raising; given by the store.
        closed_at, closed_by, root_cause, reason: None until a person closes it.
        evidence: SHA-256 of the frozen file, None until it is there.
        evidence_line: SHA-256 of its line in the log, None until it is there.
        seq: its place in the order of raising; given by the store, 0 before.
    """

    alert_id: str
    shop_id: str
    order_id: str | None
    order_key: int | None
    buyer_id: str | None
    code: str
    role: str
    raised_at: int
    deadline_at: int
    cause: Cause
    known: Mapping[str, int] | None = None
    closed_at: int | None = None
    closed_by: str | None = None
    root_cause: str | None = None
    reason: str | None = None
    evidence: str | None = None
    evidence_line: str | None = None
    seq: int = 0

    @property
    def state(self) -> State:
        """Whether a person has closed it."""
        return "open" if self.closed_at is None else "closed"


@dataclass(frozen=True)
class Closing:
    """Why an alert is closed, by whom, when (microseconds UTC)."""

    root_cause: str
    reason: str
    closed_by: str
    closed_at: int

    def __post_init__(self) -> None:
        if self.root_cause not in ROOT_CAUSES:
            expected = ", ".join(ROOT_CAUSES)
            raise ValueError(f"root_cause: expected one of {expected}, got {self.root_cause!r}.")
        for name in ("reason", "closed_by"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name}: expected some words, got none.")


class ReadUpTo(NamedTuple):
    """How far messages have been read for alerts: the last row, and the phrases' digest."""

    row: int
    phrases: str
