"""What is wrong with an address as the buyer wrote it: defects with the offending part.

Knows nothing of the order, of other orders, or of maps. A pure function of the columns of one row
of `addresses`; `postcode_region_mismatch` and `postcode_city_mismatch` rest on counts of the
shop's delivered orders and are found in `features.address_place`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

from features.address_countries import country_of
from features.address_fold import Folded, fold
from features.address_house import number_declared_none, only_street, too_short, without_house
from features.address_noise import may_be_noisy, noise, unread
from features.address_phone import may_hold_phone, phone_inside, phone_span
from features.address_place import two_regions, without_letters
from features.address_postcode import postcode_span
from features.address_vocabulary import (
    DEFECTS,
    FIELDS,
    KIND_OF,
    KINDS,
    MODEL_BITS,
    Defect,
    Kind,
    codes_of,
    mask,
)
from features.address_words import is_dummy_name, is_filler, may_say, words

__all__ = [
    "DEFECTS",
    "FIELDS",
    "KINDS",
    "MODEL_BITS",
    "Defect",
    "Kind",
    "codes_of",
    "country_of",
    "defects",
    "mask",
]

_LINES = ("line1", "line2")
_FREE = ("line1", "line2", "district", "city")  # text where anything may be typed
_TOWN = frozenset(("district", "city", "region", "postcode"))
MAX_READ = 500  # signs of a field that are read: no address is longer, and time is bounded
_UNNUMBERED = frozenset(("po_box", "locker", "placeholder"))  # ask for no house number
_ASKED = frozenset(("line1", "city"))  # where a filler stands for what the parcel needs
_READ = tuple(field for field in FIELDS if field != "country")
# Towns come again and again, streets and people hardly: only the first are worth remembering.
_FOLD = dict.fromkeys(("district", "city", "region"), lru_cache(maxsize=1 << 13)(fold))
Check = Callable[[Folded], Iterator[tuple[str, int, int]]]
Parts = dict[str, Folded]


def defects(row: Mapping[str, Any]) -> tuple[Defect, ...]:
    """Defects of an address, in the order of DEFECTS, then of FIELDS; each once a field.

    `row` maps address columns to texts; absent, null and blank ones are unknown and never a
    defect of their own. Without a country that we know, only what holds anywhere is checked.
    Start and end of each defect are code points of the field as received. Never raises.

    >>> [d.code for d in defects({"line1": "asdf asdf", "city": "Reno", "country": "US"})]
    ['gibberish']
    """
    country = country_of(_text(row.get("country")))
    parts = {name: _FOLD.get(name, fold)(text) for name in _READ if (text := _text(row.get(name)))}
    found = list(_in_free_text(parts, country))
    found += _in_street(parts, country, {defect.code for defect in found})
    found += _in_town(parts, country)
    found += _in_the_rest(parts, country)
    return tuple(sorted(found, key=_order))


def _text(value: Any) -> str | None:
    return value[:MAX_READ] if isinstance(value, str) and not value.isspace() else None


def _order(defect: Defect) -> tuple[int, int]:
    return DEFECTS.index(defect.code), FIELDS.index(defect.field)


def _in_free_text(parts: Parts, country: str | None) -> Iterator[Defect]:
    """What may stand in any of the lines and the town's name."""
    free = [field for field in _FREE if field in parts]
    checks = _checks("\n".join([parts[field].text for field in free]), country)
    for field in free:
        if field in _ASKED and is_filler(parts[field]):
            yield Defect("placeholder", field, *parts[field].whole())
            continue
        for check in checks:
            for code, start, end in check(parts[field]):
                yield Defect(code, field, start, end)


def _checks(text: str, country: str | None) -> list[Check]:
    """The checks that may find something in the text, which most addresses pass by unread."""
    checks: list[Check] = []
    if may_say(text):
        checks.append(words)
    if may_be_noisy(text):
        checks.append(noise)
    if not text.isascii() and country in KIND_OF["foreign_script"].countries:
        checks.append(unread)
    if may_hold_phone(text):
        checks.append(partial(phone_inside, country=country))
    return checks


def _in_street(parts: Parts, country: str | None, known: set[str]) -> Iterator[Defect]:
    """What both street lines together lack; what is no street at all lacks nothing more."""
    fields = [field for field in _LINES if field in parts]
    if not fields or not known.isdisjoint((*_UNNUMBERED, "gibberish")):
        return
    joined = ", ".join([parts[field].text for field in fields])
    first = fields[0]
    if too_short(joined):
        yield Defect("too_short", first, *parts[first].whole())
    elif country is not None and without_house(joined, country):
        yield Defect("no_house_number", first, *parts[first].whole())
    if country in KIND_OF["number_declared_none"].countries:
        yield from _declared(parts)


def _declared(parts: Parts) -> Iterator[Defect]:
    for field in _LINES:
        said = number_declared_none(parts[field].text) if field in parts else None
        if said:
            yield Defect("number_declared_none", field, *parts[field].span(*said))


def _in_town(parts: Parts, country: str | None) -> Iterator[Defect]:
    """A town that is missing, or of which there are two."""
    city, line1 = parts.get("city"), parts.get("line1")
    if city is not None and without_letters(city):
        yield Defect("missing_locality", "city", *city.whole())
    elif country and line1 and _TOWN.isdisjoint(parts):
        lines = ", ".join(parts[field].text for field in _LINES if field in parts)
        if only_street(lines, country):
            yield Defect("missing_locality", "line1", *line1.whole())
    if country == "CN" and line1:
        second = two_regions(line1)
        if second:
            yield Defect("two_regions", "line1", *second)


def _in_the_rest(parts: Parts, country: str | None) -> Iterator[Defect]:
    """Postcode, phone and recipient."""
    if country and "postcode" in parts:
        wrong = postcode_span(parts["postcode"], country)
        if wrong:
            yield Defect("invalid_postcode", "postcode", *wrong)
    if "phone" in parts:
        wrong = phone_span(parts["phone"], country)
        if wrong:
            yield Defect("invalid_phone", "phone", *wrong)
    if "recipient" in parts and is_dummy_name(parts["recipient"]):
        yield Defect("dummy_recipient", "recipient", *parts["recipient"].whole())
