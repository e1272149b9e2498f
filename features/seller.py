"""Features of the sellers in the basket: their handling, backlog and record; the slowest counts.

Knows nothing of buyers.
"""

from __future__ import annotations

from features.basket import least, most
from features.cut import Floats, Joined
from features.population import WINDOW_DAYS
from features.shares import ratio


def seller_orders_before(items: Joined, seller_orders: Floats) -> Floats:
    """Orders of the least experienced seller so far.

    (n,) float64 in [0, inf), orders.
    Missing where the basket is empty.
    New sellers have not shown yet what they do.
    """
    return least(items, seller_orders)


def seller_orders_per_day(items: Joined, seller_orders_90d: Floats) -> Floats:
    """Orders per day of the busiest seller, past 90 days.

    (n,) float64 in [0, inf), orders per day.
    Missing where the basket is empty.
    A rate does not grow with the length of the export, a count does.
    """
    return most(items, seller_orders_90d / WINDOW_DAYS)


def seller_disputed_share_worst(items: Joined, seller_disputed_share: Floats) -> Floats:
    """Highest share of disputed orders of any seller.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Shrunk to the shop, so that one bad start is not a verdict.
    """
    return most(items, seller_disputed_share)


def seller_disputed_share_recent(items: Joined, seller_disputed_share_90d: Floats) -> Floats:
    """Highest share of disputed orders of any seller, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Sellers change; shrunk to the seller's own longer record.
    """
    return most(items, seller_disputed_share_90d)


def seller_reviewed_share_worst(items: Joined, seller_reviewed_share: Floats) -> Floats:
    """Highest share of badly reviewed orders of any seller.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    The buyer's word on goods and service together.
    """
    return most(items, seller_reviewed_share)


def seller_late_share_worst(items: Joined, seller_late_share: Floats) -> Floats:
    """Highest share of late orders of any seller.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Lateness is a habit.
    """
    return most(items, seller_late_share)


def seller_late_share_recent(items: Joined, seller_late_share_90d: Floats) -> Floats:
    """Highest share of late orders of any seller, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Peak seasons and strikes show here first.
    """
    return most(items, seller_late_share_90d)


def seller_returned_share_worst(items: Joined, seller_returned_share: Floats) -> Floats:
    """Highest share of returned or refunded orders of any seller.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Listings that promise too much come back.
    """
    return most(items, seller_returned_share)


def seller_handling_hours(items: Joined, seller_handling_hours_mean: Floats) -> Floats:
    """Mean hours from placing to shipping of the slowest seller.

    (n,) float64 in (-inf, inf), hours.
    Missing where the basket is empty or nothing was shipped yet.
    The part of the promise that the seller spends.
    """
    return most(items, seller_handling_hours_mean)


def seller_handling_hours_recent(items: Joined, seller_handling_hours_mean_90d: Floats) -> Floats:
    """Mean hours from placing to shipping of the slowest seller, past 90 days.

    (n,) float64 in (-inf, inf), hours.
    Missing where the basket is empty or nothing was shipped yet.
    As `seller_handling_hours`, sooner.
    """
    return most(items, seller_handling_hours_mean_90d)


def seller_unshipped_share_worst(items: Joined, seller_unshipped_share: Floats) -> Floats:
    """Highest share of a seller's orders still unshipped two weeks after placing.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or no order is two weeks old.
    Goods that were never there.
    """
    return most(items, seller_unshipped_share)


def seller_overdue_share_worst(items: Joined, seller_overdue_share: Floats) -> Floats:
    """Highest share of a seller's orders that missed their ship-by time.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or no ship-by time has passed.
    Known long before a delivery is late.
    """
    return most(items, seller_overdue_share)


def seller_overdue_share_recent(items: Joined, seller_overdue_share_90d: Floats) -> Floats:
    """Highest share of a seller's orders that missed their ship-by time, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or no ship-by time has passed.
    The quickest sign of a warehouse in trouble.
    """
    return most(items, seller_overdue_share_90d)


def seller_backlog_days(
    items: Joined,
    seller_orders_90d: Floats,
    seller_shipped_90d: Floats,
    seller_cancelled_90d: Floats,
) -> Floats:
    """Open orders of the most loaded seller, in days of its own shipping rate.

    (n,) float64 in (-inf, inf), days.
    Missing where no seller shipped anything in the past 90 days.
    A queue is lateness that has not happened yet.
    """
    waiting = seller_orders_90d - seller_shipped_90d - seller_cancelled_90d
    return most(items, ratio(waiting * float(WINDOW_DAYS), seller_shipped_90d))


def seller_transit_hours(items: Joined, seller_transit_hours_mean: Floats) -> Floats:
    """Mean hours from shipping to delivery of the slowest seller's parcels.

    (n,) float64 in (-inf, inf), hours.
    Missing where the basket is empty or nothing was delivered yet.
    The carrier that the seller chose.
    """
    return most(items, seller_transit_hours_mean)


def seller_spare_hours(items: Joined, seller_spare_hours_mean: Floats) -> Floats:
    """Mean hours between delivery and promise of the tightest seller.

    (n,) float64 in (-inf, inf), hours.
    Missing where the basket is empty or nothing was delivered yet.
    Small or negative: promises are made without reserve.
    """
    return least(items, seller_spare_hours_mean)
