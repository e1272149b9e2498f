"""Features of the buyer's, the phone's and the address's past: the other orders they had.

Knows nothing of the basket or the way. Refusals at the door and failed deliveries never mix.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints, number
from features.facts import NONE
from features.order import hours_between, part
from features.shares import shrunk


def buyer_orders_before(buyer_orders_count: Ints) -> Floats:
    """Other orders of this buyer.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none. The latest 500 known are counted.
    Strangers and regulars complain differently.
    """
    return buyer_orders_count.astype(np.float64)


def buyer_orders_before_365d(buyer_orders_count_365d: Ints) -> Floats:
    """Other orders of this buyer in the past year.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Recent custom is custom.
    """
    return buyer_orders_count_365d.astype(np.float64)


def _own_share(events: Ints, orders: Ints, shop: Floats) -> Floats:
    return shrunk(events, orders, shop)


def buyer_disputed_share_shrunk(
    buyer_disputed_count: Ints, buyer_orders_count: Ints, shop_disputed_share: Floats
) -> Floats:
    """Share of this buyer's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Disputes count from the day they were opened and known.
    """
    return _own_share(buyer_disputed_count, buyer_orders_count, shop_disputed_share)


def buyer_disputes_before(buyer_disputed_count: Ints) -> Floats:
    """Other orders of this buyer that were disputed.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Who disputed once may again.
    """
    return buyer_disputed_count.astype(np.float64)


def buyer_claims_before(buyer_claimed_count: Ints) -> Floats:
    """Other orders of this buyer with a claim, chargeback or complaint.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    The costly kind.
    """
    return buyer_claimed_count.astype(np.float64)


def buyer_refused_share_shrunk(
    buyer_refused_count: Ints, buyer_orders_count: Ints, shop_refused_share: Floats
) -> Floats:
    """Share of this buyer's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    A failed delivery never counts here.
    """
    return _own_share(buyer_refused_count, buyer_orders_count, shop_refused_share)


def buyer_failed_share_shrunk(
    buyer_failed_count: Ints, buyer_orders_count: Ints, shop_failed_share: Floats
) -> Floats:
    """Share of this buyer's other orders whose delivery failed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Nobody home, no such number: an address to fix, not a refusal.
    """
    return _own_share(buyer_failed_count, buyer_orders_count, shop_failed_share)


def buyer_returned_share_shrunk(
    buyer_returned_count: Ints, buyer_orders_count: Ints, shop_returned_share: Floats
) -> Floats:
    """Share of this buyer's other orders returned or refunded, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Returning is a habit.
    """
    return _own_share(buyer_returned_count, buyer_orders_count, shop_returned_share)


def buyer_reviewed_share_shrunk(
    buyer_reviewed_count: Ints, buyer_orders_count: Ints, shop_reviewed_share: Floats
) -> Floats:
    """Share of this buyer's other orders that got a bad review, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Some write, most do not.
    """
    return _own_share(buyer_reviewed_count, buyer_orders_count, shop_reviewed_share)


def buyer_withdrawn_share_shrunk(
    buyer_withdrawn_count: Ints, buyer_orders_count: Ints, shop_withdrawn_share: Floats
) -> Floats:
    """Share of this buyer's other orders that the buyer cancelled, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Cancelling is a habit too.
    """
    return _own_share(buyer_withdrawn_count, buyer_orders_count, shop_withdrawn_share)


def buyer_late_before(buyer_late_count: Ints) -> Floats:
    """Other orders of this buyer that came late.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Patience is used up.
    """
    return buyer_late_count.astype(np.float64)


def buyer_open_orders(
    buyer_orders_count: Ints, buyer_shipped_count: Ints, buyer_cancelled_count: Ints
) -> Floats:
    """Other orders of this buyer that have neither shipped nor been cancelled.

    (n,) float64 in (-inf, 500], orders.
    Never missing; cancelled after shipping counts twice, so it may fall below zero.
    Several open orders at once are a bulk buy, a mistake or a test.
    """
    return (buyer_orders_count - buyer_shipped_count - buyer_cancelled_count).astype(np.float64)


def days_since_last_order(as_of: Ints, buyer_order_latest_at: Ints) -> Floats:
    """Days since this buyer's latest other order was placed.

    (n,) float64 in (-inf, inf), days.
    Missing where the buyer had no other order.
    Two orders within the hour are often one order and a mistake.
    """
    return hours_between(buyer_order_latest_at, as_of) / 24.0


def days_since_last_dispute(as_of: Ints, buyer_disputed_latest_at: Ints) -> Floats:
    """Days since this buyer's latest dispute became known.

    (n,) float64 in (0, inf), days.
    Missing where the buyer had no dispute.
    An open quarrel colours the next order.
    """
    return hours_between(buyer_disputed_latest_at, as_of) / 24.0


def amount_against_own_mean(
    home_amount: Ints, buyer_amount_total: Ints, buyer_amounts_count: Ints
) -> Floats:
    """Amount against the mean of this buyer's other orders.

    (n,) float64 in [0, inf), ratio.
    Missing where the buyer had no other order with a known amount.
    An order unlike the others is a doubt, or a fraud.
    """
    mean = part(buyer_amount_total.astype(np.float64), buyer_amounts_count.astype(np.float64))
    return part(number(home_amount), mean)


def amount_against_own_highest(home_amount: Ints, buyer_amount_max: Ints) -> Floats:
    """Amount against the dearest of this buyer's other orders.

    (n,) float64 in [0, inf), ratio.
    Missing where the buyer had no other order with a known amount.
    Above 1: the buyer has never spent so much here.
    """
    return part(number(home_amount), number(buyer_amount_max))


def buyer_account_days(placed_at: Ints, buyer_registered_at: Ints) -> Floats:
    """Days from the buyer's registration to this order.

    (n,) float64 in (-inf, inf), days.
    Missing where the registration is unknown.
    New accounts try things out.
    """
    return hours_between(buyer_registered_at, placed_at) / 24.0


def phone_orders_before(phone_orders_count: Ints) -> Floats:
    """Other orders with this phone number.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown phone has none.
    The phone stays when the account changes.
    """
    return phone_orders_count.astype(np.float64)


def phone_disputed_share_shrunk(
    phone_disputed_count: Ints, phone_orders_count: Ints, shop_disputed_share: Floats
) -> Floats:
    """Share of this phone's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Follows a person over accounts.
    """
    return _own_share(phone_disputed_count, phone_orders_count, shop_disputed_share)


def phone_refused_share_shrunk(
    phone_refused_count: Ints, phone_orders_count: Ints, shop_refused_share: Floats
) -> Floats:
    """Share of this phone's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Couriers call this number.
    """
    return _own_share(phone_refused_count, phone_orders_count, shop_refused_share)


def phone_other_buyers(phone_other_buyers_count: Ints) -> Floats:
    """Orders with this phone under another buyer's name.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown phone has none.
    A shared phone is a family, a reseller or a ring.
    """
    return phone_other_buyers_count.astype(np.float64)


def address_orders_before(address_orders_count: Ints) -> Floats:
    """Other orders to this street address.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown address has none.
    Lockers and offices have hundreds.
    """
    return address_orders_count.astype(np.float64)


def address_disputed_share_shrunk(
    address_disputed_count: Ints, address_orders_count: Ints, shop_disputed_share: Floats
) -> Floats:
    """Share of this address's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Some doors never work out.
    """
    return _own_share(address_disputed_count, address_orders_count, shop_disputed_share)


def address_failed_share_shrunk(
    address_failed_count: Ints, address_orders_count: Ints, shop_failed_share: Floats
) -> Floats:
    """Share of this address's other deliveries that failed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    The courier will not find it this time either.
    """
    return _own_share(address_failed_count, address_orders_count, shop_failed_share)


def address_refused_share_shrunk(
    address_refused_count: Ints, address_orders_count: Ints, shop_refused_share: Floats
) -> Floats:
    """Share of this address's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    A household's way.
    """
    return _own_share(address_refused_count, address_orders_count, shop_refused_share)


def address_other_buyers(address_other_buyers_count: Ints) -> Floats:
    """Orders to this address under another buyer's name.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown address has none.
    Above a dozen it is a locker, an office or a forwarder.
    """
    return address_other_buyers_count.astype(np.float64)


def has_buyer(buyer_key: Ints) -> Floats:
    """The buyer is known by an identity.

    (n,) float64 in [0, 1], truth.
    Never missing.
    Guests have no past to speak for them.
    """
    return np.not_equal(buyer_key, NONE).astype(np.float64)
