"""Features of the basket: how many, how big, how well described, at what price.

Knows nothing of buyers or places.
"""

from __future__ import annotations

import numpy as np

from features.basket import any_of, distinct, first_lines, least, most, total
from features.cut import Floats, Ints, last_of_runs, number
from features.facts import NONE
from features.order import MINOR, part
from features.shares import ratio


def items_count(as_of: Ints, item_owner: Ints) -> Floats:
    """Number of item lines.

    (n,) float64 in [0, inf), lines.
    Never missing.
    More lines, more that can be late, wrong or missing.
    """
    return np.bincount(item_owner, minlength=len(as_of)).astype(np.float64)


def units_count(as_of: Ints, item_owner: Ints, quantity: Ints) -> Floats:
    """Number of units over all lines.

    (n,) float64 in [0, inf), units.
    Missing where no line has a quantity.
    Bulk orders are resold and inspected.
    """
    return total(item_owner, number(quantity), len(as_of))


def products_count(as_of: Ints, item_owner: Ints, product_key: Ints) -> Floats:
    """Number of different products.

    (n,) float64 in [0, inf), products.
    Never missing.
    Split parcels arrive on different days.
    """
    return distinct(item_owner, product_key, len(as_of))


def sellers_count(as_of: Ints, item_owner: Ints, seller_key: Ints) -> Floats:
    """Number of different sellers in the basket.

    (n,) float64 in [0, inf), sellers.
    Never missing.
    Each seller ships on its own; the buyer waits for the slowest.
    """
    return distinct(item_owner, seller_key, len(as_of))


def same_product_variants(
    as_of: Ints, item_owner: Ints, product_key: Ints, variant_key: Ints
) -> Floats:
    """Largest number of variants of one product in the basket.

    (n,) float64 in [0, inf), variants.
    Never missing; a line without a variant counts as none.
    The same article in several sizes is bought to be sent back.
    """
    first = first_lines(item_owner, variant_key) & (variant_key != NONE)
    owner, product = item_owner[first], product_key[first]
    ranked = np.lexsort((product, owner))
    owner, product = owner[ranked], product[ranked]
    ends = np.flatnonzero(last_of_runs(owner, product))
    out = np.zeros(len(as_of))
    np.maximum.at(out, owner[ends], np.diff(ends, prepend=-1).astype(np.float64))
    return out


def dearest_unit_price(as_of: Ints, item_owner: Ints, home_unit_price: Ints) -> Floats:
    """Highest unit price in the basket, in the home currency.

    (n,) float64 in [0, inf), hundreds of minor units.
    Missing where no price is known.
    One dear thing carries more expectation than ten cheap ones.
    """
    return most(item_owner, number(home_unit_price) / MINOR, len(as_of))


def basket_weight_g(
    as_of: Ints, item_owner: Ints, product_weight_g: Floats, quantity: Ints
) -> Floats:
    """Weight of the basket.

    (n,) float64 in [0, inf), grams.
    Missing where no product's weight is known; unknown quantities count as one.
    Heavy parcels take slower ways and are dropped.
    """
    units = np.where(quantity == NONE, 1.0, quantity)
    return total(item_owner, product_weight_g * units, len(as_of))


def largest_volume_cm3(
    as_of: Ints,
    item_owner: Ints,
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
    return most(item_owner, volume, len(as_of))


def shipping_per_kg(shipping_minor: Ints, basket_weight_g: Floats) -> Floats:
    """Shipping cost per kilogram, in the order's own minor units.

    (n,) float64 in [0, inf), minor units per kilogram.
    Missing where the cost or the weight is unknown.
    The carrier's own view of how hard the way is.
    """
    return part(number(shipping_minor), basket_weight_g / 1000.0)


def fewest_photos(as_of: Ints, item_owner: Ints, product_photos: Floats) -> Floats:
    """Photos of the least pictured product.

    (n,) float64 in [0, inf), photos.
    Missing where no listing is known.
    What was not shown surprises.
    """
    return least(item_owner, product_photos, len(as_of))


def shortest_description(
    as_of: Ints, item_owner: Ints, product_description_length: Floats
) -> Floats:
    """Length of the shortest product description.

    (n,) float64 in [0, inf), characters.
    Missing where no listing is known.
    What was not said is assumed.
    """
    return least(item_owner, product_description_length, len(as_of))


def shortest_title(as_of: Ints, item_owner: Ints, product_title_length: Floats) -> Floats:
    """Length of the shortest product title.

    (n,) float64 in [0, inf), characters.
    Missing where no listing is known.
    Careful listings have careful titles.
    """
    return least(item_owner, product_title_length, len(as_of))


def lowest_stock(as_of: Ints, item_owner: Ints, product_stock: Floats) -> Floats:
    """Stock of the scarcest product.

    (n,) float64 in [0, inf), units.
    Missing where no stock is known.
    Oversold goods ship late or never.
    """
    return least(item_owner, product_stock, len(as_of))


def price_against_past(
    as_of: Ints,
    item_owner: Ints,
    home_unit_price: Ints,
    product_price: Ints,
    product_priced: Ints,
) -> Floats:
    """Highest unit price against the mean price that the product sold at before.

    (n,) float64 in [0, inf), ratio.
    Missing where no product in the basket was sold before.
    Who paid more than others did finds out.
    """
    against = part(number(home_unit_price), ratio(product_price, product_priced))
    return most(item_owner, against, len(as_of))


def price_against_category(
    as_of: Ints,
    item_owner: Ints,
    home_unit_price: Ints,
    category_price: Ints,
    category_priced: Ints,
) -> Floats:
    """Highest unit price against the mean price of its category.

    (n,) float64 in [0, inf), ratio.
    Missing where no category in the basket was sold before.
    Too cheap for its kind is often not what it seems.
    """
    against = part(number(home_unit_price), ratio(category_price, category_priced))
    return most(item_owner, against, len(as_of))


def product_orders_before(as_of: Ints, item_owner: Ints, product_orders: Ints) -> Floats:
    """Orders of the least sold product so far.

    (n,) float64 in [0, inf), orders.
    Missing where the basket is empty.
    New products have unknown flaws.
    """
    return least(item_owner, product_orders.astype(np.float64), len(as_of))


def product_disputed_chance(
    as_of: Ints, item_owner: Ints, product_key: Ints, variant_disputed_share: Floats
) -> Floats:
    """Chance that any product is disputed, by the share of its past orders that were.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    1 - product of (1 - share) over the basket, each shrunk to product, category and shop.
    """
    return any_of(item_owner, product_key, variant_disputed_share, len(as_of))


def product_reviewed_chance(
    as_of: Ints, item_owner: Ints, product_key: Ints, variant_reviewed_share: Floats
) -> Floats:
    """Chance that any product gets a bad review, by the share of its past orders that did.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Flaws repeat; see `product_disputed_chance` for the shrinkage.
    """
    return any_of(item_owner, product_key, variant_reviewed_share, len(as_of))


def product_returned_chance(
    as_of: Ints, item_owner: Ints, product_key: Ints, variant_returned_share: Floats
) -> Floats:
    """Chance that any product is returned or refunded, by the share of its past orders.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Sizes that run small are returned by everybody.
    """
    return any_of(item_owner, product_key, variant_returned_share, len(as_of))


def product_late_chance(
    as_of: Ints, item_owner: Ints, product_key: Ints, variant_late_share: Floats
) -> Floats:
    """Chance that any product comes late, by the share of its past orders that did.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Made to order, imported or bulky: the same goods are late again.
    """
    return any_of(item_owner, product_key, variant_late_share, len(as_of))


def category_disputed_share_recent(
    as_of: Ints, item_owner: Ints, category_disputed_share_90d: Floats
) -> Floats:
    """Highest share of disputed orders in any of the basket's categories, past 90 days.

    (n,) float64 in [0, 1], share.
    Missing where the basket is empty or the shop has no resolved order yet.
    Seasons change what goes wrong.
    """
    return most(item_owner, category_disputed_share_90d, len(as_of))
