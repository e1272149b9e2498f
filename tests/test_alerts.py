"""Red alerts in a real store: raised once, by whoever looks first, and standing until closed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import pytest
from alert_desk import (
    HOUR,
    NOON,
    SHOP,
    THREAT,
    claim,
    codes,
    key,
    message,
    new_home,
    order,
    read,
    said_of,
    threat,
    watch,
    write,
)
from store_rows import score

from outreach.alerts import Watch, for_answer, review, sweep
from store import Store
from store.alert_types import AlertClosed, AlertMissing, Closing
from store.home import Home

DAY = 24 * HOUR
CLOSING = Closing("logistics", "Found and delivered.", "Wei", NOON + HOUR)


@pytest.fixture
def home(tmp_path) -> Home:
    return new_home(tmp_path)


@pytest.fixture
def store(home) -> Iterator[Store]:
    with home.open_store() as opened:
        write(opened, orders=[order(buyer_id="b1", amount_minor=1_000, currency="USD")])
        yield opened


def test_a_threat_raises_an_alert_that_is_stored(store, home):
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON + 5)
    assert (alert.code, alert.order_id, alert.buyer_id) == ("legal_threat", "A", "b1")
    assert (alert.raised_at, alert.deadline_at, alert.state) == (NOON + 5, NOON + 5 + DAY, "open")
    assert store.alert(alert.alert_id) == alert
    assert store.open_alerts([key()]) == [alert]


@pytest.mark.parametrize("stage", ["shipped_at", "cancelled_at"])
def test_an_alert_is_raised_whatever_became_of_the_order(store, home, stage):
    write(store, orders=[said_of(known_at=NOON + 1, **{stage: NOON})], messages=[threat()])
    assert codes(watch(store, home).review([key()], NOON + 5)) == ["legal_threat"]


def test_an_order_that_nobody_told_of_raises_its_alerts_too(store, home):
    write(store, messages=[threat(order_id="never told")])
    assert codes(watch(store, home).review([key("never told")], NOON)) == ["legal_threat"]


def test_what_the_shop_writes_raises_nothing(store, home):
    write(store, messages=[threat(sender="seller"), threat("m2", sender="system")])
    assert watch(store, home).review([key()], NOON) == []


def test_the_same_cause_raises_once_whoever_looks(store, home):
    write(store, messages=[threat()])
    first = watch(store, home).review([key()], NOON)
    assert watch(store, home).review([key()], NOON + HOUR) == first
    assert sweep(store, home, NOON + HOUR) == []
    assert review(store, home, [key()], NOON + HOUR) == first


def test_the_store_itself_raises_a_cause_once(store, home):
    """Two processes may both find it new; one of them is told that it was."""
    write(store, messages=[threat()])
    raised = watch(store, home).review([key()], NOON)
    assert store.raise_alerts(raised) == []
    assert store.raise_alerts([*raised, *raised]) == []
    assert len(store.alerts()) == 1


def test_a_closed_alert_does_not_rise_again_for_the_same_cause(store, home):
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON)
    store.close_alert(alert.alert_id, CLOSING)
    edited = threat(known_at=NOON + 2 * HOUR, text=f"Again: {THREAT}", sent_at=NOON)
    write(store, messages=[edited], received_at=NOON + 2 * HOUR)
    assert watch(store, home).review([key()], NOON + 3 * HOUR) == []
    write(store, messages=[threat("m2")])
    (second,) = watch(store, home).review([key()], NOON + 3 * HOUR)
    assert second.alert_id != alert.alert_id


def test_a_message_that_becomes_a_threat_by_a_later_version_raises(store, home):
    looks = watch(store, home)
    write(store, messages=[threat(text="Where is it?")])
    assert looks.review([key()], NOON) == []
    write(store, messages=[threat(known_at=NOON + 1, sent_at=NOON)], received_at=NOON + 1)
    assert codes(looks.review([key()], NOON + 2)) == ["legal_threat"]


def test_no_score_lowers_an_alert(store, home):
    write(store, messages=[threat()])
    before = watch(store, home).review([key()], NOON)
    store.put_scores([score(risk=0.0, band="low", flagged=False, as_of=NOON + HOUR)])
    assert watch(store, home).review([key()], NOON + 2 * HOUR) == before


def test_a_claim_rises_when_it_opens_and_again_when_its_time_runs_out(store, home):
    looks = watch(store, home)
    write(store, outcomes=[claim()])
    assert codes(looks.review([key()], NOON)) == ["claim_opened"]
    assert looks.sweep(NOON + 47 * HOUR) == []
    assert codes(looks.sweep(NOON + 48 * HOUR)) == ["claim_timing_out"]
    assert looks.sweep(NOON + 49 * HOUR) == []


def test_a_claim_closed_in_time_does_not_run_out(store, home):
    looks = watch(store, home)
    write(store, outcomes=[claim()])
    looks.sweep(NOON)
    closed = claim(known_at=NOON + HOUR, closed_at=NOON + HOUR)
    write(store, outcomes=[closed], received_at=NOON + HOUR)
    assert looks.sweep(NOON + 60 * HOUR) == []


def test_an_outcome_that_is_no_claim_raises_nothing(store, home):
    write(store, outcomes=[claim(kind="return"), claim(kind="refund")])
    assert watch(store, home).review([key()], NOON) == []


def test_a_sweep_finds_messages_of_any_order_and_of_none(store, home):
    loose = message("m3", buyer_id="b9", text=THREAT)
    write(store, messages=[threat(), threat("m2", order_id="B"), loose])
    raised = watch(store, home).sweep(NOON)
    told = [(alert.order_id, alert.buyer_id) for alert in raised]
    assert told == [("A", "b1"), ("B", None), (None, "b9")]


def counting(store: Store, home: Home, seen: list[str]) -> Watch:
    looks = watch(store, home)

    def reads(shop_id, text):
        seen.append(text)
        return read(shop_id, text)

    looks.read = reads
    return looks


def test_a_sweep_reads_what_may_be_a_threat_once_and_nothing_else(store, home):
    """An import of a million messages is looked at once, not every night."""
    seen: list[str] = []
    threats = [f"{THREAT}, {number}" for number in range(5)]
    texts = [text for one in threats for text in (one, "Where is it?", "Thank you!")]
    said = [message(f"m{n:02}", order_id="A", text=text) for n, text in enumerate(texts)]
    write(store, messages=said)
    counting(store, home, seen).sweep(NOON)
    assert seen == threats
    write(store, messages=[threat("late")])
    counting(store, home, seen).sweep(NOON)
    assert seen == [*threats, THREAT]


def test_a_sweep_may_be_cut_short_and_goes_on_where_it_was(store, home):
    seen: list[str] = []
    looks = counting(store, home, seen)
    threats = [f"{THREAT}, {number}" for number in range(10)]
    write(store, messages=[message(f"m{n}", order_id="A", text=t) for n, t in enumerate(threats)])
    looks.sweep(NOON, most=4)
    assert seen == threats[:4]
    looks.sweep(NOON, most=4)
    looks.sweep(NOON, most=4)
    assert seen == threats


def test_a_phrase_that_the_operator_adds_finds_the_threats_of_before(store, home):
    """What was looked at by other phrases is looked at again; what was raised is not raised."""
    write(store, messages=[threat(), threat("m2", text="When will it ship? zzqqx")])
    assert codes(sweep(store, home, NOON)) == ["legal_threat"]
    home.settings_path.write_text('[signals.phrases.regulator_threat]\nadd = ["zzqqx"]')
    again = Home(home.path)
    with again.open_store() as reopened:
        assert reopened.read_again() == 2
        raised = sweep(reopened, again, NOON)
    assert codes(raised) == ["regulator_threat"]


def test_history_that_an_import_brings_raises_nothing(store, home):
    """Three years of exports must not bury what needs an answer today."""
    looks = watch(store, home)
    write(store, messages=[threat()], outcomes=[claim()])
    assert looks.sweep(NOON + 91 * DAY) == []
    assert store.alerts() == []


def test_an_old_message_that_is_told_now_is_no_history(store, home):
    later = NOON + 400 * DAY
    old = {**threat(sent_at=NOON), "known_at": None}
    write(store, messages=[old], received_at=later)
    assert codes(watch(store, home).sweep(later + 1)) == ["legal_threat"]


def test_while_one_process_sweeps_another_leaves_it_to_it(store, home):
    write(store, messages=[threat()])
    with home.lock("alerts"):
        assert watch(store, home).sweep(NOON) == []
    assert len(watch(store, home).sweep(NOON)) == 1


def look_at_all(path: str, barrier, orders: int) -> int:
    """Reviews and sweeps as a worker does; how many alerts it raised in sweeps."""
    home = Home(path)
    with home.open_store() as opened:
        looks = watch(opened, home)
        barrier.wait()
        for number in range(orders):
            looks.review([key(f"o{number}")], NOON)
        return len(looks.sweep(NOON, wait_s=20))


def worker(path, barrier, orders, answers):
    answers.put(look_at_all(path, barrier, orders))


def test_two_processes_at_once_raise_each_cause_once_with_evidence(store, home):
    orders = 40
    write(store, messages=[threat(f"m{n}", order_id=f"o{n}") for n in range(orders)])
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    asked = (str(home.path), barrier, orders, answers)
    workers = [context.Process(target=worker, args=asked) for _ in range(2)]
    for process in workers:
        process.start()
    assert [answers.get(timeout=60), answers.get(timeout=60)] == [0, 0]  # reviews had raised all
    for process in workers:
        process.join(timeout=60)
    raised = store.alerts(limit=1_000)
    assert sorted(alert.order_id for alert in raised) == sorted(f"o{n}" for n in range(orders))
    assert all(alert.evidence for alert in raised)
    lines = (home.path / "evidence" / "log.jsonl").read_text().splitlines()
    assert len(lines) == orders


def test_an_alert_is_closed_with_a_cause_a_reason_and_a_name(store, home):
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON)
    closed = store.close_alert(alert.alert_id, CLOSING)
    assert (closed.state, closed.root_cause, closed.closed_by) == ("closed", "logistics", "Wei")
    assert (closed.reason, closed.closed_at) == ("Found and delivered.", NOON + HOUR)
    assert store.open_alerts([key()]) == []
    assert store.open_alerts([key()], as_of=NOON + 1) == [closed]
    assert store.open_alerts([key()], as_of=NOON - 1) == []


def test_closing_twice_in_the_same_words_is_closing_once(store, home):
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON)
    closed = store.close_alert(alert.alert_id, CLOSING)
    again = Closing("logistics", "Found and delivered.", "Wei", NOON + 9 * HOUR)
    assert store.close_alert(alert.alert_id, again) == closed


def test_a_closed_alert_keeps_why_it_was_closed(store, home):
    write(store, messages=[threat()])
    (alert,) = watch(store, home).review([key()], NOON)
    store.close_alert(alert.alert_id, CLOSING)
    with pytest.raises(AlertClosed, match="which Wei closed as logistics"):
        store.close_alert(alert.alert_id, Closing("false_alarm", "A joke.", "Ana", NOON))
    with pytest.raises(AlertMissing, match="Expected the id of an alert, got 'none'"):
        store.close_alert("none", CLOSING)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("weather", "Rain.", "Wei", NOON), "root_cause: expected one of product_defect"),
        (("logistics", " ", "Wei", NOON), "reason: expected some words"),
        (("logistics", "Lost.", "", NOON), "closed_by: expected some words"),
    ],
)
def test_a_closing_without_a_cause_a_reason_or_a_name_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        Closing(*given)


def test_alerts_are_listed_by_shop_state_and_place(store, home):
    elsewhere = {**threat("m9", order_id="Z"), "shop_id": "other"}
    write(store, messages=[threat(), threat("m2"), elsewhere])
    first, second, third = watch(store, home).sweep(NOON)
    store.close_alert(first.alert_id, CLOSING)
    ids = [alert.alert_id for alert in store.alerts(shop=SHOP)]
    assert ids == [first.alert_id, second.alert_id]
    assert [a.alert_id for a in store.alerts(state="open")] == [second.alert_id, third.alert_id]
    assert [a.alert_id for a in store.alerts(state="closed")] == [first.alert_id]
    assert [a.alert_id for a in store.alerts(after=first.seq, limit=1)] == [second.alert_id]


def test_an_answer_shows_an_alert_with_the_very_words(store, home):
    write(store, messages=[threat()])
    raised = watch(store, home).review([key()], NOON)
    assert for_answer(raised) == [
        {
            "id": raised[0].alert_id,
            "code": "legal_threat",
            "text": "Legal steps threatened or taken",
            "state": "open",
            "raised_at": "2025-01-01T12:00:00.000000Z",
            "deadline": "2025-01-02T12:00:00.000000Z",
            "role": "team lead",
            "cause": {
                "of": "message",
                "message_id": "m1",
                "known_at": "2025-01-01T12:00:00.000000Z",
                "sent_at": "2025-01-01T12:00:00.000000Z",
                "spans": [{"start": 0, "end": 9, "text": "my lawyer"}],
            },
        }
    ]
