"""What learning from the words of buyers brings: the ablation of `conversation_trouble`.

Knows nothing of how it is learned. The shop is simulated, and said to be: once as it is, and once
with every letter of its messages exchanged for another, as a shop looks whose buyers write in a
language that no phrase file knows.

    python -m benchmarks.conversation [--orders 4000] [--seed 3]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from features.build import FeatureSettings
from features.catalogue import groups
from features.facts import Facts, facts_of_records
from features.inputs import input_names
from features.population import Population
from features.schema import DAY_US
from training.ablate import Ablation
from training.batch import Asked, features_of
from training.landmarks import Landmarks
from training.learn import RISK, ablations, learn
from training.measure import Interval
from training.recipe import LearnSettings
from training.simulate import simulate

END_AT = 1_795_000_000_000_000  # 2026-11-18
DAYS = 400
# What dissatisfaction that is voiced leads to; the other kinds have other causes.
KINDS = ("a_to_z_claim", "complaint", "negative_review", "cancelled_by_buyer")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
STRANGE = str.maketrans(LETTERS + LETTERS.upper(), (LETTERS[13:] + LETTERS[:13]) * 2)
HAN_SHIFT = 1_000  # code points; another Han character, which says something else or nothing


def strange(text: str) -> str:
    """A text in a language that nobody taught us: the same words, spelt otherwise.

    >>> strange("Where is it? 在哪里")
    'jurer vf vg? 媐垂鷴'
    """
    shifted = [chr(ord(c) + HAN_SHIFT) if "\u4e00" <= c < "\u9000" else c for c in text]
    return "".join(shifted).translate(STRANGE)


def main() -> None:
    """Prints a table for people."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=3)
    asked = parser.parse_args()
    tables = simulate(
        orders=asked.orders, seed=asked.seed, start_at=END_AT - DAYS * DAY_US, days=DAYS
    ).tables
    print(
        f"Synthetic: {asked.orders:,} simulated orders over {DAYS} days, seed {asked.seed}; risk is"
    )
    print(f"{', '.join(KINDS)}. Gain of `conversation_trouble`, paired, 95 %.\n")
    print(
        "| messages | judged orders | ROC AUC gain | log loss gain | pays |\n|---|---|---|---|---|"
    )
    told = {"as simulated": tables, "in a language that no phrase file knows": _strange(tables)}
    for name, records in told.items():
        orders, found = _gain(facts_of_records(records))
        print(
            f"| {name} | {orders:,} | {_said(found.roc_auc_gain)} | {_said(found.log_loss_gain)} "
            f"| {'yes' if found.pays else 'no'} |",
            flush=True,
        )


def _strange(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    rows = [row | {"text": strange(row["text"] or "")} for row in tables["messages"]]
    return {**tables, "messages": rows}


def _gain(facts: Facts) -> tuple[int, Ablation]:
    """Orders of the validating windows, and the gain on them."""
    shop = FeatureSettings()
    population = Population(facts, shop.money)

    def matrix(marks: Landmarks) -> Any:
        return features_of(facts, Asked(marks.order_key, marks.as_of), shop, population)

    settings = LearnSettings(risk_kinds=KINDS, min_positives=10**9)
    learned = learn(facts, matrix, input_names(), settings=settings, as_of=END_AT)
    (found,) = ablations(learned, facts, {"encoded": groups()["encoded"]})[RISK]
    windows = [window for window in learned.heads[RISK].plan.windows if not window.judges]
    marks = learned.table.landmarks
    inside = (marks.placed_at >= windows[0].origin) & (marks.placed_at < windows[-1].until)
    return int((inside & marks.decision).sum()), found


def _said(gain: Interval) -> str:
    return f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


if __name__ == "__main__":
    sys.exit(main())
