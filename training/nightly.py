"""The nightly job, top to bottom on one page: learn, prove, judge, promote.

Knows nothing of how each step is done. It runs unattended, uses only what was known at `as_of`,
and either promotes a proved bundle or leaves the champion as it was; killed at any instant, it
leaves the champion whole, and the next run sweeps what it left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from features.build import FeatureSettings, fingerprint
from features.catalogue import encoded_features, groups, model_inputs
from features.encoded import Encodings
from features.facts import Facts
from features.inputs import input_names
from features.population import STATE_VERSION, Population
from features.proof import proof
from features.schema import DAY_US
from models.bundle import Bundle, BundleContents, BundleRejected, write_bundle
from models.key import signing_key
from models.registry import Registry
from models.session import Session
from outreach.shop import feature_settings
from store import Store
from store.home import Home
from training import gate
from training.ablate import Ablation
from training.batch import Asked, features_of
from training.champion import check_first, key_path, usable_champion
from training.export import ExportRefused, to_onnx
from training.export_reasons import reason_tables
from training.fit import Matrix
from training.landmarks import Landmarks
from training.learn import RISK, Learned, ablations, learn
from training.measure import Judged
from training.progress import Reporter
from training.proof_orders import proof_orders
from training.prove import ParityBroken, prove, prove_reasons
from training.recipe import LearnSettings
from training.report import report
from training.report_card import card
from training.windows import NotEnoughHistory

PROMOTED, FAILED, KEPT = 0, 1, 3  # exit codes, and what they mean
STATES_KEPT = 400  # days of population states; a question about an older past is answered by none
LIBRARIES = ("lightgbm", "numpy", "onnx", "onnxruntime", "scikit-learn", "skl2onnx")


@dataclass(frozen=True)
class NightlyResult:
    """What a night came to: its exit code, and one line that says what was done and why."""

    code: int
    line: str
    learned: Learned | None = None


def nightly(
    home: Home, *, as_of: int, now: int, reporter: Reporter, ablation: bool = False
) -> NightlyResult:
    """One night: HomeBusy where another is running."""
    home.create()
    with home.lock("nightly"), home.open_store() as store:
        reporter.say("reading the store")
        if again := store.read_again():
            reporter.say(f"{again} messages read again, by phrases that have changed")
        facts = store.facts(known_before=as_of)
        shop = feature_settings(home.settings)
        population = Population(facts, shop.money)
        write_states(store, population, as_of, reporter)
        night = _Night(home, facts, shop, population, as_of, now, reporter)
        try:
            learned = night.learn()
            return night.propose(learned, night.ablation(learned) if ablation else {})
        except NotEnoughHistory as reason:
            return _without_model(home, str(reason))
        except (ExportRefused, ParityBroken, BundleRejected) as refusal:
            return _refused(home, refusal)


def write_states(store: Store, population: Population, as_of: int, reporter: Reporter) -> None:
    """The state that today's questions read, and the one that tomorrow's will.

    Written every night whether or not a model is promoted.
    """
    reporter.say("population states")
    today = as_of // DAY_US
    for day in (today - 1, today):
        store.put_state("", day, population.state(day).to_bytes(), STATE_VERSION)
    store.drop_states("", before_day=today - STATES_KEPT)


@dataclass(frozen=True)
class _Night:
    home: Home
    facts: Facts
    shop: FeatureSettings
    population: Population
    as_of: int
    now: int
    reporter: Reporter

    def learn(self) -> Learned:
        return learn(
            self.facts,
            self._matrix,
            input_names(),
            settings=LearnSettings.of(self.home.settings),
            as_of=self.as_of,
            progress=self.reporter.say,
        )

    def _matrix(self, marks: Landmarks) -> Matrix:
        asked = Asked(marks.order_key, marks.as_of)
        return features_of(self.facts, asked, self.shop, self.population)

    def ablation(self, learned: Learned) -> Mapping[str, tuple[Ablation, ...]]:
        """What each group of features adds to each head, on the windows that validate."""
        return ablations(learned, self.facts, groups(), progress=self.reporter.say)

    def propose(
        self, learned: Learned, ablation: Mapping[str, tuple[Ablation, ...]]
    ) -> NightlyResult:
        """Export, prove, judge and promote what was learned."""
        registry = Registry(self.home.models_dir)
        self.reporter.say("export and proof")
        contents = self._contents(learned, ablation)
        champion = usable_champion(self.home)
        name = registry.current_name()
        if champion is not None and _same_graph(champion, contents):
            return _kept(name, "this night's data give the very same model", learned)
        verdict = gate.beats_base_rate(learned.heads[RISK])
        if verdict.promote and champion is not None:
            self.reporter.say("judging against the champion")
            verdict = self._against(champion, learned)
        if not verdict.promote:
            return _kept(name, verdict.reason, learned)
        key = signing_key(key_path(self.home))
        path = write_bundle(self.home.models_dir, key, contents, self.now)
        check_first(self.home, path)
        registry.promote(path.name, at=self.now)
        registry.prune(self.home.settings.training.keep_bundles)
        return NightlyResult(PROMOTED, f"promoted {path.name}: {verdict.reason}", learned)

    def _contents(
        self, learned: Learned, ablation: Mapping[str, tuple[Ablation, ...]]
    ) -> BundleContents:
        graph = to_onnx(learned.model)
        parity = prove(learned.model, graph, learned.table.matrix)
        tables = reason_tables(learned.model)
        reasons = prove_reasons(learned.model, tables, graph, learned.table.matrix)
        session = Session(graph)
        records, asked = proof_orders()
        return BundleContents(
            graph=graph,
            reasons=tables,
            proof=proof(
                records, asked, self.shop, learned.encodings, lambda rows: session.run(rows)[1]
            ),
            card=card(learned),
            report=report(learned, words=_words(), ablation=ablation),
            feature_names=input_names(),
            fingerprint=fingerprint(),
            heads=tuple(head.name for head in learned.model.heads),
            risk_head=RISK,
            versions={library: version(library) for library in LIBRARIES},
            training_window=_window(learned),
            measures=_measures(learned) | {"parity": asdict(parity), "reasons": asdict(reasons)},
            encodings=learned.encodings.arrays() or None,
            code=version("riskradar"),
        )

    def _against(self, champion: Bundle, learned: Learned) -> gate.Verdict:
        """Both on the orders placed since the champion was trained, at their decision moments."""
        head = learned.heads[RISK]
        since = head.placed_at >= int(champion.manifest.training_window["as_of"])
        rows = np.flatnonzero(since)
        matrix = self._as_read_by(champion, learned, head.predictions.row[rows])
        _, probabilities = champion.session.run(matrix)
        column = champion.heads.index(champion.manifest.risk_head)
        return gate.against_champion(
            _taken(head.judged, rows), head.contenders["model"][rows], probabilities[:, column]
        )

    def _as_read_by(
        self, champion: Bundle, learned: Learned, rows: npt.NDArray[np.int64]
    ) -> Matrix:
        """What the champion would have read at some landmarks: its own encodings, not tonight's."""
        marks, encoded = learned.table.landmarks.take(rows), encoded_features()
        theirs = Encodings.of_arrays(champion.encodings)
        matrix = learned.table.matrix[rows]
        index = self.population.index.of(self.facts)
        matrix[:, -len(encoded) :] = theirs.columns(index, marks.order_key, marks.as_of).T
        return matrix


def _taken(judged: Judged, rows: np.ndarray[Any, np.dtype[np.int64]]) -> Judged:
    return Judged(
        judged.outcome[rows],
        judged.weight[rows],
        judged.cluster[rows],
        judged.day[rows],
        judged.per_day,
    )


def _same_graph(champion: Bundle, contents: BundleContents) -> bool:
    """Whether the night gave the champion's own graph and weights again, byte for byte."""
    fitted = contents.encodings or {}
    return (
        sha256(contents.graph).hexdigest() == champion.manifest.files["model.onnx"].sha256
        and fitted.keys() == champion.encodings.keys()
        and all(np.array_equal(fitted[name], champion.encodings[name]) for name in fitted)
    )


def _words() -> dict[str, str]:
    return {feature.name: feature.words for feature in model_inputs()}


def _window(learned: Learned) -> dict[str, Any]:
    placed = learned.table.landmarks.placed_at
    return {
        "as_of": learned.as_of,
        "first_placed_at": int(placed.min()),
        "last_placed_at": int(placed.max()),
        "moments": len(placed),
        "orders": {name: head.orders for name, head in learned.heads.items()},
        "positives": {name: head.positives for name, head in learned.heads.items()},
        "left_out": dict(learned.left_out),
    }


def _measures(learned: Learned) -> dict[str, Any]:
    return {name: asdict(head.measures) for name, head in learned.heads.items()}


def _without_model(home: Home, reason: str) -> NightlyResult:
    champion = Registry(home.models_dir).current_name()
    if not champion:
        return NightlyResult(FAILED, f"failed: no model yet, and none can be trained: {reason}")
    return _kept(champion, reason, None)


def _refused(home: Home, refusal: Exception) -> NightlyResult:
    """A model that cannot be exported, or whose export is not the model, is no candidate at all."""
    champion = Registry(home.models_dir).current_name() or "no champion"
    what = f"{type(refusal).__name__}: {' '.join(str(refusal).split())}"
    return NightlyResult(FAILED, f"failed, {champion} untouched: {what}")


def _kept(champion: str, reason: str, learned: Learned | None) -> NightlyResult:
    """The champion stays; a first model that proves nothing leaves the shop without one."""
    if not champion:
        return NightlyResult(FAILED, f"failed: no model yet, and tonight's {reason}", learned)
    return NightlyResult(KEPT, f"kept {champion}: {reason}", learned)
