"""From facts and questions to the matrix that a model reads: one order or a million, one function.

Knows nothing of models, files or clocks: `as_of` is an argument, the rows are handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from features import view
from features.catalogue import catalogue, model_inputs
from features.columns import COLUMNS
from features.cut import Ints
from features.encoded import ENCODED_VERSION
from features.facts import FACTS_VERSION, Facts
from features.index import Index
from features.plan import Plan
from features.population import STATE_VERSION, Population, States
from features.rates import Rates

BUILD_VERSION = 1  # raise it whenever a feature changes meaning under the same name
BLOCK = 8_192  # queries at a time: bounds memory at about 300 MB whatever the number asked
TINY = 1e-35  # LightGBM takes |x| up to this for zero; so do we, before anything reads it


@dataclass(frozen=True)
class FeatureSettings:
    """What the shop chose that features depend on.

    Attributes:
        home_currency: ISO 4217 code that amounts are compared in.
        rates: currency → home units per unit; others are unknown amounts.
        timezone: IANA name of the shop's own clock.

    """

    home_currency: str = "USD"
    rates: Mapping[str, float] = field(default_factory=dict)
    timezone: str = "UTC"

    @property
    def money(self) -> Rates:
        """The rates as features use them."""
        return Rates(self.home_currency, self.rates)


@dataclass(frozen=True)
class Queries:
    """Orders and the moments they are asked about, in any order and with repetition.

    Attributes:
        order_key: (n,) int64 keys of orders.
        as_of: (n,) int64 microseconds UTC.

    """

    order_key: Ints
    as_of: Ints

    def __len__(self) -> int:
        return len(self.order_key)


@lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Names of the features, in the order of the matrix's columns."""
    return tuple(feature.name for feature in catalogue())


def fingerprint() -> str:
    """Digest of the names of all that a model reads and the versions of what they mean."""
    versions = (FACTS_VERSION, STATE_VERSION, BUILD_VERSION, ENCODED_VERSION)
    read = tuple(feature.name for feature in model_inputs())
    return sha256(repr((read, versions)).encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _plan() -> Plan:
    features = {feature.name: feature.function for feature in catalogue()}
    clashes = sorted(COLUMNS.keys() & features.keys())
    if clashes:
        raise ValueError(f"a feature may not be named like a column: {', '.join(clashes)}")
    return Plan({**COLUMNS, **features}, names())


def build(
    facts: Facts | Index,
    queries: Queries,
    states: States,
    settings: FeatureSettings,
    *,
    threads: int = 1,
    room: int = 0,
) -> npt.NDArray[np.float32]:
    """The features of each query, (n, d) float32, NaN where unknown.

    Args:
        facts: tables that hold at least the neighbourhood of every query's order, sorted or not.
        queries: what is asked.
        states: the population states of the days before.
        settings: currency, rates and time zone.
        threads: how many work at once on many queries to a `Population`; the result is the same.
        room: columns left unknown behind the features, for what is fitted.

    Raises:
        ValueError: a query's order has no version known before its `as_of`.

    """
    index = facts if isinstance(facts, Index) else index_of(facts, states)
    whole = np.empty((len(queries), len(names()) + room), np.float32)
    whole[:, len(names()) :] = np.nan
    out = whole[:, : len(names())]
    if len(queries) <= BLOCK:
        _fill(out, index, queries, states, settings)
        return whole
    ranked = np.argsort(queries.as_of, kind="stable")
    parts = [ranked]
    if isinstance(states, Population) and threads > 1:
        _ = index.events, index.links  # sorted once, before anybody else asks
        parts = np.array_split(ranked, threads)
    with ThreadPoolExecutor(len(parts)) as pool:
        running = [
            pool.submit(_fill_blocks, out, rows, index, queries, own, settings)
            for rows, own in zip(parts, _apart(states, len(parts)), strict=True)
        ]
        for each in running:
            each.result()
    return whole


def index_of(facts: Facts, states: States) -> Index:
    """The facts sorted: as the population has them already, where it counts the very same."""
    return states.index.of(facts) if isinstance(states, Population) else Index(facts)


def _apart(states: States, many: int) -> list[States]:
    """States for so many threads: a population counts on as it is asked, so each has its own."""
    if isinstance(states, Population):
        return [states, *(states.apart() for _ in range(many - 1))]
    return [states] * many


def _fill_blocks(
    out: npt.NDArray[np.float32],
    rows: Ints,
    index: Index,
    queries: Queries,
    states: States,
    settings: FeatureSettings,
) -> None:
    """`_fill` some queries, which come by rising `as_of`, a block at a time."""
    for start in range(0, len(rows), BLOCK):
        chosen = rows[start : start + BLOCK]
        block = np.empty((len(chosen), out.shape[1]), np.float32)
        part = Queries(queries.order_key[chosen], queries.as_of[chosen])
        _fill(block, index, part, states, settings)
        out[chosen] = block


def _fill(
    out: npt.NDArray[np.float32],
    index: Index,
    queries: Queries,
    states: States,
    settings: FeatureSettings,
) -> None:
    order_row = index["orders"].latest(queries.order_key, queries.as_of)
    if len(order_row) and order_row.min() < 0:
        at = int(np.flatnonzero(order_row < 0)[0])
        raise ValueError(
            f"expected every order to be known before its as_of; query {at} asks about order "
            f"key {int(queries.order_key[at])} at {int(queries.as_of[at])}, and no version of it "
            "was known then. Hand in its rows, or ask about a later moment."
        )
    query = view.Query(
        index=index,
        order_key=queries.order_key,
        as_of=queries.as_of,
        order_row=order_row,
        states=states,
        rates=settings.money,
        timezone=settings.timezone,
    )
    values = _plan().run(query)
    if len(out) == 1:
        out[0] = [value.item() for value in values]
    else:
        out[...] = np.concatenate(values).reshape(out.shape[::-1]).T
    size = np.abs(out)
    out[size <= TINY] = 0.0
    if np.count_nonzero(size == np.inf):
        column = int(np.flatnonzero(np.isinf(out).any(axis=0))[0])
        raise ArithmeticError(f"feature {names()[column]} is infinite; a ratio lacks its guard")
