"""The proof that travels with a model: synthetic orders with their history, and their features.

Knows nothing of models. Whoever opens a bundle builds these orders' features with the code at
hand and compares what the model makes of them with what was written when it was trained; a
feature that has changed its meaning under the same name is caught here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.build import FeatureSettings, Queries
from features.encoded import Encodings
from features.facts import facts_of_records, key_of
from features.inputs import inputs
from features.population import Population

TOLERANCE = 1e-9  # probability; onnxruntime's sigmoid differs in the last bit between batch sizes

Run = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]


class ProofFailed(Exception):
    """The code at hand does not make of the proof's orders what the training code made of them."""


def proof(
    records: Mapping[str, Sequence[Mapping[str, Any]]],
    asked: Sequence[tuple[str, str, int]],
    settings: FeatureSettings,
    encodings: Encodings,
    run: Run,
) -> dict[str, Any]:
    """What goes into proof.json: records, questions and the model's answers.

    `asked` are (shop_id, order_id, as_of); `run` gives probabilities (n, heads) of a matrix.
    """
    case: dict[str, Any] = {
        "about": "Synthetic orders; no customer's data.",
        "settings": {
            "home_currency": settings.home_currency,
            "rates": dict(settings.rates),
            "timezone": settings.timezone,
        },
        "records": {table: list(map(dict, rows)) for table, rows in records.items()},
        "asked": [list(one) for one in asked],
    }
    return case | {"probabilities": run(matrix(case, encodings)).tolist()}


def matrix(case: Mapping[str, Any], encodings: Encodings) -> npt.NDArray[np.float32]:
    """What a model reads of the proof's questions, (n, d), by the code at hand."""
    settings = FeatureSettings(**case["settings"])
    facts = facts_of_records(case["records"])
    keys = [key_of("order", shop, order) for shop, order, _ in case["asked"]]
    moments = [as_of for _, _, as_of in case["asked"]]
    queries = Queries(np.array(keys, np.int64), np.array(moments, np.int64))
    return inputs(facts, queries, Population(facts, settings.money), settings, encodings)


def check(case: Mapping[str, Any], run: Run, encodings: Mapping[str, npt.NDArray[Any]]) -> None:
    """Raises ProofFailed where any answer differs from the written one by more than TOLERANCE.

    `encodings` are the bundle's arrays.
    """
    expected = np.array(case["probabilities"], np.float64)
    got = run(matrix(case, Encodings.of_arrays(encodings)))
    if expected.shape != got.shape:
        raise ProofFailed(f"expected answers of shape {expected.shape}, got {got.shape}")
    apart = np.abs(expected - got).max(axis=1, initial=0.0)
    if (apart > TOLERANCE).any() or np.isnan(got).any():
        worst = int(np.argmax(np.nan_to_num(apart, nan=np.inf)))
        raise ProofFailed(
            f"expected the proof's {len(apart)} orders to score as when the model was trained; "
            f"order {worst} differs by {apart[worst]:.3g}. The features have changed their "
            "meaning: train a new bundle with `riskradar nightly`."
        )
