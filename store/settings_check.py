"""From the text of a settings file to settings, or to one sentence about what is wrong with it.

Knows nothing of files. Unknown keys are looked for first, because a misspelt key is the most
common mistake and the nearest known one the most useful answer.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec

from features.facts import BadPhrase
from features.money import is_currency
from features.schema import OUTCOME_KINDS
from store.errors import BadSettings
from store.rates import rates_for
from store.settings import Extra, Section, Settings

_KEYED_BY_KIND = ("horizons", "costs")
_EXTRA = re.compile(r"(order|product|seller|buyer)\.[^.\s]+")


def checked(text: bytes | str, where: str) -> Settings:
    """Settings from TOML, every key and relation checked; BadSettings naming `where`."""
    given = _parsed(text, where)
    _known(given, where)
    try:
        settings = msgspec.convert(_with_defaults(given), Settings)
    except msgspec.ValidationError as error:
        raise BadSettings(f"{where}: {_in_words(str(error), given)}") from None
    for problem in _problems(settings):
        raise BadSettings(f"{where}: {problem}")
    return settings


def _parsed(text: bytes | str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadSettings(
            f"{where}: expected UTF-8, got other bytes from byte {error.start} on."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"{where}: expected TOML, got a mistake: {error}.") from None


def _known(given: Mapping[str, Any], where: str) -> None:
    """Refuse the first key that no section has, naming the nearest that it has."""
    for place, key, names in _keys(given, Settings, ""):
        if key not in names:
            near = get_close_matches(key, names, n=1, cutoff=0.5)
            instead = f" Did you mean {near[0]!r}?" if near else ""
            raise BadSettings(
                f"{where}: {place or 'the file'} has no key {key!r}.{instead}"
                f" It has {', '.join(names)}."
            )


def _keys(
    given: Mapping[str, Any], section: type[Section], place: str
) -> Iterator[tuple[str, str, list[str]]]:
    """(place, key, keys that the place may have) of every key given."""
    types = {each.encode_name: each.type for each in msgspec.structs.fields(section)}
    for key, value in given.items():
        yield place, key, list(types)
        inner = types.get(key)
        if not isinstance(value, Mapping):
            continue
        if key in _KEYED_BY_KIND and not place:
            yield from _keys_by_kind(value, key)
        elif isinstance(inner, type) and issubclass(inner, Section):
            yield from _keys(value, inner, f"[{place[1:-1]}.{key}]" if place else f"[{key}]")


def _keys_by_kind(given: Mapping[str, Any], place: str) -> Iterator[tuple[str, str, list[str]]]:
    for kind, value in given.items():
        yield f"[{place}]", kind, list(OUTCOME_KINDS)
        if place == "costs" and isinstance(value, Mapping):
            for key in value:
                yield f"[costs.{kind}]", key, ["share", "fixed_minor"]


def _with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with what was given over them: per kind, and rates in the home currency."""
    plain = msgspec.to_builtins(Settings())
    merged: dict[str, Any] = _over(plain, given)
    currency = given.get("currency", {})
    if isinstance(currency, Mapping) and isinstance(home := currency.get("home"), str):
        merged["currency"] = _over({"home": home, "rates": rates_for(home)}, currency)
    return merged


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _over(below[key], value)
        if isinstance(value, Mapping) and isinstance(below.get(key), Mapping)
        else value
        for key, value in above.items()
    }
    return {**below, **both}


def _in_words(message: str, given: Mapping[str, Any]) -> str:
    """The place, what was expected there and what came, of msgspec's `... - at `$.a.b``."""
    said, _, place = message.partition(" - at ")
    said = said.replace("`", "").replace("Expected", "expected").partition(", got ")[0]
    if said.startswith("Invalid enum value"):
        said = "expected one of " + ", ".join(repr(word) for word in get_args(Extra))
    names: list[str] = []
    value: Any = given
    for step in re.findall(r"\w+|\.\.\.", place):
        name = _culprit(names[0], given) if step == "..." else step
        value = value[int(name)] if isinstance(value, list) else (value or {}).get(name)
        names.append(name)
    return f"{'.'.join(names)}: {said}, got {value!r}."


def _culprit(section: str, given: Mapping[str, Any]) -> str:
    """Which entry of a section's mapping is refused; msgspec says only that one is."""
    for key, value in _entries(section, given):
        try:
            msgspec.convert(value, Settings)
        except msgspec.ValidationError:
            return key
    return "?"


def _entries(section: str, given: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry of the mapping that a section is or has, alone in settings of its own."""
    inner = {"currency": "rates", "features": "extra", "signals": "phrases"}.get(section)
    whole = given.get(section, {})
    for key, value in (whole.get(inner, {}) if inner else whole).items():
        alone = {key: value}
        yield key, {section: {inner: alone} if inner else alone}


def _problems(settings: Settings) -> Iterator[str]:
    """What no single key shows: relations, and names that only the schema knows."""
    hours = settings.moment.landmark_hours
    if not hours or list(hours) != sorted(set(hours)):
        yield f"moment.landmark_hours: expected rising hours, got {list(hours)}."
    elif min(hours) > settings.moment.decide_within_hours:
        yield (
            f"moment.decide_within_hours: expected at least the first landmark ({min(hours)} h),"
            f" got {settings.moment.decide_within_hours}; no order could be decided."
        )
    yield from _bad_kinds(settings.heads.risk)
    yield from _bad_alerts(settings)
    yield from _bad_rates(settings)
    yield from _bad_extra(settings.features.extra)
    yield from _bad_phrases(settings)
    if not _is_timezone(settings.shop.timezone):
        yield (
            "shop.timezone: expected an IANA name such as Europe/Berlin,"
            f" got {settings.shop.timezone!r}."
        )


def _bad_kinds(kinds: tuple[str, ...]) -> Iterable[str]:
    unknown = [kind for kind in kinds if kind not in OUTCOME_KINDS]
    if unknown:
        near = get_close_matches(unknown[0], OUTCOME_KINDS, n=1, cutoff=0.5)
        instead = f" Did you mean {near[0]!r}?" if near else ""
        yield f"heads.risk: {unknown[0]!r} is no kind of outcome.{instead}"
    elif not kinds or len(set(kinds)) < len(kinds):
        yield f"heads.risk: expected one or more kinds, each once, got {list(kinds)}."


def _bad_alerts(settings: Settings) -> Iterable[str]:
    code = settings.alerts.currency
    if not is_currency(code):
        yield f"alerts.currency: expected an ISO 4217 code such as USD, got {code!r}."


def _bad_rates(settings: Settings) -> Iterable[str]:
    home, rates = settings.currency.home, settings.currency.rates
    for code in rates:
        if not re.fullmatch("[A-Z]{3}", code):
            yield f"currency.rates: expected ISO 4217 codes such as EUR, got {code!r}."
    if rates.get(home, 1.0) != 1.0:
        yield f"currency.rates.{home}: the home currency is worth 1, got {rates[home]}."


def _bad_extra(extra: Mapping[str, str]) -> Iterable[str]:
    for name in extra:
        if not _EXTRA.fullmatch(name):
            yield (
                "features.extra: expected order.KEY, product.KEY, seller.KEY or buyer.KEY"
                f' in quotes, such as "order.loyalty_tier", got {name!r}.'
            )


def _bad_phrases(settings: Settings) -> Iterable[str]:
    try:
        settings.signals.readers("signals")
    except BadPhrase as error:
        yield str(error)


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not found, a path outside, a directory
        return False
    return True
