"""A synthetic shop with known causes: orders, conversations and outcomes, and the truth behind.

Knows nothing of features or models. Its numbers are assumptions written down in
docs/simulator.md and say nothing about any real shop.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.schema import EARLIEST_US, LATEST_US, OUTCOME_KINDS, TABLES
from training import simulate_catalogue, simulate_events, simulate_fates, simulate_rows
from training.simulate_causes import (
    CANCELLED,
    DISPUTE_KINDS,
    Chances,
    chances_of,
    on_the_surface,
)
from training.simulate_fates import Fates, Mood
from training.simulate_orders import Placed, place
from training.simulate_outreach import Listing, OutreachPlan, work_lists
from training.simulate_rows import Columns, order_id
from training.simulate_talk import Notes, draw_chatter, plan
from training.simulate_truth import Simulated, Truth
from training.simulate_waits import Memory
from training.simulate_world import Floats, Ints, Rng, World, draw_world
from training.simulate_write import write_blocks, write_files

__all__ = [
    "DISPUTE_KINDS",
    "OutreachPlan",
    "Simulated",
    "Truth",
    "simulate",
    "simulate_blocks",
    "write_blocks",
    "write_files",
]

BLOCK_ORDERS = 40_000  # about this many at a time: some 400 MB at the peak


def simulate(
    *,
    orders: int,
    seed: int,
    start_at: int,
    days: int,
    shop_id: str = "demo",
    outreach: OutreachPlan | None = None,
) -> Simulated:
    """A whole shop in memory: `orders` orders placed over `days` days from `start_at` (us).

    The same arguments give the same shop. Nothing known at or after `start_at + days` exists, so
    the last orders have not shipped. ValueError where an argument makes no sense.
    """
    blocks = simulate_blocks(
        orders=orders, seed=seed, start_at=start_at, days=days, shop_id=shop_id, outreach=outreach
    )
    return _joined(list(blocks))


def simulate_blocks(
    *,
    orders: int,
    seed: int,
    start_at: int,
    days: int,
    shop_id: str = "demo",
    outreach: OutreachPlan | None = None,
) -> Iterator[Simulated]:
    """The same shop in blocks of whole days, for shops that do not fit in memory.

    Sellers and products come with the first block, a buyer with the block of the first order, and
    everything else with its order: a block holds what becomes of its orders until the end.
    """
    _check(orders=orders, days=days, start_at=start_at)
    seeds = np.random.SeedSequence(seed)
    rng = np.random.default_rng(seeds.spawn(1)[0])
    world = draw_world(rng, orders=orders, start_at=start_at, days=days, shop_id=shop_id)
    memory = Memory(
        seen=np.zeros(len(world.buyers.country), dtype=bool),
        backlog=np.zeros(len(world.sellers.share)),
    )
    for number, span in enumerate(_spans(world.per_day)):
        rng = np.random.default_rng(seeds.spawn(1)[0])
        settled = _settle(rng, world, memory, span, outreach)
        team = outreach or OutreachPlan()
        columns = _rows(rng, world, settled, outreach=team, is_first=number == 0)
        yield Simulated(columns, _truth(settled))


def _check(*, orders: int, days: int, start_at: int) -> None:
    if orders < 1 or days < 1:
        raise ValueError(
            f"simulate: orders and days must be at least 1, got orders={orders}, days={days}. "
            "Ask for one order or more over one day or more."
        )
    if not EARLIEST_US <= start_at <= LATEST_US:
        raise ValueError(
            f"simulate: start_at must be microseconds UTC between 1990 and 2100, got {start_at}. "
            "Multiply seconds by 1,000,000."
        )


def _spans(per_day: Ints) -> Iterator[range]:
    """Ranges of days that hold about BLOCK_ORDERS orders each."""
    first, held = 0, 0
    for day, orders in enumerate(per_day.tolist()):
        held += orders
        if held >= BLOCK_ORDERS or day == len(per_day) - 1:
            yield range(first, day + 1)
            first, held = day + 1, 0


@dataclass(frozen=True)
class _Settled:
    """Everything drawn about a block's orders; see the modules that draw each."""

    placed: Placed
    mood: Mood
    causes: Floats
    chances: Chances
    surface: Floats
    listing: Listing
    fates: Fates
    notes: Notes


def _settle(
    rng: Rng, world: World, memory: Memory, span: range, outreach: OutreachPlan | None
) -> _Settled:
    """One block of days, from placing to the last message, on one page."""
    placed = place(rng, world, memory, span)
    chatter = draw_chatter(rng, placed)
    talks = np.any(list(chatter.values()), axis=0)
    mood = simulate_fates.draw_mood(rng, world, placed, chatters=talks)
    causes = simulate_fates.causes_of(world, placed, mood)
    possible = simulate_fates.possible_of(world, placed)
    chances = chances_of(causes, possible)
    surface = chances_of(on_the_surface(causes), possible).of_any()
    fate, happened = simulate_fates.draw_fates(rng, placed, chances)
    cancelled_at = simulate_fates.draw_cancellations(rng, placed)
    stops_at = np.where(fate == CANCELLED, cancelled_at, placed.ships_at)
    open_until = np.minimum(stops_at, placed.ships_at)
    risk = chances.of_any()
    listing = work_lists(rng, world, placed, plan=outreach, risk=risk, open_until=open_until)
    fate, happened = simulate_fates.after_contact(fate, happened, listing.worked)
    fates = simulate_fates.settle(
        rng, world, placed, fate=fate, happened=happened, cancelled_at=cancelled_at
    )
    told = np.flatnonzero(listing.contacted)
    sent_at = dict(zip(told.tolist(), listing.sent_at[told].tolist(), strict=True))
    notes = plan(rng, placed, mood, fates, chatter=chatter, contacted_at=sent_at)
    return _Settled(placed, mood, causes, chances, surface, listing, fates, notes)


def _rows(
    rng: Rng, world: World, settled: _Settled, *, outreach: OutreachPlan, is_first: bool
) -> dict[str, Columns]:
    """Every table's rows that are known before the end."""
    placed, fates = settled.placed, settled.fates
    columns = {
        "orders": simulate_rows.order_columns(rng, world, placed, settled.mood, fates),
        "items": simulate_rows.item_columns(world, placed),
        "buyers": simulate_rows.buyer_columns(world, placed),
        "addresses": simulate_events.address_columns(rng, world, placed),
        "messages": simulate_events.message_columns(rng, world, placed, settled.notes),
        "outcomes": simulate_events.outcome_columns(rng, world, placed, fates),
        "deliveries": simulate_events.delivery_columns(rng, world, placed, fates),
        "outreach": simulate_events.outreach_columns(rng, placed, settled.listing, outreach),
    }
    if is_first:
        columns["products"] = simulate_catalogue.product_columns(rng, world)
        columns["sellers"] = simulate_catalogue.seller_columns(rng, world)
    return {
        table: simulate_rows.finish(table, columns.get(table, {"known_at": []}), world=world)
        for table in TABLES
    }


def _truth(settled: _Settled) -> Truth:
    placed, chances, listing = settled.placed, settled.chances, settled.listing
    return Truth(
        order_id=[order_id(number) for number in placed.number.tolist()],
        placed_at=placed.placed_at,
        decide_at=placed.decide_at,
        causes=settled.causes,
        probability=np.column_stack([chances.of_kind(kind) for kind in OUTCOME_KINDS]),
        best_risk=chances.of_any(),
        surface_risk=settled.surface,
        happened=settled.fates.happened,
        listed=listing.listed,
        contacted=listing.contacted,
        worked=listing.worked,
    )


def _joined(blocks: Sequence[Simulated]) -> Simulated:
    """Blocks one after another."""
    first, *rest = blocks
    if not rest:
        return first
    columns = {
        table: {name: [v for b in blocks for v in b.columns[table][name]] for name in names}
        for table, names in first.columns.items()
    }
    fields = {
        name: np.concatenate([getattr(b.truth, name) for b in blocks])
        for name in Truth.__annotations__
        if name != "order_id"
    }
    return Simulated(
        columns, Truth(order_id=[i for b in blocks for i in b.truth.order_id], **fields)
    )
