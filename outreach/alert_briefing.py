"""The briefing of an alert: what whoever takes it must know, and nothing that the record lacks.

Knows nothing of what to do. It holds exactly six things: the order, the buyer, the nature, what was
done so far, the buyer's state, and the deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from features.money import is_currency, minor_digits
from features.schema import SECOND_US, TABLES
from outreach.alert_rules import Read
from outreach.alert_words import Language, Words, words
from store import Record, Store
from store.alert_types import Alert, MessageCause

Row = dict[str, Any]
FEELINGS = ("anger", "anxiety")  # signals that tell the buyer's state, the stronger first


@dataclass(frozen=True)
class Briefing:
    """An alert in six sentences of one language, facts of the record only.

    Attributes:
        order: its id, shop, platform, amount and stage.
        buyer: the buyer's id.
        nature: what happened, in the very words or by the very outcome.
        done: what the shop has done since.
        buyer_state: the feeling that the buyer's words show.
        deadline: until when, and by whom.
    """

    order: str
    buyer: str
    nature: str
    done: str
    buyer_state: str
    deadline: str


def as_text(told: Briefing, language: Language = "en") -> str:
    """A briefing to be passed on: its tag, and six lines in the language it was told in."""
    said = words(language)
    labelled = [f"{said.labels[f.name]}{said.colon}{getattr(told, f.name)}" for f in fields(told)]
    return "\n".join([said.tag, *labelled])


def briefing(
    store: Store, alert: Alert, *, read: Read, language: Language = "en", timezone: str = "UTC"
) -> Briefing:
    """The briefing of an alert from what is known now; times in that zone, an IANA name."""
    if alert.order_id is None:
        records = store.alert_records(alert)[0]
    else:
        records = store.timeline(alert.shop_id, alert.order_id)
    return _Teller(alert, records, read, words(language), ZoneInfo(timezone)).told()


def _latest(records: Sequence[Record]) -> dict[str, list[Row]]:
    """Table → the latest version of each of its rows, in the order in which they became known."""
    found: dict[str, dict[tuple[Any, ...], Row]] = {table: {} for table in TABLES}
    for record in records:
        key = tuple(record.values[name] for name in TABLES[record.table].key)
        found[record.table][key] = record.values
    return {table: list(rows.values()) for table, rows in found.items()}


def _quoted(passages: Iterable[str]) -> str:
    """Passages of a message on one line."""
    return " … ".join(" ".join(passage.split()) for passage in passages)


class _Teller:
    """Puts the facts of one alert into words."""

    def __init__(
        self, alert: Alert, records: Sequence[Record], read: Read, said: Words, zone: ZoneInfo
    ) -> None:
        self._alert = alert
        self._rows = _latest(records)
        self._read = read
        self._said = said
        self._zone = zone
        cause = alert.cause
        self._since = cause.sent_at if isinstance(cause, MessageCause) else cause.opened_at

    def told(self) -> Briefing:
        return Briefing(
            order=self._order(),
            buyer=self._alert.buyer_id or self._say("unknown"),
            nature=self._nature(),
            done=self._said.joint.join(self._done()) or self._say("nothing"),
            buyer_state=self._state(),
            deadline=self._say(
                "deadline", at=self._at(self._alert.deadline_at), role=self._alert.role
            ),
        )

    def _say(self, phrase: str, **facts: object) -> str:
        return self._said.say(phrase, **facts)

    def _at(self, moment: int) -> str:
        shown = datetime.fromtimestamp(moment // SECOND_US, self._zone)
        return f"{shown:%Y-%m-%d %H:%M %Z}"

    def _order(self) -> str:
        if self._alert.order_id is None:
            return self._say("no_order")
        facts = [self._alert.order_id, self._say("shop", shop=self._alert.shop_id)]
        for row in self._rows["orders"][-1:]:
            facts += self._terms(row)
        return self._said.joint.join(facts)

    def _terms(self, order: Row) -> Iterator[str]:
        if order["platform"]:
            yield self._say("platform", platform=order["platform"])
        if amount := self._money(order["amount_minor"], order["currency"]):
            yield self._say("amount", amount=amount)
        yield self._say("placed", at=self._at(order["placed_at"]))
        stages = [name for name in ("shipped", "cancelled") if order[f"{name}_at"] is not None]
        for name in stages:
            yield self._say(name, at=self._at(order[f"{name}_at"]))
        if not stages:
            yield self._say("unshipped")

    def _money(self, amount_minor: int | None, currency: str | None) -> str | None:
        if amount_minor is None:
            return None
        if currency is None or not is_currency(currency):
            return f"{amount_minor} ({self._say('unknown_currency')})"
        digits = minor_digits(currency)
        return f"{amount_minor / 10**digits:.{digits}f} {currency}"

    def _nature(self) -> str:
        cause, nature = self._alert.cause, self._said.nature[self._alert.code]
        if isinstance(cause, MessageCause):
            quoted = _quoted(span.text for span in cause.spans)
            at = self._at(cause.sent_at)
            return self._say("words", nature=nature, words=quoted, message=cause.message_id, at=at)
        kind, opened = self._said.kinds[cause.kind], self._at(cause.opened_at)
        facts = [self._say("claim", nature=nature, kind=kind, at=opened)]
        if amount := self._money(cause.amount_minor, cause.currency):
            facts.append(self._say("amount", amount=amount))
        if cause.answer_due_at is not None:
            facts.append(self._say("answer_due", at=self._at(cause.answer_due_at)))
        if cause.note:
            facts.append(self._say("not_compared"))
        return self._said.joint.join(facts)

    def _done(self) -> Iterator[str]:
        replies = [row["sent_at"] for row in self._messages("seller") if self._later(row)]
        if replies:
            phrase = "replies" if len(replies) > 1 else "reply"
            yield self._say(phrase, count=len(replies), at=self._at(max(replies)))
        for row in self._rows["outreach"]:
            if row["sent_at"] is not None and row["sent_at"] >= self._since:
                action = row["action"] or self._say("unknown")
                yield self._say("outreach", at=self._at(row["sent_at"]), action=action)
        for row in self._rows["outcomes"]:
            if row["kind"] == "refund" and row["opened_at"] >= self._since:
                yield self._say("refund", at=self._at(row["opened_at"]))

    def _messages(self, sender: str) -> list[Row]:
        rows = [row for row in self._rows["messages"] if row["sender"] == sender]
        return sorted(rows, key=lambda row: (row["sent_at"], row["message_id"]))

    def _later(self, row: Row) -> bool:
        return bool(row["sent_at"] >= self._since)

    def _state(self) -> str:
        """The strongest feeling of the latest message that shows one, in its words."""
        messages = [row for row in self._messages("buyer") if row["text"]]
        if not messages:
            return self._say("no_messages")
        for row in reversed(messages):
            found = self._read(self._alert.shop_id, row["text"]).quoted(row["text"])
            for feeling in FEELINGS:
                quoted = [one.text for one in found if one.signal == feeling]
                if quoted:
                    return self._say(
                        "feeling",
                        feeling=self._said.feelings[feeling],
                        words=_quoted(quoted),
                        message=row["message_id"],
                        at=self._at(row["sent_at"]),
                    )
        return self._say("no_feeling", count=len(messages))
