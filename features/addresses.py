"""What is wrong with an address as the buyer wrote it: defects with the offending part.

Knows nothing of the order, of other orders, or of maps. A pure function of the columns of one row
of `addresses`; `postcode_region_mismatch` and `postcode_city_mismatch` rest on counts of the
shop's delivered orders and are found in `features.address_place`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    "defect_bits",
    "defects",
    "mask",
]

_LINES = ("line1", "line2")
_ALONE = ("recipient", "phone", *_LINES, "postcode")  # read as this address has them
_TOWN = frozenset(("district", "city", "region", "postcode"))
MAX_READ = 500  # signs of a field that are read: no address is longer, and time is bounded
# Codes of a line that is no street, so asks for no house number.
_NO_STREET = frozenset(("po_box", "locker", "placeholder", "gibberish"))
_ASKED = frozenset(("line1", "city"))  # where a filler stands for what the parcel needs
_UNNUMBERED = frozenset(KIND_OF["number_declared_none"].countries)
_LATIN_ONLY = frozenset(KIND_OF["foreign_script"].countries)
Found = tuple[str, int, int]  # code, and its span in the field as received
Check = Callable[[Folded], Iterator[Found]]
Parts = dict[str, Folded]


def defects(row: Mapping[str, Any]) -> tuple[Defect, ...]:
    """Defects of an address, in the order of DEFECTS, then of FIELDS; each once a field.

    `row` maps address columns to texts; absent, null and blank ones are unknown and never a
    defect of their own. Without a country that we know, only what holds anywhere is checked.
    Start and end of each defect are code points of the field as received. Never raises.

    >>> [d.code for d in defects({"line1": "asdf asdf", "city": "Reno", "country": "US"})]
    ['gibberish']
    """
    texts = {name: text for name in FIELDS if (text := _text(row.get(name)))}
    country = country_of(texts.get("country"))
    parts = {name: fold(texts[name]) for name in _ALONE if name in texts}
    found = list(_in_lines(parts, country))
    found += _in_street(parts, country, {defect.code for defect in found})
    found += _in_towns(texts, country)
    if "line1" in parts and country:
        found += _in_one_line(parts, country, alone=_TOWN.isdisjoint(texts))
    found += _in_the_rest(parts, country)
    return tuple(sorted(found, key=_order) if found else found)


def defect_bits(columns: Sequence[Iterable[Any]]) -> list[int]:
    """`mask` of each row's defects: the columns of FIELDS in their order, (n,) each.

    An address that comes again is read once.

    >>> defect_bits([[None], ["12345"], *([[None]] * 7)])
    [32768]
    """
    rows = list(zip(*columns, strict=True))
    known = {row: mask(defects(dict(zip(FIELDS, row, strict=True)))) for row in set(rows)}
    return [known[row] for row in rows]


def _text(value: Any) -> str | None:
    return value[:MAX_READ] if isinstance(value, str) and not value.isspace() else None


def _order(defect: Defect) -> tuple[int, int]:
    return DEFECTS.index(defect.code), FIELDS.index(defect.field)


def _in_lines(parts: Parts, country: str | None) -> Iterator[Defect]:
    """What may stand in the street lines, whatever they say otherwise."""
    lines = [field for field in _LINES if field in parts]
    checks = _checks("\n".join([parts[field].text for field in lines]), country)
    for field in lines:
        for code, start, end in _of_text(parts[field], checks, filler=field in _ASKED):
            yield Defect(code, field, start, end)


def _of_text(text: Folded, checks: Sequence[Check], *, filler: bool) -> Iterator[Found]:
    if filler and is_filler(text):
        yield ("placeholder", *text.whole())
        return
    for check in checks:
        yield from check(text)


def _in_towns(texts: Mapping[str, str], country: str | None) -> Iterator[Defect]:
    for field in ("district", "city"):
        if field in texts:
            for code, start, end in _of_town(texts[field], country, city=field == "city"):
                yield Defect(code, field, start, end)


# Towns come again and again, streets and people hardly: only the first are worth remembering.
@lru_cache(maxsize=1 << 13)
def _of_town(name: str, country: str | None, *, city: bool) -> tuple[Found, ...]:
    """What is wrong with the name of a town; a city without a letter names none."""
    text = fold(name)
    found = tuple(_of_text(text, _checks(text.text, country), filler=city))
    if city and without_letters(text):
        found += (("missing_locality", *text.whole()),)
    return found


def _checks(text: str, country: str | None) -> list[Check]:
    """The checks that may find something in the text, which most addresses pass by unread."""
    checks: list[Check] = []
    if may_say(text):
        checks.append(words)
    if may_be_noisy(text):
        checks.append(noise)
    if not text.isascii() and country in _LATIN_ONLY:
        checks.append(unread)
    if may_hold_phone(text):
        checks.append(partial(phone_inside, country=country))
    return checks


def _in_street(parts: Parts, country: str | None, known: set[str]) -> Iterator[Defect]:
    """What both street lines together lack; what is no street at all lacks nothing more."""
    fields = [field for field in _LINES if field in parts]
    if not fields or not known.isdisjoint(_NO_STREET):
        return
    joined = ", ".join([parts[field].text for field in fields])
    first = fields[0]
    if too_short(joined):
        yield Defect("too_short", first, *parts[first].whole())
    elif country is not None and without_house(joined, country):
        yield Defect("no_house_number", first, *parts[first].whole())
    if country in _UNNUMBERED:
        yield from _declared(parts)


def _declared(parts: Parts) -> Iterator[Defect]:
    for field in _LINES:
        said = number_declared_none(parts[field].text) if field in parts else None
        if said:
            yield Defect("number_declared_none", field, *parts[field].span(*said))


def _in_one_line(parts: Parts, country: str, *, alone: bool) -> Iterator[Defect]:
    """What a first line lacks that stands alone, or says twice where everything is in it."""
    line1 = parts["line1"]
    if alone:
        lines = ", ".join([parts[field].text for field in _LINES if field in parts])
        if only_street(lines, country):
            yield Defect("missing_locality", "line1", *line1.whole())
    second = two_regions(line1) if country == "CN" else None
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
