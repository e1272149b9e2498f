"""The defects of an address: a fixed vocabulary, what each means, and one found defect.

Knows nothing of how a defect is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# The countries whose habits the checks know; elsewhere only what holds everywhere is checked.
SERVED = (
    *("CN", "US", "CA", "MX", "BR", "AR", "CL", "CO"),
    *("ES", "PT", "GB", "DE", "FR", "IT", "IN", "ID"),
)
ANYWHERE: tuple[str, ...] = ()  # a check that asks for no country

# Columns of `addresses` that are read, in the order in which defects are told.
FIELDS = (
    "recipient",
    "phone",
    "line1",
    "line2",
    "district",
    "city",
    "region",
    "postcode",
    "country",
)


@dataclass(frozen=True)
class Kind:
    """One word of the vocabulary.

    Attributes:
        code: its name.
        meaning: one line for people.
        severity: high (the parcel will hardly arrive), medium (ask the buyer), low (good to know).
        countries: ISO 3166 alpha-2 codes that it is looked for in; empty means anywhere.
        for_model: false where it is shown to people only.

    """

    code: str
    meaning: str
    severity: str
    countries: tuple[str, ...] = ANYWHERE
    for_model: bool = True


# The place in this list is the bit of the mask: add at the end, never take out or move.
KINDS: tuple[Kind, ...] = (
    Kind("too_short", "The street lines hold next to nothing, or only a number.", "high"),
    Kind(
        "no_house_number",
        "A street, or a town alone, without the number or building to find there.",
        "high",
        SERVED,
    ),
    Kind(
        "number_declared_none",
        "The buyer says that the house has no number (s/n, snc).",
        "low",
        ("ES", "PT", "MX", "BR", "AR", "CL", "CO", "IT"),
    ),
    Kind("gibberish", "Keys hit at random, or one sign or syllable over and over.", "high"),
    Kind("placeholder", "Words that stand for an address: test, n/a, same as above.", "high"),
    Kind("too_many_symbols", "Signs that no address is written with, in number.", "medium"),
    Kind("garbled_text", "Letters were lost or broken on the way (Espa?a, SÃ£o).", "medium"),
    Kind("missing_locality", "A street and nothing that says in which town.", "high"),
    Kind("phone_in_address", "A phone number stands in the street lines or the city.", "low"),
    Kind("email_in_address", "An e-mail address stands where the parcel goes.", "medium"),
    Kind("po_box", "A PO box, poste restante or military post: most couriers cannot.", "medium"),
    Kind("locker", "A parcel locker or pick-up point: size, days and code matter.", "low"),
    Kind("invalid_postcode", "No postcode of that country looks like this.", "medium", SERVED),
    Kind(
        "postcode_region_mismatch",
        "The shop's delivered parcels to this postcode area went to other regions.",
        "medium",
    ),
    Kind(
        "postcode_city_mismatch",
        "The shop's delivered parcels to this postcode area went to other cities.",
        "low",
    ),
    Kind("invalid_phone", "No phone of that country has this number, or it is made up.", "medium"),
    Kind(
        "dummy_recipient",
        "The name is a filler (test, asdf, customer).",
        "medium",
        for_model=False,  # names are proxies for who people are
    ),
    Kind("mixed_script", "One word mixes letters of two scripts that look alike.", "medium"),
    Kind(
        "foreign_script",
        "Written in a script that couriers of that country do not read.",
        "medium",
        tuple(code for code in SERVED if code not in {"CN", "IN"}),
        for_model=False,  # the script is a proxy for where people are from
    ),
    Kind("two_regions", "Two different provinces in one address.", "medium", ("CN",)),
)
DEFECTS: tuple[str, ...] = tuple(kind.code for kind in KINDS)
KIND_OF: dict[str, Kind] = {kind.code: kind for kind in KINDS}
_BIT = {code: 1 << place for place, code in enumerate(DEFECTS)}
# Bits that a model may read: `mask & MODEL_BITS`.
MODEL_BITS = sum(_BIT[kind.code] for kind in KINDS if kind.for_model)


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect with its evidence.

    Attributes:
        code: one of DEFECTS.
        field: the address column it is found in.
        start: first code point of the offending part, in the field as received.
        end: one past the last.

    """

    code: str
    field: str
    start: int
    end: int


def mask(defects: Iterable[Defect]) -> int:
    """The codes found as bits in the order of DEFECTS, in [0, 2**63).

    >>> mask([Defect("no_house_number", "line1", 0, 8), Defect("too_short", "line1", 0, 8)])
    3
    """
    bits = 0
    for defect in defects:
        bits |= _BIT[defect.code]
    return bits


def codes_of(bits: int) -> tuple[str, ...]:
    """The codes whose bits are set, in the order of DEFECTS.

    >>> codes_of(3)
    ('too_short', 'no_house_number')
    """
    return tuple(code for code, bit in _BIT.items() if bits & bit)
