"""Features of the address itself: how often it changed, how late, which part, and how far it is.

Knows nothing of the buyer or of other orders.
"""

from __future__ import annotations

import numpy as np

from features.basket import most
from features.cut import Floats, Ints, Joined, number
from features.facts import NONE
from features.order import hours_between
from features.view import Query

EARTH_KM = 6371.0  # mean radius


def address_changes(as_of: Ints, addresses: Joined) -> Floats:
    """Number of times the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    One of the four signals of the dispute-prevention guide.
    """
    recorded = np.bincount(addresses.owner, minlength=len(as_of))
    return np.maximum(recorded - 1, 0).astype(np.float64)


def hours_since_address_change(as_of: Ints, address_recorded_at: Ints) -> Floats:
    """Hours since the address in force was recorded.

    (n,) float64 in (-inf, inf), hours.
    Missing where the order has no address.
    Fresh changes miss the label that is already printed.
    """
    return hours_between(address_recorded_at, as_of)


def address_change_delay_hours(placed_at: Ints, address_recorded_at: Ints) -> Floats:
    """Hours from placing to the latest address record.

    (n,) float64 in (-inf, inf), hours.
    Missing where the order has no address.
    Late changes are the ones that go wrong.
    """
    return hours_between(placed_at, address_recorded_at)


def _changed(query: Query, addresses: Joined, part: str) -> Floats:
    """Changes of one part between consecutive addresses of an order."""
    key = query.index["addresses"].column(part)[addresses.row]
    same_order = addresses.owner[1:] == addresses.owner[:-1]
    moved = same_order & (key[1:] != key[:-1])
    owner = addresses.owner[1:][moved]
    return np.bincount(owner, minlength=len(query.as_of)).astype(np.float64)


def address_city_changes(query: Query, addresses: Joined) -> Floats:
    """Number of times the city of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    Another city is another way.
    """
    return _changed(query, addresses, "city_key")


def address_phone_changes(query: Query, addresses: Joined) -> Floats:
    """Number of times the phone of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    The courier calls the old one.
    """
    return _changed(query, addresses, "phone_key")


def address_street_changes(query: Query, addresses: Joined) -> Floats:
    """Number of times the street line of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    A house number added is good news; back and forth is not.
    """
    return _changed(query, addresses, "line1_key")


def has_phone(address_row: Ints, phone_key: Ints) -> Floats:
    """The address has a phone number that can be one.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Without it the courier gives up at the door.
    """
    return np.where(address_row < 0, np.nan, (phone_key != NONE).astype(np.float64))


def has_postcode(address_row: Ints, postcode_key: Ints) -> Floats:
    """The address has a postcode.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Sorted by hand without it.
    """
    return np.where(address_row < 0, np.nan, (postcode_key != NONE).astype(np.float64))


def address_length(address_line_length: Ints) -> Floats:
    """Length of the street line.

    (n,) float64 in [0, inf), characters.
    Missing where there is no street line.
    Too short has no house number; too long holds instructions.
    """
    return number(address_line_length)


def distance_km(
    as_of: Ints,
    item_owner: Ints,
    address_lat: Floats,
    address_lon: Floats,
    seller_lat: Floats,
    seller_lon: Floats,
) -> Floats:
    """Distance from the farthest seller to the buyer.

    (n,) float64 in [0, 20100], kilometres.
    Missing where the coordinates of either are unknown.
    Great circle (haversine); the way is longer, but in proportion.
    """
    lat, lon = np.radians(address_lat)[item_owner], np.radians(address_lon)[item_owner]
    from_lat, from_lon = np.radians(seller_lat), np.radians(seller_lon)
    half = np.sin((lat - from_lat) / 2) ** 2
    half += np.cos(lat) * np.cos(from_lat) * np.sin((lon - from_lon) / 2) ** 2
    apart = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return most(item_owner, apart, len(as_of))
