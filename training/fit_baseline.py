"""What any shop could do in an afternoon: a logistic regression on a few simple columns.

Knows nothing of time or buyers' pasts. It is what the model must beat, so it is done properly:
medians for what is unknown, standardised columns, scikit-learn's own regularisation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Matrix = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

# Columns that every shop has in its export, by the names of our features; those that a catalogue
# lacks are passed over.
SIMPLE_COLUMNS = (
    "order_amount",
    "order_shipping_share",
    "order_discount_share",
    "order_instalments",
    "pays_on_delivery",
    "pays_by_transfer",
    "pays_by_voucher",
    "promise_days",
    "placed_hour",
    "placed_weekday",
    "items_count",
    "units_count",
    "sellers_count",
    "dearest_unit_price",
    "basket_weight_g",
    "is_business_order",
    "is_gift_order",
)


class Baseline:
    """A fitted logistic regression on the simple columns, or the base rate where there are none."""

    def __init__(
        self, matrix: Matrix, outcome: npt.NDArray[Any], weight: Floats, columns: npt.NDArray[Any]
    ) -> None:
        self.columns = columns
        self.rate = float(np.average(outcome, weights=weight))
        self.pipeline: Any = None
        if len(columns) and 0 < outcome.sum() < len(outcome):
            self.pipeline = make_pipeline(
                SimpleImputer(strategy="median", keep_empty_features=True),
                StandardScaler(),
                LogisticRegression(max_iter=1000),
            )
            self.pipeline.fit(
                matrix[:, columns].astype(np.float64),
                outcome,
                logisticregression__sample_weight=weight,
            )

    def probability(self, matrix: Matrix) -> Floats:
        """(n,) probabilities for rows (n, d)."""
        if self.pipeline is None:
            return np.full(len(matrix), self.rate)
        simple = matrix[:, self.columns].astype(np.float64)
        found: Floats = self.pipeline.predict_proba(simple)[:, 1]
        return found


def simple_columns(names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    """Positions of the simple columns among the features."""
    return np.array([names.index(name) for name in SIMPLE_COLUMNS if name in names], np.intp)
