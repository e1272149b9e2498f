"""Features of what is wrong with the address in force, from its defects as bits.

Knows nothing of texts or of the buyer; names and scripts of people stay out (`MODEL_BITS`).
"""

from __future__ import annotations

import numpy as np

from features.address_vocabulary import KINDS, MODEL_BITS, Defect, mask
from features.cut import Floats, Ints

_HIGH = MODEL_BITS & sum(1 << place for place, kind in enumerate(KINDS) if kind.severity == "high")
_LOW = MODEL_BITS & sum(1 << place for place, kind in enumerate(KINDS) if kind.severity == "low")


def _bits(*codes: str) -> int:
    return mask(Defect(code, "line1", 0, 0) for code in codes)


def _count(address_row: Ints, defect_bits: Ints, chosen: int) -> Floats:
    found = np.bitwise_count(defect_bits & chosen).astype(np.float64)
    return np.where(address_row < 0, np.nan, found)


def _any(address_row: Ints, defect_bits: Ints, *codes: str) -> Floats:
    return np.minimum(_count(address_row, defect_bits, _bits(*codes)), 1.0)


def address_defects(address_row: Ints, defect_bits: Ints) -> Floats:
    """Number of defects of the address, the merely good-to-know left out.

    (n,) float64 in [0, 63], defects.
    Missing where the order has no address.
    Incomplete addresses are one of the four signals of the dispute-prevention guide.
    """
    return _count(address_row, defect_bits, MODEL_BITS & ~_LOW)


def address_severe_defects(address_row: Ints, defect_bits: Ints) -> Floats:
    """Number of defects with which the parcel will hardly arrive.

    (n,) float64 in [0, 63], defects.
    Missing where the order has no address.
    A filler is none of the buyer's typing errors: nobody means to be found there.
    """
    return _count(address_row, defect_bits, _HIGH)


def address_lacks_number(address_row: Ints, defect_bits: Ints) -> Floats:
    """The address is a street or town alone, or next to nothing.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    The courier phones, or turns back.
    """
    return _any(address_row, defect_bits, "no_house_number", "too_short", "missing_locality")


def address_says_no_number(address_row: Ints, defect_bits: Ints) -> Floats:
    """The buyer says that the house has no number.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Honest, and still harder to find.
    """
    return _any(address_row, defect_bits, "number_declared_none")


def address_is_filler(address_row: Ints, defect_bits: Ints) -> Floats:
    """The address is gibberish or a placeholder.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    A test, a joke, or somebody who does not want the parcel.
    """
    return _any(address_row, defect_bits, "gibberish", "placeholder")


def address_is_box(address_row: Ints, defect_bits: Ints) -> Floats:
    """The address is a PO box or military post.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Most couriers cannot deliver there.
    """
    return _any(address_row, defect_bits, "po_box")


def address_is_locker(address_row: Ints, defect_bits: Ints) -> Floats:
    """The address is a parcel locker or pick-up point.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Nobody is absent, but parcels stay uncollected and nobody refuses at the door.
    """
    return _any(address_row, defect_bits, "locker")


def address_holds_contact(address_row: Ints, defect_bits: Ints) -> Floats:
    """A phone number or e-mail address stands in the address.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    A buyer who wants to be called knows why.
    """
    return _any(address_row, defect_bits, "phone_in_address", "email_in_address")


def address_is_illegible(address_row: Ints, defect_bits: Ints) -> Floats:
    """Letters of the address are broken, mixed from two scripts or drowned in signs.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    The label prints what we see.
    """
    return _any(address_row, defect_bits, "garbled_text", "mixed_script", "too_many_symbols")


def address_contradicts_itself(address_row: Ints, defect_bits: Ints) -> Floats:
    """The address names two provinces, or a postcode that its country does not have.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Two ways to sort it, one of them wrong.
    """
    return _any(address_row, defect_bits, "two_regions", "invalid_postcode")


def phone_is_invalid(address_row: Ints, defect_bits: Ints) -> Floats:
    """The phone is none of its country's, or made up.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Nobody answers at the door that cannot be found.
    """
    return _any(address_row, defect_bits, "invalid_phone")
