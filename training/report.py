"""`report.html`: one self-contained page that shows how good a model is, for people.

Knows nothing of fits or bundles: what was learned goes in, a page comes out. It needs no network
and no script, prints well, and says in words what each figure shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from training import report_plots as plots
from training.ablate import Ablation
from training.learn import Learned, LearnedHead
from training.measure import Interval, measure
from training.report_text import (
    STYLE_WORDS,
    MeasureRow,
    calibration_sentence,
    capacity_sentence,
    day,
    importance,
    in_words,
    interval,
    limit_sentences,
    measure_rows,
    number,
    recipe_sentence,
    summary_sentence,
)

TOP_FEATURES = 15


@dataclass(frozen=True)
class Figure:
    """One figure: its drawing and what it shows, in words."""

    svg: Markup
    title: str
    words: str


@dataclass(frozen=True)
class HeadView:
    """One head as the page shows it."""

    name: str
    summary: str
    recipe: str
    style: str
    sentences: Sequence[str]
    span: str
    rows: Sequence[MeasureRow]
    figures: Sequence[Figure]
    features: Figure


def report(
    learned: Learned,
    *,
    title: str = "riskradar model",
    words: Mapping[str, str] | None = None,
    ablation: Mapping[str, Sequence[Ablation]] | None = None,
) -> str:
    """The page as HTML text.

    `words` says what each feature is; `ablation` gives, for some heads, what `ablate` found.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = files("training").joinpath("report.html").read_text(encoding="utf-8")
    marks = learned.table.landmarks
    return environment.from_string(template).render(
        title=title,
        as_of=day(learned.as_of),
        orders=len(np.unique(marks.order_key)),
        moments=len(marks),
        placed_from=day(int(marks.placed_at.min())),
        placed_to=day(int(marks.placed_at.max())),
        features=len(learned.model.feature_names),
        risk_kinds=[in_words(kind) for kind in learned.risk_kinds],
        left_out={in_words(kind): why for kind, why in learned.left_out.items()},
        heads=[_view(learned, name, words or {}) for name in learned.heads],
        ablations=[_ablation(name, found) for name, found in (ablation or {}).items()],
        limits=limit_sentences(learned.settings),
    )


def _view(learned: Learned, name: str, words: Mapping[str, str]) -> HeadView:
    head = learned.heads[name]
    windows = [window for window in head.plan.windows if window.judges]
    return HeadView(
        name=in_words(name),
        summary=summary_sentence(name, head),
        recipe=recipe_sentence(head),
        style=STYLE_WORDS[head.plan.style],
        sentences=(capacity_sentence(head), calibration_sentence(head.measures)),
        span=f"{day(windows[0].origin)} to {day(windows[-1].until)}",
        rows=measure_rows(head.measures),
        figures=_figures(head),
        features=_features(learned, name, words),
    )


def _figures(head: LearnedHead) -> list[Figure]:
    judged, contenders = head.judged, head.contenders
    ours = contenders["model"]
    by = {name: head.measures.by[name] for name in ("model", "baseline")}
    said, seen, _ = plots.reliability(judged, ours)
    found = plots.found_by_contacts(judged, contenders, [judged.per_day])
    starts, areas = _areas_over_time(head)
    return [
        _figure(
            plots.calibration(judged, ours),
            "Said and seen",
            f"In the lowest of {len(said)} bins {said[0]:.1%} was said and {seen[0]:.1%} seen, in "
            f"the highest {said[-1]:.1%} and {seen[-1]:.1%}.",
        ),
        _figure(
            plots.gain(judged, contenders),
            "Found by contacting",
            f"Contacting {judged.per_day} orders a day would have reached "
            f"{found['model'][0]:.0%} of the disputes; the baseline's list "
            f"{found['baseline'][0]:.0%}, a random one {found['base_rate'][0]:.0%}.",
        ),
        _figure(
            plots.roc(judged, contenders),
            "Ranking (ROC)",
            f"The area is {number(by['model']['roc_auc_score'].value)}, the baseline's "
            f"{number(by['baseline']['roc_auc_score'].value)}; chance is 0.5.",
        ),
        _figure(
            plots.precision_recall(judged, contenders),
            "Precision and recall",
            f"Average precision {number(by['model']['average_precision_score'].value)}, the "
            f"baseline's {number(by['baseline']['average_precision_score'].value)}; the grey line "
            f"is the base rate, {head.measures.rate:.1%}.",
        ),
        _figure(
            plots.over_time(starts, areas),
            "Ranking over time",
            "; ".join(
                f"from {start} {interval(area)}"
                for start, area in zip(starts, areas["model"], strict=True)
            )
            + ".",
        ),
        _figure(
            plots.scores(judged, ours),
            "Spread of the scores",
            f"Half of the disputed orders got at least "
            f"{np.median(ours[judged.outcome]):.1%}, half of the quiet ones at most "
            f"{np.median(ours[~judged.outcome]):.1%}.",
        ),
    ]


def _areas_over_time(head: LearnedHead) -> tuple[list[str], dict[str, list[Interval]]]:
    """The first day of each judging window, and both contenders' areas in it."""
    starts: list[str] = []
    areas: dict[str, list[Interval]] = {"model": [], "baseline": []}
    for index, window in enumerate(head.plan.windows):
        rows = head.predictions.window == index
        if window.judges and rows.any():
            starts.append(day(window.origin))
            found = measure(
                head.judged.take(rows), {name: head.contenders[name][rows] for name in areas}
            )
            for name, intervals in areas.items():
                intervals.append(found.by[name]["roc_auc_score"])
    return starts, areas


def _features(learned: Learned, name: str, words: Mapping[str, str]) -> Figure:
    head = learned.heads[name]
    weight = importance(head.fitted, learned.table.matrix[head.predictions.row])
    top = np.argsort(-weight, kind="stable")[:TOP_FEATURES]
    names = [learned.model.feature_names[column] for column in top]
    svg = plots.bars(names, weight[top], "mean absolute contribution, log-odds")
    said = "; ".join(words[each] for each in names if each in words)
    return _figure(svg, "What moves the score", said + "." if said else ", ".join(names) + ".")


def _ablation(name: str, found: Sequence[Ablation]) -> dict[str, object]:
    return {
        "name": in_words(name),
        "rows": [
            {
                "group": one.group,
                "features": one.features,
                "roc_auc": interval(one.roc_auc_gain),
                "log_loss": interval(one.log_loss_gain),
                "pays": "yes" if one.pays else "not shown",
            }
            for one in found
        ],
        "figure": _figure(plots.groups(found), "What each group of features adds", ""),
    }


def _figure(svg: str, title: str, words: str) -> Figure:
    return Figure(Markup(svg), title, words)  # noqa: S704 -- our own drawing, no text of a shop's
