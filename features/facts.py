"""The facts of a record: fixed-width numbers, worked out once on arrival, that features read.

Knows nothing of the past or of other records: one row in, one row out. A table of facts is a
structured numpy array, so rows are cut, joined and stored as plain bytes, and text never travels
further than this module. Identities become keys: 64-bit hashes that carry their domain and shop,
so history cannot cross shops and null never matches null.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from features.schema import (
    ARMS,
    DELIVERY_STATUSES,
    OUTCOME_KINDS,
    PAYMENT_METHODS,
    SENDERS,
)

FACTS_VERSION = 1  # raise it whenever a fact changes meaning: stores then work their facts out anew
NONE = int(np.iinfo(np.int64).min)  # an unknown whole number (time, money, key, code)
MAX_SAFE = 2**62  # facts beyond this are refused at the edge, so sums of pairs never overflow

Facts = dict[str, npt.NDArray[Any]]  # table name → structured array of that table's dtype
Values = Sequence[Any]
Row = Mapping[str, Values]  # column name → values of the rows; absent columns are unknown


@lru_cache(maxsize=1 << 16)
def key_of(domain: str, shop_id: str, value: str | None) -> int:
    """64-bit key of an identity within a domain and shop; NONE where the value is unknown.

    BLAKE2b, so the same on every machine and run. Two of ten million identities collide with
    probability 3e-6 (birthday bound), which would merge two histories, not crash.
    """
    if value is None or value == "":
        return NONE
    text = f"{domain}\x1f{shop_id}\x1f{value}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little", signed=True)


@lru_cache(maxsize=1 << 16)
def plain(text: str | None) -> str | None:
    """Text as a place name is compared: NFKC, case and accents folded, signs to single spaces."""
    if text is None:
        return None
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    kept = "".join(c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return " ".join(kept.split()) or None


def phone_digits(text: str | None) -> str | None:
    """The last ten digits of a phone number, or None where there are fewer than six.

    Ten, so that `+55 11 91234-5678` and `011 91234 5678` are the same phone.
    """
    digits = re.sub(r"\D", "", text or "")
    return digits[-10:] if len(digits) >= 6 else None


def postcode_prefix(text: str | None, length: int = 3) -> str | None:
    """The first characters of a postcode, which name its district in most countries."""
    folded = (plain(text) or "").replace(" ", "")
    return folded[:length] or None


def currency_code(text: str | None) -> int:
    """An ISO 4217 currency as one number (its three ASCII bytes), or NONE."""
    return int.from_bytes(text.encode(), "big") if text else NONE


def _integer(value: Any) -> int:
    return NONE if value is None else int(value)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _code(choices: tuple[str, ...]) -> Callable[[Any], int]:
    table: dict[Any, int] = {choice: index for index, choice in enumerate(choices)}
    return lambda value: table.get(value, NONE)


def _length(value: Any) -> int:
    return NONE if value is None else len(value)


def _places(domain: str) -> Callable[[str, Any], int]:
    return lambda shop_id, value: key_of(domain, shop_id, plain(value))


def _identity(domain: str) -> Callable[[str, Any], int]:
    return lambda shop_id, value: key_of(domain, shop_id, value)


def _prefix(shop_id: str, value: Any) -> int:
    return key_of("postcode_prefix", shop_id, postcode_prefix(value))


def _phone(shop_id: str, value: Any) -> int:
    return key_of("phone", shop_id, phone_digits(value))


# One line a fact: name → (source column, function of the value, or of shop and value).
_Of = Callable[[Any], Any]
_Keyed = Callable[[str, Any], int]
_PLAIN: dict[str, dict[str, tuple[str, _Of]]] = {
    "orders": {
        "placed_at": ("placed_at", _integer),
        "paid_at": ("paid_at", _integer),
        "ship_by_at": ("ship_by_at", _integer),
        "deliver_by_at": ("deliver_by_at", _integer),
        "shipped_at": ("shipped_at", _integer),
        "cancelled_at": ("cancelled_at", _integer),
        "amount_minor": ("amount_minor", _integer),
        "currency": ("currency", currency_code),
        "shipping_minor": ("shipping_minor", _integer),
        "discount_minor": ("discount_minor", _integer),
        "payment_method": ("payment_method", _code(PAYMENT_METHODS)),
        "instalments": ("instalments", _integer),
        "is_business": ("is_business", _integer),
        "is_gift": ("is_gift", _integer),
    },
    "items": {
        "line": ("line", _integer),
        "quantity": ("quantity", _integer),
        "unit_price_minor": ("unit_price_minor", _integer),
    },
    "products": {
        "title_length": ("title", _length),
        "description_length": ("description", _length),
        "photos": ("photos", _integer),
        "stock": ("stock", _integer),
        "weight_g": ("weight_g", _number),
        "length_cm": ("length_cm", _number),
        "width_cm": ("width_cm", _number),
        "height_cm": ("height_cm", _number),
    },
    "sellers": {"lat": ("lat", _number), "lon": ("lon", _number)},
    "buyers": {"registered_at": ("registered_at", _integer)},
    "addresses": {
        "recorded_at": ("recorded_at", _integer),
        "line_length": ("line1", _length),
        "lat": ("lat", _number),
        "lon": ("lon", _number),
    },
    "messages": {
        "sent_at": ("sent_at", _integer),
        "sender": ("sender", _code(SENDERS)),
        "length": ("text", _length),
        "questions": (
            "text",
            lambda t: NONE if t is None else len(re.findall(r"[?\uff1f]", t)),
        ),
        "exclamations": (
            "text",
            lambda t: NONE if t is None else len(re.findall("[!\uff01]", t)),
        ),
    },
    "outcomes": {
        "kind": ("kind", _code(OUTCOME_KINDS)),
        "opened_at": ("opened_at", _integer),
        "closed_at": ("closed_at", _integer),
        "amount_minor": ("amount_minor", _integer),
    },
    "deliveries": {
        "attempted_at": ("attempted_at", _integer),
        "status": ("status", _code(DELIVERY_STATUSES)),
    },
    "outreach": {
        "assigned_at": ("assigned_at", _integer),
        "sent_at": ("sent_at", _integer),
        "arm": ("arm", _code(ARMS)),
        "propensity": ("propensity", _number),
    },
}
_KEYED: dict[str, dict[str, tuple[str, _Keyed]]] = {
    "orders": {
        "order_key": ("order_id", _identity("order")),
        "buyer_key": ("buyer_id", _identity("buyer")),
        "platform_key": ("platform", _identity("platform")),
        "payment_key": ("payment_method", _identity("payment_method")),
        "ship_service_key": ("ship_service", _identity("ship_service")),
        "carrier_key": ("carrier", _identity("carrier")),
        "channel_key": ("channel", _identity("channel")),
    },
    "items": {
        "order_key": ("order_id", _identity("order")),
        "product_key": ("product_id", _identity("product")),
        "seller_key": ("seller_id", _identity("seller")),
        "category_key": ("category", _identity("category")),
    },
    "products": {
        "product_key": ("product_id", _identity("product")),
        "category_key": ("category", _identity("category")),
    },
    "sellers": {
        "seller_key": ("seller_id", _identity("seller")),
        "city_key": ("city", _places("seller_city")),
        "region_key": ("region", _places("seller_region")),
        "prefix_key": (
            "postcode",
            lambda shop, value: key_of("seller_prefix", shop, postcode_prefix(value, 2)),
        ),
    },
    "buyers": {"buyer_key": ("buyer_id", _identity("buyer"))},
    "addresses": {
        "order_key": ("order_id", _identity("order")),
        "phone_key": ("phone", _phone),
        "line1_key": ("line1", _places("line1")),
        "line2_key": ("line2", _places("line2")),
        "recipient_key": ("recipient", _places("recipient")),
        "city_key": ("city", _places("city")),
        "region_key": ("region", _places("region")),
        "postcode_key": ("postcode", _places("postcode")),
        "prefix_key": ("postcode", _prefix),
        "country_key": ("country", _places("country")),
    },
    "messages": {
        "message_key": ("message_id", _identity("message")),
        "order_key": ("order_id", _identity("order")),
        "buyer_key": ("buyer_id", _identity("buyer")),
    },
    "outcomes": {"order_key": ("order_id", _identity("order"))},
    "deliveries": {"order_key": ("order_id", _identity("order"))},
    "outreach": {"order_key": ("order_id", _identity("order"))},
}
# Facts of several columns at once: name → function of (shop_id, row values by name).
_ADDRESS_PARTS = ("line1", "line2", "city", "postcode")


def _address_key(shop_id: str, line1: Any, line2: Any, city: Any, postcode: Any) -> int:
    """A street address as one key; unknown without a first line, since a town is no address."""
    if plain(line1) is None:
        return NONE
    return key_of(
        "address",
        shop_id,
        "|".join(plain(p) or "" for p in (line1, line2, city, postcode)),
    )


def _variant_key(shop_id: str, product_id: Any, variant: Any) -> int:
    if product_id is None or variant is None:
        return NONE
    return key_of("variant", shop_id, f"{product_id}\x1f{variant}")


_JOINT: dict[str, dict[str, tuple[tuple[str, ...], Callable[..., int]]]] = {
    "addresses": {"address_key": (_ADDRESS_PARTS, _address_key)},
    "items": {"variant_key": (("product_id", "variant"), _variant_key)},
}
_FLOATS = {"weight_g", "length_cm", "width_cm", "height_cm", "lat", "lon", "propensity"}


def _dtype(table: str) -> np.dtype[np.void]:
    names = [
        "known_at",
        "shop_key",
        *_KEYED[table],
        *_JOINT.get(table, {}),
        *_PLAIN[table],
    ]
    return np.dtype([(name, "<f8" if name in _FLOATS else "<i8") for name in names])


DTYPES: dict[str, np.dtype[np.void]] = {table: _dtype(table) for table in _PLAIN}


def facts_of(table: str, rows: Row) -> npt.NDArray[Any]:
    """Facts of some rows of one table, in their order.

    `rows` maps column names to equally long sequences; `shop_id` and `known_at` are required.
    Returns a structured array (n,) of `DTYPES[table]`.

    >>> row = {"shop_id": ["s"], "known_at": [5], "order_id": ["A1"], "line": [1]}
    >>> int(facts_of("items", row)["line"][0])
    1
    """
    shops = rows["shop_id"]
    out = np.empty(len(shops), DTYPES[table])
    out["known_at"] = np.asarray(rows["known_at"], np.int64)
    out["shop_key"] = [key_of("shop", shop, shop) for shop in shops]
    for name, (source, of) in _PLAIN[table].items():
        missing = np.nan if name in _FLOATS else NONE
        out[name] = [of(v) for v in rows[source]] if source in rows else missing
    for name, (source, keyed) in _KEYED[table].items():
        found = rows.get(source)
        out[name] = (
            NONE if found is None else [keyed(s, v) for s, v in zip(shops, found, strict=True)]
        )
    for name, (sources, joint) in _JOINT.get(table, {}).items():
        nothing = [None] * len(shops)
        parts = [rows.get(source, nothing) for source in sources]
        out[name] = [joint(*values) for values in zip(shops, *parts, strict=True)]
    return out


def from_bytes(table: str, blobs: Sequence[bytes]) -> npt.NDArray[Any]:
    """Facts (n,) from the bytes of their rows, as `row.tobytes()` gave them."""
    return np.frombuffer(b"".join(blobs), DTYPES[table])


def empty(table: str) -> npt.NDArray[Any]:
    """No facts of that table."""
    return np.empty(0, DTYPES[table])


def facts_of_records(records: Mapping[str, Sequence[Mapping[str, Any]]]) -> Facts:
    """Facts of all tables from rows given as mappings, for tests and small batches."""
    return {table: _of_rows(table, records.get(table, ())) for table in DTYPES}


def _of_rows(table: str, rows: Sequence[Mapping[str, Any]]) -> npt.NDArray[Any]:
    if not rows:
        return empty(table)
    names = {name for row in rows for name in row}
    return facts_of(table, {name: [row.get(name) for row in rows] for name in names})
