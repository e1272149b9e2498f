"""From questions about orders to their scores: what the store remembers, the features, the model.

Knows nothing of HTTP. One order and a thousand take the same path: one neighbourhood, one matrix,
one run of the model, one write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Raw

from features.build import Queries
from features.facts import Facts, key_of
from features.inputs import inputs
from features.population import States
from features.rates import home_minor
from features.schema import DAY_US
from outreach.alerts import Watch
from outreach.money import expected_loss_minor
from outreach.ranking import places, places_that_matter
from outreach.reasons import Reason
from outreach.shop import feature_settings
from serving.answers import Result, Stage, encode
from serving.closed import Alerts, last_answer, open_alerts
from serving.metrics import child, orders_scored
from serving.model import Loaded
from serving.platforms import Platforms
from serving.results import Columns, Policy, results
from serving.seen import Question, Seen, refuse_unknown
from store import Score, Store
from store.settings import Settings

Doubles = npt.NDArray[np.float64]


class Answer(NamedTuple):
    """The answer to one question as JSON, and the model that gave it."""

    model: str
    json: Raw


@dataclass(frozen=True, slots=True)
class Scored:
    """Questions with all that was worked out about them, in one order; all arrays (n, ...)."""

    questions: Sequence[Question]
    seen: Seen
    matrix: npt.NDArray[np.float32]
    probabilities: Doubles
    places: npt.NDArray[np.int64]


class Scorer:
    """Answers questions with the model in use; threads share it."""

    def __init__(
        self,
        store: Store,
        states: States,
        settings: Settings,
        *,
        watch: Watch,
        model: Callable[[], Loaded],
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._watch = watch
        self._states = states
        self._model = model
        self._clock = clock
        self._platforms = Platforms(store)
        self._features = feature_settings(settings)
        self._policy = Policy(settings.outreach.per_day, settings.costs, self._features.money)

    def answer(self, questions: Sequence[Question], *, known_only: bool = False) -> list[Answer]:
        """The answer to each question, in their order; a `Problem` where an order is not known.

        With `known_only` the orders that are not known are left out instead.

        A question already answered gets its stored answer, an order that has shipped or was
        cancelled its last one; every other is scored now, all of them by one run of the model.
        Whatever its score and stage, an order comes with the red alerts that are open for it.
        """
        found = [None if q.keep else self._stored(q) for q in questions]
        asked = [q for q, answer in zip(questions, found, strict=True) if answer is None]
        fresh = iter(self._answers(asked, known_only=known_only) if asked else ())
        given = [next(fresh) if answer is None else answer for answer in found]
        return [answer for answer in given if answer is not None]

    def reasons_of(self, score: Score) -> tuple[Reason, ...]:
        """The reasons of a score that was answered without any, if its model still serves."""
        loaded = self._model()
        if loaded.name != score.model:
            return ()
        order = (score.shop_id, score.order_id, score.order_key)
        asked = [Question(*order, score.as_of, keep=False, reasons=True)]
        facts = self._store.neighbourhood([score.order_key], [score.as_of])
        seen = Seen(facts, asked)
        refuse_unknown(asked, seen)
        return self._reasons(loaded, self._scored(loaded, asked, seen, facts))[0]

    def _stored(self, question: Question) -> Answer | None:
        stored = self._store.stored_score(question.order_key, question.as_of)
        return None if stored is None else Answer(stored.model, Raw(stored.answer))

    def _answers(self, asked: Sequence[Question], *, known_only: bool) -> list[Answer | None]:
        keys = [q.order_key for q in asked]
        facts = self._store.neighbourhood(keys, [q.as_of for q in asked])
        seen = Seen(facts, asked)
        if not known_only:
            refuse_unknown(asked, seen)
        alerts = self._alerts(asked)
        found = [self._last(q, stage, alerts) for q, stage in zip(asked, seen.stages, strict=True)]
        open_ = [at for at, last in enumerate(found) if last is None and seen.known[at]]
        if open_:
            loaded = self._model()
            scored = self._scored(loaded, [asked[at] for at in open_], seen.only(open_), facts)
            for at, answer in zip(open_, self._kept(loaded, scored, alerts), strict=True):
                found[at] = answer
        return found

    def _alerts(self, asked: Sequence[Question]) -> Alerts:
        """Open alerts by order, those included that its latest messages raise only now."""
        keys = [question.order_key for question in asked if question.keep]
        return open_alerts(self._watch.review(keys, self._clock())) if keys else {}

    def _last(self, question: Question, stage: Stage, alerts: Alerts) -> Answer | None:
        """The last answer about an order that can no longer be helped, if it was ever scored."""
        if stage == "unshipped":
            return None
        scores = self._store.scores_of(question.order_key)
        if not scores:
            return None
        open_ = alerts.get(question.order_key, ())
        return Answer(scores[-1].model, Raw(last_answer(scores[-1], stage, open_)))

    def _scored(
        self, loaded: Loaded, asked: Sequence[Question], seen: Seen, facts: Facts
    ) -> Scored:
        queries = Queries(seen.keys, seen.as_of)
        matrix = inputs(facts, queries, self._states, self._features, loaded.encodings)
        _, probabilities = loaded.session.run(matrix)
        standing = self._places(asked, probabilities[:, loaded.risk_at])
        return Scored(asked, seen, matrix, probabilities, standing)

    def _places(self, asked: Sequence[Question], risks: Doubles) -> npt.NDArray[np.int64]:
        """The place of each among the latest scores of its shop and day."""
        together: dict[tuple[str, int], list[int]] = {}
        for at, question in enumerate(asked):
            together.setdefault((question.shop_id, question.as_of // DAY_US), []).append(at)
        found = np.empty(len(asked), np.int64)
        for (shop_id, day), rows in together.items():
            others = self._store.highest_risks(
                key_of("shop", shop_id, shop_id),
                day,
                limit=places_that_matter(self._policy.per_day),
                without={asked[at].order_key for at in rows},
            )
            found[rows] = places(risks[rows], others)
        return found

    def _kept(self, loaded: Loaded, scored: Scored, alerts: Alerts) -> list[Answer]:
        """The answers as JSON, remembered where they are to be."""
        columns = Columns(
            scored.probabilities,
            scored.places,
            self._losses(loaded, scored),
            self._reasons(loaded, scored),
            alerts,
        )
        made = results(scored.questions, scored.seen, loaded, columns, self._policy)
        for result in made:
            child(orders_scored, result.band).inc()
        told = [Answer(loaded.name, Raw(encode(result))) for result in made]
        rows = self._rows(scored, made, told)
        if rows and self._store.put_scores(rows) < len(rows):
            # Somebody else answered the same (order, as_of) first: theirs stays.
            first = [self._stored(question) for question in scored.questions]
            return [theirs or own for theirs, own in zip(first, told, strict=True)]
        return told

    def _losses(self, loaded: Loaded, scored: Scored) -> npt.NDArray[np.int64]:
        seen = scored.seen
        amounts = home_minor(seen.fact("amount_minor"), seen.fact("currency"), self._policy.rates)
        return expected_loss_minor(
            scored.probabilities, loaded.heads, amounts, costs=self._policy.costs
        )

    def _reasons(self, loaded: Loaded, scored: Scored) -> dict[int, tuple[Reason, ...]]:
        flagged = (scored.places < self._policy.per_day).tolist()
        rows = [
            row
            for row, question in enumerate(scored.questions)
            if question.reasons is True or (question.reasons == "flagged" and flagged[row])
        ]
        if not rows:
            return {}
        matrix = scored.matrix[rows]
        shares = loaded.explainer.contributions(matrix, loaded.risk_head)
        return {row: loaded.words.reasons(shares[i], matrix[i]) for i, row in enumerate(rows)}

    def _rows(self, scored: Scored, made: Sequence[Result], told: Sequence[Answer]) -> list[Score]:
        """What the store is to remember: not questions about the past, nor orders on their way."""
        now, platforms = self._clock(), scored.seen.fact("platform_key").tolist()
        every = zip(scored.questions, made, told, platforms, strict=True)
        return [
            Score(
                shop_id=question.shop_id,
                order_id=question.order_id,
                order_key=question.order_key,
                as_of=question.as_of,
                scored_at=now,
                model=result.model,
                day=question.as_of // DAY_US,
                platform=self._platforms.name(platform, question.shop_id, question.order_id),
                risk=result.risk,
                band=result.band,
                flagged=result.flagged,
                answer=bytes(answer.json),
            )
            for question, result, answer, platform in every
            if question.keep and result.stage == "unshipped"
        ]
