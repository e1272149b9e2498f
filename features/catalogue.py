"""The catalogue: every feature with its words, unit, range and when it is missing.

Knows nothing of values: it reads names and docstrings. A feature's docstring has four parts: in
words; shape, range and unit; when it is missing; why it should matter.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType

from features import (
    address,
    address_changes,
    address_flags,
    conversation,
    encoded,
    history,
    order,
    place,
    product,
    said,
    seller,
)
from features.cut import Floats

MODULES: tuple[ModuleType, ...] = (
    order,
    product,
    seller,
    place,
    history,
    address,
    address_changes,
    address_flags,
    conversation,
    said,
)
_FORM = re.compile(
    r"\(n,\) float64 in (?P<open>[\[(])(?P<low>[^,]+), (?P<high>[^\])]+)(?P<close>[\])]), "
    r"(?P<unit>[^.]+)\."
)


@dataclass(frozen=True)
class Feature:
    """One feature as people and checks see it.

    Attributes:
        name: the column's and the function's name.
        group: the module it lives in, for ablation and for grouping reasons.
        words: what it is, as shown to people.
        unit: of its values.
        range: interval that its known values lie in, as written.
        low: lower end of the range.
        high: upper end of the range.
        missing: when it is unknown.
        why: why it should matter, or where the idea is from.
        function: what computes it.

    """

    name: str
    group: str
    words: str
    unit: str
    range: str
    low: float
    high: float
    missing: str
    why: str
    function: Callable[..., Floats]


def _feature(module: ModuleType, function: Callable[..., Floats]) -> Feature:
    text = inspect.getdoc(function) or ""
    head, _, body = text.partition("\n\n")
    lines = body.split("\n")
    form = _FORM.fullmatch(lines[0])
    if form is None or len(lines) < 3:
        raise ValueError(
            f"feature {function.__name__} must have a docstring of four parts (words; "
            f"'(n,) float64 in [low, high], unit.'; when missing; why), got {lines[0]!r}"
        )
    return Feature(
        name=function.__name__,
        group=module.__name__.rpartition(".")[2],
        words=" ".join(head.split()).rstrip("."),
        unit=form["unit"],
        range=f"{form['open']}{form['low']}, {form['high']}{form['close']}",
        low=float(form["low"]),
        high=float(form["high"]),
        missing=lines[1],
        why=" ".join(lines[2:]),
        function=function,
    )


def _functions(module: ModuleType) -> list[Callable[..., Floats]]:
    return [
        value
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and "(n,) float64 in" in (value.__doc__ or "")
    ]


@lru_cache(maxsize=1)
def catalogue() -> tuple[Feature, ...]:
    """All features, in the order of the model's columns."""
    return tuple(_feature(module, f) for module in MODULES for f in _functions(module))


@lru_cache(maxsize=1)
def encoded_features() -> tuple[Feature, ...]:
    """What is fitted to outcomes and applied to facts; the model's columns behind the features."""
    return tuple(_feature(encoded, function) for function in _functions(encoded))


def model_inputs() -> tuple[Feature, ...]:
    """All that a model reads, in the order of its columns."""
    return (*catalogue(), *encoded_features())


def groups() -> dict[str, tuple[str, ...]]:
    """Group → names of what it gives the model."""
    named: dict[str, list[str]] = {}
    for feature in model_inputs():
        named.setdefault(feature.group, []).append(feature.name)
    return {group: tuple(names) for group, names in named.items()}


def as_markdown() -> str:
    """The catalogue as the page docs/features.md, which a test holds equal to this."""
    lines = [
        "# Features",
        "",
        "What the model reads of an order, as known just before the moment it is asked about.",
        "This page is made from the functions' docstrings: `riskradar features --markdown`.",
        "",
    ]
    for group in groups():
        own = [feature for feature in model_inputs() if feature.group == group]
        about = (inspect.getdoc(_module(group)) or "").split("\n", maxsplit=1)[0]
        lines += [
            f"## {group}",
            "",
            about,
            "",
            "| name | words | unit | range | missing | why |",
        ]
        lines += ["|---|---|---|---|---|---|"]
        lines += [
            f"| `{f.name}` | {f.words} | {f.unit} | {f.range} | {f.missing} | {f.why} |"
            for f in own
        ]
        lines.append("")
    return "\n".join(lines)


def _module(group: str) -> ModuleType:
    return next(m for m in (*MODULES, encoded) if m.__name__.endswith(f".{group}"))
