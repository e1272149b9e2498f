"""The shapes of our answers, as callers read them; `/openapi.json` is made from these types.

Knows nothing of how a score comes about. Times are RFC 3339 text here, money whole minor units.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Raw, Struct

from outreach.reasons import Reason

Stage = Literal["unshipped", "shipped", "cancelled"]


class Loss(Struct, frozen=True):
    """What the order's disputes are expected to cost; null where its amount is not known."""

    amount_minor: int | None
    currency: str


class Result(Struct, frozen=True):
    """One scored order, as answered and stored."""

    order_id: str
    shop_id: str
    as_of: str
    model: str
    risk: float
    band: Literal["high", "elevated", "low"]
    flagged: bool
    outcomes: dict[str, float]
    expected_loss: Loss
    reasons: tuple[Reason, ...]
    action: dict[str, Any] | None = None
    arm: Literal["contact", "holdout"] | None = None
    alerts: tuple[dict[str, Any], ...] = ()
    stage: Stage = "unshipped"


class ScoreAnswer(Struct, frozen=True):
    """What `POST /v1/score` answers; results stand in the order of the request."""

    model: str
    results: list[Raw]


class StoredAnswer(Struct, frozen=True):
    """What an event is answered with: the rows, and the scores that they changed.

    A row without `known_at` was known at `received_at`; `unchanged` rows said nothing new.
    """

    stored: list[dict[str, Any]]
    received_at: str
    inserted: int
    unchanged: int
    model: str | None
    results: list[Raw]


class ScoreLine(Struct, frozen=True):
    """One line of `GET /v1/scores`."""

    cursor: str
    scored_at: str
    score: Raw


class ScoresAnswer(Struct, frozen=True):
    """A page of every score in the order they were made; `next` is where to go on, always."""

    scores: list[ScoreLine]
    next: str


class TopAnswer(Struct, frozen=True):
    """The riskiest unshipped orders of a day, riskiest first."""

    day: str
    results: list[Raw]


class OrderAnswer(Struct, frozen=True):
    """All that is remembered of one order: every version of every record, and its scores."""

    order_id: str
    shop_id: str
    timeline: list[dict[str, Any]]
    scores: list[Raw]
    reasons: Raw


class Check(Struct, frozen=True, omit_defaults=True):
    """Whether one dependency is there; `degraded` is there, but not as it should be."""

    ok: bool
    detail: str
    degraded: bool = False


class ReadyAnswer(Struct, frozen=True):
    """Whether the service can score, and each dependency by name."""

    ready: bool
    checks: dict[str, Check]


encode = msgspec.json.Encoder().encode
