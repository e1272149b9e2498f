"""`python -m benchmarks.addresses [--data DIR]`: how often each defect fires on real addresses.

Knows nothing of which addresses are truly bad: it prints samples with the offending part marked,
for a person to judge. The data are public, one line an address without its other columns, so what
needs a town, postcode, phone or name is measured on neither; postcodes against places are measured
on the orders of Olist.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from benchmarks.row import Row, table
from features.address_place import mismatched
from features.addresses import DEFECTS, Defect, defects
from training.simulate_addresses import Home, written
from training.simulate_world import cities

OLIST = ("olist/olist_orders_dataset.csv", "olist/olist_customers_dataset.csv")
OPEN, CLOSE = "\u27e6", "\u27e7"  # brackets that no address is written with
BAR_US = 60.0  # microseconds an address, on average
SIMULATED = 5_000  # addresses with all their columns, for the time only
Truths = npt.NDArray[np.bool_]
Told = list[tuple[Mapping[str, Any], tuple[Defect, ...]]]  # each row with what is found in it


@dataclass(frozen=True)
class Source:
    """One set of real addresses.

    Attributes:
        title: for people.
        file: below the folder of data.
        column: of the file, one address a row.
        country: that all of them lie in.

    """

    title: str
    file: str
    column: str
    country: str


SOURCES = (
    Source("Shopee Indonesia", "shopee_raw_addresses/test.parquet", "raw_address", "ID"),
    Source("Chinese addresses", "chinese_address_parsing/addresses.parquet", "address", "CN"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print rates, samples and the time it takes; exit code 0 also where there are no data."""
    asked = _arguments(arguments)
    found = [source for source in SOURCES if asked.data and (asked.data / source.file).exists()]
    if not found:
        print(f"skipped: expected {SOURCES[0].file} in a folder of data, got {asked.data}.")
        print("Give --data DIR or set RISKRADAR_DATA.")
    rows = [_measured("simulated", "simulated, all columns", _simulated())[0]]
    for source in found:
        lines = _read(asked.data / source.file, source.column)
        addresses = [{"line1": line, "country": source.country} for line in lines]
        row, told = _measured(source.country, source.title, addresses)
        rows.append(row)
        print(f"\n## {source.title}: {len(lines):,} addresses\n")
        print(_rates(told, len(lines)))
        print(_samples(told, asked))
    if asked.data and all((asked.data / file).exists() for file in OLIST):
        print(_mismatches([str(asked.data / file) for file in OLIST]))
    print(f"\n{table(rows)}\n")
    print("\n".join(row.as_json() for row in rows))
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.addresses", description=main.__doc__)
    default = os.environ.get("RISKRADAR_DATA")
    parser.add_argument(
        "--data", type=Path, default=Path(default) if default else None, help="folder of the data"
    )
    parser.add_argument("--samples", type=int, default=12, help="examples of each defect")
    parser.add_argument("--seed", type=int, default=5, help="of the samples")
    parser.add_argument("--only", choices=DEFECTS, action="append", help="samples of this one")
    return parser.parse_args(arguments)


def _read(path: Path, column: str) -> list[str]:
    rows = duckdb.read_parquet(str(path)).select(column).fetchall()
    return sorted(str(row[0]) for row in rows)


def _simulated() -> list[dict[str, Any]]:
    dice = random.Random(1)  # noqa: S311 - a simulation, no secret
    homes = [dice.getrandbits(61) for _ in range(SIMULATED)]
    return [written(Home(digits % len(cities()), digits, -1, 0, digits)) for digits in homes]


def _measured(name: str, title: str, addresses: Iterable[Mapping[str, Any]]) -> tuple[Row, Told]:
    """What is found in each address, and how long one takes; country plans are read before."""
    rows = list(addresses)
    for known in rows[:1_000]:
        defects(known)
    wall, cpu = time.perf_counter(), time.process_time()
    told: Told = [(each, defects(each)) for each in rows]
    spent = [(time.process_time() - cpu) / len(rows), (time.perf_counter() - wall) / len(rows)]
    measured = Row(
        f"address_defects_{name.lower()}",
        f"defects of an address: {title}",
        spent[1] * 1e6,
        "\u00b5s",
        bar=BAR_US,
        by_cpu=spent[0] * 1e6,
        details={"addresses": len(rows), "data": title},
    )
    return measured, told


def _rates(told: Told, addresses: int) -> str:
    lines = ["| defect | fires | of all |", "|---|---|---|"]
    for code in DEFECTS:
        fired = sum(any(defect.code == code for defect in each) for _, each in told)
        lines.append(f"| `{code}` | {fired:,} | {fired / addresses:.3%} |")
    good = sum(not each for _, each in told)
    lines.append(f"| none of them | {good:,} | {good / addresses:.3%} |")
    return "\n".join(lines)


def _samples(told: Told, asked: argparse.Namespace) -> str:
    dice = random.Random(asked.seed)  # noqa: S311 - which examples a person reads is no secret
    lines: list[str] = []
    for code in asked.only or DEFECTS:
        fired = [(row, d) for row, each in told for d in each if d.code == code]
        if fired:
            lines += ["", f"### {code}", ""]
            chosen = dice.sample(fired, min(asked.samples, len(fired)))
            lines += [f"- {marked(row[d.field], d)}" for row, d in chosen]
    return "\n".join(lines)


def _mismatches(files: Sequence[str]) -> str:
    """How often postcode and place contradict each other, of real orders and of swapped ones."""
    placed, customers = (duckdb.read_csv(file, all_varchar=True) for file in files)
    placed.create_view("placed")
    customers.create_view("customers")
    joined = duckdb.sql(
        "SELECT order_purchase_timestamp, order_delivered_customer_date, "
        "lpad(customer_zip_code_prefix, 5, '0'), customer_state, "
        "customer_city || '|' || customer_state "
        "FROM placed JOIN customers USING (customer_id) ORDER BY ALL"
    )
    orders = joined.fetchall() if joined else []
    lines = [
        f"\n## Postcode against place, Olist: {len(orders):,} orders, each as known when placed\n",
        "| first digits | place | fires | of all | where the place is another order's |",
        "|---|---|---|---|---|",
    ]
    for digits in (3, 2):
        for place, column in (("region", 3), ("city", 4)):
            own, other = _contradicted([(*o[:2], o[2][:digits], o[column]) for o in orders])
            lines.append(
                f"| {digits} | {place} | {own.sum()} | {own.mean():.3%} | {other.mean():.1%} |"
            )
    return "\n".join(lines)


def _contradicted(orders: Sequence[tuple[str, str | None, str, str]]) -> tuple[Truths, Truths]:
    """Whether each order's own place, and one drawn from all orders, contradicts its postcode."""
    dice = random.Random(1)  # noqa: S311 - a benchmark, no secret
    pairs: Counter[tuple[str, str]] = Counter()
    areas, kinds = Counter[str](), Counter[str]()
    events = [(at, True, area, place) for at, _, area, place in orders]
    events += [(at, False, area, place) for _, at, area, place in orders if at]
    asked: list[tuple[int, int, int, int]] = []
    for _, is_question, area, place in sorted(events):
        if is_question:
            other = dice.choice([o for o in dice.choices(orders, k=9) if o[3] != place])[3]
            asked.append((pairs[area, place], pairs[area, other], areas[area], kinds[area]))
        else:
            kinds[area] += not pairs[area, place]
            pairs[area, place] += 1
            areas[area] += 1
    own, other_pair, delivered, kind = np.array(asked).T
    return mismatched(own, delivered, kind), mismatched(other_pair, delivered, kind)


def marked(text: str, defect: Defect) -> str:
    """The text with the offending part in brackets.

    >>> marked("12 Oak Ave $$$", Defect("too_many_symbols", "line1", 11, 14))
    '12 Oak Ave ⟦$$$⟧'
    """
    before, part, after = (
        text[: defect.start],
        text[defect.start : defect.end],
        text[defect.end :],
    )
    return f"{before}{OPEN}{part}{CLOSE}{after}"


if __name__ == "__main__":
    raise SystemExit(main())
