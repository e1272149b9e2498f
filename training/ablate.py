"""What each group of features is worth: the walk again without it, on the windows that validate.

Knows nothing of what the groups mean, and never looks at the judging windows: a group kept or
dropped because of them would make the card's measures too good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from training.blend import PLAIN_WEIGHT
from training.calibrate import platt
from training.fit import Fitter, Head, OutOfTime, Table
from training.fit_trees import PLAIN_ROUNDS
from training.labels import UNKNOWN
from training.measure import Interval, Judged, measure

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ablation:
    """One group: how much the full model gains by it, paired on the same orders."""

    group: str
    features: int
    roc_auc_gain: Interval  # full less without; above 0, the group pays
    log_loss_gain: Interval  # without less full, in nats; above 0, the group pays

    @property
    def pays(self) -> bool:
        """Whether the ranking or the loss clearly gains."""
        return self.roc_auc_gain.low > 0 or self.log_loss_gain.low > 0


def ablate(
    fitter: Fitter,
    head: Head,
    groups: Mapping[str, tuple[str, ...]],
    judged_of: Callable[[OutOfTime], Judged],
) -> tuple[Ablation, ...]:
    """Each group left out once, by the plain recipe, with paired 95 % intervals.

    `groups` names features; those that the table lacks are passed over. `judged_of` gives the
    outcomes of predictions.
    """
    validating = tuple(window for window in head.plan.windows if not window.judges)
    head = replace(head, plan=replace(head.plan, windows=validating))
    full = fitter.predictions(head)
    answered = head.answers_at(head.as_of)[full.row] != UNKNOWN
    judged = judged_of(full.take(answered))
    ours = _probability(full.take(answered), judged)
    found = []
    for group, names in groups.items():
        left = replace(fitter, table=_without(fitter.table, names))
        dropped = len(fitter.table.names) - len(left.table.names)
        if dropped:
            fitter.progress(f"{head.name}: without {group} ({dropped} features)")
            theirs = _probability(left.predictions(head).take(answered), judged)
            found.append(_compared(group, dropped, judged, ours, theirs))
    return tuple(found)


def _without(table: Table, names: tuple[str, ...]) -> Table:
    kept = [column for column, name in enumerate(table.names) if name not in names]
    return Table(
        table.landmarks,
        np.ascontiguousarray(table.matrix[:, kept]),
        tuple(table.names[column] for column in kept),
        table.encoder,
    )


def _probability(predictions: OutOfTime, judged: Judged) -> Floats:
    """The plain blend, Platt-scaled on the same windows: both sides gain alike by that."""
    margin = predictions.margins.blended(PLAIN_ROUNDS, PLAIN_WEIGHT) - predictions.level
    return platt(margin, judged.outcome.astype(np.float64), judged.weight).apply(margin)


def _compared(group: str, features: int, judged: Judged, ours: Floats, theirs: Floats) -> Ablation:
    found = measure(judged, {"full": ours, "without": theirs}).difference["without"]
    loss = found["log_loss"]
    return Ablation(
        group, features, found["roc_auc_score"], Interval(-loss.value, -loss.high, -loss.low)
    )
