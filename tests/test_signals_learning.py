"""How the learned part of the reader is fitted, on few messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from features.signal_model import load
from features.signal_names import SIGNALS
from features.signals import Reader
from features.text import plain
from training.signals import learn
from training.signals_data import (
    _unlike,
    folds,
    for_judging,
    for_learning,
    is_aside,
    labels,
    originals,
)
from training.signals_fit import fit, margins
from training.signals_matrix import matrices


def test_a_fixed_fifth_is_kept_aside_and_never_learned_from() -> None:
    aside = {message.id for message in for_judging()}
    assert len(aside) == 697
    assert len(originals()) == 3362
    assert aside.isdisjoint(message.id for message in for_learning())
    assert is_aside("en-0001") is ("en-0001" in aside)


def test_no_message_kept_aside_was_written_again_to_learn_from() -> None:
    aside = {plain(message.text).text for message in for_judging()}
    assert aside.isdisjoint(plain(m.text).text for m in for_learning() if not m.original)


def test_near_duplicates_share_a_fold() -> None:
    texts = [f"where is my parcel number {n}? it has not moved since monday" for n in range(30)]
    assert len(set(folds(texts, 5))) == 1
    assert len(set(folds(["apple pie", "blue car", "我要退款", "ola tudo bem", "x1"] * 4, 5))) > 1


def test_fitting_twice_gives_the_same_weights() -> None:
    few = for_learning()[::12]
    first, second = (learn(few, Reader(()), count=2).weights.save() for _ in range(2))
    assert first == second


def test_reading_gives_the_margins_that_fitting_judged_by() -> None:
    few = for_learning()[::12]
    learned = learn(few, Reader(()), count=2)
    known = Reader((), load(learned.weights.save()))
    seen = matrices(few, known)
    carried, optional = labels(few)
    buyers = np.array([message.sender == "buyer" for message in few])
    expected = margins(fit(seen, carried, optional, buyers), seen) - learned.weights.thresholds
    sure = np.abs(expected) > 0.05  # weights ship as float16
    for row, wanted, clear in zip(few, expected, sure, strict=True):
        if row.sender == "buyer":
            said = np.array([name in known.read(row.text).signals for name in SIGNALS])
            assert (said == (wanted > 0))[clear].all()


def test_a_written_message_that_resembles_one_kept_aside_is_not_learned_from():
    (judge, *_) = for_judging()
    alike = replace(judge, id="w-1", text=judge.text + "!", original=False)
    other = replace(judge, id="w-2", text="qwx zzkj vvbn", original=False)
    assert [message.id for message in _unlike([alike, other], [judge])] == ["w-2"]
