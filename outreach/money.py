"""What an order's disputes are expected to cost, in minor units of the home currency.

Knows nothing of contacts or their effect. A kind costs a share of the order's amount, a fixed sum,
or both, as the settings say; kinds without a cost add nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from features.facts import NONE


class Cost(Protocol):
    """What one dispute of a kind costs."""

    @property
    def share(self) -> float:
        """Share of the order's amount, 0 or more."""
        ...

    @property
    def fixed_minor(self) -> int:
        """Minor units of the home currency, 0 or more."""
        ...


def expected_loss_minor(
    probabilities: npt.ArrayLike,
    kinds: Sequence[str],
    amounts_minor: npt.ArrayLike,
    *,
    costs: Mapping[str, Cost],
) -> npt.NDArray[np.int64]:
    """Expected cost of each order: the sum over kinds of probability times cost.

    `probabilities` (n, len(kinds)) in [0, 1]; `amounts_minor` (n,) int64 home minor units, NONE
    where unknown. Returns (n,) int64 home minor units, rounded half to even; NONE where a share is
    asked of an unknown amount. `risk` is no kind: what it sums up would count twice.
    """
    chances = np.atleast_2d(np.asarray(probabilities, np.float64))
    amounts = np.asarray(amounts_minor, np.int64)
    unknown = amounts == NONE
    loss = np.zeros(len(amounts))
    for column, kind in enumerate(kinds):
        cost = costs.get(kind)
        if cost is None:
            continue
        whole = np.where(unknown, np.nan if cost.share else 0.0, amounts * float(cost.share))
        loss += chances[:, column] * (whole + cost.fixed_minor)
    known = ~np.isnan(loss)
    return np.where(known, np.rint(np.where(known, loss, 0.0)).astype(np.int64), NONE)
