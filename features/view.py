"""The columns that features read: the order, its basket, address and messages, as known by then.

Knows nothing of features. Every column is a function whose parameters are the names of the
columns it reads, or a part of a matrix of columns; `features.plan` puts them in order. Columns of
the order are (n,), one value a query; columns of the basket are (m,), one value an item line,
with `items.owner` naming its query. Keys, codes and `as_of` are int64 with NONE, everything else
float64 with NaN: moments are exact in both, so hours are one subtraction.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from features.basket import first_lines, whole_total
from features.cut import Floats, Ints, Joined, number
from features.facts import DTYPES, NONE
from features.index import Index
from features.joined import Truths
from features.members import item_category, mixed
from features.past import WHOSE, Past, past
from features.population import States
from features.rates import Rates
from features.schema import HOUR_US, SENDERS
from features.sketch import FIELDS


def _place(table: str, fact: str) -> int:
    return (DTYPES[table].names or ()).index(fact)


def _places(table: str, *facts: str) -> list[int]:
    return [_place(table, fact) for fact in facts]


_CATEGORY = _places("items", "category_key", "product_key", "known_at")
_SKETCH = _place("messages", FIELDS[0])
_WRITTEN = _places("messages", "length", "questions", "exclamations")
_MOVING = _places("addresses", "city_key", "phone_key", "line1_key")  # see `address_moves`
_ADDRESS_PLACE = slice(_place("addresses", "lat"), _place("addresses", "lon") + 1)
_SELLER_PLACE = slice(_place("sellers", "lat"), _place("sellers", "lon") + 1)


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


def as_of(query: Query) -> Floats:
    """The moment of each query."""
    return query.as_of.astype(np.float64)


def order_facts(query: Query) -> Ints:
    """(facts, n): facts of the order's version in force, NONE where unknown."""
    return query.index["orders"].facts(query.order_row)


def order_numbers(order_facts: Ints) -> Floats:
    """(facts, n): the same as numbers, NaN where unknown."""
    return number(order_facts)


def paid_at(as_of: Floats, told_paid_at: Floats) -> Floats:
    """The moment of payment, which counts only once it has passed."""
    return np.where(told_paid_at < as_of, told_paid_at, np.nan)


def home_factor(query: Query, currency: Ints) -> Floats:
    """Home minor units per minor unit of the order's currency, NaN where no rate is set."""
    return query.rates.factors(currency)


def home_amount(amount_minor: Floats, home_factor: Floats) -> Floats:
    """The order's amount in home minor units."""
    return np.rint(amount_minor * home_factor)


@lru_cache(maxsize=1 << 14)
def _offset_us(hour: int, timezone: str) -> int:
    from datetime import UTC, datetime  # noqa: PLC0415 - the only use, and no clock is read

    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(ZoneInfo(timezone))
    offset = moment.utcoffset()
    return int(offset.total_seconds()) * 1_000_000 if offset else 0


def local_placed_at(query: Query, placed_moment: Ints) -> Ints:
    """The moment of placing on the shop's own clock, microseconds."""
    if len(placed_moment) == 1:
        return placed_moment + _offset_us(placed_moment.item() // HOUR_US, query.timezone)
    each, which = np.unique(placed_moment // HOUR_US, return_inverse=True)
    offsets = np.array([_offset_us(int(hour), query.timezone) for hour in each], np.int64)
    return placed_moment + offsets[which]


# --- the basket


def items(query: Query) -> Joined:
    """Item lines of each order, the latest version known of each."""
    return query.index["items"].in_force(query.order_key, query.as_of, "line")


def item_facts(query: Query, items: Joined) -> Ints:
    """(facts, m): facts of each item line."""
    return query.index["items"].facts(items.row)


def item_numbers(item_facts: Ints) -> Floats:
    """(facts, m): the same as numbers."""
    return number(item_facts)


def category_key(query: Query, item_facts: Ints) -> Ints:
    """Category of each item line, its own or its product's."""
    category, product, known_at = (item_facts[place] for place in _CATEGORY)
    return item_category(query.index["products"], category, product, known_at)


def is_first_of_product(items: Joined, product_key: Ints) -> Truths:
    """One line of each product."""
    return first_lines(items, product_key)


def is_first_of_seller(items: Joined, seller_key: Ints) -> Truths:
    """One line of each seller."""
    return first_lines(items, seller_key)


def is_first_of_variant(items: Joined, variant_key: Ints) -> Truths:
    """One line of each variant."""
    return first_lines(items, variant_key)


def home_unit_price(items: Joined, unit_price_minor: Floats, home_factor: Floats) -> Floats:
    """Unit price of each item line in home minor units."""
    return np.rint(unit_price_minor * items.spread(home_factor))


def product_facts(query: Query, items: Joined, product_key: Ints) -> Ints:
    """(facts, m): facts of each line's product as known by then."""
    products = query.index["products"]
    return products.facts(products.latest(product_key, items.spread(query.as_of)))


def product_numbers(product_facts: Ints) -> Floats:
    """(facts, m): its whole numbers."""
    return number(product_facts)


def product_measures(product_facts: Ints) -> Floats:
    """(facts, m): its measures."""
    return product_facts.view(np.float64)


def seller_facts(query: Query, items: Joined, seller_key: Ints) -> Ints:
    """(facts, m): facts of each line's seller as known by then."""
    sellers = query.index["sellers"]
    return sellers.facts(sellers.latest(seller_key, items.spread(query.as_of)))


def seller_place(seller_facts: Ints) -> Floats:
    """(2, m): latitude and longitude of each line's seller."""
    return seller_facts.view(np.float64)[_SELLER_PLACE]


# --- the address


def addresses(query: Query) -> Joined:
    """Addresses of each order in the order they were recorded, latest version of each."""
    return query.index["addresses"].in_force(query.order_key, query.as_of, "recorded_at")


def address_row(addresses: Joined) -> Ints:
    """Row of the address in force, -1 where there is none."""
    return addresses.last()


def address_facts(query: Query, address_row: Ints) -> Ints:
    """(facts, n): facts of the address in force, NONE where there is none."""
    return query.index["addresses"].facts(address_row)


def address_numbers(address_facts: Ints) -> Floats:
    """(facts, n): its whole numbers."""
    return number(address_facts)


def address_place(address_facts: Ints) -> Floats:
    """(2, n): latitude and longitude of the address in force."""
    return address_facts.view(np.float64)[_ADDRESS_PLACE]


def city_key(address_city_key: Ints, region_key: Ints) -> Ints:
    """The city within its region: towns share names."""
    return mixed(address_city_key, region_key)


def area_key(prefix_key: Ints, region_key: Ints) -> Ints:
    """The postcode area as one of its region: seldom are there two."""
    return mixed(prefix_key, region_key)


def route_key(items: Joined, seller_prefix_key: Ints, region_key: Ints) -> Ints:
    """Seller's postcode area to buyer's region, for each item line."""
    return mixed(seller_prefix_key, items.spread(region_key))


def address_moves(query: Query, addresses: Joined) -> Floats:
    """(3, n): how often city, phone and street changed between consecutive addresses."""
    moves = np.zeros((len(_MOVING), len(addresses)))
    if len(addresses) > len(addresses.starts):
        said = query.index["addresses"].facts(addresses.row)[_MOVING]
        moves[:, 1:] = said[:, 1:] != said[:, :-1]
        moves[:, addresses.starts] = 0.0
    return addresses.reduced(np.add, moves, 0.0)


# --- messages


def messages(query: Query) -> Joined:
    """Messages of each order by time sent, latest version of each."""
    return query.index["messages"].in_force(query.order_key, query.as_of, "message_key")


def message_facts(query: Query, messages: Joined) -> Ints:
    """(facts, messages): facts of each message but its sketch, which stands last."""
    return query.index["messages"].facts(messages.row, before=_SKETCH)


def from_buyer(message_sender: Ints) -> Truths:
    """Messages that the buyer wrote."""
    return np.equal(message_sender, SENDERS.index("buyer"))


def from_seller(message_sender: Ints) -> Truths:
    """Messages that the seller wrote."""
    return np.equal(message_sender, SENDERS.index("seller"))


def message_numbers(message_facts: Ints) -> Floats:
    """(facts, messages): facts of each message as numbers."""
    return number(message_facts)


def buyer_wrote(message_numbers: Floats, from_buyer: Truths) -> Floats:
    """(facts, messages): what the buyer wrote; NaN where somebody else did."""
    return np.where(from_buyer, message_numbers, np.nan)


def buyer_totals(messages: Joined, buyer_wrote: Floats) -> Floats:
    """(3, n): characters, questions and exclamations that the buyer wrote in all."""
    return whole_total(messages, buyer_wrote[_WRITTEN])


def seller_sent_at(message_sent_at: Floats, from_seller: Truths) -> Floats:
    """When the seller wrote; NaN where somebody else did."""
    return np.where(from_seller, message_sent_at, np.nan)


def waits(messages: Joined, buyer_wrote_sent_at: Floats, seller_sent_at: Floats) -> Truths:
    """Messages of the buyer that the shop has not answered since."""
    answered = messages.reduced(np.fmax, seller_sent_at, np.nan)
    since: Truths = buyer_wrote_sent_at > messages.spread(np.fmax(answered, -np.inf))
    return since


# --- the past


def order_position(query: Query) -> Ints:
    """Each query's order as a position among the orders that the facts know."""
    return query.index["orders"].ends.searchsorted(query.order_row, "right")


def others(
    query: Query,
    order_position: Ints,
    buyer_key: Ints,
    phone_key: Ints,
    address_key: Ints,
) -> Past:
    """The other orders of this buyer, this phone and this address."""
    keys = np.array((buyer_key, phone_key, address_key)).T
    pairs, before = past(query.index, keys, query.as_of, order_position)
    orders = query.index["orders"]
    first = orders.starts.take(pairs.row)
    buyer = orders.column("buyer_key").take(first)
    price = number(orders.column("amount_minor").take(first))
    return Past(
        pairs=pairs,
        before=before,
        when=query.index.events.when.take(pairs.row, axis=0),
        placed_at=orders.column("placed_at").take(first),
        amount=np.rint(price * query.rates.factors(orders.column("currency").take(first))),
        other_buyer=(buyer != buyer_key.take(pairs.owner // len(WHOSE))) & (buyer != NONE),
    )


def past_sums(others: Past) -> Floats:
    """(SUMS, WHOSE, n): sums over the other orders."""
    return others.sums()


def past_greatest(others: Past) -> Floats:
    """(GREATEST, WHOSE, n): the greatest over the other orders."""
    return others.greatest()


def buyer_registered_at(query: Query, as_of: Floats, buyer_key: Ints) -> Floats:
    """When the buyer signed up, once it has passed."""
    buyers = query.index["buyers"]
    at = number(buyers.take("registered_at", buyers.latest(buyer_key, query.as_of)))
    return np.where(at < as_of, at, np.nan)
