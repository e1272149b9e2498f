"""Features of where the parcel goes, by which way and how it is paid, from what happened before.

Knows nothing of the buyer.
"""

from __future__ import annotations

import numpy as np

from features.address_place import mismatch_belief
from features.basket import most
from features.cut import Floats, Ints, Joined
from features.facts import NONE
from features.order import hours_between
from features.population import WINDOW_DAYS
from features.shares import ratio


def city_orders_per_day(city_orders_90d: Floats) -> Floats:
    """Orders per day to this city, past 90 days.

    (n,) float64 in [0, inf), orders per day.
    Never missing; a city never shipped to, or unknown, has none.
    Rarely served places have slower ways.
    """
    return city_orders_90d / WINDOW_DAYS


def postcode_area_orders_per_day(prefix_orders_90d: Floats) -> Floats:
    """Orders per day to this postcode area, past 90 days.

    (n,) float64 in [0, inf), orders per day.
    Never missing; an area never shipped to, or unknown, has none.
    As `city_orders_per_day`, on the carrier's own map.
    """
    return prefix_orders_90d / WINDOW_DAYS


def place_disputed_share(city_disputed_share: Floats) -> Floats:
    """Share of disputed orders in this city, shrunk to its postcode area and region.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Couriers and habits are local.
    """
    return city_disputed_share


def place_reviewed_share(city_reviewed_share: Floats) -> Floats:
    """Share of badly reviewed orders in this city, shrunk to its postcode area and region.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Bad reviews follow the last mile.
    """
    return city_reviewed_share


def place_late_share(city_late_share: Floats) -> Floats:
    """Share of late orders in this city, shrunk to its postcode area and region.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    The last mile is the same mile tomorrow.
    """
    return city_late_share


def region_late_share_recent(region_late_share_90d: Floats) -> Floats:
    """Share of late orders in this region, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Strikes, floods and peaks hit whole regions.
    """
    return region_late_share_90d


def place_refused_share(city_refused_share: Floats) -> Floats:
    """Share of orders refused at the door in this city, shrunk to its area and region.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    "Consider changing COD here" (Mercado Libre's mediation guide).
    """
    return city_refused_share


def place_failed_share(city_failed_share: Floats) -> Floats:
    """Share of failed deliveries in this city, shrunk to its area and region.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Nobody home and no such number are not refusals.
    """
    return city_failed_share


def place_transit_hours(city_transit_hours_mean: Floats) -> Floats:
    """Mean hours from shipping to delivery in this city, shrunk to its area and region.

    (n,) float64 in (-inf, inf), hours.
    Missing where nothing was delivered yet.
    The way itself.
    """
    return city_transit_hours_mean


def route_late_share_worst(items: Joined, route_late_share: Floats) -> Floats:
    """Highest share of late orders from a seller's postcode area to this region.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Ways, not places, are slow.
    """
    return most(items, route_late_share)


def route_transit_hours(items: Joined, route_transit_hours_mean: Floats) -> Floats:
    """Mean hours in transit from the farthest seller's postcode area to this region.

    (n,) float64 in (-inf, inf), hours.
    Missing where the basket is empty or nothing was delivered yet.
    What this way has really taken.
    """
    return most(items, route_transit_hours_mean)


def promise_against_way_days(
    placed_at: Floats,
    deliver_by_at: Floats,
    seller_handling_hours: Floats,
    route_transit_hours: Floats,
) -> Floats:
    """Days that the promise leaves over what this seller and this way have really taken.

    (n,) float64 in (-inf, inf), days.
    Missing where no delivery was promised or nothing was delivered yet.
    Negative: on the record so far it cannot be kept.
    """
    promised = hours_between(placed_at, deliver_by_at)
    return (promised - seller_handling_hours - route_transit_hours) / 24.0


def way_left_days(
    as_of: Floats,
    deliver_by_at: Floats,
    route_transit_hours: Floats,
) -> Floats:
    """Days left until the promise, less what this way has really taken.

    (n,) float64 in (-inf, inf), days.
    Missing where no delivery was promised or nothing was delivered yet.
    What the seller may still spend.
    """
    return (hours_between(as_of, deliver_by_at) - route_transit_hours) / 24.0


def payment_disputed_share_shop(payment_disputed_share: Floats) -> Floats:
    """Share of disputed orders among those paid this way.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    A category becomes its own record.
    """
    return payment_disputed_share


def payment_refused_share_shop(payment_refused_share: Floats) -> Floats:
    """Share of refused orders among those paid this way.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Cash on delivery is refused, cards are not.
    """
    return payment_refused_share


def carrier_late_share_recent(carrier_late_share_90d: Floats) -> Floats:
    """Share of late orders with this carrier, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Carriers have good and bad months.
    """
    return carrier_late_share_90d


def service_late_share(ship_service_late_share: Floats) -> Floats:
    """Share of late orders with this shipping service.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Express is promised tighter than it is driven.
    """
    return ship_service_late_share


def shop_disputed_share_recent(shop_disputed_share_90d: Floats) -> Floats:
    """Share of disputed orders in the whole shop, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    The level that everything else stands on.
    """
    return shop_disputed_share_90d


def shop_late_share_recent(shop_late_share_90d: Floats) -> Floats:
    """Share of late orders in the whole shop, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Peaks and strikes move the whole shop.
    """
    return shop_late_share_90d


def shop_orders_against_past(shop_orders: Floats, shop_orders_90d: Floats) -> Floats:
    """Orders of the shop in the past 90 days, against all its orders.

    (n,) float64 in [0, 1], share.
    Missing where the shop had no order yet.
    A rush: who grows fast ships late. Near 1 for a shop that is new.
    """
    return ratio(shop_orders_90d, shop_orders)


def postcode_elsewhere(area_key: Ints, area_delivered: Floats, prefix_delivered: Floats) -> Floats:
    """Belief that the postcode does not belong to the region, by where parcels arrived so far.

    (n,) float64 in [0, 1], probability.
    Missing where postcode or region are unknown; zero where nothing was delivered there yet.
    A postcode of one region and a town of another send the parcel to neither.
    """
    return np.where(area_key == NONE, np.nan, mismatch_belief(area_delivered, prefix_delivered))
