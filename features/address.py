"""Features of the address itself: how often it changed, how late, which part, and how far it is.

Knows nothing of the buyer or of other orders.
"""

from __future__ import annotations

import numpy as np

from features.basket import most
from features.cut import Floats, Ints, Joined
from features.distance import great_circle_km
from features.facts import NONE
from features.order import hours_between


def address_changes(addresses: Joined) -> Floats:
    """Number of times the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    One of the four signals of the dispute-prevention guide.
    """
    return np.maximum(addresses.counts() - 1.0, 0.0)


def hours_since_address_change(as_of: Floats, address_recorded_at: Floats) -> Floats:
    """Hours since the address in force was recorded.

    (n,) float64 in (-inf, inf), hours.
    Missing where the order has no address.
    Fresh changes miss the label that is already printed.
    """
    return hours_between(address_recorded_at, as_of)


def address_change_delay_hours(placed_at: Floats, address_recorded_at: Floats) -> Floats:
    """Hours from placing to the latest address record.

    (n,) float64 in (-inf, inf), hours.
    Missing where the order has no address.
    Late changes are the ones that go wrong.
    """
    return hours_between(placed_at, address_recorded_at)


def address_city_changes(city_changes: Floats) -> Floats:
    """Number of times the city of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    Another city is another way.
    """
    return city_changes


def address_phone_changes(phone_changes: Floats) -> Floats:
    """Number of times the phone of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    The courier calls the old one.
    """
    return phone_changes


def address_street_changes(street_changes: Floats) -> Floats:
    """Number of times the street line of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    A house number added is good news; back and forth is not.
    """
    return street_changes


def has_phone(address_row: Ints, phone_key: Ints) -> Floats:
    """The address has a phone number that can be one.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Without it the courier gives up at the door.
    """
    return np.where(address_row < 0, np.nan, phone_key != NONE)


def has_postcode(address_row: Ints, postcode_key: Ints) -> Floats:
    """The address has a postcode.

    (n,) float64 in [0, 1], truth.
    Missing where the order has no address.
    Sorted by hand without it.
    """
    return np.where(address_row < 0, np.nan, postcode_key != NONE)


def address_length(address_line_length: Floats) -> Floats:
    """Length of the street line.

    (n,) float64 in [0, inf), characters.
    Missing where there is no street line.
    Too short has no house number; too long holds instructions.
    """
    return address_line_length


def distance_km(items: Joined, address_place: Floats, seller_place: Floats) -> Floats:
    """Distance from the farthest seller to the buyer.

    (n,) float64 in [0, 20100], kilometres.
    Missing where the coordinates of either are unknown.
    Great circle (haversine); the way is longer, but in proportion.
    """
    place, from_place = items.spread(np.radians(address_place)), np.radians(seller_place)
    return most(items, great_circle_km(from_place, place))
