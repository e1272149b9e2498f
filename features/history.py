"""Features of the buyer's, the phone's and the address's past: the other orders they had.

Knows nothing of the basket or the way. Refusals at the door and failed deliveries never mix.
"""

from __future__ import annotations

import numpy as np

from features.cut import Floats, Ints
from features.facts import NONE
from features.order import hours_between, part


def buyer_orders_before(buyer_orders_count: Floats) -> Floats:
    """Other orders of this buyer.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none. The latest 500 known are counted.
    Strangers and regulars complain differently.
    """
    return buyer_orders_count


def buyer_orders_before_365d(buyer_orders_count_365d: Floats) -> Floats:
    """Other orders of this buyer in the past year.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Recent custom is custom.
    """
    return buyer_orders_count_365d


def buyer_disputed_share_shrunk(buyer_disputed_share: Floats) -> Floats:
    """Share of this buyer's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Disputes count from the day they were opened and known.
    """
    return buyer_disputed_share


def buyer_disputes_before(buyer_disputed_count: Floats) -> Floats:
    """Other orders of this buyer that were disputed.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Who disputed once may again.
    """
    return buyer_disputed_count


def buyer_claims_before(buyer_claimed_count: Floats) -> Floats:
    """Other orders of this buyer with a claim, chargeback or complaint.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    The costly kind.
    """
    return buyer_claimed_count


def buyer_refused_share_shrunk(buyer_refused_share: Floats) -> Floats:
    """Share of this buyer's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    A failed delivery never counts here.
    """
    return buyer_refused_share


def buyer_failed_share_shrunk(buyer_failed_share: Floats) -> Floats:
    """Share of this buyer's other orders whose delivery failed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Nobody home, no such number: an address to fix, not a refusal.
    """
    return buyer_failed_share


def buyer_returned_share_shrunk(buyer_returned_share: Floats) -> Floats:
    """Share of this buyer's other orders returned or refunded, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Returning is a habit.
    """
    return buyer_returned_share


def buyer_reviewed_share_shrunk(buyer_reviewed_share: Floats) -> Floats:
    """Share of this buyer's other orders that got a bad review, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Some write, most do not.
    """
    return buyer_reviewed_share


def buyer_withdrawn_share_shrunk(buyer_withdrawn_share: Floats) -> Floats:
    """Share of this buyer's other orders that the buyer cancelled, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Cancelling is a habit too.
    """
    return buyer_withdrawn_share


def buyer_late_before(buyer_late_count: Floats) -> Floats:
    """Other orders of this buyer that came late.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown buyer has none.
    Patience is used up.
    """
    return buyer_late_count


def buyer_open_orders(
    buyer_orders_count: Floats,
    buyer_shipped_count: Floats,
    buyer_cancelled_count: Floats,
) -> Floats:
    """Other orders of this buyer that have neither shipped nor been cancelled.

    (n,) float64 in (-inf, 500], orders.
    Never missing; cancelled after shipping counts twice, so it may fall below zero.
    Several open orders at once are a bulk buy, a mistake or a test.
    """
    return buyer_orders_count - buyer_shipped_count - buyer_cancelled_count


def days_since_last_order(as_of: Floats, buyer_order_latest_at: Floats) -> Floats:
    """Days since this buyer's latest other order was placed.

    (n,) float64 in (-inf, inf), days.
    Missing where the buyer had no other order.
    Two orders within the hour are often one order and a mistake.
    """
    return hours_between(buyer_order_latest_at, as_of) / 24.0


def days_since_last_dispute(as_of: Floats, buyer_disputed_latest_at: Floats) -> Floats:
    """Days since this buyer's latest dispute became known.

    (n,) float64 in (0, inf), days.
    Missing where the buyer had no dispute.
    An open quarrel colours the next order.
    """
    return hours_between(buyer_disputed_latest_at, as_of) / 24.0


def amount_against_own_mean(
    home_amount: Floats, buyer_amount_total: Floats, buyer_amounts_count: Floats
) -> Floats:
    """Amount against the mean of this buyer's other orders.

    (n,) float64 in [0, inf), ratio.
    Missing where the buyer had no other order with a known amount.
    An order unlike the others is a doubt, or a fraud.
    """
    mean = part(buyer_amount_total, buyer_amounts_count)
    return part(home_amount, mean)


def amount_against_own_highest(home_amount: Floats, buyer_amount_max: Floats) -> Floats:
    """Amount against the dearest of this buyer's other orders.

    (n,) float64 in [0, inf), ratio.
    Missing where the buyer had no other order with a known amount.
    Above 1: the buyer has never spent so much here.
    """
    return part(home_amount, buyer_amount_max)


def buyer_account_days(placed_at: Floats, buyer_registered_at: Floats) -> Floats:
    """Days from the buyer's registration to this order.

    (n,) float64 in (-inf, inf), days.
    Missing where the registration is unknown.
    New accounts try things out.
    """
    return hours_between(buyer_registered_at, placed_at) / 24.0


def phone_orders_before(phone_orders_count: Floats) -> Floats:
    """Other orders with this phone number.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown phone has none.
    The phone stays when the account changes.
    """
    return phone_orders_count


def phone_disputed_share_shrunk(phone_disputed_share: Floats) -> Floats:
    """Share of this phone's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Follows a person over accounts.
    """
    return phone_disputed_share


def phone_refused_share_shrunk(phone_refused_share: Floats) -> Floats:
    """Share of this phone's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Couriers call this number.
    """
    return phone_refused_share


def phone_other_buyers(phone_other_buyers_count: Floats) -> Floats:
    """Orders with this phone under another buyer's name.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown phone has none.
    A shared phone is a family, a reseller or a ring.
    """
    return phone_other_buyers_count


def address_orders_before(address_orders_count: Floats) -> Floats:
    """Other orders to this street address.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown address has none.
    Lockers and offices have hundreds.
    """
    return address_orders_count


def address_disputed_share_shrunk(address_disputed_share: Floats) -> Floats:
    """Share of this address's other orders that were disputed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    Some doors never work out.
    """
    return address_disputed_share


def address_failed_share_shrunk(address_failed_share: Floats) -> Floats:
    """Share of this address's other deliveries that failed, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    The courier will not find it this time either.
    """
    return address_failed_share


def address_refused_share_shrunk(address_refused_share: Floats) -> Floats:
    """Share of this address's other orders refused at the door, shrunk to the shop's.

    (n,) float64 in [0, 1], share.
    Missing where the shop has no resolved order yet.
    A household's way.
    """
    return address_refused_share


def address_other_buyers(address_other_buyers_count: Floats) -> Floats:
    """Orders to this address under another buyer's name.

    (n,) float64 in [0, 500], orders.
    Never missing; an unknown address has none.
    Above a dozen it is a locker, an office or a forwarder.
    """
    return address_other_buyers_count


def has_buyer(buyer_key: Ints) -> Floats:
    """The buyer is known by an identity.

    (n,) float64 in [0, 1], truth.
    Never missing.
    Guests have no past to speak for them.
    """
    return np.not_equal(buyer_key, NONE).astype(np.float64)
