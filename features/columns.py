"""The columns that features may read, by name: what the order shows, its past, its kin.

Knows nothing of how they are computed: a column is a function of `view` or `shares`, or a part of
a matrix that one of these gives.
"""

from __future__ import annotations

from types import FunctionType, ModuleType

from features import address_path, shares, talk, view
from features.facts import DTYPES
from features.past import GREATEST, SUMS, WHOSE
from features.plan import Part, Rule
from features.reading import Said
from features.signal_names import SIGNALS

# Matrix of facts → (table, prefix of the columns' names, facts that are columns).
_FACTS: dict[str, tuple[str, str, str]] = {
    "order_facts": (
        "orders",
        "",
        "currency payment_method buyer_key shop_key payment_key carrier_key ship_service_key",
    ),
    "order_numbers": (
        "orders",
        "",
        (
            "placed_at ship_by_at deliver_by_at amount_minor shipping_minor discount_minor"
            " instalments is_business is_gift"
        ),
    ),
    "item_facts": ("items", "", "product_key variant_key seller_key"),
    "item_numbers": ("items", "", "quantity unit_price_minor"),
    "product_numbers": (
        "products",
        "product_",
        "title_length description_length photos stock",
    ),
    "product_measures": (
        "products",
        "product_",
        "weight_g length_cm width_cm height_cm",
    ),
    "seller_facts": ("sellers", "seller_", "prefix_key"),
    "address_facts": (
        "addresses",
        "",
        "phone_key address_key region_key prefix_key postcode_key defect_bits",
    ),
    "address_numbers": ("addresses", "address_", "recorded_at line_length"),
    "message_facts": ("messages", "message_", "sender"),
    "message_numbers": ("messages", "message_", "sent_at"),
    "buyer_wrote": ("messages", "buyer_wrote_", "sent_at"),
}


def _fact(whole: str, table: str, name: str) -> Part:
    return Part(whole, (DTYPES[table].names or ()).index(name))


def _facts() -> dict[str, Rule]:
    return {
        prefix + name: _fact(whole, table, name)
        for whole, (table, prefix, facts) in _FACTS.items()
        for name in facts.split()
    }


def _renamed() -> dict[str, Rule]:
    """Facts that go by another name, because the plain one means something else."""
    return {
        "placed_moment": _fact("order_facts", "orders", "placed_at"),
        "told_paid_at": _fact("order_numbers", "orders", "paid_at"),
        "address_city_key": _fact("address_facts", "addresses", "city_key"),
        "buyer_length_total": Part("buyer_totals", 0),
        "buyer_questions_total": Part("buyer_totals", 1),
        "buyer_exclamations_total": Part("buyer_totals", 2),
        "city_changes": Part("address_moves", 0),
        "phone_changes": Part("address_moves", 1),
        "street_changes": Part("address_moves", 2),
        "region_changes": Part("part_changes", 0),
        "postcode_changes": Part("part_changes", 1),
        "recipient_changes": Part("part_changes", 2),
        "line2_changes": Part("part_changes", 3),
    }


def _past() -> dict[str, Rule]:
    """{whose}_{what}_{statistic}, of the other orders."""
    return {
        f"{whose}_{name}": Part(whole, (at, slot))
        for whole, names in (("past_sums", SUMS), ("past_greatest", GREATEST))
        for at, name in enumerate(names)
        for slot, whose in enumerate(WHOSE)
    }


def _said() -> dict[str, Rule]:
    """What each message says, and each signal's share of what is worked out for all of them."""
    columns: dict[str, Rule] = {
        f"said_{name}": Part("said_facts", at) for at, name in enumerate(Said._fields)
    }
    for at, name in enumerate(SIGNALS):
        columns |= {f"{whole}_{name}": Part(whole, at) for whole in ("hit_counts", "growth")}
    return columns


def _own(module: ModuleType) -> dict[str, Rule]:
    """The functions of a module that are columns."""
    return {
        f.__name__: f
        for f in vars(module).values()
        if isinstance(f, FunctionType)
        and f.__module__ == module.__name__
        and not f.__name__.startswith("_")
    }


COLUMNS: dict[str, Rule] = (
    _own(view)
    | _own(talk)
    | _own(address_path)
    | _facts()
    | _renamed()
    | _past()
    | _said()
    | shares.COLUMNS_BY_NAME
)
