"""`card.md`: what a model is, what it was judged on and what it must not be used for.

Knows nothing of plots or bundles: what was learned goes in, Markdown comes out.
"""

from __future__ import annotations

from training.learn import Learned, LearnedHead
from training.report_text import (
    STYLE_WORDS,
    calibration_sentence,
    capacity_sentence,
    day,
    in_words,
    limit_sentences,
    measure_rows,
    recipe_sentence,
    summary_sentence,
)


def card(learned: Learned, *, title: str = "riskradar model") -> str:
    """The card of a model, as Markdown."""
    parts = [
        f"# {title}",
        *_about(learned),
        "## In short",
        *[f"- {summary_sentence(name, head)}" for name, head in learned.heads.items()],
        *_left_out(learned),
        "",
    ]
    for name, head in learned.heads.items():
        parts += _head(name, head)
    limits = [f"- {limit}" for limit in limit_sentences(learned.settings)]
    return "\n".join(
        [*parts, "## What the measures are of, and what they are not", "", *limits, ""]
    )


def _about(learned: Learned) -> list[str]:
    marks = learned.table.landmarks
    return [
        "",
        (
            f"Learned from what was known before {day(learned.as_of)}: "
            f"{len(set(marks.order_key.tolist()))} orders at {len(marks)} moments before shipment, "
            f"placed {day(int(marks.placed_at.min()))} to {day(int(marks.placed_at.max()))}; "
            f"{len(learned.model.feature_names)} features."
        ),
        "",
        (
            f"`risk` is the chance of any of: {', '.join(map(in_words, learned.risk_kinds))}, if "
            "nothing is done."
        ),
        "",
    ]


def _left_out(learned: Learned) -> list[str]:
    if not learned.left_out:
        return []
    reasons = [f"- {in_words(kind)}: {why}" for kind, why in learned.left_out.items()]
    return ["", "Without a probability of their own:", "", *reasons]


def _head(name: str, head: LearnedHead) -> list[str]:
    windows = [window for window in head.plan.windows if window.judges]
    rows = [
        f"| {row.name} | {row.model} | {row.baseline} | {row.difference} | {row.base_rate} |"
        for row in measure_rows(head.measures)
    ]
    return [
        f"## {in_words(name)}",
        "",
        (
            f"{head.positives} of {head.orders} judged orders had it. The measures are of "
            f"{head.measures.orders} orders placed {day(windows[0].origin)} to "
            f"{day(windows[-1].until)} ({head.measures.positives} had it, "
            f"{head.measures.rate:.1%}): {STYLE_WORDS[head.plan.style]}."
        ),
        "",
        f"Recipe: {recipe_sentence(head)}",
        "",
        "| measure | riskradar | logistic baseline | difference | base rate |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"{capacity_sentence(head)} {calibration_sentence(head.measures)}",
        "",
    ]
