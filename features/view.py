"""The columns that features read: the order, its basket, address and messages, as known by then.

Knows nothing of features. Every column is a function whose parameters are the names of the
columns it reads; `features.plan` puts them in order. Columns of the order are (n,), one value a
query; columns of the basket are (m,), one value an item line, with `item_owner` naming its query.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from features.cut import Ints, Joined, last_of_runs, number
from features.events import EVENTS
from features.facts import NONE
from features.index import Index
from features.members import city_in_region, item_category, mixed
from features.past import WHOSE, Past, past
from features.population import States
from features.rates import Rates, home_minor
from features.schema import HOUR_US, SENDERS

Truths = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Query:
    """What is asked and of what: the roots of every column.

    Attributes:
        index: the tables of facts.
        order_key: (n,) the orders asked about.
        as_of: (n,) the moments, microseconds UTC.
        order_row: (n,) row of the version of `orders` known just before.
        states: the population states by day.
        rates: currencies to the home currency.
        timezone: the shop's, for hours and days that mean something to people.

    """

    index: Index
    order_key: Ints
    as_of: Ints
    order_row: Ints
    states: States
    rates: Rates
    timezone: str


# --- the order


def as_of(query: Query) -> Ints:
    """The moment of each query."""
    return query.as_of


def _order_fact(name: str) -> Any:
    def fact(query: Query) -> Ints:
        return query.index["orders"].column(name)[query.order_row]

    return fact


def _order_moment(name: str) -> Any:
    """A moment of the order that counts only once it has passed."""

    def moment(query: Query) -> Ints:
        at: Ints = query.index["orders"].column(name)[query.order_row]
        return np.where(at < query.as_of, at, NONE)

    return moment


def home_amount(query: Query, amount_minor: Ints, currency: Ints) -> Ints:
    """The order's amount in home minor units."""
    return home_minor(amount_minor, currency, query.rates)


@lru_cache(maxsize=1 << 14)
def _offset_us(hour: int, timezone: str) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415 - the only use, and no clock is read

    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(timezone))
    offset = moment.utcoffset()
    return int(offset.total_seconds()) * 1_000_000 if offset else 0


def local_placed_at(query: Query, placed_at: Ints) -> Ints:
    """The moment of placing on the shop's own clock, microseconds."""
    hours = placed_at // HOUR_US
    if len(hours) == 1:
        return placed_at + _offset_us(int(hours[0]), query.timezone)
    each, which = np.unique(hours, return_inverse=True)
    offsets = np.array([_offset_us(int(hour), query.timezone) for hour in each], np.int64)
    return placed_at + offsets[which]


# --- the basket


def items(query: Query) -> Joined:
    """Item lines of each order, the latest version known of each."""
    table = query.index["items"]
    joined = table.known(query.order_key, query.as_of)
    return joined.where(last_of_runs(joined.owner, table.column("line")[joined.row]))


def item_owner(items: Joined) -> Ints:
    """The query of each item line."""
    return items.owner


def _item_fact(name: str) -> Any:
    def fact(query: Query, items: Joined) -> Ints:
        return query.index["items"].column(name)[items.row]

    return fact


def category_key(query: Query, items: Joined) -> Ints:
    """Category of each item line, its own or its product's."""
    return item_category(query.index, items.row)


def home_unit_price(query: Query, items: Joined, unit_price_minor: Ints, currency: Ints) -> Ints:
    """Unit price of each item line in home minor units."""
    return home_minor(unit_price_minor, currency[items.owner], query.rates)


def product_row(query: Query, items: Joined, product_key: Ints) -> Ints:
    """Row of the product version known by then, -1 where the listing is unknown."""
    return query.index["products"].latest(product_key, query.as_of[items.owner])


def _product_fact(name: str) -> Any:
    def fact(query: Query, product_row: Ints) -> npt.NDArray[Any]:
        values = query.index["products"].take(name, product_row)
        return values if values.dtype.kind == "f" else number(values)

    return fact


def seller_row(query: Query, items: Joined, seller_key: Ints) -> Ints:
    """Row of the seller version known by then, -1 where unknown."""
    return query.index["sellers"].latest(seller_key, query.as_of[items.owner])


def _seller_fact(name: str) -> Any:
    def fact(query: Query, seller_row: Ints) -> npt.NDArray[Any]:
        return query.index["sellers"].take(name, seller_row)

    return fact


# --- the address


def addresses(query: Query) -> Joined:
    """Addresses of each order in the order they were recorded, latest version of each."""
    table = query.index["addresses"]
    joined = table.known(query.order_key, query.as_of)
    return joined.where(last_of_runs(joined.owner, table.column("recorded_at")[joined.row]))


def address_row(query: Query, addresses: Joined) -> Ints:
    """Row of the address in force, -1 where there is none."""
    found = np.full(len(query.as_of), -1, np.int64)
    found[addresses.owner] = addresses.row
    return found


def _address_fact(name: str) -> Any:
    def fact(query: Query, address_row: Ints) -> npt.NDArray[Any]:
        return query.index["addresses"].take(name, address_row)

    return fact


def city_key(query: Query, address_row: Ints) -> Ints:
    """The city within its region."""
    table = query.index["addresses"]
    if len(table.rows) == 0:
        return np.full(len(address_row), NONE, np.int64)
    return np.where(address_row >= 0, city_in_region(table)[address_row], NONE)


def route_key(items: Joined, seller_prefix_key: Ints, region_key: Ints) -> Ints:
    """Seller's postcode area to buyer's region, for each item line."""
    return mixed(seller_prefix_key, region_key[items.owner])


# --- messages


def messages(query: Query) -> Joined:
    """Messages of each order by time sent, latest version of each."""
    table = query.index["messages"]
    joined = table.known(query.order_key, query.as_of)
    return joined.where(last_of_runs(joined.owner, table.column("message_key")[joined.row]))


def message_owner(messages: Joined) -> Ints:
    """The query of each message."""
    return messages.owner


def _message_fact(name: str) -> Any:
    def fact(query: Query, messages: Joined) -> Ints:
        return query.index["messages"].column(name)[messages.row]

    return fact


def from_buyer(message_sender: Ints) -> Truths:
    """Messages that the buyer wrote."""
    return np.equal(message_sender, SENDERS.index("buyer"))


def from_seller(message_sender: Ints) -> Truths:
    """Messages that the seller wrote."""
    return np.equal(message_sender, SENDERS.index("seller"))


# --- the past


def order_position(query: Query, order_row: Ints) -> Ints:
    """Each query's order as a position among the orders that the facts know."""
    return np.searchsorted(query.index["orders"].ends, order_row, "right")


def order_row(query: Query) -> Ints:
    """Row of the order's version in force."""
    return query.order_row


def first_amounts(query: Query) -> Ints:
    """Home minor amount of the first version of every order known, (orders,)."""
    orders = query.index["orders"]
    amounts, currency = orders.column("amount_minor"), orders.column("currency")
    return home_minor(amounts[orders.starts], currency[orders.starts], query.rates)


def others(
    query: Query,
    order_position: Ints,
    first_amounts: Ints,
    buyer_key: Ints,
    phone_key: Ints,
    address_key: Ints,
) -> Past:
    """The other orders of this buyer, this phone and this address."""
    keys = np.stack([buyer_key, phone_key, address_key], axis=1)
    return past(query.index, keys, query.as_of, own=order_position, amounts=first_amounts)


def buyer_row(query: Query, buyer_key: Ints) -> Ints:
    """Row of the buyer version known by then, -1 where unknown."""
    return query.index["buyers"].latest(buyer_key, query.as_of)


def buyer_registered_at(query: Query, buyer_row: Ints) -> Ints:
    """When the buyer signed up, once it has passed."""
    at = query.index["buyers"].take("registered_at", buyer_row)
    return np.where(at < query.as_of, at, NONE)


def _past_columns(whose: str, slot: int) -> dict[str, Any]:
    """The composed columns of one of buyer, phone and address: {whose}_{what}_{statistic}."""

    def of(values: Ints) -> Ints:
        return values[slot :: len(WHOSE)]

    def event(name: str) -> Any:
        column = EVENTS.index(name)
        return lambda others: of(others.event_counts[:, column])

    columns: dict[str, Any] = {f"{whose}_{name}_count": event(name) for name in EVENTS}
    columns |= {
        f"{whose}_orders_count": lambda others: of(others.orders_count),
        f"{whose}_orders_count_365d": lambda others: of(others.count(others.recent)),
        f"{whose}_other_buyers_count": lambda others: of(others.count(others.other_buyer)),
        f"{whose}_amount_total": lambda others: of(others.amount_total),
        f"{whose}_amounts_count": lambda others: of(others.count(others.priced)),
        f"{whose}_amount_max": lambda others: of(others.greatest(others.amount, others.priced)),
        f"{whose}_order_latest_at": lambda others: of(others.latest_order_at),
        f"{whose}_disputed_latest_at": lambda others: of(others.latest_event("disputed")),
    }
    return columns


def _columns() -> dict[str, Any]:
    """Every column by name."""
    columns: dict[str, Any] = {f.__name__: f for f in _OWN}
    for name in ("paid_at",):
        columns[name] = _order_moment(name)
    for name in ORDER_FACTS:
        columns[name] = _order_fact(name)
    for name in ITEM_FACTS:
        columns[name] = _item_fact(name)
    for name in PRODUCT_FACTS:
        columns[f"product_{name}"] = _product_fact(name)
    for name in ("lat", "lon", "prefix_key", "city_key", "region_key"):
        columns[f"seller_{name}"] = _seller_fact(name)
    for name in ("lat", "lon", "line_length"):
        columns[f"address_{name}"] = _address_fact(name)
    columns["address_recorded_at"] = _address_fact("recorded_at")
    for name in ADDRESS_KEYS:
        columns[name] = _address_fact(name)
    for name in ("sent_at", "sender", "length", "questions", "exclamations"):
        columns[f"message_{name}"] = _message_fact(name)
    for slot, whose in enumerate(WHOSE):
        columns |= _past_columns(whose, slot)
    return columns


ORDER_FACTS = (
    "placed_at",
    "ship_by_at",
    "deliver_by_at",
    "amount_minor",
    "currency",
    "shipping_minor",
    "discount_minor",
    "payment_method",
    "instalments",
    "is_business",
    "is_gift",
    "buyer_key",
    "shop_key",
    "payment_key",
    "carrier_key",
    "ship_service_key",
)
ITEM_FACTS = ("line", "product_key", "variant_key", "seller_key", "quantity", "unit_price_minor")
PRODUCT_FACTS = (
    "title_length",
    "description_length",
    "photos",
    "stock",
    "weight_g",
    "length_cm",
    "width_cm",
    "height_cm",
)
ADDRESS_KEYS = ("phone_key", "address_key", "region_key", "prefix_key", "postcode_key")
_OWN = (
    *(as_of, home_amount, local_placed_at, order_row, order_position, first_amounts),
    *(items, item_owner, category_key, home_unit_price, product_row, seller_row),
    *(addresses, address_row, city_key, route_key),
    *(messages, message_owner, from_buyer, from_seller),
    *(others, buyer_row, buyer_registered_at),
)
COLUMNS = _columns()
