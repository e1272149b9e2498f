"""Shorter exports of the Olist shop: the same files with fewer orders in them.

Knows nothing of the columns beyond the two ids and the time of purchase.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

ORDERS = "olist_orders_dataset.csv"
PLACED, ORDER, CUSTOMER = "order_purchase_timestamp", "order_id", "customer_id"
AS_OF = datetime(2018, 5, 1, tzinfo=UTC)  # when the public sample was cut
FIRST = 1_000  # orders of a shop that has just begun


@dataclass(frozen=True)
class Cut:
    """A part of the export.

    Attributes:
        name: as printed.
        since: orders placed before are not in it.
        as_of: the night that it is for; orders placed from then on are not in it.

    """

    name: str
    since: datetime
    as_of: datetime

    def write(self, data: Path, folder: Path) -> list[Path]:
        """The files with only its orders and their customers, in `folder`; their paths."""
        rows = [row for row in _rows(data / ORDERS) if self.since <= _placed(row) < self.as_of]
        keep = {
            ORDER: {row[ORDER] for row in rows},
            CUSTOMER: {row[CUSTOMER] for row in rows},
        }
        return [_filtered(path, folder / path.name, keep) for path in sorted(data.glob("*.csv"))]


def cuts(data: Path) -> tuple[Cut, ...]:
    """Six weeks, a year, and the first thousand orders on the day that the last of them came."""
    placed = sorted(_placed(row) for row in _rows(data / ORDERS))
    thousandth = placed[min(FIRST, len(placed)) - 1] + timedelta(seconds=1)
    return (
        Cut("six weeks", AS_OF - timedelta(weeks=6), AS_OF),
        Cut("one year", AS_OF - timedelta(days=365), AS_OF),
        Cut("first thousand orders", placed[0], thousandth),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def _placed(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row[PLACED]).replace(tzinfo=UTC)


def _filtered(source: Path, target: Path, keep: dict[str, set[str]]) -> Path:
    """Rows whose order, or else whose customer, is kept; files that name neither stay whole."""
    with (
        source.open(encoding="utf-8-sig", newline="") as file,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.DictReader(file)
        writer = csv.DictWriter(out, reader.fieldnames or ())
        writer.writeheader()
        names = [name for name in (ORDER, CUSTOMER) if name in (reader.fieldnames or ())][:1]
        writer.writerows(row for row in reader if all(row[name] in keep[name] for name in names))
    return target
