"""One head: walk through its windows, choose on what came out of time, refit on everything.

Knows nothing of facts, stores or files: a matrix, answers and windows go in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from features.encoded import CONVERSATION
from features.schema import DAY_US
from training.blend import Choice, Evidence, Margins, choose
from training.encode import Encoder
from training.fit_baseline import Baseline, simple_columns
from training.fit_trees import CHECKPOINTS, PLAIN_ROUNDS, fit_trees, margins_at_checkpoints
from training.heads import FittedHead, Grid, SmoothHalf, smooth_half
from training.labels import UNKNOWN
from training.landmarks import Landmarks, reweighed, two_an_order
from training.recipe import LearnSettings
from training.steady import clocks
from training.windows import Plan, Window

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Answers = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Table:
    """All that can be learned from: landmarks with their features, row for row."""

    landmarks: Landmarks
    matrix: Matrix  # (n, d), NaN where unknown
    names: tuple[str, ...]  # (d,) features
    encoder: Encoder | None = None  # of the column that is fitted anew at every origin

    def taken(self, index: Ints, origin: int, known_at: int) -> Matrix:
        """(r, d) some rows, as a fit at `origin` on answers known by `known_at` may see them.

        What messages are worth was learned by that fit's own past, and of its own orders by others
        than themselves.
        """
        matrix = self.matrix[index]
        if self.encoder is not None and CONVERSATION in self.names:
            column = self.encoder.at(origin, known_at).column
            matrix[:, self.names.index(CONVERSATION)] = column[index]
        return matrix


@dataclass(frozen=True)
class Weighed:
    """Some landmarks and what each weighs; those of an order sum to its propensity weight."""

    index: Ints
    weight: Floats


@dataclass(frozen=True)
class Rows:
    """What one fit sees."""

    index: Ints  # (n,) landmarks
    matrix: Matrix  # (n, d), clocks unknown throughout
    outcome: Answers  # (n,) of 0 and 1
    weight: Floats  # (n,) share of the order, times its propensity weight, times its decay
    clock: Flags  # (d,) features left out because they tell the time
    moments: float  # rows an order, on average

    @property
    def base_rate(self) -> float:
        """Weighed share of positives."""
        return float(np.average(self.outcome, weights=self.weight))


@dataclass(frozen=True)
class Head:
    """What one head is about: its name, its windows, and its answers as known at a moment."""

    name: str
    plan: Plan
    as_of: int
    answers_at: Callable[[int], Answers]  # moment → (landmarks,) in {-1, 0, 1}


@dataclass(frozen=True)
class OutOfTime:
    """Predictions of orders that the fit behind them could not know, (m,), in order of placing."""

    row: Ints  # landmark, always a decision moment
    window: Ints  # position in the plan
    margins: Margins
    baseline: Floats  # probabilities of the logistic baseline
    base_rate: Floats  # share of positives among what was fitted

    @property
    def level(self) -> Floats:
        """(m,) log-odds of the base rate of the fit behind each prediction."""
        return log_odds(self.base_rate)

    def take(self, rows: Flags) -> OutOfTime:
        """Only those predictions."""
        return OutOfTime(
            self.row[rows],
            self.window[rows],
            self.margins.take(rows),
            self.baseline[rows],
            self.base_rate[rows],
        )


@dataclass(frozen=True)
class Walked:
    """What the walk through the windows gave."""

    predictions: OutOfTime  # of all windows
    probability: Floats  # (m,) ours in the judging windows, NaN in those that validate

    @property
    def judged(self) -> Flags:
        """(m,) predictions that judge and were never chosen on."""
        return np.isfinite(self.probability)


@dataclass(frozen=True)
class Refitted:
    """The winning recipe on everything known."""

    fitted: FittedHead
    choice: Choice
    clocks: tuple[str, ...]  # features left out because they tell the time


@dataclass(frozen=True)
class Fitter:
    """Fits heads on one table; the same table, settings and head give the same bits."""

    table: Table
    settings: LearnSettings
    progress: Callable[[str], None]

    def predictions(self, head: Head) -> OutOfTime:
        """Fit at each origin and predict until the next."""
        return _joined([self._at(head, index) for index in range(len(head.plan.windows))])

    def walk(self, head: Head) -> Walked:
        """Predictions of every window; those that judge by choices made before them."""
        predictions = self.predictions(head)
        probability = np.full(len(predictions.row), np.nan)
        for index, window in enumerate(head.plan.windows):
            inside = predictions.window == index
            if window.judges and inside.any():
                earlier = predictions.take(predictions.window < index)
                rate = float(predictions.base_rate[inside][0])
                choice = self._choice(head, earlier, window.choose_known_at, rate)
                probability[inside] = choice.probability(predictions.margins.take(inside))
        return Walked(predictions, probability)

    def refit(self, head: Head, walked: Walked, grid: Grid) -> Refitted:
        """The winning recipe on everything known by now, chosen on every window.

        The judging windows take part in this last choice, which nothing judges: what they judged
        is the recipe, and the freshest orders calibrate best.
        """
        self.progress(f"{head.name}: fit on everything known")
        rows = self._rows(self.every, head, head.as_of, head.as_of)
        choice = self._choice(head, walked.predictions, head.as_of, rows.base_rate)
        smooth, booster = None, None
        if choice.weight_trees < 1:
            smooth = self._smooth(rows, grid)
        if choice.weight_trees > 0:
            booster = self._trees(rows, choice.rounds)
        weights = (1 - choice.weight_trees, choice.weight_trees)
        fitted = FittedHead(head.name, smooth, booster, *weights, choice.calibration)
        names = np.array(self.table.names)[rows.clock].tolist()
        return Refitted(fitted, choice, tuple(names))

    def _at(self, head: Head, index: int) -> OutOfTime:
        window = head.plan.windows[index]
        rows = self._rows(self.few, head, window.origin, window.fit_known_at)
        judged = np.flatnonzero(self._judges(head, window))
        self.progress(
            f"{head.name}: window {index + 1} of {len(head.plan.windows)}, "
            f"{len(rows.outcome)} moments teach, {len(judged)} orders follow"
        )
        matrix = self.table.taken(judged, window.origin, window.fit_known_at)
        checkpoints = (PLAIN_ROUNDS,) if head.plan.short else CHECKPOINTS
        smooth = self._smooth(rows, None)
        booster = self._trees(rows, checkpoints[-1])
        columns = simple_columns(self.table.names)
        baseline = Baseline(self.table.matrix[rows.index], rows.outcome, rows.weight, columns)
        return OutOfTime(
            row=judged,
            window=np.full(len(judged), index),
            margins=Margins(
                smooth.decision_function(matrix),
                margins_at_checkpoints(booster, matrix, checkpoints),
                checkpoints,
            ),
            baseline=baseline.probability(matrix),
            base_rate=np.full(len(judged), rows.base_rate),
        )

    def _judges(self, head: Head, window: Window) -> Flags:
        marks, answers = self.table.landmarks, head.answers_at(head.as_of)
        inside = (marks.placed_at >= window.origin) & (marks.placed_at < window.until)
        judges: Flags = inside & marks.decision & (answers != UNKNOWN)
        return judges

    @cached_property
    def few(self) -> Weighed:
        """Two moments of each order: as good as all to judge a recipe by, at half the cost."""
        marks = self.table.landmarks
        index = np.flatnonzero(two_an_order(marks))
        return Weighed(index, reweighed(marks.take(index)).weight)

    @cached_property
    def every(self) -> Weighed:
        """Every moment, for the fit that serves."""
        marks = self.table.landmarks
        return Weighed(np.arange(len(marks)), marks.weight)

    def _rows(self, which: Weighed, head: Head, origin: int, known_at: int) -> Rows:
        """Moments of answered orders placed before an origin, the older the lighter."""
        marks, answers = self.table.landmarks, head.answers_at(known_at)
        span = round(self.settings.history_days * DAY_US)
        recent = (marks.placed_at < origin) & (marks.placed_at >= origin - span)
        taken = (recent & (answers != UNKNOWN))[which.index]
        index = which.index[taken]
        age = (origin - marks.placed_at[index]) / (self.settings.half_life_days * DAY_US)
        decided = np.flatnonzero(recent & marks.decision)
        decisions = self.table.taken(decided, origin, known_at)
        clock = clocks(decisions, int(np.ptp(marks.placed_at[decided])))
        matrix = self.table.taken(index, origin, known_at)
        matrix[:, clock] = np.nan
        return Rows(
            index=index,
            matrix=matrix,
            outcome=answers[index],
            weight=which.weight[taken] * 0.5**age,
            clock=clock,
            moments=len(index) / max(1, int(marks.decision[index].sum())),
        )

    def _smooth(self, rows: Rows, grid: Grid | None) -> SmoothHalf:
        half = smooth_half(
            len(self.table.names),
            knots=self.settings.smooth_knots,
            l2=self.settings.smooth_l2,
            grid=grid,
        )
        return half.fit(rows.matrix, rows.outcome, rows.weight)

    def _trees(self, rows: Rows, rounds: int) -> Any:
        settings = self.settings.trees
        return fit_trees(
            rows.matrix, rows.outcome, rows.weight, rounds, settings, moments=rows.moments
        )

    def _choice(self, head: Head, predictions: OutOfTime, moment: int, rate: float) -> Choice:
        """What predictions say at a moment for a fit of that base rate."""
        answer = head.answers_at(moment)[predictions.row]
        answered = predictions.take(answer != UNKNOWN)
        marks = self.table.landmarks
        seen = Evidence(
            outcome=answer[answer != UNKNOWN].astype(np.float64),
            weight=marks.propensity_weight[answered.row],
            placed_at=marks.placed_at[answered.row],
            level=answered.level,
        )
        level = float(log_odds(np.array(rate)))
        return choose(answered.margins, seen, level=level, short=head.plan.short)


def log_odds(rate: Floats) -> Floats:
    """(n,) shares in [0, 1] → (n,) log-odds, finite."""
    inside = np.clip(rate, 1e-6, 1 - 1e-6)
    return np.log(inside / (1 - inside))


def _joined(parts: list[OutOfTime]) -> OutOfTime:
    return OutOfTime(
        np.concatenate([part.row for part in parts]),
        np.concatenate([part.window for part in parts]),
        Margins(
            np.concatenate([part.margins.smooth for part in parts]),
            np.concatenate([part.margins.trees for part in parts]),
            parts[0].margins.checkpoints,
        ),
        np.concatenate([part.baseline for part in parts]),
        np.concatenate([part.base_rate for part in parts]),
    )
