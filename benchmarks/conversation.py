"""What learning from the words of buyers brings: the ablation of `conversation_trouble`.

Knows nothing of how it is learned. The shop is simulated, and said to be: once as it is, and once
with every letter of its messages exchanged for another, as a shop looks whose buyers write in a
language that no phrase file knows.

    python -m benchmarks.conversation [--orders 4000] [--seed 3]
"""

from __future__ import annotations

import argparse
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
# Groups of features that the model does without, by what is then left beside the column.
LEFT_OUT = {
    "all features": (),
    "all but what messages say": ("said",),
    "all but features of messages": ("said", "conversation"),
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
STRANGE = str.maketrans(LETTERS + LETTERS.upper(), (LETTERS[13:] + LETTERS[:13]) * 2)
HAN_SHIFT = 1_000  # code points; another Han character, which says something else or nothing


def strange(text: str) -> str:
    """A text in a language that nobody taught us: the same words, spelt otherwise.

    >>> strange("Where is it? 在哪里")
    'jurer vf vg? 嬐壒里'
    """
    shifted = [chr(ord(c) + HAN_SHIFT) if "\u4e00" <= c < "\u9000" else c for c in text]
    return "".join(shifted).translate(STRANGE)


def main() -> None:
    """Prints a table for people."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--orders", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=3)
    asked = parser.parse_args()
    start_at = END_AT - DAYS * DAY_US
    tables = simulate(orders=asked.orders, seed=asked.seed, start_at=start_at, days=DAYS).tables
    print(
        f"Synthetic: {asked.orders:,} orders over {DAYS} days, seed {asked.seed}; `risk` is any of"
    )
    print(f"{', '.join(KINDS)}. Gain of `conversation_trouble`, paired, 95 %.\n")
    print("| messages | beside | ROC AUC gain | log loss gain | pays |\n|---|---|---|---|---|")
    told = {"as simulated": tables, "in an unknown language": _strange(tables)}
    for name, records in told.items():
        facts = facts_of_records(records)
        for beside, left_out in LEFT_OUT.items():
            found = _gain(facts, left_out)
            gains = f"{_said(found.roc_auc_gain)} | {_said(found.log_loss_gain)}"
            print(f"| {name} | {beside} | {gains} | {'yes' if found.pays else 'no'} |", flush=True)


def _strange(tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    rows = [row | {"text": strange(row["text"] or "")} for row in tables["messages"]]
    return {**tables, "messages": rows}


def _gain(facts: Facts, left_out: tuple[str, ...]) -> Ablation:
    """The gain on the validating windows for a model without some groups of features."""
    shop = FeatureSettings()
    population = Population(facts, shop.money)
    gone = {name for group in left_out for name in groups()[group]}
    kept = [at for at, name in enumerate(input_names()) if name not in gone]

    def matrix(marks: Landmarks) -> Any:
        asked = Asked(marks.order_key, marks.as_of)
        return features_of(facts, asked, shop, population)[:, kept]

    names = tuple(input_names()[at] for at in kept)
    settings = LearnSettings(risk_kinds=KINDS, min_positives=10**9)
    learned = learn(facts, matrix, names, settings=settings, as_of=END_AT)
    (found,) = ablations(learned, facts, {"encoded": groups()["encoded"]})[RISK]
    return found


def _said(gain: Interval) -> str:
    return f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


if __name__ == "__main__":
    main()
