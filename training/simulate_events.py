"""Rows of what happens to orders: addresses, messages, outcomes, deliveries and outreach.

Knows nothing of why: it writes down what the other simulate modules have settled.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from features.schema import DAY_US, HOUR_US, OUTCOME_KINDS, SENDERS, TABLES
from training import simulate_addresses, simulate_texts
from training.simulate_causes import CANCELLED, FAILED, REFUSED
from training.simulate_fates import MINUTE_US, Fates
from training.simulate_orders import Placed
from training.simulate_outreach import CONTACT_COST_MINOR, Listing, OutreachPlan, action_for
from training.simulate_rows import Columns, buyer_id, minor, order_id
from training.simulate_talk import Notes
from training.simulate_world import Ints, Rng, World

LOST_SHARE = 0.06  # of failed deliveries are lost; the rest could not be handed over
FAILURES = ("bad_address", "absent", "unreachable")
FIRST_TRY_SHARE = 0.93  # of parcels that arrive are handed over at the first attempt
CLOSED_AFTER_DAYS = 5.0  # mean, from opening an outcome to closing it
RESOLUTIONS = ("refunded", "replaced", "rejected", "withdrawn")
AGENTS = ("agent-1", "agent-2", "agent-3")


def address_columns(rng: Rng, world: World, placed: Placed) -> Columns:
    """Addresses: each known when it was recorded."""
    rows = simulate_addresses.rows(rng, world, placed)
    columns: Columns = {name: [row.get(name) for row in rows] for name in TABLES["addresses"].names}
    columns["order_id"] = [order_id(row["number"]) for row in rows]
    columns["known_at"] = columns["recorded_at"]
    return columns


def message_columns(rng: Rng, world: World, placed: Placed, notes: Notes) -> Columns:
    """Messages: each known when it was sent; ids are the order's with a running number."""
    order = notes.order
    languages = simulate_texts.languages_of(
        placed.country[order], world.buyers.language[placed.buyer[order]]
    )
    first_line = np.flatnonzero(placed.lines.line == 1)
    category = world.products.category[placed.lines.product[first_line]][order].tolist()
    numbers = placed.number[order].tolist()
    nth = _nth(order).tolist()
    return {
        "message_id": [f"M{n:08d}-{k}" for n, k in zip(numbers, nth, strict=True)],
        "known_at": notes.sent_at.tolist(),
        "order_id": [order_id(n) for n in numbers],
        "buyer_id": [buyer_id(b) for b in placed.buyer[order].tolist()],
        "sent_at": notes.sent_at.tolist(),
        "sender": [SENDERS[s] for s in notes.sender.tolist()],
        "text": simulate_texts.write(rng, notes, languages=languages, categories=category),
    }


def _nth(order: Ints) -> Ints:
    """1, 2, ... within each order, in the order given."""
    sort = np.argsort(order, kind="stable")
    ordered = order[sort]
    nth = np.empty(len(order), dtype=np.int64)
    nth[sort] = np.arange(len(order)) - np.searchsorted(ordered, ordered) + 1
    return nth


def outcome_columns(rng: Rng, world: World, placed: Placed, fates: Fates) -> Columns:
    """Outcomes: a version when opened and known, another when closed."""
    order, kind = np.nonzero(fates.happened)
    opened, known = fates.opened_at[order, kind], fates.known_at[order, kind]
    closed = known + (rng.exponential(CLOSED_AFTER_DAYS, len(order)) * DAY_US).astype(np.int64)
    amount = minor(placed.amount_usd, placed.country)[order].tolist()
    resolution = [RESOLUTIONS[r] for r in rng.choice(4, len(order), p=(0.6, 0.15, 0.15, 0.1))]
    reason = _reasons(rng, world, placed, order, kind)
    once: Columns = {
        "order_id": [order_id(n) for n in placed.number[order].tolist()],
        "kind": [OUTCOME_KINDS[k] for k in kind.tolist()],
        "opened_at": opened.tolist(),
        "amount_minor": amount,
        "reason": reason,
    }
    nothing = [None] * len(order)
    twice: Columns = {name: values * 2 for name, values in once.items()}
    twice["known_at"] = [*known.tolist(), *(closed + MINUTE_US).tolist()]
    twice["closed_at"] = [*nothing, *closed.tolist()]
    twice["resolution"] = [*nothing, *resolution]
    return twice


def _reasons(rng: Rng, world: World, placed: Placed, order: Ints, kind: Ints) -> list[str | None]:
    """A returner's standard phrase; nothing for other kinds."""
    languages = simulate_texts.languages_of(
        placed.country[order], world.buyers.language[placed.buyer[order]]
    )
    returned = (kind == OUTCOME_KINDS.index("return")).tolist()
    return [
        simulate_texts.remark(rng, language, "return_reasons") if is_return else None
        for language, is_return in zip(languages, returned, strict=True)
    ]


def delivery_columns(rng: Rng, world: World, placed: Placed, fates: Fates) -> Columns:
    """Attempts: refusals apart from failures; a failure is tried twice and then returned."""
    count = len(fates.fate)
    sent = fates.fate != CANCELLED
    failed = fates.fate == FAILED
    retried = failed | (sent & (rng.random(count) > FIRST_TRY_SHARE))
    status = np.full(count, "delivered", dtype=object)
    status[fates.fate == REFUSED] = "refused"
    causes = np.array(FAILURES, dtype=object)
    why = causes[np.where(placed.defects > 0, 0, rng.integers(0, 3, count))]
    lost = failed & (rng.random(count) < LOST_SHARE)
    status[failed] = np.where(lost, "lost", why)[failed]
    day_before = np.maximum(fates.arrived_at - DAY_US, placed.ships_at + HOUR_US)
    back_at = fates.arrived_at + 3 * DAY_US
    first_why = np.where(failed, why, "absent")
    returned = np.full(count, "returned", dtype=object)
    earlier = retried & ~lost & (day_before + HOUR_US < fates.arrived_at)
    attempts = [  # which orders, when, status
        (np.flatnonzero(earlier), day_before, first_why),
        (np.flatnonzero(sent), fates.arrived_at, status),
        (np.flatnonzero((failed & ~lost) | (fates.fate == REFUSED)), back_at, returned),
    ]
    columns: Columns = {name: [] for name in ("known_at", *TABLES["deliveries"].names)}
    for order, attempted_at, outcome in attempts:
        when, status_of = attempted_at[order], outcome[order].tolist()
        for name, values in _attempt(rng, world, placed, order, when, status_of).items():
            columns[name] += values
    return columns


def _attempt(
    rng: Rng, world: World, placed: Placed, order: Ints, attempted_at: Ints, status: list[str]
) -> Columns:
    """The columns of one attempt of each of these orders."""
    languages = simulate_texts.languages_of(
        placed.country[order], world.buyers.language[placed.buyer[order]]
    )
    numbers = placed.number[order].tolist()
    feed = rng.integers(1, 240, len(order)) * MINUTE_US
    return {
        "order_id": [order_id(n) for n in numbers],
        "attempted_at": attempted_at.tolist(),
        "known_at": (attempted_at + feed).tolist(),
        "status": status,
        "remark": [_remark(rng, *pair) for pair in zip(languages, status, strict=True)],
        "tracking_id": [f"T{n:010d}" for n in numbers],
    }


def _remark(rng: Rng, language: str, status: str) -> str | None:
    if status == "refused":
        return simulate_texts.remark(rng, language, "courier_refused")
    if status not in FAILURES:
        return None
    return str(simulate_texts.texts()[language]["courier_failed"][FAILURES.index(status)])


def outreach_columns(rng: Rng, placed: Placed, listing: Listing, plan: OutreachPlan) -> Columns:
    """Outreach: the arm with its propensity, and for the contacted a version once sent."""
    listed, contacted = np.flatnonzero(listing.listed), np.flatnonzero(listing.contacted)
    actions = action_for(placed)
    both = [*listed.tolist(), *contacted.tolist()]
    first, then = [None] * len(listed), len(contacted)
    held = listing.held_out
    assigned_at, propensity = listing.assigned_at.tolist(), listing.propensity.tolist()
    sent_at = listing.sent_at[contacted]
    results: list[Any] = list(rng.choice(("answered", "no_answer"), then, p=(0.7, 0.3)))
    return {
        "order_id": [order_id(int(placed.number[at])) for at in both],
        "assigned_at": [assigned_at[at] for at in both],
        "known_at": [
            *(assigned_at[at] for at in listed.tolist()),
            *(sent_at + 5 * MINUTE_US).tolist(),
        ],
        "arm": ["holdout" if held[at] else "contact" for at in both],
        "propensity": [propensity[at] for at in both],
        "action": [None if held[at] else actions[at] for at in both],
        "script_id": [None if held[at] else plan.experiment for at in both],
        "sent_at": [*first, *sent_at.tolist()],
        "agent": [*first, *(AGENTS[a] for a in rng.integers(0, 3, then))],
        "cost_minor": [*first, *([CONTACT_COST_MINOR] * then)],
        "result": [*first, *(str(result) for result in results)],
    }
