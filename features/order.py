"""Features of the order itself: its money, payment, promise and clock.

Knows nothing of other orders.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints
from features.facts import NONE
from features.schema import DAY_US, HOUR_US, PAYMENT_METHODS

MINOR = 100.0  # home amounts are shown in hundreds of minor units: whole units of most currencies


def hours_between(start: Floats, stop: Floats) -> Floats:
    """Hours from start to stop, NaN where either is unknown; the difference is exact."""
    hours: Floats = (stop - start) / HOUR_US
    return hours


def part(top: Floats, bottom: Floats) -> Floats:
    """Top over bottom; NaN where either is unknown or the bottom is zero."""
    return top / np.where(bottom > 0, bottom, np.nan)


def order_amount(home_amount: Floats) -> Floats:
    """Amount of the order in the shop's home currency.

    (n,) float64 in [0, inf), hundreds of minor units.
    Missing where the amount or the currency's rate is unknown.
    What is at stake decides who complains and how far they go.
    """
    return home_amount / MINOR


def order_shipping_share(shipping_minor: Floats, amount_minor: Floats) -> Floats:
    """Shipping cost as a share of the amount.

    (n,) float64 in [0, inf), share.
    Missing where either is unknown or the amount is zero.
    Dear shipping goes with far places, heavy goods and disappointed bargains.
    """
    return part(shipping_minor, amount_minor)


def order_discount_share(discount_minor: Floats, amount_minor: Floats) -> Floats:
    """Discount as a share of the amount.

    (n,) float64 in [0, inf), share.
    Missing where either is unknown or the amount is zero.
    Bargain hunters return and cancel more.
    """
    return part(discount_minor, amount_minor)


def order_instalments(instalments: Floats) -> Floats:
    """Number of instalments the order is paid in.

    (n,) float64 in [0, 1000), instalments.
    Missing where unknown.
    A stretched budget makes a late or wrong parcel weigh more.
    """
    return np.minimum(instalments, 999.0)


def _pays_by(method: str, payment_method: Ints) -> Floats:
    paid = payment_method == PAYMENT_METHODS.index(method)
    return np.where(payment_method == NONE, np.nan, paid)


def pays_on_delivery(payment_method: Ints) -> Floats:
    """The order is paid in cash on delivery.

    (n,) float64 in [0, 1], truth.
    Missing where the payment method is unknown.
    Refusing at the door costs such a buyer nothing (Mercado Libre's COD mediation guide).
    """
    return _pays_by("cash_on_delivery", payment_method)


def pays_by_transfer(payment_method: Ints) -> Floats:
    """The order is paid by bank transfer or slip.

    (n,) float64 in [0, 1], truth.
    Missing where the payment method is unknown.
    Slips clear days later, and the promise has been running since.
    """
    return _pays_by("bank_transfer", payment_method)


def pays_by_voucher(payment_method: Ints) -> Floats:
    """The order is paid mainly with a voucher.

    (n,) float64 in [0, 1], truth.
    Missing where the payment method is unknown.
    A voucher is often the settlement of an earlier trouble.
    """
    return _pays_by("voucher", payment_method)


def is_paid(paid_at: Floats) -> Floats:
    """The payment has cleared.

    (n,) float64 in [0, 1], truth.
    Never missing: without a payment known, it has not cleared.
    Unpaid orders are cancelled or shipped late.
    """
    return np.isfinite(paid_at).astype(np.float64)


def hours_to_payment(placed_at: Floats, paid_at: Floats) -> Floats:
    """Hours from placing to payment.

    (n,) float64 in (-inf, inf), hours.
    Missing where the payment has not cleared.
    A slow payment eats the time that the promise was made of.
    """
    return hours_between(placed_at, paid_at)


def hours_since_placed(placed_at: Floats, as_of: Floats) -> Floats:
    """Hours since the order was placed.

    (n,) float64 in (-inf, inf), hours.
    Never missing.
    An order that is still unshipped days later is in trouble already.
    """
    return hours_between(placed_at, as_of)


def promise_days(placed_at: Floats, deliver_by_at: Floats) -> Floats:
    """Days from placing to the promised delivery.

    (n,) float64 in (-inf, inf), days.
    Missing where no delivery was promised.
    Long promises go with far places; short ones break.
    """
    return hours_between(placed_at, deliver_by_at) / 24.0


def days_left_to_promise(as_of: Floats, deliver_by_at: Floats) -> Floats:
    """Days left until the promised delivery.

    (n,) float64 in (-inf, inf), days.
    Missing where no delivery was promised.
    What is left is what the carrier has.
    """
    return hours_between(as_of, deliver_by_at) / 24.0


def hours_to_ship_by(as_of: Floats, ship_by_at: Floats) -> Floats:
    """Hours left until the order must ship.

    (n,) float64 in (-inf, inf), hours.
    Missing where no ship-by time is known.
    Past it, platforms count the order as late.
    """
    return hours_between(as_of, ship_by_at)


def slack_days(ship_by_at: Floats, deliver_by_at: Floats) -> Floats:
    """Days between the ship-by time and the promised delivery.

    (n,) float64 in (-inf, inf), days.
    Missing where either is unknown.
    The carrier's share of the promise.
    """
    return hours_between(ship_by_at, deliver_by_at) / 24.0


def promise_weekday(deliver_by_at: Floats) -> Floats:
    """Day of the week of the promised delivery, Monday is 0.

    (n,) float64 in [0, 6], days.
    Missing where no delivery was promised.
    Promises that end after a weekend have two idle days inside.
    """
    return (deliver_by_at // DAY_US + 3) % 7  # 1970-01-01 was a Thursday


def placed_hour(local_placed_at: Ints) -> Floats:
    """Hour of the day of placing, on the shop's clock.

    (n,) float64 in [0, 24), hours.
    Never missing.
    Night orders are impulsive; late ones miss the day's collection.
    """
    return (local_placed_at % DAY_US) / HOUR_US


def placed_weekday(local_placed_at: Ints) -> Floats:
    """Day of the week of placing, Monday is 0, on the shop's clock.

    (n,) float64 in [0, 6], days.
    Never missing.
    Friday's orders wait for Monday.
    """
    return ((local_placed_at // DAY_US + 3) % 7).astype(np.float64)


def is_business_order(is_business: Floats) -> Floats:
    """The buyer is a business.

    (n,) float64 in [0, 1], truth.
    Missing where unknown.
    Businesses complain about dates and papers, not about taste.
    """
    return is_business


def is_gift_order(is_gift: Floats) -> Floats:
    """The order is a gift.

    (n,) float64 in [0, 1], truth.
    Missing where unknown.
    A gift has a date, and two people to please.
    """
    return is_gift
