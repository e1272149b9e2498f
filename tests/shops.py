"""Small random shops for the laws: every table, several versions, shared phones, all nulls."""

from __future__ import annotations

import numpy as np

from features.schema import (
    DAY_US,
    DELIVERY_STATUSES,
    HOUR_US,
    OUTCOME_KINDS,
    PAYMENT_METHODS,
    SENDERS,
)

START_US = 1_704_067_200_000_000  # 2024-01-01


SAYINGS = (
    "Where is it?! ",
    "Where is it?! Where is it?! ",
    "I AM WORRIED, where is my order?",
    "what a bunch of clowns, I'll report you to the BBB",
    "is the strap real leather? and is it waterproof",
    "再不发货我就去法院起诉",
    "请问什么时候发货",
    "quiero cancelar la compra, son una burla",
    "¿el reloj es sumergible?",
    "cadê meu pedido? tô com medo de não chegar",
    "it has to be here by noon, period",
    "thanks!",
    "",
)


def random_shop(seed: int, orders: int = 40, shops: int = 2) -> dict[str, list[dict[str, object]]]:
    """Rows of every table of a made-up shop, with gaps, versions and people who share."""
    draw = np.random.default_rng(seed)
    tables: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("orders", "items", "products", "sellers", "buyers", "addresses")
    }
    tables |= {name: [] for name in ("messages", "outcomes", "deliveries", "outreach")}

    def maybe(value: object, share: float = 0.8) -> object:
        return value if draw.random() < share else None

    def pick(*values: object) -> object:
        return values[int(draw.integers(len(values)))]

    def later(moment: int, days: float) -> int:
        return moment + int(draw.random() * days * DAY_US) + 1

    for shop in range(shops):
        base = {"shop_id": f"shop{shop}"}
        for number in range(6):
            # Each version of a seller has its own moment, as the store demands of a key.
            moment = START_US - DAY_US + (int(draw.integers(3)) * 20 + number) * DAY_US
            known = {**base, "known_at": moment}
            tables["products"].append(
                known
                | {"product_id": f"p{number}", "category": maybe(f"c{number % 2}")}
                | {
                    "photos": maybe(int(draw.integers(9))),
                    "weight_g": maybe(float(draw.integers(1, 9999))),
                }
                | {
                    "title": maybe(
                        pick("x" * int(draw.integers(1, 60)), "Leather watch", "手表 防水")
                    )
                }
            )
            tables["sellers"].append(
                known
                | {"seller_id": f"s{number % 3}", "postcode": maybe(f"0{number}100")}
                | {"lat": maybe(float(draw.normal(0, 20))), "lon": maybe(float(draw.normal(0, 20)))}
            )
            tables["buyers"].append(
                known
                | {"buyer_id": f"b{number}", "registered_at": maybe(START_US - number * DAY_US)}
            )
        for number in range(orders):
            _add_order(tables, base, f"o{number}", draw, maybe, pick, later)
    return tables


def _add_order(tables, base, order_id, draw, *tools) -> None:
    maybe, pick, later = tools
    placed = START_US + int(draw.random() * 120 * DAY_US)
    order = {**base, "order_id": order_id, "known_at": placed, "placed_at": placed}
    order |= {
        "platform": "own",
        "buyer_id": maybe(f"b{int(draw.integers(8))}"),
        "deliver_by_at": maybe(placed + int(draw.integers(3, 40)) * DAY_US),
        "ship_by_at": maybe(placed + int(draw.integers(1, 6)) * DAY_US),
        "amount_minor": maybe(int(draw.integers(0, 90_000))),
        "currency": pick("BRL", "USD", "CLP", "XAF", None),
        "shipping_minor": maybe(int(draw.integers(0, 3_000))),
        "payment_method": maybe(pick(*PAYMENT_METHODS)),
        "carrier": maybe(f"k{int(draw.integers(3))}"),
        "is_gift": maybe(bool(draw.integers(2))),
    }
    tables["orders"].append(order)
    if draw.random() < 0.8:
        shipped = later(placed, 20)
        order = {**order, "known_at": shipped, "paid_at": placed + HOUR_US, "shipped_at": shipped}
        tables["orders"].append(order)
    if draw.random() < 0.1:
        cancelled = later(placed, 20)
        tables["orders"].append({**order, "known_at": cancelled, "cancelled_at": cancelled})
    own = {**base, "order_id": order_id}
    for line in range(int(draw.integers(0, 4))):
        product = int(draw.integers(6))
        tables["items"].append(
            {**own, "known_at": later(placed, 0.001), "line": line, "product_id": f"p{product}"}
            | {"seller_id": maybe(f"s{product % 3}"), "variant": maybe(pick("S", "M", "L"))}
            | {
                "quantity": maybe(int(draw.integers(1, 4))),
                "unit_price_minor": maybe(int(draw.integers(1, 40_000))),
            }
        )
    for _ in range(int(draw.integers(0, 4))):
        recorded = later(placed, 3)
        tables["addresses"].append(
            {**own, "known_at": recorded + int(draw.integers(2)) * HOUR_US, "recorded_at": recorded}
            | {
                "phone": maybe(f"+55 11 9123{int(draw.integers(5))}0000"),
                "line1": maybe(f"Rua {int(draw.integers(5))}"),
            }
            | {
                "city": maybe(pick("São Paulo", "Rio")),
                "region": maybe(pick("SP", "RJ")),
                "postcode": maybe(f"0{int(draw.integers(5))}100"),
            }
            | {"lat": maybe(float(draw.normal(0, 20))), "lon": maybe(float(draw.normal(0, 20)))}
        )
    for number in range(int(draw.integers(0, 5))):
        sent = later(placed, 10)
        tables["messages"].append(
            {**own, "known_at": sent, "message_id": f"{order_id}-{number}", "sent_at": sent}
            | {"sender": pick(*SENDERS), "text": maybe(pick(*SAYINGS))}
        )
    if draw.random() < 0.4:
        opened = later(placed, 40)
        tables["outcomes"].append(
            {**own, "known_at": later(opened, 2), "opened_at": opened, "kind": pick(*OUTCOME_KINDS)}
        )
    if draw.random() < 0.6:
        attempted = later(placed, 30)
        tables["deliveries"].append(
            {
                **own,
                "known_at": attempted,
                "attempted_at": attempted,
                "status": pick(*DELIVERY_STATUSES),
            }
        )
