"""Features of the basket: how many, how big, how well described, at what price.

Knows nothing of buyers or places.
"""

from __future__ import annotations

import numpy as np

from features.basket import any_of, least, most, total, whole_total
from features.cut import Floats, Ints, Joined, last_of_runs
from features.facts import NONE
from features.joined import Truths
from features.order import MINOR, part
from features.shares import ratio


def items_count(
    items: Joined,
) -> Floats:
    """Number of item lines.

    (n,) float64 in [0, inf), lines.
    Never missing.
    More lines, more that can be late, wrong or missing.
    """
    return items.counts()


def units_count(items: Joined, quantity: Floats) -> Floats:
    """Number of units over all lines.

    (n,) float64 in [0, inf), units.
    Missing where no line has a quantity.
    Bulk orders are resold and inspected.
    """
    return whole_total(items, quantity)


def products_count(items: Joined, is_first_of_product: Truths) -> Floats:
    """Number of different products.

    (n,) float64 in [0, inf), products.
    Never missing.
    Split parcels arrive on different days.
    """
    return items.count(is_first_of_product)


def sellers_count(items: Joined, is_first_of_seller: Truths) -> Floats:
    """Number of different sellers in the basket.

    (n,) float64 in [0, inf), sellers.
    Never missing.
    Each seller ships on its own; the buyer waits for the slowest.
    """
    return items.count(is_first_of_seller)


def same_product_variants(
    items: Joined, is_first_of_variant: Truths, product_key: Ints, variant_key: Ints
) -> Floats:
    """Largest number of variants of one product in the basket.

    (n,) float64 in [0, inf), variants.
    Never missing; a line without a variant counts as none.
    The same article in several sizes is bought to be sent back.
    """
    counted: Truths = is_first_of_variant & (variant_key != NONE)
    if items.one_each:
        return counted.astype(np.float64)
    owner, product = items.owner[counted], product_key[counted]
    ranked = np.lexsort((product, owner))
    owner, product = owner[ranked], product[ranked]
    ends = np.flatnonzero(last_of_runs(owner, product))
    out = np.zeros(items.queries)
    np.maximum.at(out, owner[ends], np.diff(ends, prepend=-1))
    return out


def dearest_unit_price(items: Joined, home_unit_price: Floats) -> Floats:
    """Highest unit price in the basket, in the home currency.

    (n,) float64 in [0, inf), hundreds of minor units.
    Missing where no price is known.
    One dear thing carries more expectation than ten cheap ones.
    """
    return most(items, home_unit_price / MINOR)


def basket_weight_g(items: Joined, product_weight_g: Floats, quantity: Floats) -> Floats:
    """Weight of the basket.

    (n,) float64 in [0, inf), grams.
    Missing where no product's weight is known; unknown quantities count as one.
    Heavy parcels take slower ways and are dropped.
    """
    units = np.where(np.isnan(quantity), 1.0, quantity)
    return total(items, product_weight_g * units)


def largest_volume_cm3(
    items: Joined,
    product_length_cm: Floats,
    product_width_cm: Floats,
    product_height_cm: Floats,
) -> Floats:
    """Volume of the largest product.

    (n,) float64 in [0, inf), cubic centimetres.
    Missing where no product's measures are known.
    Bulky goods travel apart and are damaged more.
    """
    volume = product_length_cm * product_width_cm * product_height_cm
    return most(items, volume)


def shipping_per_kg(shipping_minor: Floats, basket_weight_g: Floats) -> Floats:
    """Shipping cost per kilogram, in the order's own minor units.

    (n,) float64 in [0, inf), minor units per kilogram.
    Missing where the cost or the weight is unknown.
    The carrier's own view of how hard the way is.
    """
    return part(shipping_minor, basket_weight_g / 1000.0)


def fewest_photos(items: Joined, product_photos: Floats) -> Floats:
    """Photos of the least pictured product.

    (n,) float64 in [0, inf), photos.
    Missing where no listing is known.
    What was not shown surprises.
    """
    return least(items, product_photos)


def shortest_description(items: Joined, product_description_length: Floats) -> Floats:
    """Length of the shortest product description.

    (n,) float64 in [0, inf), characters.
    Missing where no listing is known.
    What was not said is assumed.
    """
    return least(items, product_description_length)


def shortest_title(items: Joined, product_title_length: Floats) -> Floats:
    """Length of the shortest product title.

    (n,) float64 in [0, inf), characters.
    Missing where no listing is known.
    Careful listings have careful titles.
    """
    return least(items, product_title_length)


def lowest_stock(items: Joined, product_stock: Floats) -> Floats:
    """Stock of the scarcest product.

    (n,) float64 in [0, inf), units.
    Missing where no stock is known.
    Oversold goods ship late or never.
    """
    return least(items, product_stock)


def price_against_past(
    items: Joined,
    home_unit_price: Floats,
    product_price: Floats,
    product_priced: Floats,
) -> Floats:
    """Highest unit price against the mean price that the product sold at before.

    (n,) float64 in [0, inf), ratio.
    Missing where no product in the basket was sold before.
    Who paid more than others did finds out.
    """
    against = part(home_unit_price, ratio(product_price, product_priced))
    return most(items, against)


def price_against_category(
    items: Joined,
    home_unit_price: Floats,
    category_price: Floats,
    category_priced: Floats,
) -> Floats:
    """Highest unit price against the mean price of its category.

    (n,) float64 in [0, inf), ratio.
    Missing where no category in the basket was sold before.
    Too cheap for its kind is often not what it seems.
    """
    against = part(home_unit_price, ratio(category_price, category_priced))
    return most(items, against)


def product_orders_before(items: Joined, product_orders: Floats) -> Floats:
    """Orders of the least sold product so far.

    (n,) float64 in [0, inf), orders.
    Missing where the basket is empty.
    New products have unknown flaws.
    """
    return least(items, product_orders)


def product_disputed_chance(
    items: Joined, is_first_of_product: Truths, variant_disputed_share: Floats
) -> Floats:
    """Chance that any product is disputed, by the share of its past orders that were.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    1 - product of (1 - share) over the basket, each shrunk to product, category and shop.
    """
    return any_of(items, is_first_of_product, variant_disputed_share)


def product_reviewed_chance(
    items: Joined, is_first_of_product: Truths, variant_reviewed_share: Floats
) -> Floats:
    """Chance that any product gets a bad review, by the share of its past orders that did.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Flaws repeat; see `product_disputed_chance` for the shrinkage.
    """
    return any_of(items, is_first_of_product, variant_reviewed_share)


def product_returned_chance(
    items: Joined, is_first_of_product: Truths, variant_returned_share: Floats
) -> Floats:
    """Chance that any product is returned or refunded, by the share of its past orders.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Sizes that run small are returned by everybody.
    """
    return any_of(items, is_first_of_product, variant_returned_share)


def product_late_chance(
    items: Joined, is_first_of_product: Truths, variant_late_share: Floats
) -> Floats:
    """Chance that any product comes late, by the share of its past orders that did.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Made to order, imported or bulky: the same goods are late again.
    """
    return any_of(items, is_first_of_product, variant_late_share)


def category_disputed_share_recent(items: Joined, category_disputed_share_90d: Floats) -> Floats:
    """Highest share of disputed orders in any of the basket's categories, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Seasons change what goes wrong.
    """
    return most(items, category_disputed_share_90d)
