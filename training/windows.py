"""Rolling origins: which orders teach, which choose and which judge, all by the time of placing.

Knows nothing of features or models: times and answers of judged orders go in, windows come out.

At an origin V a model learns from orders placed before V whose answer was known at V, and
predicts the orders placed from V to the next origin. The last windows judge and nothing else;
what is chosen for a judging window (rounds, blend, calibration) is chosen on earlier windows.
How strictly depends on how much history there is:

- `nested`: at every judging origin, both what was learned and what was chosen used only answers
  known at that origin. This is exactly what a nightly run at that moment would have done.
- `gapped`: fits use only answers known at their origin; choices use earlier windows with the
  answers known today, since the wait for answers is longer than the history can spare.
- `ordered`: earlier orders teach, later ones judge, answers as known today. For histories of
  weeks, whose judged orders are all younger than the longest wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from training.truth import Ints

STYLES = ("nested", "gapped", "ordered")
# Least positives to fit on, to choose on, to judge on, by style: below them the next style is
# tried, and below the last there is not enough history. Our judgement, not measured.
LEAST = {"nested": (40, 40, 40), "gapped": (25, 20, 20), "ordered": (10, 5, 5)}
POSITIVES_A_WINDOW = 60  # a window of fewer says more about chance than about its months
TEST_SHARE = 0.25  # of the judged orders, the latest
FIT_SHARES = (
    0.40,
    0.25,
)  # of the judged orders known at the first origin; the larger is tried first
SHORT = 100  # positives to choose on; with fewer nothing is chosen, the recipe is fixed


@dataclass(frozen=True)
class Cohort:
    """Judged orders (n,): when placed, when their answer became final, what it is."""

    placed_at: Ints
    ready_at: Ints
    positive: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """One origin: fit on orders placed before `origin`, judge those of [origin, until)."""

    origin: int
    until: int
    fit_known_at: int  # answers known strictly by then may be fitted
    choose_known_at: int  # answers of earlier windows known by then may be chosen on
    judges: bool  # a test window; otherwise it validates


@dataclass(frozen=True)
class Plan:
    """The windows of one head, in order of time; `short` histories choose nothing."""

    style: str
    windows: tuple[Window, ...]
    short: bool

    @property
    def test_from(self) -> int:
        """The first moment whose orders only judge."""
        return next(window.origin for window in self.windows if window.judges)


class NotEnoughHistory(ValueError):
    """There are too few judged orders or positives to learn from; the message says how many."""


def plan(cohort: Cohort, *, as_of: int, max_origins: int) -> Plan:
    """The strictest windows that the history allows; NotEnoughHistory where none can be cut."""
    if len(cohort.placed_at):
        for style, first, test in _candidates(cohort):
            known_at = first if style != "ordered" else as_of
            choose_at = test if style == "nested" else as_of
            counts = _positives(cohort, first, test, known_at, choose_at)
            least = LEAST[style]
            if all(count >= need for count, need in zip(counts, least, strict=True)):
                edges = _edges(cohort, first, test, counts, max_origins)
                return Plan(style, _windows(edges, test, style, as_of), counts[1] < SHORT)
    fewest = sum(LEAST["ordered"])
    raise NotEnoughHistory(
        f"expected at least {fewest} orders with the outcome and {fewest} without, spread over the "
        "time of placing, among the orders whose horizon has passed; got "
        f"{int(cohort.positive.sum())} among {len(cohort.placed_at)}. Bring in older orders with "
        "their outcomes, or wait."
    )


def _candidates(cohort: Cohort) -> Iterator[tuple[str, int, int]]:
    """(style, first origin, first judging origin), from the strictest on."""
    test = int(np.quantile(cohort.placed_at, 1 - TEST_SHARE, method="higher"))
    for style in ("nested", "gapped"):
        for share in FIT_SHARES:
            first = int(np.quantile(cohort.ready_at, share, method="higher")) + 1
            if first < test:
                yield style, first, test
    yield "ordered", int(np.quantile(cohort.placed_at, 0.5, method="higher")), test


def _positives(
    cohort: Cohort, first: int, test: int, known_at: int, choose_at: int
) -> tuple[int, int, int]:
    """Positives (or negatives, where those are fewer) to fit, to choose and to judge on."""
    placed, ready = cohort.placed_at, cohort.ready_at
    fit = (placed < first) & (ready <= known_at)
    choose = (placed >= first) & (placed < test) & (ready <= choose_at)
    judge = placed >= test
    return _scarcer(cohort, fit), _scarcer(cohort, choose), _scarcer(cohort, judge)


def _scarcer(cohort: Cohort, rows: npt.NDArray[np.bool_]) -> int:
    positives = int(cohort.positive[rows].sum())
    return min(positives, int(rows.sum()) - positives)


def _edges(
    cohort: Cohort, first: int, test: int, counts: tuple[int, int, int], max_origins: int
) -> list[int]:
    """Rising origins, then the end; the windows of a part hold equally many orders each."""
    placed = cohort.placed_at
    end = int(placed.max()) + 1
    most = max(1, max_origins // 2)
    edges: list[int] = []
    for low, high, positives in ((first, test, counts[1]), (test, end, counts[2])):
        windows = int(np.clip(positives // POSITIVES_A_WINDOW, 1, most))
        inside = placed[(placed >= low) & (placed < high)]
        shares = np.arange(1, windows) / windows
        inner = np.quantile(inside, shares, method="higher").tolist()
        edges += [low, *map(int, inner)]
    return sorted({*edges, end})


def _windows(edges: list[int], test: int, style: str, as_of: int) -> tuple[Window, ...]:
    return tuple(
        Window(
            origin=low,
            until=high,
            fit_known_at=as_of if style == "ordered" else low,
            choose_known_at=low if style == "nested" else as_of,
            judges=low >= test,
        )
        for low, high in pairwise(edges)
    )
