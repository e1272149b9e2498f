"""The matrix that a model reads: the features, then what its own encodings make of the messages.

Knows nothing of models: the encodings are handed in, a bundle's or one fold's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from features.build import FeatureSettings, Queries, build, index_of
from features.catalogue import encoded_features, model_inputs
from features.encoded import Encodings
from features.facts import Facts
from features.population import States


@lru_cache(maxsize=1)
def input_names() -> tuple[str, ...]:
    """Names of what a model reads, in the order of its columns: features, then what is fitted."""
    return tuple(feature.name for feature in model_inputs())


def inputs(
    facts: Facts,
    queries: Queries,
    states: States,
    settings: FeatureSettings,
    encodings: Encodings,
    *,
    threads: int = 1,
) -> npt.NDArray[np.float32]:
    """What a model reads of each query, (n, d) float32, one column a name; NaN where unknown.

    Training, batch scoring and the service ask here; see `build` for the arguments and errors.
    """
    index = index_of(facts, states)
    room = len(encoded_features())
    out = build(index, queries, states, settings, threads=threads, room=room)
    out[:, -room:] = encodings.columns(index, queries.order_key, queries.as_of).T
    return out
