"""What outcomes teach about the words of buyers: weights for the bits of their messages.

Knows nothing of text: a message is bits (features/sketch.py, features/signals.py) and an order an
answer. A fit at an origin sees what its heads see: orders placed before it, answers known then.
Its own orders never meet weights that saw them: time is cut into blocks, a buyer's orders belong
to the block of the first, and each block is read by the weights that the others taught. Later
orders are read by the weights of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from features.encoded import WEIGHTS, Conversations, Encoding, Encodings
from features.facts import NONE, Facts
from features.index import Index
from features.schema import DAY_US
from features.sketch import BITS
from training.labels import UNKNOWN
from training.landmarks import Landmarks
from training.metrics import Ranked, roc_auc_score

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Answers = npt.NDArray[np.int8]

BLOCKS = 5  # of time; with fewer, the weights that read an order know much less than those of all
LEAST_MESSAGES = 200  # of answered orders; fewer teach names rather than words
LEAST_POSITIVES = 30  # orders with messages that ended in trouble
MOST_ORDERS = 30_000  # with messages, the latest; bounds a fit to some seconds
L2 = 60.0  # ridge on a weight, in orders (scikit-learn's 1 / C); see training/LOG.md
# Somebody thought about what the signals mean, nobody about a bit of a sketch: a signal's weight
# is held back a hundred times less.
SIGNAL_SCALE = 10.0
KEPT = 16  # origins remembered: those of a head and the last one; 12 MB each for 1.5 M landmarks
CLEARLY = 2.0  # standard errors by which the weights must rank orders that they have not seen


_SCALE = np.append(np.ones(BITS), np.full(WEIGHTS - BITS, SIGNAL_SCALE))


@dataclass(frozen=True)
class Encoded:
    """What one origin gave.

    Attributes:
        encodings: of all blocks, for orders that the fit has not seen.
        column: (landmarks,) of the fit's own orders by the other blocks, of later ones by all.

    """

    encodings: Encodings
    column: Floats


@dataclass(frozen=True)
class _Lessons:
    """Messages that teach: one row each, an order's weighing as much as the order.

    Attributes:
        bits: (r, WEIGHTS) of 0 and what a bit is scaled to, see SIGNAL_SCALE.
        bad: (r,) whether its order ended in trouble.
        weight: (r,) share of its order's weight.
        block: (r,) block of its order.
        last: (landmarks,) the last one of each order that teaches.

    """

    bits: csr_matrix
    bad: Flags
    weight: Floats
    block: Ints
    last: Flags

    def weights(self, without: int | None = None) -> Encoding | None:
        """The weights that all teach, or all but one block; None where they have but one answer.

        Against the average of the messages that teach: against their base rate, blocks of another
        rate would be told apart by their weights' intercepts.
        """
        rows = np.flatnonzero(self.block != (-1 if without is None else without))
        bad, weight = self.bad[rows], self.weight[rows]
        if not 0 < bad.sum() < len(bad):
            return None
        model = LogisticRegression(C=1.0 / L2, solver="lbfgs", tol=1e-5, max_iter=500)
        model.fit(self.bits[rows], bad, weight)
        average = np.average(self.bits[rows] @ model.coef_[0], weights=weight)
        return Encoding.rounded(model.coef_[0] * _SCALE, -float(average))


@dataclass(frozen=True)
class Encoder:
    """Fits encodings for the landmarks of one night; the same origin is not fitted twice in a row.

    Attributes:
        landmarks: (n,) moments that are learned from.
        talk: what buyers had written by them.
        answers_at: moment → (n,) answers that the weights are to foretell, as known then.
        history_days, half_life_days: as for every fit.

    """

    landmarks: Landmarks
    talk: Conversations
    answers_at: Callable[[int], Answers]
    history_days: float
    half_life_days: float
    _known: dict[tuple[int, int], Encoded] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        facts: Facts,
        landmarks: Landmarks,
        answers_at: Callable[[int], Answers],
        *,
        history_days: float,
        half_life_days: float,
    ) -> Encoder:
        """From facts that hold the messages of the landmarks' orders."""
        index = Index({"messages": facts["messages"]})
        talk = Conversations.known(index, landmarks.order_key, landmarks.as_of)
        return cls(landmarks, talk, answers_at, history_days, half_life_days)

    def at(self, origin: int, known_at: int) -> Encoded:
        """Weights from orders placed before `origin`, by answers known strictly by `known_at`."""
        found = self._known.pop((origin, known_at), None)
        if found is None:
            found = self._fit(origin, self.answers_at(known_at))
        self._known[origin, known_at] = found  # the latest asked for stand last
        if len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        return found

    def _fit(self, origin: int, answers: Answers) -> Encoded:
        block = blocks(self.landmarks, origin)
        unknown = Encoded(Encodings(), np.full(len(block), np.nan))
        lessons = self._lessons(origin, answers, block)
        whole = None if lessons is None else lessons.weights()
        if lessons is None or whole is None:
            return unknown
        mine = block.take(self.talk.messages.owner)  # of each message of each moment
        scores = whole.scores(self.talk.words).take(self.talk.which)
        for one in range(BLOCKS):
            of_block = np.flatnonzero(mine == one)
            theirs = lessons.weights(without=one)
            if theirs is None:
                scores[of_block] = np.nan
            else:
                scores[of_block] = theirs.scores(self.talk.words).take(self.talk.which[of_block])
        column = self.talk.trouble(scores)
        told = np.flatnonzero(lessons.last & np.isfinite(column))
        if not _ranks_clearly(answers[told] == 1, column[told]):
            return unknown
        return Encoded(Encodings(whole), column)

    def _lessons(self, origin: int, answers: Answers, block: Ints) -> _Lessons | None:
        """The messages of answered orders at their last moment; None where there are too few."""
        marks, owner = self.landmarks, self.talk.messages.owner
        span = round(self.history_days * DAY_US)
        learned = (marks.placed_at < origin) & (marks.placed_at >= origin - span)
        learned &= (answers != UNKNOWN) & _last_of_order(marks)
        learned &= np.bincount(owner, minlength=len(marks)) > 0
        learned[np.flatnonzero(learned)[:-MOST_ORDERS]] = False
        rows = np.flatnonzero(learned.take(owner))
        of = owner.take(rows)
        if len(rows) < LEAST_MESSAGES or (answers[learned] == 1).sum() < LEAST_POSITIVES:
            return None
        age = (origin - marks.placed_at[of]) / (self.half_life_days * DAY_US)
        share = marks.propensity_weight[of] / np.bincount(of)[of]
        bits = csr_matrix(self.talk.bits(self.talk.which.take(rows)), dtype=np.float64)
        bits = bits.multiply(_SCALE).tocsr()
        return _Lessons(bits, answers[of] == 1, share * 0.5**age, block[of], learned)


def _ranks_clearly(bad: Flags, score: Floats) -> bool:
    """Whether a score that never saw its own orders has them in better order than chance.

    Weights that have learned names, or a few loud orders, rank others no better than chance or
    worse; a head would then learn to read them the wrong way round.
    """
    positives, negatives = int(bad.sum()), int((~bad).sum())
    if not positives or not negatives:
        return False
    area = roc_auc_score(Ranked.of(bad, score).groups(np.ones((1, len(bad)))))[0]
    # The standard error of the area where there is nothing to rank by (Mann and Whitney 1947).
    error = np.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    return bool(area - 0.5 >= CLEARLY * error)


def blocks(marks: Landmarks, origin: int) -> Ints:
    """(n,) block of time of each landmark's buyer, -1 of orders placed at or after the origin.

    A buyer's orders belong to the block of the first one; buyers are unknown one by one. The
    blocks hold about equally many buyers, whatever became of their orders.
    """
    buyer = np.where(marks.buyer_key == NONE, marks.order_key, marks.buyer_key)
    before = np.flatnonzero(marks.placed_at < origin)
    out = np.full(len(marks), -1, np.int64)
    # Landmarks rise by placing: the first row of a buyer is the first order.
    _, first, which = np.unique(buyer[before], return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    out[before] = (rank * BLOCKS // max(1, len(first)))[which]
    return out


def _last_of_order(marks: Landmarks) -> Flags:
    """Marks the last landmark of each order; they rise by (placed_at, order_key, as_of)."""
    last = np.ones(len(marks), np.bool_)
    last[:-1] = marks.order_key[1:] != marks.order_key[:-1]
    return last
