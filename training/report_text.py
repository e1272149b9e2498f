"""Words and numbers that the report and the card share, so that they never disagree.

Knows nothing of HTML, Markdown or plots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from training.heads import FittedHead
from training.learn import LearnedHead
from training.measure import Interval, Measures
from training.recipe import LearnSettings

# Measure → what people call it, and how to read it.
MEASURE_WORDS: Mapping[str, tuple[str, str]] = {
    "roc_auc_score": ("Ranking (ROC AUC)", "chance that a disputed order is ranked above a quiet"),
    "average_precision_score": ("Average precision", "precision over the list, top to bottom"),
    "capacity_precision_score": ("Precision at capacity", "right among the orders on day's lists"),
    "capacity_recall_score": ("Recall at capacity", "found by contacting the day's lists"),
    "top_tenth_precision_score": ("Precision in the top tenth", "right among the riskiest tenth"),
    "top_tenth_recall_score": ("Recall in the top tenth", "found in the riskiest tenth"),
    "brier_loss": ("Brier loss", "squared error of the probability; less is better"),
    "log_loss": ("Log loss", "surprise in nats; less is better"),
    "calibration_loss": ("Calibration error", "said against seen, ten bins; less is better"),
}
STYLE_WORDS = {
    "nested": "every judged order was predicted, and the recipe chosen, only by what was known "
    "when its window began, as a nightly run then would have done",
    "gapped": "every judged order was predicted by a fit on what was known when its window began; "
    "the recipe was chosen on earlier windows with the answers known today, since the history is "
    "too short to wait for them twice",
    "ordered": "earlier orders taught and later ones judged, with the answers known today, since "
    "the history is shorter than twice the wait for an answer; the next months may differ more",
}
IMPORTANCE_ROWS = 1_000  # orders whose contributions are averaged


def day(moment: int) -> str:
    """The UTC day of a moment, as 2026-01-31."""
    return datetime.fromtimestamp(moment / 1e6, UTC).date().isoformat()


def in_words(kind: str) -> str:
    """A head's name as people read it."""
    return kind.replace("_", " ").replace("a to z", "A-to-Z")


def number(value: float) -> str:
    """Three digits after the point, or a dash where nothing can be said."""
    return f"{round(value, 3) + 0.0:.3f}" if np.isfinite(value) else "-"  # + 0.0: no "-0.000"


def interval(found: Interval) -> str:
    """`0.671 (0.644 to 0.696)`."""
    if not np.isfinite(found.low):
        return number(found.value)
    return f"{number(found.value)} ({number(found.low)} to {number(found.high)})"


@dataclass(frozen=True)
class MeasureRow:
    """One line of the table of measures."""

    name: str
    meaning: str
    model: str
    baseline: str
    base_rate: str
    difference: str  # ours less the baseline's, paired


def measure_rows(measures: Measures) -> list[MeasureRow]:
    """The table of measures, best known first."""
    return [
        MeasureRow(
            name,
            meaning,
            interval(measures.by["model"][key]),
            interval(measures.by["baseline"][key]),
            _of_base_rate(measures, key),
            interval(measures.difference["baseline"][key]),
        )
        for key, (name, meaning) in MEASURE_WORDS.items()
    ]


def _of_base_rate(measures: Measures, key: str) -> str:
    """A constant ranks nothing: what its ties happen to give is not shown as its skill."""
    if key == "roc_auc_score":
        return "0.500"
    if key.endswith("_loss"):
        return interval(measures.by["base_rate"][key])
    return "-"


def capacity_sentence(head: LearnedHead) -> str:
    """What contacting the day's lists would have reached, or that there is nothing to choose."""
    judged, found = head.judged, head.measures.by["model"]["capacity_recall_score"]
    busiest = int(np.unique(judged.day, return_counts=True)[1].max(initial=0))
    if busiest <= judged.per_day:
        return (
            f"No day had more than {busiest} judged orders, and the team can contact "
            f"{judged.per_day}: every order is on the list, so look at the top tenth instead."
        )
    return (
        f"Contacting {judged.per_day} orders a day would have reached {interval(found)} of the "
        f"disputes."
    )


def calibration_sentence(measures: Measures) -> str:
    """Whether the probabilities can be taken at their word, with the numbers."""
    ours = measures.by["model"]["calibration_loss"].value
    low, high = measures.calibration_range["model"]
    theirs = measures.by["baseline"]["calibration_loss"].value
    said = (
        f"The calibration error is {number(ours)}; even true probabilities would show "
        f"{number(low)} to {number(high)} in a window of this size"
    )
    if ours <= high:
        return f"{said}, so they can be taken at their word."
    better = "no worse than" if ours <= theirs else "worse than"
    return f"{said}, so they are off, {better} the baseline's {number(theirs)}: the shop drifted."


def summary_sentence(name: str, head: LearnedHead) -> str:
    """What a busy reader needs of one head."""
    found = head.measures
    gain = found.difference["baseline"]["roc_auc_score"]
    clear = "clearly better than" if gain.low > 0 else "not clearly better than"
    clear = "clearly worse than" if gain.high < 0 else clear
    return (
        f"{in_words(name)}: on {found.orders} later orders, {found.positives} of which had it, "
        f"ranking {interval(found.by['model']['roc_auc_score'])}, {clear} the logistic baseline's "
        f"{number(found.by['baseline']['roc_auc_score'].value)}."
    )


def recipe_sentence(head: LearnedHead) -> str:
    """What was fitted."""
    choice = head.choice
    how = "chosen on earlier windows" if choice.chosen else "fixed, since the history is short"
    clocks = ""
    if head.clocks:
        clocks = f" Left out, since they tell the time and not the order: {', '.join(head.clocks)}."
    return (
        f"{choice.weight_trees:.0%} trees ({choice.rounds} rounds), {1 - choice.weight_trees:.0%} "
        f"smooth curves, {choice.calibration.kind} calibration; {how}.{clocks}"
    )


def importance(head: FittedHead, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(d,) mean absolute contribution of each feature to the blended margin, in log-odds."""
    rows = matrix[:: max(1, len(matrix) // IMPORTANCE_ROWS)]
    contributions = np.zeros(rows.shape)
    if head.smooth is not None:
        for column, curve in enumerate(head.smooth.curves()):
            contributions[:, column] += head.weight_smooth * (
                curve.at(rows[:, column]) - curve.mean
            )
    if head.booster is not None:
        trees = np.asarray(head.booster.predict(rows, pred_contrib=True))[:, :-1]
        contributions += head.weight_trees * trees
    mean: npt.NDArray[np.float64] = np.abs(contributions).mean(axis=0)
    return mean


def limit_sentences(settings: LearnSettings) -> list[str]:
    """What the measures are of, and what they are not."""
    return [
        (
            "They are the recipe's: models fitted at earlier moments predicted the orders that "
            "followed. The model itself is the same recipe fitted on everything known by its day, "
            "the judging windows included; nothing has judged it yet."
        ),
        (
            f"An order is judged at its decision moment, the last look within "
            f"{settings.decide_within_hours:g} h of placing and before it ships. Capacity is "
            f"{settings.per_day} orders a day."
        ),
        "Intervals are 95 % bootstrap intervals in which a buyer's orders are drawn together.",
        (
            "Orders whose horizon has not passed are not judged, nor are orders cancelled by "
            "somebody else than the buyer, nor kinds that a shop and platform do not report."
        ),
        "Orders that were contacted are left out; those held out weigh 1/propensity.",
        (
            "A score advises a person. It is no ground to refuse an order, and of a group of "
            "buyers with few orders in the history it says little."
        ),
    ]
