"""The report's figures, as SVG text to stand inside a page.

Knows nothing of fits or files: outcomes, probabilities and names go in. The same input gives the
same bytes. Lines differ in dash as well as in colour (Okabe and Ito's, told apart by all eyes).
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from training.ablate import Ablation
from training.measure import Interval, Judged, bin_count
from training.metrics import Ranked, equal_mass_bins, top_of_each_day

Floats = npt.NDArray[np.float64]
Contenders = Mapping[str, Floats]  # name → (n,) probabilities, ours first

NAMES = {"model": "riskradar", "baseline": "logistic baseline", "base_rate": "base rate"}
STYLES: dict[str, dict[str, Any]] = {
    "model": {"color": "#0072B2", "linestyle": "-", "linewidth": 2.0},
    "baseline": {"color": "#D55E00", "linestyle": "--", "linewidth": 1.5},
    "base_rate": {"color": "#555555", "linestyle": ":", "linewidth": 1.5},
}
INK = "#222222"
POINTS = 300  # of a curve; more only make the page heavy
RC: Any = {
    "svg.fonttype": "none",  # text stays text: small, selectable, read aloud
    "svg.hashsalt": "riskradar",
    "font.size": 9,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": INK,
    "legend.frameon": False,
}


def _svg(draw: Any, width: float = 4.4, height: float = 3.4) -> str:
    """What `draw(axes)` draws, as an SVG element."""
    with mpl.rc_context(RC):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure.subplots())
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def calibration(judged: Judged, probability: Floats) -> str:
    """What was said against what happened, in equal-mass bins with 95 % intervals."""
    said, seen, spread = reliability(judged, probability)

    def draw(axes: Any) -> None:
        top = 1.08 * max(said.max(), (seen + spread).max())
        axes.plot([0, top], [0, top], color="#555555", linestyle=":", label="as said")
        axes.errorbar(
            said,
            seen,
            yerr=spread,
            fmt="o",
            color=STYLES["model"]["color"],
            capsize=2,
            label="seen",
        )
        axes.set(
            xlabel="probability said", ylabel="share that happened", xlim=(0, top), ylim=(0, top)
        )
        axes.legend(loc="upper left")

    return _svg(draw)


def reliability(judged: Judged, probability: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean probability, share of positives and half a 95 % interval of it, per bin."""
    bins = equal_mass_bins(probability, bin_count(len(judged)))
    mass = np.bincount(bins, judged.weight)
    said = np.bincount(bins, judged.weight * probability) / mass
    seen = np.bincount(bins, judged.weight * judged.outcome) / mass
    size = mass**2 / np.bincount(bins, judged.weight**2)  # of equal weights: the orders in the bin
    return said, seen, 1.96 * np.sqrt(np.maximum(seen * (1 - seen), 0.25 / size) / size)


def roc(judged: Judged, contenders: Contenders) -> str:
    """Found among those with the outcome against alarmed among those without."""

    def draw(axes: Any) -> None:
        for name, (found, alarmed, _) in _curves(judged, contenders).items():
            axes.plot(alarmed, found, label=NAMES[name], **STYLES[name])
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=0.8)
        axes.set(xlabel="false alarms among the quiet", ylabel="found among the disputed")
        axes.legend(loc="lower right")

    return _svg(draw)


def precision_recall(judged: Judged, contenders: Contenders) -> str:
    """Precision as the list is read from the top."""

    def draw(axes: Any) -> None:
        for name, (found, _, precision) in _curves(judged, contenders).items():
            axes.plot(found, precision, label=NAMES[name], **STYLES[name])
        rate = np.average(judged.outcome, weights=judged.weight)
        axes.axhline(rate, color="#999999", linewidth=0.8)
        axes.set(xlabel="found among the disputed", ylabel="right among the flagged", ylim=(0, 1))
        axes.legend(loc="upper right")

    return _svg(draw)


def _curves(judged: Judged, contenders: Contenders) -> dict[str, tuple[Floats, Floats, Floats]]:
    """Contender → recall, false-positive rate and precision, read from the top, some points."""
    curves = {}
    for name, probability in contenders.items():
        if name == "base_rate":
            continue
        groups = Ranked.of(judged.outcome, probability).groups(judged.weight[None, :])
        found, alarmed = np.cumsum(groups.positives[0]), np.cumsum(groups.negatives[0])
        step = np.unique(np.linspace(0, len(found) - 1, POINTS).astype(np.intp))
        precision = found / np.maximum(found + alarmed, 1e-12)
        curves[name] = (
            np.append(0, found[step] / max(found[-1], 1e-12)),
            np.append(0, alarmed[step] / max(alarmed[-1], 1e-12)),
            np.append(precision[step[0]], precision[step]),
        )
    return curves


def gain(judged: Judged, contenders: Contenders) -> str:
    """Share of disputes on the day's list, by how many orders a day the team can contact."""
    counts = contact_counts(judged)

    def draw(axes: Any) -> None:
        for name, shares in found_by_contacts(judged, contenders, counts).items():
            axes.plot(counts, shares, label=NAMES[name], **STYLES[name])
        if judged.per_day <= counts[-1]:
            axes.axvline(judged.per_day, color="#999999", linewidth=0.8)
        axes.set(
            xlabel="orders contacted a day", ylabel="share of disputes on the list", ylim=(0, 1)
        )
        axes.legend(loc="lower right")

    return _svg(draw)


def contact_counts(judged: Judged) -> list[int]:
    """Capacities worth looking at: up to the busiest day's orders."""
    busiest = int(np.unique(judged.day, return_counts=True)[1].max(initial=1))
    return sorted({*np.unique(np.linspace(1, busiest, 40).astype(int)).tolist(), 1})


def found_by_contacts(
    judged: Judged, contenders: Contenders, counts: Sequence[int]
) -> dict[str, Floats]:
    """Contender → (counts,) share of the disputes among the so many most probable of each day.

    The base rate knows no order from another: its share is what a random list would find.
    """
    weight = judged.weight * judged.outcome
    total = max(weight.sum(), 1e-12)
    _, day, size = np.unique(judged.day, return_inverse=True, return_counts=True)
    chance = [(weight * np.minimum(count / size, 1)[day]).sum() / total for count in counts]
    shares = {"base_rate": np.array(chance)}
    for name, probability in contenders.items():
        if name != "base_rate":
            lists = [top_of_each_day(probability, judged.day, count) for count in counts]
            shares[name] = np.array([weight[flagged].sum() / total for flagged in lists])
    return {name: shares[name] for name in contenders if name in shares}


def scores(judged: Judged, probability: Floats) -> str:
    """How the probabilities of disputed and quiet orders are spread."""

    def draw(axes: Any) -> None:
        edges = np.linspace(0, max(float(np.quantile(probability, 0.995)), 1e-6), 31)
        for outcome, label, color in ((False, "quiet", "#56B4E9"), (True, "disputed", "#D55E00")):
            rows = judged.outcome == outcome
            if rows.any():
                axes.hist(
                    np.minimum(probability[rows], edges[-1]),
                    edges,
                    weights=judged.weight[rows] / judged.weight[rows].sum(),
                    histtype="stepfilled" if not outcome else "step",
                    color=color,
                    alpha=1.0 if outcome else 0.6,
                    label=label,
                )
        axes.set(xlabel="probability said", ylabel="share of orders")
        axes.legend(loc="upper right")

    return _svg(draw)


def over_time(starts: Sequence[str], areas: Mapping[str, Sequence[Interval]]) -> str:
    """Area under the ROC curve of each judging window, with its interval."""

    def draw(axes: Any) -> None:
        for shift, (name, intervals) in enumerate(areas.items()):
            value = np.array([interval.value for interval in intervals])
            low = value - [interval.low for interval in intervals]
            high = [interval.high for interval in intervals] - value
            where = np.arange(len(starts)) + 0.08 * shift
            style = {"color": STYLES[name]["color"], "linestyle": STYLES[name]["linestyle"]}
            axes.errorbar(
                where,
                value,
                yerr=np.nan_to_num([low, high]),
                marker="o",
                capsize=2,
                **style,
                label=NAMES[name],
            )
        axes.axhline(0.5, color="#999999", linewidth=0.8)
        axes.set_xticks(np.arange(len(starts)), starts)
        axes.set(xlabel="orders placed from", ylabel="area under the ROC curve")
        axes.legend(loc="best")

    return _svg(draw)


def bars(labels: Sequence[str], values: Floats, axis: str) -> str:
    """Horizontal bars, the largest on top."""

    def draw(axes: Any) -> None:
        axes.barh(np.arange(len(values)), values, color=STYLES["model"]["color"])
        axes.set_yticks(np.arange(len(values)), labels)
        axes.invert_yaxis()
        axes.set(xlabel=axis)

    return _svg(draw, width=6.4, height=0.7 + 0.24 * len(values))


def groups(found: Sequence[Ablation]) -> str:
    """What each group of features adds to the area under the ROC curve, with its interval."""

    def draw(axes: Any) -> None:
        value = np.array([one.roc_auc_gain.value for one in found])
        low = value - [one.roc_auc_gain.low for one in found]
        high = [one.roc_auc_gain.high for one in found] - value
        where = np.arange(len(found))
        axes.errorbar(value, where, xerr=[low, high], fmt="o", color=INK, capsize=2)
        axes.axvline(0, color="#999999", linewidth=0.8)
        axes.set_yticks(where, [one.group for one in found])
        axes.invert_yaxis()
        axes.set(xlabel="area lost when the group is left out")

    return _svg(draw, width=6.4, height=0.9 + 0.28 * len(found))
