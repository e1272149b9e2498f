"""The settings of one home, `riskradar.toml`: every key optional, every unknown key refused.

Knows nothing of who uses a setting. The file that a newcomer gets is `riskradar.toml` beside this
module; it holds the same defaults, each with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from features.facts import Readers
from features.schema import OUTCOME_KINDS
from store.rates import rates_for

Share = Annotated[float, Meta(ge=0, le=1)]
Days = Annotated[float, Meta(gt=0, le=3650)]
Hours = Annotated[float, Meta(ge=0, le=8760)]
DeadlineHours = Annotated[float, Meta(gt=0, le=8760)]
Positive = Annotated[int, Meta(ge=1, le=1_000_000)]
Extra = Literal["category", "number"]

HORIZON_DAYS = dict.fromkeys(OUTCOME_KINDS, 30.0) | {"a_to_z_claim": 90.0, "chargeback": 120.0}
# What a dispute costs us as a share of the order's amount: an assumption, for a shop to replace.
COST_SHARES = {
    "a_to_z_claim": 1.0,  # the amount goes back and the goods rarely return
    "chargeback": 1.0,
    "complaint": 0.1,
    "cod_refused": 0.2,  # both ways of the parcel
    "failed_delivery": 0.2,
    "return": 0.3,
    "refund": 0.5,
    "negative_review": 0.1,
    "cancelled_by_buyer": 0.05,
    "late_delivery": 0.05,
}


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file; its keys are its attributes."""


class Shop(Section, frozen=True):
    """The shop itself.

    Attributes:
        timezone: IANA name; hours and days that mean something to people are read in it.
    """

    timezone: str = "UTC"


class Moment(Section, frozen=True):
    """When an order is asked about.

    Attributes:
        landmark_hours: hours after placing at which training looks at an unshipped order.
        decide_within_hours: the last of them by which the team must have decided.
    """

    landmark_hours: tuple[Hours, ...] = (0.0, 1.0, 6.0, 24.0)
    decide_within_hours: Hours = 24.0


class Heads(Section, frozen=True):
    """What is predicted.

    Attributes:
        risk: the kinds of outcome that the one number `risk` means any of.
        min_positives: judged outcomes below which a kind gets no probability of its own.
    """

    risk: tuple[str, ...] = OUTCOME_KINDS
    min_positives: Positive = 50


class Outreach(Section, frozen=True):
    """What the team can do.

    Attributes:
        per_day: orders that the team can contact a day; the one dial.
        holdout: share of listed buyers not contacted, so that the effect can be measured.
    """

    per_day: Positive = 50
    holdout: Share = 0.10


class Cost(Section, frozen=True):
    """What one dispute of a kind costs.

    Attributes:
        share: share of the order's amount; may exceed 1.
        fixed_minor: and a fixed sum, minor units of the home currency.
    """

    share: Annotated[float, Meta(ge=0, le=100)] = 0.0
    fixed_minor: Annotated[int, Meta(ge=0, le=10**12)] = 0


class Currency(Section, frozen=True):
    """Comparing amounts of different currencies.

    Attributes:
        home: ISO 4217 code that amounts are compared in.
        rates: home units per unit of each currency; amounts in any other are unknown.
    """

    home: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    rates: Mapping[str, Annotated[float, Meta(gt=0, le=1e9)]] = field(
        default_factory=lambda: rates_for("USD")
    )


class Features(Section, frozen=True):
    """What a shop knows beyond our columns.

    Attributes:
        extra: "order.KEY", "product.KEY", "seller.KEY" or "buyer.KEY" of their `attributes` →
            "number" (as it is) or "category" (through its as-of rates).
    """

    extra: Mapping[str, Extra] = field(default_factory=dict)


class Training(Section, frozen=True):
    """The nightly job.

    Attributes:
        seed: of everything drawn at random; the same seed gives the same model.
        threads: of the tree learner; more than the idle cores makes it slower.
        history_days: older orders are not learned from.
        max_origins: windows in time that a recipe is judged on.
        max_landmarks: moments learned from; beyond it, fewer of each order.
        keep_bundles: old models kept for a rollback.
    """

    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    threads: Annotated[int, Meta(ge=1, le=256)] = 1
    history_days: Days = 730.0
    max_origins: Annotated[int, Meta(ge=2, le=50)] = 6
    max_landmarks: Annotated[int, Meta(ge=1_000, le=10**9)] = 1_500_000
    keep_bundles: Positive = 5


class AlertRoles(Section, frozen=True):
    """Who takes alerts of one code; None where `alerts.role` does."""

    legal_threat: str | None = None
    regulator_threat: str | None = None
    platform_threat: str | None = None
    safety_injury: str | None = None
    property_damage: str | None = None
    claim_opened: str | None = None
    claim_timing_out: str | None = None
    amount_above_threshold: str | None = None


class AlertDeadlines(Section, frozen=True):
    """Hours until an alert of one code is to be answered; None where `alerts.hours` says it."""

    legal_threat: DeadlineHours | None = None
    regulator_threat: DeadlineHours | None = None
    platform_threat: DeadlineHours | None = None
    safety_injury: DeadlineHours | None = None
    property_damage: DeadlineHours | None = None
    claim_opened: DeadlineHours | None = None
    claim_timing_out: DeadlineHours | None = None
    amount_above_threshold: DeadlineHours | None = None


class AnswerHours(Section, frozen=True):
    """Hours after a claim opens until its platform or bank wants an answer: assumptions."""

    a_to_z_claim: DeadlineHours = 72.0
    chargeback: DeadlineHours = 168.0
    complaint: DeadlineHours = 48.0


class Alerts(Section, frozen=True):
    """Red alerts: rules above the model.

    Attributes:
        role: who takes an alert.
        hours: until it is to be answered.
        amount, currency: a disputed amount above this many whole units raises an alert.
        due_within_hours: a claim is about to time out when its answer is due within them.
        history_days: what was known longer ago than that when an import brings it is history and
            raises nothing.
        answer_hours, roles, deadline_hours: see their classes.
    """

    role: Annotated[str, Meta(min_length=1, max_length=100)] = "team lead"
    hours: DeadlineHours = 24.0
    amount: Annotated[float, Meta(ge=0, le=1e12)] = 500.0
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "USD"
    due_within_hours: DeadlineHours = 24.0
    history_days: Days = 90.0
    answer_hours: AnswerHours = AnswerHours()
    roles: AlertRoles = AlertRoles()
    deadline_hours: AlertDeadlines = AlertDeadlines()


class PhraseEdits(Section, frozen=True):
    """Phrases of one signal beyond those that ship.

    Attributes:
        add: fire the signal, unless denied or quoted.
        remove: as they stand in the files that ship.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class ShopSignals(Section, frozen=True):
    """What one shop's buyers say otherwise."""

    phrases: Mapping[str, PhraseEdits] = field(default_factory=dict)


class Signals(Section, frozen=True):
    """What messages are read for.

    Attributes:
        phrases: signal → phrases added and removed, for every shop.
        shops: shop_id → the same for one shop, on top.
    """

    phrases: Mapping[str, PhraseEdits] = field(default_factory=dict)
    shops: Mapping[str, ShopSignals] = field(default_factory=dict)

    def readers(self, where: str) -> Readers:
        """What reads each shop's messages; BadPhrase naming `where` and the entry."""
        own = {shop: _edits(each.phrases) for shop, each in self.shops.items()}
        return Readers.told(_edits(self.phrases), own, where)


def _edits(phrases: Mapping[str, PhraseEdits]) -> dict[str, dict[str, list[str]]]:
    return {
        signal: {"add": list(edits.add), "remove": list(edits.remove)}
        for signal, edits in phrases.items()
    }


class Serving(Section, frozen=True):
    """The HTTP service.

    Attributes:
        max_body_bytes: larger requests are refused before they are read.
        max_orders: orders in one request.
        poll_seconds: how often a running service looks for a newly promoted model.
    """

    max_body_bytes: Annotated[int, Meta(ge=1_000, le=10**9)] = 8_000_000
    max_orders: Annotated[int, Meta(ge=1, le=1_000)] = 1_000
    poll_seconds: Annotated[float, Meta(gt=0, le=60)] = 2.0


class Settings(Section, frozen=True):
    """All settings; `Settings()` are the defaults.

    Attributes:
        shop, moment, heads, outreach, currency, features, training, serving, alerts, signals: see
            their classes.
        horizons: kind of outcome → days after placing (a_to_z_claim: after deliver_by_at) until
            which it must have opened to count.
        costs: kind of outcome → what it costs.
    """

    shop: Shop = Shop()
    moment: Moment = Moment()
    horizons: Mapping[str, Days] = field(default_factory=lambda: dict(HORIZON_DAYS))
    heads: Heads = Heads()
    outreach: Outreach = Outreach()
    costs: Mapping[str, Cost] = field(
        default_factory=lambda: {kind: Cost(share=share) for kind, share in COST_SHARES.items()}
    )
    currency: Currency = Currency()
    features: Features = Features()
    training: Training = Training()
    serving: Serving = Serving()
    alerts: Alerts = Alerts()
    signals: Signals = Signals()


def load_settings(path: Path) -> Settings:
    """Settings from a file, defaults where there is none.

    Raises BadSettings, naming the file, the key, what was expected and what came.
    """
    return parse_settings(path.read_bytes(), str(path)) if path.exists() else Settings()


def parse_settings(text: bytes | str, where: str = "riskradar.toml") -> Settings:
    """Settings from TOML; `where` names it in errors."""
    # Imported here: the checks read the classes above.
    from store.settings_check import checked  # noqa: PLC0415 - would be a circle at the top

    return checked(text, where)


def default_toml() -> str:
    """The commented file that a new home gets; it loads to `Settings()`."""
    return files("store").joinpath("riskradar.toml").read_text(encoding="utf-8")


def as_toml_types(settings: Settings) -> dict[str, object]:
    """Settings as plain tables, lists, texts and numbers, for reports and tests."""
    plain: dict[str, object] = msgspec.to_builtins(settings)
    return plain
