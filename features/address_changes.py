"""Features of an address's changes: which part, how late before shipping, back and forth, how far.

Knows nothing of the buyer or of other orders.
"""

from __future__ import annotations

from features.cut import Floats
from features.order import hours_between, part
from features.schema import HOUR_US


def address_region_changes(region_changes: Floats) -> Floats:
    """Number of times the region of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    Another region is another depot, tariff and promise.
    """
    return region_changes


def address_postcode_changes(postcode_changes: Floats) -> Floats:
    """Number of times the postcode of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    Sorting goes by it.
    """
    return postcode_changes


def address_recipient_changes(recipient_changes: Floats) -> Floats:
    """Number of times the recipient of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    A parcel for somebody else is refused more often; that it changed is read, never the name.
    """
    return recipient_changes


def address_second_line_changes(line2_changes: Floats) -> Floats:
    """Number of times the second line of the address was changed.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    A flat number added late is good news that the label may have missed.
    """
    return line2_changes


def address_changed_back(address_returns: Floats) -> Floats:
    """Number of times the address went back to one that it had left.

    (n,) float64 in [0, inf), changes.
    Never missing; an order without any address has none.
    Back and forth is indecision, or two people ordering on one account.
    """
    return address_returns


def address_change_hours_before_ship_by(address_changed_at: Floats, ship_by_at: Floats) -> Floats:
    """Hours from the latest change of the address to the promised shipping.

    (n,) float64 in (-inf, inf), hours.
    Missing where the address never changed or nothing was promised.
    Late changes meet a parcel that is already packed.
    """
    return hours_between(address_changed_at, ship_by_at)


def address_change_share_of_handling(
    placed_at: Floats, address_changed_at: Floats, ship_by_at: Floats
) -> Floats:
    """How far into the handling time the address last changed.

    (n,) float64 in (-inf, inf), share.
    Missing where the address never changed, nothing was promised, or no time was left.
    An hour is late for a same-day order and early for a week's handling.
    """
    spent = hours_between(placed_at, address_changed_at)
    return part(spent, hours_between(placed_at, ship_by_at))


def shortest_hours_between_address_changes(shortest_stay_us: Floats) -> Floats:
    """Shortest time that one version of the address stood.

    (n,) float64 in [0, inf), hours.
    Missing where the address never changed.
    Minutes are a typing error mended; days are a move.
    """
    return shortest_stay_us / HOUR_US


def address_moved_km(moved_km: Floats) -> Floats:
    """Distance from the first address to the one in force.

    (n,) float64 in [0, 20100], kilometres.
    Missing where the coordinates of either are unknown; zero where it never changed.
    Around the corner is a correction, another city is another order.
    """
    return moved_km
