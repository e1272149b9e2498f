"""Which features tell the time rather than anything of the order, so that a fit can do without.

Knows nothing of outcomes: only of how a feature's values moved from earlier to later orders.

A count that grows with the export, or a share that is drawn to the shop's own rate of the month,
says when an order was placed. A fit then learns which months were bad, and on the next month,
where such a feature takes values that were never seen, the probabilities are off. So a feature by
which the latest quarter of orders can be told from the earlier ones too well is left out of that
fit (`training/LOG.md` has what this gained).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.schema import DAY_US
from training.metrics import Ranked, roc_auc_score

Flags = npt.NDArray[np.bool_]

# Days over which a fit's orders were placed, and from what chance that a later order's value lies
# on the expected side of an earlier one's a feature is a clock: a fit that has seen every season
# once may learn from what moves slowly, one that has seen a spring may not.
CLOCK_BELOW_DAYS = ((180, 0.70), (365, 0.85))
CLOCK_ELSE = 0.98
LATEST_SHARE = 0.25
SAMPLE = 20_000  # orders looked at, evenly over time
LEAST = 40  # orders; fewer cannot tell a clock from chance
MISSING = -1e30  # being unknown is a value like any other: a cold start is a clock too


def clocks(matrix: npt.NDArray[np.float32], span: int) -> Flags:
    """Marks the columns (d,) of (n, d) rows in order of placing that tell late from early.

    `span` is the microseconds over which the rows were placed.
    """
    if len(matrix) < LEAST:
        return np.zeros(matrix.shape[1], np.bool_)
    rows = matrix[:: -(-len(matrix) // SAMPLE)]
    late = np.arange(len(rows)) >= (1 - LATEST_SHARE) * len(rows)
    values = np.where(np.isnan(rows), np.float32(MISSING), rows).astype(np.float64)
    alike = np.ones((1, len(rows)))
    areas = [roc_auc_score(Ranked.of(late, column).groups(alike))[0] for column in values.T]
    most = next((area for days, area in CLOCK_BELOW_DAYS if span < days * DAY_US), CLOCK_ELSE)
    told: Flags = np.abs(np.array(areas) - 0.5) >= most - 0.5
    return told
