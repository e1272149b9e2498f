"""How well messages are read, on the fifth that no fit has seen: `python -m benchmarks.signals`.

Knows nothing of how they are read. Looked at often, the fifth stops being unseen: tune by
cross-validation, and note each run of this in training/LOG.md.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from features.signal_names import LANGUAGES, SIGNALS
from features.signals import Reader, Reading, reader
from training.measure_signals import Judged, judged
from training.signals import learn
from training.signals_data import Message, for_judging, for_learning, labels

# (aim, not done below)
MACRO_F1 = (0.90, 0.82)
RED_RECALL = (0.98, 0.93)
RED_PRECISION = (0.95, 0.88)
READ_US = 120.0  # mean of a message, in a quiet moment
RULES_US = 20.0  # the same, where no learned part is asked
DRAWS = 1_000
REPEATS = 7

Truths = NDArray[np.bool_]


def main() -> int:
    """Print the tables and one JSON line; 1 where a bar was missed, else 0."""
    messages = for_judging()
    known = reader()
    carried, optional = labels(messages)
    readings = [known.read(row.text, row.sender) for row in messages]
    both = _said(readings)
    counts = judged(both, carried, optional)
    print(f"{len(messages)} messages kept aside\n")
    _print_signals(counts)
    _print_languages(messages, both, carried, optional)
    _print_parts(messages, known, carried, optional)
    low, high = _interval(lambda rows: judged(both[rows], carried[rows], optional[rows]))
    print(f"95 % of {DRAWS} draws: macro F1 {low[0]:.3f}-{high[0]:.3f}, ", end="")
    print(f"red recall {low[1]:.3f}-{high[1]:.3f}, red precision {low[2]:.3f}-{high[2]:.3f}")
    overlap = _overlap(messages, readings)
    print(f"spans: {overlap:.1%} of the signals found share words with the label's\n")
    read_us, rules_us = _microseconds(known)
    print(f"{read_us:.0f} us a message, {rules_us:.0f} us by rules alone (median of {REPEATS})")
    result = {
        "macro_f1_score": counts.macro_f1_score,
        "red_recall_score": counts.red_recall_score,
        "red_precision_score": counts.red_precision_score,
        "span_overlap_share": overlap,
        "read_us": read_us,
        "rules_us": rules_us,
    }
    print(json.dumps({"signals": {name: round(value, 4) for name, value in result.items()}}))
    return 1 if _missed(result) else 0


def _missed(result: dict[str, float]) -> bool:
    lowest = {
        "macro_f1_score": MACRO_F1,
        "red_recall_score": RED_RECALL,
        "red_precision_score": RED_PRECISION,
    }
    missed = [name for name, (_, bar) in lowest.items() if result[name] < bar]
    missed += [
        name for name, bar in (("read_us", READ_US), ("rules_us", RULES_US)) if result[name] > bar
    ]
    if missed:
        print(f"missed: {', '.join(missed)}")
    return bool(missed)


def _said(readings: Sequence[Reading]) -> Truths:
    return np.array([[name in reading.signals for name in SIGNALS] for reading in readings])


def _print_signals(counts: Judged) -> None:
    print(
        f"{'signal':22}{'found':>6}{'false':>6}{'missed':>7}{'precision':>10}{'recall':>7}{'F1':>6}"
    )
    for index, name in enumerate(SIGNALS):
        hits, false, missed = counts.hits[index], counts.false[index], counts.missed[index]
        precision, recall = hits / max(1, hits + false), hits / max(1, hits + missed)
        print(f"{name:22}{hits:6}{false:6}{missed:7}{precision:10.3f}{recall:7.3f}", end="")
        print(f"{counts.f1_score[index]:6.3f}")
    print(f"{'all':22}{counts}\n")


def _print_languages(
    messages: Sequence[Message], said: Truths, carried: Truths, optional: Truths
) -> None:
    for lang in LANGUAGES:
        rows = np.array([row.lang == lang for row in messages])
        counts = judged(said[rows], carried[rows], optional[rows])
        print(f"{lang:4}{rows.sum():5} messages: {counts}")
        scores = zip(SIGNALS, counts.f1_score, strict=True)
        print("    F1 " + " ".join(f"{name} {score:.2f}" for name, score in scores))
    print()


def _print_parts(
    messages: Sequence[Message], known: Reader, carried: Truths, optional: Truths
) -> None:
    """What phrases with rules reach alone, and what the learned part reaches without phrases."""
    alone = [known.read(row.text, row.sender, learned=False) for row in messages]
    print(f"phrases and rules alone: {judged(_said(alone), carried, optional)}")
    blind = Reader((), learn(for_learning(), Reader(())).weights)
    learned = [blind.read(row.text, row.sender) for row in messages]
    counts = judged(_said(learned), carried, optional)
    print(f"the learned part alone, fitted without phrases: {counts}\n")


def _interval(
    measured: Callable[[NDArray[np.int64]], Judged],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle 95 % of macro F1, red recall and red precision over draws of messages."""
    draw, size = np.random.default_rng(1), len(for_judging())
    scores = []
    for _ in range(DRAWS):
        counts = measured(draw.integers(size, size=size))
        scores.append((counts.macro_f1_score, counts.red_recall_score, counts.red_precision_score))
    low, high = np.percentile(scores, [2.5, 97.5], axis=0)
    return low, high


def _overlap(messages: Sequence[Message], readings: Sequence[Reading]) -> float:
    """Of the signals rightly found, the share with a span that shares characters with a label."""
    shared = found = 0
    for row, reading in zip(messages, readings, strict=True):
        for name in set(row.signals) & set(reading.signals):
            found += 1
            shared += any(
                span.start < end and start < span.end
                for span in reading.spans
                if span.signal == name
                for label, start, end in row.spans
                if label == name
            )
    return shared / max(1, found)


def _microseconds(known: Reader) -> tuple[float, float]:
    """CPU microseconds a message, with and without the learned part: medians over repeats."""
    texts = [row.text for row in for_learning() if row.original]
    gc.collect()
    gc.freeze()  # what was made so far is not looked through again and again
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(REPEATS):
        for learned, times in zip((True, False), taken, strict=True):
            begun = time.process_time()
            for text in texts:
                known.read(text, learned=learned)
            times.append((time.process_time() - begun) / len(texts) * 1e6)
    gc.unfreeze()
    return float(np.median(taken[0])), float(np.median(taken[1]))


if __name__ == "__main__":
    sys.exit(main())
