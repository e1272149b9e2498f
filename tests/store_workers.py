"""What other processes do in the tests of the store; run by the real multiprocessing."""

from __future__ import annotations

import sys
import time
from hashlib import sha256
from typing import Any

from store_rows import NOON, SHOP, address, message, order, said_of, score

from features.facts import key_of
from store import open_store


def digest_of_facts(path: str) -> str:
    """Opens a store and reads all of it."""
    with open_store(path) as store:
        facts = store.facts()
    return sha256(b"".join(facts[table].tobytes() for table in sorted(facts))).hexdigest()


def records(order_id: str, number: int) -> dict[str, Any]:
    return {
        "orders": [order(order_id, buyer_id=f"b{number % 7}")],
        "items": [said_of(order_id, line=1, product_id=f"p{number % 5}")],
        "addresses": [
            address(order_id, phone=f"030 123456{number % 10}", line1=f"Am Markt {number}")
        ],
        "messages": [message(f"m-{order_id}", order_id=order_id, text="Where is it?")],
    }


def serve(path: str, name: str, count: int) -> tuple[int, float]:
    """Does what a serving process does per order; (orders done, the longest of them in seconds)."""
    longest = 0.0
    with open_store(path) as store:
        for number in range(count):
            order_id = f"{name}-{number}"
            began = time.perf_counter()
            store.write(records(order_id, number), received_at=NOON)
            key = key_of("order", SHOP, order_id)
            assert len(store.neighbourhood([key], [NOON + 1])["orders"]) >= 1
            store.put_scores([score(order_id)])
            longest = max(longest, time.perf_counter() - began)
    return count, longest


def import_in_bulk(path: str, batches: int, rows: int) -> tuple[int, float]:
    """Does what an import does; (orders done, the longest write in seconds)."""
    longest = 0.0
    with open_store(path) as store:
        for batch in range(batches):
            orders = [order(f"bulk-{batch}-{n}", buyer_id=f"b{n % 50}") for n in range(rows)]
            began = time.perf_counter()
            store.write({"orders": orders}, received_at=NOON)
            longest = max(longest, time.perf_counter() - began)
    return batches * rows, longest


def write_until_killed(path: str) -> None:
    """Says the number of each order once its write has returned, until the process is killed."""
    with open_store(path) as store:
        for number in range(10**6):
            order_id = f"k-{number}"
            store.write(records(order_id, number), received_at=NOON)
            store.put_scores([score(order_id)])
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    write_until_killed(sys.argv[1])
