"""Proves that the exported graph and its reasons say what the fitted model says; else no bundle.

Knows nothing of bundles: it compares numbers and raises `ParityBroken`, or returns how close they
were. The reference is LightGBM and numpy (`FittedModel`), the other side is the very session that
serving runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from models.explain import Explainer
from models.reason_tables import HeadTables
from models.session import Session
from training.adversary import adversarial_rows
from training.heads import FittedHead, FittedModel
from training.smooth import Doubles

CLOSE = 1e-9  # of probability; of margin too, relative where it is above 1
SUMMED_ROWS = 2_000  # rows whose reasons must add up to the margin
SHAP_ROWS = 200  # rows whose reasons must be LightGBM's own; those cost it a millisecond each

Floats = NDArray[np.float32]


class ParityBroken(ValueError):
    """The exported model is not the fitted one; there must be no bundle of it."""


@dataclass(frozen=True)
class ProofOfParity:
    """How close the graph came to the model.

    Attributes:
        training_rows: real rows compared.
        adversarial_rows: made-up rows compared, on thresholds and knots +-1 ulp, +-0, NaN, huge.
        largest_probability_gap: largest difference in probability, over all heads.
        largest_margin_gap: largest difference in log-odds, relative where they exceed 1.
        rank_changes: rows overtaken by one that should be more than the bar below; always 0 here.
    """

    training_rows: int
    adversarial_rows: int
    largest_probability_gap: float
    largest_margin_gap: float
    rank_changes: int

    def as_measures(self) -> dict[str, float]:
        """The proof for a manifest or a card."""
        return asdict(self)


@dataclass(frozen=True)
class ProofOfReasons:
    """How close the reasons came.

    Attributes:
        rows: rows whose reasons were added up.
        largest_sum_gap: largest difference between base + sum and the served margin, relative
            where it exceeds 1.
        largest_shap_gap: largest difference from LightGBM's `pred_contrib` and the curves.
    """

    rows: int
    largest_sum_gap: float
    largest_shap_gap: float

    def as_measures(self) -> dict[str, float]:
        """The proof for a manifest or a card."""
        return asdict(self)


def prove(
    model: FittedModel, graph: bytes, matrix: Floats, *, threads: int = 1, seed: int = 0
) -> ProofOfParity:
    """Compares graph and model on every row of `matrix` (n, d) and on rows made to break it.

    Raises:
        ParityBroken: a probability or margin differs by more than 1e-9, or two scores further
            apart than that change places.
    """
    hurtful = adversarial_rows(model, matrix, seed=seed)
    session = Session(graph, threads=threads)
    gaps = [_compare(model, session, rows) for rows in (matrix, hurtful)]
    return ProofOfParity(
        training_rows=len(matrix),
        adversarial_rows=len(hurtful),
        largest_probability_gap=max(gap[0] for gap in gaps),
        largest_margin_gap=max(gap[1] for gap in gaps),
        rank_changes=0,
    )


def _compare(model: FittedModel, session: Session, rows: Floats) -> tuple[float, float]:
    margins, probabilities = session.run(rows)
    wanted_margins = model.margins(rows)
    wanted = model.probabilities_of(wanted_margins)
    for k, name in enumerate(model.head_names):
        _refuse_gap(name, "margin", _relative_gaps(margins[:, k], wanted_margins[:, k]))
        _refuse_gap(name, "probability", np.abs(probabilities[:, k] - wanted[:, k]))
        _refuse_ranks(name, rank_changes(wanted[:, k], probabilities[:, k], apart=CLOSE))
    largest_margin = _relative_gaps(margins, wanted_margins).max(initial=0.0)
    return float(np.abs(probabilities - wanted).max(initial=0.0)), float(largest_margin)


def rank_changes(wanted: Doubles, served: Doubles, *, apart: float) -> int:
    """Rows that are served no higher than some row which they should exceed by more than `apart`.

    >>> rank_changes(np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.3, 0.2]), apart=0.01)
    1
    """
    order = np.argsort(wanted, kind="stable")
    ascending, answers = wanted[order], served[order]
    highest_so_far = np.maximum.accumulate(answers)
    lower = np.searchsorted(ascending, ascending - apart, side="left")  # rows clearly below
    judged = lower > 0
    return int(np.count_nonzero(answers[judged] <= highest_so_far[lower[judged] - 1]))


def prove_reasons(
    model: FittedModel, tables: Mapping[str, HeadTables], graph: bytes, matrix: Floats
) -> ProofOfReasons:
    """Compares reasons with the served margin and with LightGBM's own contributions.

    Over at most 2 000 evenly spaced rows of `matrix`, half of them, and as many made to break it.

    Raises:
        ParityBroken: they differ by more than 1e-9.
    """
    hurtful = adversarial_rows(model, matrix)
    rows = np.concatenate([_spaced(matrix, SUMMED_ROWS // 2), _spaced(hurtful, SUMMED_ROWS // 2)])
    explainer, margins = Explainer(tables), Session(graph).run(rows)[0]
    sum_gap = shap_gap = 0.0
    for k, head in enumerate(model.heads):
        found = explainer.contributions(rows, head.name)
        sums = _relative_gaps(explainer.base(head.name) + found.sum(axis=1), margins[:, k])
        _refuse_gap(head.name, "sum of reasons", sums)
        few = np.linspace(0, len(rows) - 1, min(SHAP_ROWS, len(rows))).astype(np.intp)
        shaps = np.abs(found[few] - expected_reasons(head, rows[few])).max(axis=1)
        _refuse_gap(head.name, "reason", shaps)
        sum_gap, shap_gap = max(sum_gap, float(sums.max())), max(shap_gap, float(shaps.max()))
    return ProofOfReasons(len(rows), sum_gap, shap_gap)


def expected_reasons(head: FittedHead, rows: Floats) -> Doubles:
    """(n, d) contributions by the libraries themselves: `pred_contrib`, and curve less mean."""
    total = np.zeros(rows.shape)
    if head.booster is not None:
        total += head.weight_trees * head.booster.predict(rows, pred_contrib=True)[:, :-1]
    if head.smooth is not None:
        for j, curve in enumerate(head.smooth.curves()):
            total[:, j] += head.weight_smooth * (curve.at(rows[:, j]) - curve.mean)
    return total


def _spaced(rows: Floats, count: int) -> Floats:
    places = np.linspace(0, len(rows) - 1, min(count, len(rows)))
    return rows[places.astype(np.intp)]


def _relative_gaps(found: Doubles, wanted: Doubles) -> Doubles:
    return np.abs(found - wanted) / np.maximum(1.0, np.abs(wanted))


def _refuse_gap(head: str, what: str, gaps: Doubles) -> None:
    if gaps.size and not gaps.max() <= CLOSE:  # written so that NaN is refused too
        worst = int(np.argmax(np.where(np.isnan(gaps), np.inf, gaps)))
        raise ParityBroken(
            f"head {head!r}: expected every {what} within {CLOSE:g} of the fitted model, got a "
            f"difference of {gaps[worst]:.3g} at row {worst} ({np.sum(~(gaps <= CLOSE))} of "
            f"{gaps.size} rows). No bundle is written; the champion stays."
        )


def _refuse_ranks(head: str, changes: int) -> None:
    if changes:
        raise ParityBroken(
            f"head {head!r}: expected no change of rank among scores more than {CLOSE:g} apart, "
            f"got {changes}. No bundle is written; the champion stays."
        )
