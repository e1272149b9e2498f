"""The facts of a record: fixed-width numbers, worked out once on arrival, that features read.

Knows nothing of the past or of other records: one row in, one row out. A table of facts is a
structured numpy array, so rows are cut, joined and stored as plain bytes, and text never travels
further than this module. Identities become keys (`features.identity`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from features.addresses import FIELDS, defect_bits
from features.identity import (
    FEW,
    NONE,
    Fold,
    key_of,
    keys_of,
    phone_digits,
    plain,
    postcode_prefix,
    street_addresses,
    variants,
)
from features.reading import DEFAULT, Readers, Said, listed, said
from features.schema import (
    ARMS,
    DELIVERY_STATUSES,
    OUTCOME_KINDS,
    PAYMENT_METHODS,
    SENDERS,
)
from features.signals import READER_VERSION, BadPhrase
from features.sketch import FIELDS as SKETCH
from features.sketch import sketches

__all__ = [
    "DEFAULT",
    "DTYPES",
    "FACTS_VERSION",
    "MAX_SAFE",
    "NONE",
    "BadPhrase",
    "Facts",
    "Readers",
    "currency_code",
    "empty",
    "facts_of",
    "facts_of_records",
    "from_bytes",
    "key_of",
    "phone_digits",
    "plain",
    "postcode_prefix",
]

# Raise the thousands whenever a fact changes meaning: stores then work their facts out anew.
FACTS_VERSION = 4_000 + READER_VERSION
MAX_SAFE = 2**62  # facts beyond this are refused at the edge, so sums of pairs never overflow

Facts = dict[str, npt.NDArray[Any]]  # table name → structured array of that table's dtype
Values = Sequence[Any] | npt.NDArray[Any]
Row = Mapping[str, Values]  # column name → values of the rows; absent columns are unknown
_Of = Callable[[Values], Values]


def currency_code(text: str | None) -> int:
    """An ISO 4217 currency as one number (its three ASCII bytes), or NONE."""
    return int.from_bytes(text.encode(), "big") if text else NONE


def _integers(values: Values) -> Values:
    if len(values) < FEW:
        return [NONE if value is None else int(value) for value in values]
    try:
        return np.fromiter(values, np.int64, len(values))
    except TypeError:  # some are unknown
        known = [NONE if value is None else value for value in values]
        return np.fromiter(known, np.int64, len(values))


def _numbers(values: Values) -> Values:
    if len(values) < FEW:
        return [math.nan if value is None else float(value) for value in values]
    return np.fromiter(values, np.float64, len(values))  # None becomes NaN


def _each(of: Callable[[Any], int], values: Values) -> Values:
    """`of` each value; of many, each different one once."""
    if len(values) < FEW:
        return [of(value) for value in values]
    known = {value: of(value) for value in set(values)}
    return np.fromiter(map(known.__getitem__, values), np.int64, len(values))


def _code(choices: tuple[str, ...]) -> _Of:
    table: dict[Any, int] = {choice: index for index, choice in enumerate(choices)}
    return lambda values: [table.get(value, NONE) for value in values]


def _lengths(values: Values) -> Values:
    return [NONE if value is None else len(value) for value in values]


def _signs(sign: str, wide: str) -> _Of:
    """How often a text holds a sign, in its narrow and its full-width form."""
    return lambda texts: [
        NONE if text is None else text.count(sign) + text.count(wide) for text in texts
    ]


def _seller_prefix(postcode: Any) -> str | None:
    return postcode_prefix(postcode, 2)


# One line a fact: name → (source column, function of its values).
_PLAIN: dict[str, dict[str, tuple[str, _Of]]] = {
    "orders": {
        "placed_at": ("placed_at", _integers),
        "paid_at": ("paid_at", _integers),
        "ship_by_at": ("ship_by_at", _integers),
        "deliver_by_at": ("deliver_by_at", _integers),
        "shipped_at": ("shipped_at", _integers),
        "cancelled_at": ("cancelled_at", _integers),
        "amount_minor": ("amount_minor", _integers),
        "currency": ("currency", partial(_each, currency_code)),
        "shipping_minor": ("shipping_minor", _integers),
        "discount_minor": ("discount_minor", _integers),
        "payment_method": ("payment_method", _code(PAYMENT_METHODS)),
        "instalments": ("instalments", _integers),
        "is_business": ("is_business", _integers),
        "is_gift": ("is_gift", _integers),
    },
    "items": {
        "line": ("line", _integers),
        "quantity": ("quantity", _integers),
        "unit_price_minor": ("unit_price_minor", _integers),
    },
    "products": {
        "title_length": ("title", _lengths),
        "description_length": ("description", _lengths),
        "photos": ("photos", _integers),
        "stock": ("stock", _integers),
        "weight_g": ("weight_g", _numbers),
        "length_cm": ("length_cm", _numbers),
        "width_cm": ("width_cm", _numbers),
        "height_cm": ("height_cm", _numbers),
    },
    "sellers": {"lat": ("lat", _numbers), "lon": ("lon", _numbers)},
    "buyers": {"registered_at": ("registered_at", _integers)},
    "addresses": {
        "recorded_at": ("recorded_at", _integers),
        "line_length": ("line1", _lengths),
        "lat": ("lat", _numbers),
        "lon": ("lon", _numbers),
    },
    "messages": {
        "sent_at": ("sent_at", _integers),
        "sender": ("sender", _code(SENDERS)),
        "length": ("text", _lengths),
        "questions": ("text", _signs("?", "\uff1f")),
        "exclamations": ("text", _signs("!", "\uff01")),
    },
    "outcomes": {
        "kind": ("kind", _code(OUTCOME_KINDS)),
        "opened_at": ("opened_at", _integers),
        "closed_at": ("closed_at", _integers),
        "amount_minor": ("amount_minor", _integers),
    },
    "deliveries": {
        "attempted_at": ("attempted_at", _integers),
        "status": ("status", _code(DELIVERY_STATUSES)),
    },
    "outreach": {
        "assigned_at": ("assigned_at", _integers),
        "sent_at": ("sent_at", _integers),
        "arm": ("arm", _code(ARMS)),
        "propensity": ("propensity", _numbers),
    },
}
# name → (source column, domain of the key, how its values are folded).
_KEYED: dict[str, dict[str, tuple[str, str, Fold | None]]] = {
    "orders": {
        "order_key": ("order_id", "order", None),
        "buyer_key": ("buyer_id", "buyer", None),
        "platform_key": ("platform", "platform", None),
        "payment_key": ("payment_method", "payment_method", None),
        "ship_service_key": ("ship_service", "ship_service", None),
        "carrier_key": ("carrier", "carrier", None),
        "channel_key": ("channel", "channel", None),
    },
    "items": {
        "order_key": ("order_id", "order", None),
        "product_key": ("product_id", "product", None),
        "seller_key": ("seller_id", "seller", None),
        "category_key": ("category", "category", None),
    },
    "products": {
        "product_key": ("product_id", "product", None),
        "category_key": ("category", "category", None),
    },
    "sellers": {
        "seller_key": ("seller_id", "seller", None),
        "city_key": ("city", "seller_city", plain),
        "region_key": ("region", "seller_region", plain),
        "prefix_key": ("postcode", "seller_prefix", _seller_prefix),
    },
    "buyers": {"buyer_key": ("buyer_id", "buyer", None)},
    "addresses": {
        "order_key": ("order_id", "order", None),
        "phone_key": ("phone", "phone", phone_digits),
        "line1_key": ("line1", "line1", plain),
        "line2_key": ("line2", "line2", plain),
        "recipient_key": ("recipient", "recipient", plain),
        "city_key": ("city", "city", plain),
        "region_key": ("region", "region", plain),
        "postcode_key": ("postcode", "postcode", plain),
        "prefix_key": ("postcode", "postcode_prefix", postcode_prefix),
        "country_key": ("country", "country", plain),
    },
    "messages": {
        "message_key": ("message_id", "message", None),
        "order_key": ("order_id", "order", None),
        "buyer_key": ("buyer_id", "buyer", None),
    },
    "outcomes": {"order_key": ("order_id", "order", None)},
    "deliveries": {"order_key": ("order_id", "order", None)},
    "outreach": {"order_key": ("order_id", "order", None)},
}
# Keys of several columns at once: name → (source columns, domain, how they become one text).
_Join = Callable[[Sequence[Values]], list[str | None]]
_JOINT: dict[str, dict[str, tuple[tuple[str, ...], str, _Join]]] = {
    "addresses": {
        "address_key": (("line1", "line2", "city", "postcode"), "address", street_addresses)
    },
    "items": {"variant_key": (("product_id", "variant"), "variant", variants)},
}
# What is read from several columns at once: names, then a function of the rows and the readers.
_Read = Callable[[Row, int, Readers], Sequence[Values]]


def _said(rows: Row, count: int, readers: Readers) -> Sequence[Values]:
    nothing = [None] * count
    texts, senders = rows.get("text", nothing), rows.get("sender", nothing)
    own = [readers.of(shop) for shop in rows["shop_id"]]
    found = said(texts, senders, own)
    return [*zip(*found, strict=True), *sketches(texts, senders)]


def _listed(rows: Row, count: int, readers: Readers) -> Sequence[Values]:
    del readers
    parts = [rows.get(n, [None] * count) for n in ("title", "description", "attributes")]
    return [[listed(*map(_text, said)) for said in zip(*parts, strict=True)]]


def _text(value: Any) -> str | None:
    """A column that may be JSON, as text."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _defects(rows: Row, count: int, readers: Readers) -> Sequence[Values]:
    del readers
    nothing = [None] * count
    return [defect_bits([rows.get(name, nothing) for name in FIELDS])]


_READ: dict[str, tuple[tuple[str, ...], _Read]] = {
    "addresses": (("defect_bits",), _defects),
    "messages": ((*Said._fields, *SKETCH), _said),
    "products": (("listed",), _listed),
}
_FLOATS = {"weight_g", "length_cm", "width_cm", "height_cm", "lat", "lon", "propensity"}


def _dtype(table: str) -> np.dtype[np.void]:
    names = [
        "known_at",
        "shop_key",
        *_KEYED[table],
        *_JOINT.get(table, {}),
        *_PLAIN[table],
        *_READ.get(table, ((), None))[0],
    ]
    return np.dtype([(name, "<f8" if name in _FLOATS else "<i8") for name in names])


DTYPES: dict[str, np.dtype[np.void]] = {table: _dtype(table) for table in _PLAIN}


def facts_of(table: str, rows: Row, readers: Readers = DEFAULT) -> npt.NDArray[Any]:
    """Facts of some rows of one table, in their order.

    `rows` maps column names to equally long sequences; `shop_id` and `known_at` are required.
    `readers` read the messages.
    Returns a structured array (n,) of `DTYPES[table]`.

    >>> row = {"shop_id": ["s"], "known_at": [5], "order_id": ["A1"], "line": [1]}
    >>> int(facts_of("items", row)["line"][0])
    1
    """
    columns = _columns(table, rows, rows["shop_id"], readers)
    if len(rows["shop_id"]) < FEW:
        return np.array(list(zip(*columns, strict=True)), DTYPES[table])
    out = np.empty(len(rows["shop_id"]), DTYPES[table])
    for name, values in zip(out.dtype.names or (), columns, strict=True):
        out[name] = values
    return out


def _columns(table: str, rows: Row, shops: Values, readers: Readers) -> Iterator[Values]:
    """The facts in the order of the dtype, one after the other, so that few are held at once."""
    nothing = [None] * len(shops)
    yield _integers(rows["known_at"])
    yield keys_of("shop", shops, shops)
    for source, domain, fold in _KEYED[table].values():
        yield keys_of(domain, shops, rows.get(source, nothing), fold)
    for sources, domain, joined in _JOINT.get(table, {}).values():
        parts = [rows.get(source, nothing) for source in sources]
        yield keys_of(domain, shops, joined(parts))
    for source, of in _PLAIN[table].values():
        yield of(rows.get(source, nothing))
    if table in _READ:
        yield from _READ[table][1](rows, len(shops), readers)


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
