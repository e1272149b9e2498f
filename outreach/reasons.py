"""Why an order scores as it does, in words: what raised its risk most, and by how much.

Knows nothing of models: it is handed exact contributions, and takes the words from the features'
own docstrings, so that a sentence shown to people and the code it is about cannot drift apart.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from features.catalogue import Feature, model_inputs
from features.money import minor_digits

MOST = 5  # reasons an order is given; more are not read
# Features of the whole shop are alike for every order of a day: they move the level of all scores
# and are no reason to call this buyer rather than that one.
SHOP_WIDE = "shop_"
# What tells two views of the same thing apart: `seller_late_share_recent` and `..._worst` are one
# thing to a reader, so only the stronger of them becomes a reason.
_VIEW = re.compile(r"_(recent|worst|shrunk|before|shop|highest|mean|\d+[dh])$")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CONDITION = re.compile(r"Missing where (?!unknown)(.+?)\.?$")


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """A passage of a message or address that a reason rests on."""

    start: int
    end: int
    text: str
    message_id: str | None = None
    address: str | None = None


class Reason(msgspec.Struct, frozen=True):
    """One reason of a score.

    Attributes:
        code: what the reason is about, stable across models; several features may share it.
        text: a sentence for people.
        feature: the feature that carried it.
        value: the feature's value, null where it is not known.
        contribution: exact share of the margin, in log-odds; positive raises the risk.
        evidence: passages it rests on.

    """

    code: str
    text: str
    feature: str
    value: float | None
    contribution: float
    evidence: tuple[Evidence, ...] = ()


def code_of(name: str) -> str:
    """What a feature is about, without the view it takes of it.

    >>> code_of("seller_late_share_recent"), code_of("buyer_orders_before_365d")
    ('seller_late_share', 'buyer_orders')
    """
    shorter = _VIEW.sub("", name)
    return name if shorter == name else code_of(shorter)


class Words:
    """Turns contributions into reasons for one model's features, everything looked up once."""

    def __init__(self, names: Sequence[str], home_currency: str = "USD") -> None:
        """Raises KeyError where the catalogue has no feature of a name."""
        known = {feature.name: feature for feature in model_inputs()}
        self._names = tuple(names)
        self._codes = tuple(code_of(name) for name in names)
        self._texts = tuple(_sentence(known[name], home_currency) for name in names)
        self._shop_wide = tuple(name.startswith(SHOP_WIDE) for name in names)

    def reasons(
        self, contributions: npt.NDArray[np.float64], values: npt.NDArray[np.float32]
    ) -> tuple[Reason, ...]:
        """At most `MOST` reasons, strongest first, each raising the risk and about its own thing.

        Features of the whole shop are passed over; see `SHOP_WIDE`.

        `contributions` (d,) in log-odds and `values` (d,) with NaN for unknown, of one order.
        """
        found: dict[str, Reason] = {}
        for at in np.argsort(-contributions, kind="stable")[: 4 * MOST].tolist():
            contribution = float(contributions[at])
            if contribution <= 0 or len(found) == MOST:
                break
            if self._codes[at] not in found and not self._shop_wide[at]:
                found[self._codes[at]] = self._reason(at, contribution, float(values[at]))
        return tuple(found.values())

    def _reason(self, at: int, contribution: float, value: float) -> Reason:
        return Reason(
            code=self._codes[at],
            text=self._texts[at](value),
            feature=self._names[at],
            # Seven digits are all a float32 holds; more would only show its binary form.
            value=None if np.isnan(value) else float(f"{value:.7g}"),
            contribution=contribution,
        )


def in_words(
    contributions: npt.NDArray[np.float64],
    values: npt.NDArray[np.float32],
    names: Sequence[str],
    *,
    home_currency: str = "USD",
) -> tuple[Reason, ...]:
    """Reasons of one order; `Words` is the same for many."""
    return Words(names, home_currency).reasons(contributions, values)


def _sentence(feature: Feature, home_currency: str) -> Callable[[float], str]:
    condition = _CONDITION.match(feature.missing)
    unknown = f"not known, {condition[1]}" if condition else "not known"
    shown = _shown(feature, home_currency)

    def sentence(value: float) -> str:
        return f"{feature.words}: {unknown if value != value else shown(value)}."  # noqa: PLR0124  # NaN alone differs from itself; ten times quicker than np.isnan

    return sentence


_BY_UNIT: dict[str, Callable[[float], str]] = {
    "truth": lambda value: "yes" if value >= 0.5 else "no",
    "share": lambda value: f"{_number(100 * value)} %",
    "ratio": lambda value: f"{_number(value)} times",
    "log-odds": lambda value: f"{_number(math.exp(min(value, 20.0)))} times the usual odds",
}


def _shown(feature: Feature, home_currency: str) -> Callable[[float], str]:
    if feature.name.endswith("_weekday"):
        return lambda value: _WEEKDAYS[int(value) % 7]
    if feature.name.endswith("_hour"):
        return lambda value: f"{int(value):02d}:00"
    if feature.unit == "hundreds of minor units":
        digits = minor_digits(home_currency)
        return lambda value: f"{100 * value / 10**digits:.{digits}f} {home_currency}"
    unit = feature.unit
    return _BY_UNIT.get(unit, lambda value: f"{_number(value)} {_unit(unit, value)}")


def _unit(unit: str, value: float) -> str:
    """One hour, two hours: units are plural words, their first word carries the number."""
    head, gap, rest = unit.partition(" per ")
    return (head.removesuffix("s") if value == 1 else head) + gap + rest


def _number(value: float) -> str:
    """A number as people read it: whole where it is, else with three digits that matter."""
    if value == int(value):
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
