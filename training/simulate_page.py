"""The tables of docs/simulator.md, rendered from the simulator's constants.

Knows nothing of simulating. `python -m training.simulate_page` renews the page; a test compares.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.schema import OUTCOME_KINDS
from training import (
    simulate_addresses,
    simulate_events,
    simulate_fates,
    simulate_orders,
    simulate_outreach,
    simulate_talk,
    simulate_waits,
    simulate_world,
)
from training.simulate_causes import (
    AFTERWARDS,
    CAUSES,
    COEFFICIENTS,
    DISSATISFACTION,
    FATES,
    LEVEL_THRESHOLDS,
)

PAGE = Path(__file__).resolve().parent.parent / "docs" / "simulator.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"
CONSTANTS = {
    simulate_world: (
        "ORDERS_PER_BUYER",
        "RETURNER_SHARE",
        "REFUSER_SHARE",
        "RESELLER_SHARE",
        "LOCKER_SHARE",
        "BUYERS_PER_LOCKER",
        "DEFECT_SHARES",
        "FLAWED_SHARE",
        "PRICE_RATIOS",
        "PRICE_SHARES",
    ),
    simulate_orders: (
        "EXTRA_LINES",
        "SIZES_SHARE",
        "SIZES_SHARE_RETURNER",
        "CHANGE_SHARES",
        "MENDS_DEFECT",
    ),
    simulate_waits: (
        "DECIDE_HOURS",
        "SLOW_DAY_SHARE",
        "SLOW_DAY_CAPACITY",
        "LONGEST_BACKLOG_DAYS",
    ),
    simulate_addresses: ("SCATTER_DEGREES",),
    simulate_fates: (
        "DOUBT_SHARE",
        "DOUBT_SHARE_FIRST_ORDER",
        "GIFT_DEADLINE_SHARE",
        "CANCEL_WISH_SHARES",
        "LATEST_OPENING_DAYS",
        "LATEST_CHARGEBACK_DAYS",
        "LATEST_DELIVERY_DAYS",
        "KNOWN_LATER_SHARE",
        "KNOWN_LATER_DAYS",
    ),
    simulate_talk: (
        "SHOWS_LESS",
        "CALM_CHASERS",
        "CHATTER_SHARES",
        "TELLS_CHANGE",
        "SYSTEM_SHARE",
        "CHASES_AGAIN",
        "LATE_ANSWERS",
        "WRITES_BEFORE_OUTCOME",
        "HARM_SHARE",
        "FIRST_TOPIC",
        "SECOND_TOPIC",
    ),
    simulate_events: ("LOST_SHARE", "FIRST_TRY_SHARE", "CLOSED_AFTER_DAYS"),
    simulate_outreach: ("LIST_READY_HOURS", "SHIFT_HOURS", "CONTACT_COST_MINOR"),
}


def tables() -> str:
    """All tables of the page as Markdown."""
    titled = {
        "Causes": _causes(),
        "Coefficients": _coefficients(),
        "What the parcel's fate adds": _afterwards(),
        "Dissatisfaction": _dissatisfaction(),
        "Other numbers": _constants(),
    }
    return "\n\n".join(f"### {title}\n\n{table}" for title, table in titled.items())


def renewed(page: str) -> str:
    """The page with its tables replaced; ValueError where the marks are missing."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(
            f"docs/simulator.md must hold {BEGIN!r} and then {END!r}; one is missing. Put it back."
        )
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{after}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _causes() -> str:
    rows = [
        (f"`{name}`", cause.words, "hidden" if cause.hidden else "in the record")
        for name, cause in CAUSES.items()
    ]
    return _table(("cause", "what it is", "seen"), rows)


def _coefficients() -> str:
    names = ("intercept", *CAUSES)
    rows = [
        (f"`{name}`", *(f"{COEFFICIENTS[kind].get(name, 0):g}" for kind in OUTCOME_KINDS))
        for name in names
    ]
    return _table(("log-odds", *(f"`{kind}`" for kind in OUTCOME_KINDS)), rows)


def _afterwards() -> str:
    rows = [
        (f"`{kind}`", *(f"{shifts[fate]:g}" if fate in shifts else "never" for fate in FATES))
        for kind, shifts in AFTERWARDS.items()
    ]
    return _table(("log-odds", *FATES), rows)


def _dissatisfaction() -> str:
    rows = [(f"`{name}`", f"{value:g}") for name, value in DISSATISFACTION.items()]
    rows += [
        (f"threshold of level {level}", f"{value:g}")
        for level, value in enumerate(LEVEL_THRESHOLDS, start=1)
    ]
    return _table(("part of the score", "log-odds"), rows)


def _constants() -> str:
    rows = [
        (f"`{module.__name__.removeprefix('training.')}.{name}`", f"`{getattr(module, name)}`")
        for module, names in CONSTANTS.items()
        for name in names
    ]
    return _table(("constant", "value"), rows)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text("utf-8")), "utf-8")
