"""A simulated shop as it is handed out: its rows, and the truth that no shop can know.

Knows nothing of how either was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.schema import OUTCOME_KINDS
from training.simulate_causes import CAUSES, DISPUTE_KINDS
from training.simulate_rows import Columns
from training.simulate_world import Flags, Floats, Ints


@dataclass(frozen=True)
class Truth:
    """What no shop can know about n orders, in the order of their placing.

    Attributes:
        order_id: n ids.
        placed_at, decide_at: (n,) us; placing and the decision moment (shipment, at most 24 h).
        causes: (n, len(CAUSES)) every cause.
        probability: (n, 10) exact chance of each of OUTCOME_KINDS if nobody is contacted.
        best_risk: (n,) exact chance of any of DISPUTE_KINDS if nobody is contacted; nobody can
            rank better, and a model that must guess the hidden causes ranks a little worse.
        surface_risk: (n,) the same with every hidden cause at its mean: what the record of the
            order alone shows to whoever knows the formula. A model with history should beat it.
        happened: (n, 10) what happened in the end, contacts included, even after the last day.
        listed, contacted, worked: (n,) on an outreach list; in its contact arm; undone by it.
    """

    order_id: list[str]
    placed_at: Ints
    decide_at: Ints
    causes: Floats
    probability: Floats
    best_risk: Floats
    surface_risk: Floats
    happened: Flags
    listed: Flags
    contacted: Flags
    worked: Flags

    @property
    def disputed(self) -> Flags:
        """(n,) any of DISPUTE_KINDS happened."""
        columns = [OUTCOME_KINDS.index(kind) for kind in DISPUTE_KINDS]
        return np.asarray(self.happened[:, columns].any(axis=1))

    def of_kind(self, kind: str) -> Floats:
        """(n,) exact chance of one kind if nobody is contacted."""
        return np.asarray(self.probability[:, OUTCOME_KINDS.index(kind)])

    def cause(self, name: str) -> Floats:
        """(n,) one cause."""
        return np.asarray(self.causes[:, tuple(CAUSES).index(name)])


@dataclass(frozen=True)
class Simulated:
    """A simulated shop, or a block of its days.

    Attributes:
        columns: table → column → values; times int us, money int minor units, None is unknown.
            The columns are those of features.schema, with shop_id and known_at.
        truth: what no shop can know.
    """

    columns: dict[str, Columns]
    truth: Truth

    @cached_property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Table → rows, one dictionary each, in the order of `columns`."""
        return {
            table: [
                dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
            for table, columns in self.columns.items()
        }
