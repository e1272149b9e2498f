"""From facts to a fitted model: labels, landmarks, features, windows, heads, measures.

Knows nothing of stores, bundles or clocks: facts and a moment go in, and the same facts, settings
and moment give the same model on every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from features.encoded import CONVERSATION, Encodings
from features.facts import NONE, Facts
from features.schema import DAY_US, OUTCOME_KINDS
from training.ablate import Ablation, ablate
from training.blend import Choice
from training.encode import Encoder
from training.fit import Answers, Fitter, Head, Matrix, OutOfTime, Table
from training.heads import FittedHead, FittedModel, Grid, knot_grid
from training.labels import UNKNOWN, Labels, labels, with_any, worthwhile
from training.landmarks import Landmarks, landmarks, thinned
from training.measure import Judged, Measures, measure
from training.recipe import LearnSettings
from training.truth import Ints, truth
from training.windows import Cohort, NotEnoughHistory, Plan, plan

RISK = "risk"
GRID_ROWS = 200_000  # rows that the knots are read from; quantiles of more are the same knots

Floats = npt.NDArray[np.float64]
BuildMatrix = Callable[[Landmarks], Matrix]  # (order_key, as_of) of n moments → (n, d) float32
Progress = Callable[[str], None]


@dataclass(frozen=True)
class LearnedHead:
    """One head with everything that its card says."""

    fitted: FittedHead
    plan: Plan
    choice: Choice
    clocks: tuple[str, ...]  # features left out because they tell the time
    measures: Measures
    judged: Judged  # orders of the judging windows
    predictions: OutOfTime  # (orders,) the margins behind `contenders`
    contenders: Mapping[str, Floats]  # model, baseline, base_rate → (orders,) probabilities
    placed_at: Ints
    order_key: Ints
    orders: int  # answered by `as_of`, in the windows or not
    positives: int


@dataclass(frozen=True)
class Learned:
    """What a night of learning gives."""

    model: FittedModel
    heads: Mapping[str, LearnedHead]
    as_of: int
    risk_kinds: tuple[str, ...]  # the kinds that `risk` is any of
    left_out: Mapping[str, str]  # kind → why it has no head, or is not part of risk
    table: Table  # every landmark learned from, for the proof
    settings: LearnSettings
    encodings: Encodings  # what the model reads beside the features


class _Answers:
    """Answers per landmark as known at any moment, worked out once a moment."""

    def __init__(
        self, facts: Facts, settings: LearnSettings, risk_kinds: tuple[str, ...], as_of: int
    ) -> None:
        self.facts, self.settings, self.risk_kinds = facts, settings, risk_kinds
        self.as_of = as_of
        self.known: dict[int, Labels] = {}

    def labels_at(self, moment: int) -> Labels:
        """Answers of every kind and of `risk`, by order."""
        if moment not in self.known:
            found = labels(self.facts, truth(self.facts, moment), self.settings.horizon_days)
            self.known[moment] = with_any(found, RISK, self.risk_kinds)
        return self.known[moment]

    def of(self, kind: str, order_key: Ints, moment: int) -> Answers:
        """(landmarks,) answers of one kind."""
        return self.labels_at(moment).of(kind, order_key)


def learn(
    facts: Facts,
    build_matrix: BuildMatrix,
    names: tuple[str, ...],
    *,
    settings: LearnSettings,
    as_of: int,
    progress: Progress = lambda _: None,
) -> Learned:
    """Everything from the facts known before `as_of`; NotEnoughHistory where `risk` has too few.

    `build_matrix` gives what the model reads of landmarks, one column a name; it is asked once.
    Columns of what is fitted (`features.encoded`) are filled in here, whatever it put there.
    """
    orders = truth(facts, as_of)
    by_kind = labels(facts, orders, settings.horizon_days)
    risk_kinds = worthwhile(by_kind, _with_source(by_kind, settings.risk_kinds))
    answers = _Answers(facts, settings, risk_kinds, as_of)
    kinds, left_out = _kinds(answers.labels_at(as_of), settings, risk_kinds)
    marks = landmarks(
        facts,
        orders,
        hours=settings.landmark_hours,
        decide_within_hours=settings.decide_within_hours,
    )
    marks = _learnable(marks, answers.labels_at(as_of), kinds, settings)
    plans = _plans(marks, answers.labels_at(as_of), kinds, settings, left_out)
    only = risk_kinds[0] if len(risk_kinds) == 1 else ""
    is_risk = plans.pop(only, None) is not None  # that kind is `risk`: learned once, written twice
    progress(f"features of {len(marks)} moments")
    table, encodings = _table(marks, build_matrix(marks), names, facts, answers)
    fitter = Fitter(table, settings, progress)
    grid = _grid(table, settings)
    heads = {
        kind: _learned(fitter, answers, Head(kind, found, as_of, _at(answers, kind, marks)), grid)
        for kind, found in plans.items()
    }
    if is_risk:
        heads[only] = _renamed(heads[RISK], only)
    model = FittedModel(names, tuple(head.fitted for head in heads.values()), RISK)
    return Learned(model, heads, as_of, risk_kinds, left_out, table, settings, encodings)


def _with_source(found: Labels, kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds that any shop and platform reports; NotEnoughHistory where none does."""
    sourced = tuple(k for k in kinds if found.has_source[:, found.kinds.index(k)].any())
    if not sourced:
        raise NotEnoughHistory(
            f"expected outcomes of at least one of {', '.join(kinds)}, got none for any of "
            f"{len(found.order_key)} orders. Bring in the shop's outcomes first."
        )
    return sourced


def _kinds(
    known: Labels, settings: LearnSettings, risk_kinds: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """The heads to try, `risk` first, and why the other kinds have none."""
    kinds, left_out = [RISK], {}
    for kind in OUTCOME_KINDS:
        positives, judged = known.positives(kind), known.judged(kind)
        if positives >= settings.min_positives:
            kinds.append(kind)
        elif known.has_source[:, known.kinds.index(kind)].any():
            left_out[kind] = (
                f"{positives} of {judged} judged orders, fewer than {settings.min_positives}"
            )
        if kind in settings.risk_kinds and kind not in risk_kinds and kind in left_out:
            left_out[kind] += "; not part of risk, which would have lost half of its orders"
    return kinds, left_out


def _learnable(
    marks: Landmarks, known: Labels, kinds: list[str], settings: LearnSettings
) -> Landmarks:
    """Landmarks of orders that any head can learn from, within the history kept."""
    answered = np.any([known.of(kind, marks.order_key) != UNKNOWN for kind in kinds], axis=0)
    recent = marks.placed_at >= known.as_of - round(settings.history_days * DAY_US)
    return thinned(marks.take(answered & recent), settings.max_landmarks)


def _plans(
    marks: Landmarks,
    known: Labels,
    kinds: list[str],
    settings: LearnSettings,
    left_out: dict[str, str],
) -> dict[str, Plan]:
    """Windows of each head; a kind without any is left out, `risk` without any ends learning."""
    plans: dict[str, Plan] = {}
    decisions = marks.take(marks.decision)
    for kind in kinds:
        answer = known.of(kind, decisions.order_key)
        judged = answer != UNKNOWN
        cohort = Cohort(
            decisions.placed_at[judged],
            known.ready(kind, decisions.order_key)[judged],
            answer[judged] == 1,
        )
        try:
            plans[kind] = plan(cohort, as_of=known.as_of, max_origins=settings.max_origins)
        except NotEnoughHistory as reason:
            if kind == RISK:
                raise
            left_out[kind] = str(reason)
    return plans


def _at(answers: _Answers, kind: str, marks: Landmarks) -> Callable[[int], Answers]:
    return lambda moment: answers.of(kind, marks.order_key, moment)


def _table(
    marks: Landmarks, matrix: Matrix, names: tuple[str, ...], facts: Facts, answers: _Answers
) -> tuple[Table, Encodings]:
    """The table, and what everything known taught of messages, if the model is to read that."""
    if CONVERSATION not in names:
        return Table(marks, matrix, names), Encodings()
    encoder = Encoder.of(
        facts,
        marks,
        _at(answers, RISK, marks),
        history_days=answers.settings.history_days,
        half_life_days=answers.settings.half_life_days,
    )
    last = encoder.at(answers.as_of, answers.as_of)
    matrix[:, names.index(CONVERSATION)] = last.column
    return Table(marks, matrix, names, encoder), last.encodings


def _grid(table: Table, settings: LearnSettings) -> Grid:
    """The knots that all heads share, so that the exported graph holds one basis."""
    step = max(1, len(table.matrix) // GRID_ROWS)
    return knot_grid(table.matrix[::step], settings.smooth_knots)


def _learned(fitter: Fitter, answers: _Answers, head: Head, grid: Grid) -> LearnedHead:
    walked = fitter.walk(head)
    refitted = fitter.refit(head, walked, grid)
    found = walked.predictions.take(walked.judged)
    probability = walked.probability[walked.judged]
    marks = fitter.table.landmarks.take(found.row)
    judged = _judged(marks, answers.of(head.name, marks.order_key, head.as_of), fitter.settings)
    contenders = {
        "model": probability,
        "baseline": found.baseline,
        "base_rate": found.base_rate,
    }
    known = answers.labels_at(head.as_of)
    return LearnedHead(
        fitted=refitted.fitted,
        plan=head.plan,
        choice=refitted.choice,
        clocks=refitted.clocks,
        measures=measure(judged, contenders, seed=fitter.settings.resamples_seed),
        judged=judged,
        predictions=found,
        contenders=contenders,
        placed_at=marks.placed_at,
        order_key=marks.order_key,
        orders=known.judged(head.name),
        positives=known.positives(head.name),
    )


def _renamed(head: LearnedHead, name: str) -> LearnedHead:
    return replace(head, fitted=replace(head.fitted, name=name))


def _judged(marks: Landmarks, answer: Answers, settings: LearnSettings) -> Judged:
    """Orders at their decision moment; a buyer's are drawn together, unknown buyers alone."""
    return Judged(
        outcome=answer == 1,
        weight=marks.propensity_weight,
        cluster=np.where(marks.buyer_key == NONE, marks.order_key, marks.buyer_key),
        day=marks.as_of // DAY_US,
        per_day=settings.per_day,
    )


def ablations(
    learned: Learned,
    facts: Facts,
    groups: Mapping[str, tuple[str, ...]],
    *,
    progress: Progress = lambda _: None,
) -> dict[str, tuple[Ablation, ...]]:
    """What each group of features adds to each head, on the windows that validate.

    `facts` are those that were learned from; `groups` names their features.
    """
    answers = _Answers(facts, learned.settings, learned.risk_kinds, learned.as_of)
    fitter = Fitter(learned.table, learned.settings, progress)
    marks, found = learned.table.landmarks, {}
    for name, one in learned.heads.items():
        head = Head(name, one.plan, learned.as_of, _at(answers, name, marks))

        def judged_of(predictions: OutOfTime, kind: str = name) -> Judged:
            asked = marks.take(predictions.row)
            answer = answers.of(kind, asked.order_key, learned.as_of)
            return _judged(asked, answer, learned.settings)

        found[name] = ablate(fitter, head, groups, judged_of)
    return found
