"""Groups of neighbouring leaves, and what they contribute for every way their nodes may go.

Knows nothing of curves, blends or bundles: a forest goes in, tables come out.

A leaf alone would need a table over the features on its path; leaves of one subtree share most of
their path, so a table over the *nodes* of the whole group is hardly larger and is looked up once
instead of once per leaf. On 200 trees of 15 leaves that is 3.4 lookups a tree instead of 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.reason_tables import MOST_BITS, Integers
from training.smooth import Doubles
from training.tree_dump import ExportRefused, Forest

BITS = 7  # nodes a group aims at; 8 halves the lookups but doubles the memory they jump in
MOST_BYTES = 64 * 2**20  # of one head's table
LEAVES_AT_ONCE = 256  # bounds the work space: 256 leaves x 2^8 patterns x 8 x 4 doubles are 17 MB

Step = tuple[int, bool]  # a node, and whether the way goes left there


@dataclass(frozen=True)
class Group:
    """Leaves of one tree that are looked up together.

    Attributes:
        nodes: every node on the way to any of them; bit k of a pattern is nodes[k] going left.
        leaves: each leaf with the steps that lead to it.
    """

    nodes: tuple[int, ...]
    leaves: tuple[tuple[int, tuple[Step, ...]], ...]


@dataclass(frozen=True)
class Grouped:
    """The tables of a forest (see `models.reason_tables.HeadTables`) and its average value."""

    group_node: Integers
    group_feature: Integers
    table_start: Integers
    table: Doubles
    mean: float


def group_leaves(forest: Forest, features: int) -> Grouped:
    """The lookup tables of a forest over `features` columns.

    Raises:
        ExportRefused: a path is too long or the tables too large to be kept.
    """
    groups = groups_of(forest)
    sizes = np.array([len(group.nodes) for group in groups], np.int64)
    width, rows = int(sizes.max(initial=0)), int((1 << sizes).sum())
    if width > MOST_BITS or rows * width * 8 > MOST_BYTES:
        raise ExportRefused(
            f"reasons of {forest.value.size} leaves need tables of {rows * width * 8 / 2**20:.0f} "
            f"MB for paths of up to {width} splits; expected at most {MOST_BYTES / 2**20:.0f} MB "
            f"and {MOST_BITS} splits. Lower max_depth, num_leaves or the rounds."
        )
    node = np.full((width, len(groups)), forest.feature.size, np.int64)
    slot = np.full((width, len(groups)), features, np.int64)
    starts = np.cumsum(1 << sizes) - (1 << sizes)
    table = np.zeros((rows, width))
    contributions = _Contributions(forest, groups)
    for g, group in enumerate(groups):
        tested = list(dict.fromkeys(forest.feature[list(group.nodes)].tolist()))
        node[: sizes[g], g] = group.nodes
        slot[: len(tested), g] = tested
        own = table[starts[g] : starts[g] + (1 << sizes[g]), : len(tested)]
        own += contributions.of_group(group, tested)
    return Grouped(node, slot, starts.astype(np.int64), table, contributions.mean)


def groups_of(forest: Forest, bits: int = BITS) -> list[Group]:
    """Cuts every tree into subtrees that look at no more than `bits` nodes, if depth allows."""
    inner = _inner_nodes(forest)
    waiting: list[tuple[int, tuple[Step, ...]]] = [(int(root), ()) for root in forest.roots]
    groups = []
    while waiting:
        kid, steps = waiting.pop()
        if kid < 0 or len(steps) + inner[kid] <= bits:
            groups.append(_group(forest, kid, steps))
        else:
            waiting.append((int(forest.left[kid]), (*steps, (kid, True))))
            waiting.append((int(forest.right[kid]), (*steps, (kid, False))))
    return groups


def _inner_nodes(forest: Forest) -> Integers:
    """(m,) nodes of the subtree that begins at each node; kids always come after their parent."""
    inner = np.ones(forest.feature.size, np.int64)
    for node in range(forest.feature.size - 1, -1, -1):
        for kid in (forest.left[node], forest.right[node]):
            if kid >= 0:
                inner[node] += inner[kid]
    return inner


def _group(forest: Forest, kid: int, steps: tuple[Step, ...]) -> Group:
    nodes, leaves = [node for node, _ in steps], []
    waiting = [(kid, steps)]
    while waiting:
        here, way = waiting.pop()
        if here < 0:
            leaves.append((~here, way))
        else:
            nodes.append(here)
            waiting.append((int(forest.left[here]), (*way, (here, True))))
            waiting.append((int(forest.right[here]), (*way, (here, False))))
    return Group(tuple(nodes), tuple(leaves))


class _Contributions:
    """What each leaf contributes, by the pattern of which of its features' tests pass."""

    def __init__(self, forest: Forest, groups: list[Group]) -> None:
        self.forest = forest
        self.ways = dict(leaf for group in groups for leaf in group.leaves)
        self.shares = {leaf: self._shares(way) for leaf, way in self.ways.items()}
        self.mean = float(
            sum(forest.value[leaf] * np.prod(list(s.values())) for leaf, s in self.shares.items())
        )
        self.tables = self._tables()

    def of_group(self, group: Group, tested: list[int]) -> Doubles:
        """(2^bits, tested) sum over the group's leaves, by the pattern of its nodes going left."""
        bits = len(group.nodes)
        place = {node: k for k, node in enumerate(group.nodes)}
        slot = {feature: k for k, feature in enumerate(tested)}
        left = ((np.arange(1 << bits)[:, None] >> np.arange(bits)) & 1).astype(np.bool_)
        total = np.zeros((1 << bits, len(tested)))
        for leaf, way in group.leaves:
            order = {feature: j for j, feature in enumerate(self.shares[leaf])}
            passes = np.ones((1 << bits, len(order)), np.bool_)
            for node, goes_left in way:
                passes[:, order[int(self.forest.feature[node])]] &= (
                    left[:, place[node]] == goes_left
                )
            pattern = passes @ (1 << np.arange(len(order)))
            total[:, [slot[feature] for feature in order]] += self.tables[leaf][pattern]
        return total

    def _shares(self, way: tuple[Step, ...]) -> dict[int, float]:
        """Feature → share of the training rows that passed its tests on the way, multiplied."""
        forest, shares = self.forest, dict[int, float]()
        for node, goes_left in way:
            kid = forest.left[node] if goes_left else forest.right[node]
            went = forest.leaf_count[~kid] if kid < 0 else forest.node_count[kid]
            came, feature = forest.node_count[node], int(forest.feature[node])
            if not 0 < went <= came:
                raise ExportRefused(f"a split that {came:.0f} rows reached sends {went:.0f} on.")
            shares[feature] = shares.get(feature, 1.0) * float(went / came)
        return shares

    def _tables(self) -> dict[int, Doubles]:
        tables: dict[int, Doubles] = {}
        sizes = {leaf: len(shares) for leaf, shares in self.shares.items()}
        for size in sorted(set(sizes.values())):
            alike = [leaf for leaf in sizes if sizes[leaf] == size]
            for i in range(0, len(alike), LEAVES_AT_ONCE):
                some = alike[i : i + LEAVES_AT_ONCE]
                shares = np.array([list(self.shares[leaf].values()) for leaf in some])
                of_some = pattern_contributions(shares, self.forest.value[some])
                tables.update(zip(some, of_some, strict=True))
        return tables


def pattern_contributions(shares: Doubles, values: Doubles) -> NDArray[np.float64]:
    """(m, d) shares and (m,) values of m leaves → (m, 2^d, d) contributions of their features.

    Pattern p has bit j set where the row passes the tests on feature j. The integral is a
    polynomial of degree d - 1 in t, for which Gauss-Legendre with ceil(d / 2) points is exact.
    """
    size = shares.shape[1]
    points, weights = np.polynomial.legendre.leggauss((size + 1) // 2)
    at, weights = (points + 1.0) / 2.0, weights / 2.0
    passes = ((np.arange(1 << size)[:, None] >> np.arange(size)) & 1).astype(np.float64)
    factors = (1.0 - at) * shares[:, None, :, None] + at * passes[None, :, :, None]
    table = np.empty((len(values), 1 << size, size))
    for i in range(size):
        others = np.delete(factors, i, axis=2).prod(axis=2) @ weights
        table[:, :, i] = values[:, None] * (passes[:, i] - shares[:, None, i]) * others
    return table
