"""The tables of a shop's record: names, kinds, keys and limits, said once for everybody.

Knows nothing of where rows come from or where they are kept: ingest, the store, the HTTP service
and the features all read this page.

Units: time is int64 microseconds UTC; money is a whole number in the currency's minor unit.
Every table also carries `shop_id`, `known_at` (when we learned it) and `received_at` (when the
row reached us); `known_at` ends each key, so a changed record is a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
# Earliest and latest moment that we accept: outside of it a time is a unit mistake (s, ms or ns).
EARLIEST_US = 631_152_000 * SECOND_US  # 1990-01-01
LATEST_US = 4_102_444_800 * SECOND_US  # 2100-01-01
MAX_TEXT = 20_000  # characters; longer texts are refused by name rather than cut

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

PAYMENT_METHODS = (
    "card",
    "wallet",
    "bank_transfer",
    "cash_on_delivery",
    "voucher",
    "instalments",
    "other",
)
SENDERS = ("buyer", "seller", "system")
OUTCOME_KINDS = (
    "a_to_z_claim",
    "chargeback",
    "complaint",
    "cod_refused",
    "failed_delivery",
    "return",
    "refund",
    "negative_review",
    "cancelled_by_buyer",
    "late_delivery",
)
DELIVERY_STATUSES = (
    "delivered",
    "refused",
    "absent",
    "bad_address",
    "unreachable",
    "lost",
    "damaged",
    "returned",
)
ARMS = ("contact", "holdout")


def micros(moment: datetime) -> int:
    """Microseconds UTC of an aware time.

    >>> micros(datetime(1970, 1, 1, 1, tzinfo=UTC))
    3600000000
    """
    return (moment - EPOCH) // timedelta(microseconds=1)


def in_text(moment: int) -> str:
    """A time in microseconds UTC as RFC 3339, to the microsecond.

    >>> in_text(1_500_000)
    '1970-01-01T00:00:01.500000Z'
    """
    shown = EPOCH + timedelta(microseconds=moment)
    return shown.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Kind(StrEnum):
    """What a column holds; decides its type in every place it travels through."""

    TEXT = "text"
    TIME = "time"  # int64 microseconds UTC; RFC 3339 with an offset at the edge
    MONEY = "money"  # int64 minor units, never negative
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    JSON = "json"  # an object of texts, numbers and truths


@dataclass(frozen=True)
class Column:
    """One column: its name, kind, and what a value must satisfy."""

    name: str
    kind: Kind
    required: bool = False  # null is refused
    choices: tuple[str, ...] = ()  # the only texts allowed, where any are named
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class TableSpec:
    """One table: its key (without shop_id and known_at), its columns, and its own clock."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    own_time: str | None  # the column that an import's `known_at` defaults to

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order, without shop_id, known_at and received_at."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}; it has {', '.join(self.names)}")


def _text(name: str, *, required: bool = False, choices: tuple[str, ...] = ()) -> Column:
    return Column(name, Kind.TEXT, required=required, choices=choices)


def _time(name: str, *, required: bool = False) -> Column:
    return Column(name, Kind.TIME, required=required)


def _money(name: str) -> Column:
    return Column(name, Kind.MONEY, minimum=0)


def _number(name: str, low: float | None = None, high: float | None = None) -> Column:
    return Column(name, Kind.NUMBER, minimum=low, maximum=high)


def _count(name: str, low: int = 0, *, required: bool = False) -> Column:
    return Column(name, Kind.INTEGER, required=required, minimum=low, maximum=2**31)


_PLACE = (
    _text("city"),
    _text("region"),
    _text("postcode"),
    _text("country"),
    _number("lat", -90, 90),
    _number("lon", -180, 180),
)

_SPECS = (
    TableSpec(
        "orders",
        (
            _text("order_id", required=True),
            _text("platform"),
            _text("buyer_id"),
            _time("placed_at", required=True),
            _time("paid_at"),
            _time("ship_by_at"),
            _time("deliver_by_at"),
            _time("shipped_at"),
            _time("cancelled_at"),
            _money("amount_minor"),
            _text("currency"),
            _money("shipping_minor"),
            _money("discount_minor"),
            _text("payment_method", choices=PAYMENT_METHODS),
            _count("instalments"),
            _text("ship_service"),
            _text("carrier"),
            Column("is_business", Kind.FLAG),
            Column("is_gift", Kind.FLAG),
            _text("channel"),
            Column("attributes", Kind.JSON),
        ),
        ("order_id",),
        "placed_at",
    ),
    TableSpec(
        "items",
        (
            _text("order_id", required=True),
            _count("line", required=True),
            _text("product_id"),
            _text("seller_id"),
            _text("category"),
            _text("variant"),
            _count("quantity"),
            _money("unit_price_minor"),
        ),
        ("order_id", "line"),
        None,  # an item has no clock of its own: an import takes its order's
    ),
    TableSpec(
        "products",
        (
            _text("product_id", required=True),
            _text("category"),
            _text("title"),
            _text("description"),
            _count("photos"),
            _number("weight_g", 0),
            _number("length_cm", 0),
            _number("width_cm", 0),
            _number("height_cm", 0),
            Column("attributes", Kind.JSON),
            _count("stock"),
        ),
        ("product_id",),
        None,
    ),
    TableSpec(
        "sellers",
        (_text("seller_id", required=True), *_PLACE, Column("attributes", Kind.JSON)),
        ("seller_id",),
        None,
    ),
    TableSpec(
        "buyers",
        (
            _text("buyer_id", required=True),
            _time("registered_at"),
            Column("attributes", Kind.JSON),
        ),
        ("buyer_id",),
        "registered_at",
    ),
    TableSpec(
        "addresses",
        (
            _text("order_id", required=True),
            _time("recorded_at", required=True),
            _text("recipient"),
            _text("phone"),
            _text("line1"),
            _text("line2"),
            _text("district"),
            *_PLACE,
        ),
        ("order_id", "recorded_at"),
        "recorded_at",
    ),
    TableSpec(
        "messages",
        (
            _text("message_id", required=True),
            _text("order_id"),
            _text("buyer_id"),
            _time("sent_at", required=True),
            _text("sender", required=True, choices=SENDERS),
            _text("text"),
        ),
        ("message_id",),
        "sent_at",
    ),
    TableSpec(
        "outcomes",
        (
            _text("order_id", required=True),
            _text("kind", required=True, choices=OUTCOME_KINDS),
            _time("opened_at", required=True),
            _money("amount_minor"),
            _text("reason"),
            _text("note"),
            _time("closed_at"),
            _text("resolution"),
        ),
        ("order_id", "kind", "opened_at"),
        "opened_at",
    ),
    TableSpec(
        "deliveries",
        (
            _text("order_id", required=True),
            _time("attempted_at", required=True),
            _text("status", required=True, choices=DELIVERY_STATUSES),
            _text("remark"),
            _text("tracking_id"),
        ),
        ("order_id", "attempted_at"),
        "attempted_at",
    ),
    TableSpec(
        "outreach",
        (
            _text("order_id", required=True),
            _time("assigned_at", required=True),
            _text("arm", choices=ARMS),
            _number("propensity", 0, 1),
            _text("action"),
            _text("script_id"),
            _time("sent_at"),
            _text("agent"),
            _money("cost_minor"),
            _text("result"),
        ),
        ("order_id", "assigned_at"),
        "assigned_at",
    ),
)

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}

# An import without a clock takes the clock of its order (items), or was always known (the rest):
# a listing or a seller that an export names existed before the export's first order.
ALWAYS_KNOWN_US = EARLIEST_US
