"""Scores of many orders at once, from the store: what `riskradar score` and `top` print.

Knows nothing of HTTP. The features, the graph and the reasons are those that the service uses;
only the rows handed in differ, so a score here equals the score there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.build import FeatureSettings, Queries
from features.cut import Grouped, Ints
from features.encoded import NONE_FITTED, Encodings
from features.facts import NONE, Facts
from features.inputs import inputs
from features.population import Population, day_of
from features.rates import home_minor
from features.schema import HOUR_US
from models.bundle import Bundle
from outreach.money import expected_loss_minor
from outreach.ranking import band, places
from outreach.reasons import Reason, Words
from outreach.shop import feature_settings
from store import Store
from store.settings import Settings
from training.truth import NEVER, truth

MOST_THREADS = 4  # each holds a block of features, some 300 MB
Moment = Literal["decision", "placed", "now"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """Orders and the moments they are asked about, (n,) each."""

    order_key: Ints
    as_of: Ints

    def take(self, rows: npt.NDArray[np.bool_]) -> Asked:
        """Only those."""
        return Asked(self.order_key[rows], self.as_of[rows])


@dataclass(frozen=True)
class Scored:
    """Scores of n orders, in the order asked.

    Attributes:
        shop_id, order_id: n names each.
        as_of: (n,) microseconds UTC.
        heads: names of the columns of `probabilities`.
        probabilities: (n, heads) in [0, 1].
        risk: (n,) the column that orders are ranked by.
        place: (n,) place in its shop and UTC day, 0 being the riskiest.
        per_day: orders that the team can contact.
        expected_loss: (n,) home minor units, NONE where the amount is unknown.
        reasons: of each flagged order, strongest first; empty for the others.

    """

    shop_id: tuple[str, ...]
    order_id: tuple[str, ...]
    as_of: Ints
    heads: tuple[str, ...]
    probabilities: Floats
    risk: Floats
    place: Ints
    per_day: int
    expected_loss: Ints
    reasons: tuple[tuple[Reason, ...], ...]

    def __len__(self) -> int:
        return len(self.order_id)

    @property
    def flagged(self) -> npt.NDArray[np.bool_]:
        """(n,) within the day's capacity."""
        return self.place < self.per_day

    def band(self, row: int) -> str:
        """high, elevated or low."""
        return band(int(self.place[row]), self.per_day)


def moments(facts: Facts, keys: Ints, moment: Moment, *, as_of: int, within_hours: float) -> Asked:
    """When each order is asked about; orders unknown at that moment are left out.

    `placed`: just after the order became known. `decision`: the last moment before shipping or
    cancelling within `within_hours` of becoming known, never after `as_of`. `now`: at `as_of`.
    """
    orders = Grouped(facts["orders"], ("order_key", "known_at"))
    at = orders.position(keys)
    first = orders.column("known_at")[orders.starts[at]]
    if moment == "now":
        asked = np.full(len(keys), as_of)
    elif moment == "placed":
        asked = first + 1
    else:
        limit = first + int(within_hours * HOUR_US)
        asked = np.minimum(np.minimum(limit, _left_play(orders)[at]), as_of)
        asked = np.maximum(asked, first + 1)
    return Asked(keys, asked).take((at >= 0) & (first < asked) & (asked <= as_of))


def _left_play(orders: Grouped) -> Ints:
    """When each order was known to be shipped or cancelled; the far future where neither."""
    out = np.full(len(orders.keys), np.iinfo(np.int64).max)
    position = np.searchsorted(orders.ends, np.arange(len(orders.rows)), "right")
    for name in ("shipped_at", "cancelled_at"):
        happened = orders.column(name)
        known = happened != NONE
        np.minimum.at(out, position[known], np.maximum(happened, orders.column("known_at"))[known])
    return out


def score(
    store: Store,
    bundle: Bundle,
    facts: Facts,
    asked: Asked,
    *,
    settings: Settings,
    reasons: bool = True,
) -> Scored:
    """Scores of the orders asked about, with reasons for those flagged."""
    shop = feature_settings(settings)
    matrix = features_of(facts, asked, shop, encodings=Encodings.of_arrays(bundle.encodings))
    _, probabilities = bundle.session.run(matrix)
    risk = probabilities[:, bundle.heads.index(bundle.manifest.risk_head)]
    shops, amounts = _order_columns(facts, asked, shop)
    place = _places(risk, shops, asked)
    per_day = settings.outreach.per_day
    kinds = [head for head in bundle.heads if head != bundle.manifest.risk_head]
    columns = [bundle.heads.index(kind) for kind in kinds]
    names = store.order_ids(asked.order_key.tolist())
    return Scored(
        shop_id=tuple(names[key][0] for key in asked.order_key.tolist()),
        order_id=tuple(names[key][1] for key in asked.order_key.tolist()),
        as_of=asked.as_of,
        heads=bundle.heads,
        probabilities=probabilities,
        risk=risk,
        place=place,
        per_day=per_day,
        expected_loss=expected_loss_minor(
            probabilities[:, columns], kinds, amounts, costs=settings.costs
        ),
        reasons=_reasons(bundle, matrix, place < per_day if reasons else place < 0, shop),
    )


def features_of(
    facts: Facts,
    asked: Asked,
    shop: FeatureSettings,
    population: Population | None = None,
    *,
    encodings: Encodings = NONE_FITTED,
) -> npt.NDArray[np.float32]:
    """What a model reads, (n, d), with the population states of the days asked about.

    The states are counted on the way; without `encodings` the columns of what is fitted are NaN.
    """
    queries = Queries(asked.order_key, asked.as_of)
    counted = Population(facts, shop.money) if population is None else population
    threads = min(MOST_THREADS, cores())
    return inputs(facts, queries, counted, shop, encodings, threads=threads)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _order_columns(facts: Facts, asked: Asked, shop: FeatureSettings) -> tuple[Ints, Ints]:
    """(shop_key, amount in home minor units) of the version in force at each moment."""
    orders = Grouped(facts["orders"], ("order_key", "known_at"))
    row = orders.latest(asked.order_key, asked.as_of)
    amount = orders.take("amount_minor", row)
    return orders.take("shop_key", row), home_minor(
        amount, orders.take("currency", row), shop.money
    )


def _places(risk: Floats, shops: Ints, asked: Asked) -> Ints:
    """Each order's place in its shop's day."""
    out = np.empty(len(risk), np.int64)
    group = np.stack([shops, day_of(asked.as_of)], axis=1)
    _, which = np.unique(group, axis=0, return_inverse=True)
    ranked = np.argsort(which, kind="stable")
    for rows in np.split(ranked, np.flatnonzero(np.diff(which[ranked])) + 1):
        out[rows] = places(risk[rows])
    return out


def _reasons(
    bundle: Bundle,
    matrix: npt.NDArray[np.float32],
    wanted: npt.NDArray[np.bool_],
    shop: FeatureSettings,
) -> tuple[tuple[Reason, ...], ...]:
    rows = np.flatnonzero(wanted)
    out: list[tuple[Reason, ...]] = [()] * len(matrix)
    if len(rows):
        words = Words(bundle.feature_names, shop.home_currency)
        contributions = bundle.explainer.contributions(matrix[rows], bundle.manifest.risk_head)
        for row, given in zip(rows.tolist(), contributions, strict=True):
            out[row] = words.reasons(given, matrix[row])
    return tuple(out)


def orders_of(
    facts: Facts,
    *,
    as_of: int,
    open_only: bool,
    placed_from: int | None = None,
    placed_to: int | None = None,
) -> Ints:
    """Keys (n,) of the orders known before `as_of`, placed within the bounds where given.

    `open_only`: those still in play: not shipped, cancelled, attempted or disputed by then.
    """
    orders = truth(facts, as_of)
    keep = np.ones(len(orders.order_key), np.bool_)
    if open_only:
        for left in (orders.shipped_at, orders.cancelled_at, orders.attempted_at):
            keep &= left == NEVER
        keep &= orders.disputed_at == NEVER
    if placed_from is not None:
        keep &= orders.placed_at >= placed_from
    if placed_to is not None:
        keep &= orders.placed_at < placed_to
    return orders.order_key[keep]
