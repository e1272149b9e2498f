"""Requests that arrive together are answered together, and none pays for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from serving.gather import Gatherer

Job = tuple[str, int]  # a name, and the key that it touches


class Desk:
    """Work that can be held up, so that a test decides what has arrived meanwhile."""

    def __init__(self, *, most: int = 10) -> None:
        self.groups: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()
        self.gatherer: Gatherer[Job, str] = Gatherer(
            self._work, keys=lambda job: frozenset([job[1]]), most=most
        )

    def _work(self, jobs: Sequence[Job]) -> list[str]:
        self.groups.append([name for name, _ in jobs])
        self.open.wait(timeout=5)
        if any(name == "bad" for name, _ in jobs):
            raise ValueError("bad")
        return [name.upper() for name, _ in jobs]

    def waiting(self, count: int) -> None:
        """Until so many jobs wait behind the one that is being worked on."""
        for _ in range(1000):
            if len(self.gatherer._waiting) == count:
                return
            time.sleep(0.002)
        pytest.fail(f"{len(self.gatherer._waiting)} jobs wait, not {count}")


def arrive(desk: Desk, jobs: Sequence[Job]) -> list[Future[str]]:
    """The first job is being worked on while the others arrive, in their order."""
    desk.open.clear()
    pool = ThreadPoolExecutor(len(jobs))
    given = [pool.submit(desk.gatherer.ask, jobs[0])]
    while not desk.groups:
        time.sleep(0.002)
    for number, job in enumerate(jobs[1:], start=1):
        given.append(pool.submit(desk.gatherer.ask, job))
        desk.waiting(number)
    desk.open.set()
    pool.shutdown()
    return given


def test_a_lone_job_waits_for_nobody() -> None:
    desk = Desk()
    assert desk.gatherer.ask(("a", 1)) == "A"
    assert desk.gatherer.ask(("b", 1)) == "B"
    assert desk.groups == [["a"], ["b"]]


def test_jobs_that_arrive_while_one_is_worked_on_are_done_together() -> None:
    desk = Desk()
    given = arrive(desk, [("a", 1), ("b", 2), ("c", 3), ("d", 4)])
    assert [answer.result() for answer in given] == ["A", "B", "C", "D"]
    assert desk.groups == [["a"], ["b", "c", "d"]]


def test_two_jobs_about_the_same_order_are_done_one_after_the_other() -> None:
    desk = Desk()
    given = arrive(desk, [("a", 1), ("b", 2), ("c", 3), ("d", 2), ("e", 5)])
    assert [answer.result() for answer in given] == ["A", "B", "C", "D", "E"]
    assert desk.groups == [["a"], ["b", "c"], ["d", "e"]]


def test_a_group_has_an_end() -> None:
    desk = Desk(most=2)
    arrive(desk, [(name, key) for key, name in enumerate("abcdef")])
    assert desk.groups == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_one_bad_job_fails_no_other() -> None:
    desk = Desk()
    first, good, bad, other = arrive(desk, [("a", 1), ("b", 2), ("bad", 3), ("d", 4)])
    assert [first.result(), good.result(), other.result()] == ["A", "B", "D"]
    with pytest.raises(ValueError, match="bad"):
        bad.result()
    assert desk.gatherer.ask(("e", 1)) == "E"


def test_an_error_that_is_nobodys_fault_is_not_tried_again_by_each() -> None:
    desk = Desk()
    desk.gatherer._everybodys = (ValueError,)
    given = arrive(desk, [("a", 1), ("b", 2), ("bad", 3)])
    assert given[0].result() == "A"
    for answer in given[1:]:
        with pytest.raises(ValueError, match="bad"):
            answer.result()
    assert desk.groups == [["a"], ["b", "bad"]]


def test_many_threads_each_get_their_own_answer() -> None:
    desk = Desk(most=7)

    def ask_many(thread: int) -> bool:
        names = [f"{thread}-{number}" for number in range(50)]
        return all(
            desk.gatherer.ask((name, number % 5)) == name.upper()
            for number, name in enumerate(names)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask_many, range(8)))
    assert sum(len(group) for group in desk.groups) == 8 * 50
