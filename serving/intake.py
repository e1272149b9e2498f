"""What happens on a POST: what was told is stored in one write, what was asked is scored.

Knows nothing of HTTP beyond bytes in and bytes out, and nothing of how a score comes about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from features.facts import key_of
from features.schema import in_text
from outreach.alerts import Watch
from serving import parse, wire
from serving.answers import ScoreAnswer, StoredAnswer, encode
from serving.auth import Caller
from serving.checks import Row
from serving.gather import Gatherer
from serving.jobs import MOST_TOGETHER, Job, together
from serving.model import Champion
from serving.problems import FieldError, refused
from serving.remember import just_after, just_now, remember
from serving.scoring import Answer, Scorer
from serving.seen import Question, Seen, refuse_unknown
from store import Store
from store.errors import StoreBusy

RESCORED = ("messages", "addresses")  # events that change what an unshipped order scores
MOST_SWEPT = 20_000  # messages looked at while a caller waits; a tenth of a second
ALERTING = ("messages", "outcomes")  # events that may raise a red alert


class Intake:
    """Answers the bodies that callers send; threads share it."""

    def __init__(
        self,
        store: Store,
        scorer: Scorer,
        champion: Champion,
        watch: Watch,
        *,
        most_orders: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._scorer = scorer
        self._champion = champion
        self._watch = watch
        self._most_orders = most_orders
        self._clock = clock
        self._gatherer: Gatherer[Job, list[Answer]] = Gatherer(
            self._work, keys=Job.touched, most=MOST_TOGETHER, everybodys=(StoreBusy,)
        )

    def score(self, caller: Caller, body: bytes) -> bytes:
        """The answer of `POST /v1/score`."""
        model = self._champion.loaded()  # before anything is stored: a refusal stores nothing
        job = Job(parse.score_request(body, parse.Arrival(self._clock(), caller.shop_of)))
        self._refuse_too_many(len(job.request.asked))
        self._refuse_strangers(job)
        given = self._gatherer.ask(job) if job.may_be_gathered else self._work([job])[0]
        return encode(ScoreAnswer(_model_of(given) or model.name, [each.json for each in given]))

    def events(self, caller: Caller, table: str, body: bytes) -> bytes:
        """The answer of `POST /v1/<table>`."""
        told = parse.event_rows(body, table, parse.Arrival(self._clock(), caller.shop_of))
        rows = told.rows[table]
        written = remember(self._store, told, self._clock)
        asked, given = _touched(rows, just_after(written)), []
        if table in RESCORED and self._champion.ready:  # raises the orders' alerts as well
            given = self._scorer.answer(asked, known_only=True)
        elif table in ALERTING:  # of any order, shipped or not, scored or not
            self._watch.review([question.order_key for question in asked], written.received_at)
        if table in ALERTING and not all(row.get("order_id") for row in rows):
            self._watch.sweep(written.received_at, most=MOST_SWEPT)  # said before any order
        return encode(
            StoredAnswer(
                stored=[_shown(table, row) for row in rows],
                received_at=in_text(written.received_at),
                inserted=written.tables[table].inserted,
                unchanged=written.tables[table].unchanged,
                model=_model_of(given),
                results=[each.json for each in given],
            )
        )

    def _refuse_too_many(self, count: int) -> None:
        if count > self._most_orders:
            expected = f"1 to {self._most_orders} of them"
            raise refused([FieldError("orders", f"{count} of them", expected)])

    def _refuse_strangers(self, job: Job) -> None:
        """Refuse orders that are only asked about and not known, before others' rows are stored."""
        strangers = job.only_asked()
        if strangers and job.told.rows:
            facts = self._store.neighbourhood([each.order_key for each in strangers], cap=1)
            refuse_unknown(strangers, Seen(facts, strangers))

    def _work(self, jobs: Sequence[Job]) -> list[list[Answer]]:
        """Store what all the jobs tell in one write, and score what all of them ask in one run."""
        told = together(jobs)
        if told.rows:
            as_of = just_after(remember(self._store, told, self._clock))
        else:
            as_of = just_now(self._store, self._clock)
        questions = [question for job in jobs for question in job.questions(as_of)]
        answers = iter(self._scorer.answer(questions))
        return [[next(answers) for _ in job.order_keys] for job in jobs]


def _touched(rows: Sequence[Row], as_of: int) -> list[Question]:
    """Each order that the rows belong to, once."""
    named = {(row["shop_id"], row["order_id"]): None for row in rows if row.get("order_id")}
    reasons: wire.Reasons = "flagged" if len(named) > 1 else True
    return [
        Question(shop, order, key_of("order", shop, order), as_of, keep=True, reasons=reasons)
        for shop, order in named
    ]


def _model_of(answers: Sequence[Answer]) -> str | None:
    """The model that gave all the answers, if it was one."""
    names = {answer.model for answer in answers}
    return names.pop() if len(names) == 1 else None


def _shown(table: str, row: Row) -> dict[str, Any]:
    """A row as callers write it."""
    times = wire.TIMES[table]
    return {n: in_text(v) if n in times and v is not None else v for n, v in row.items()}
