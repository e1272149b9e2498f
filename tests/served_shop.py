"""A small synthetic shop with a real, promoted model, for the tests of serving.

Knows nothing of HTTP. The model is learned from the shop's own simulated orders by the parts that
the nightly job uses (halves, export, reasons, proof, bundle), without its windows and its gate.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from features.build import Queries, fingerprint
from features.encoded import WEIGHTS, Encoding, Encodings
from features.facts import Facts
from features.inputs import input_names, inputs
from features.population import STATE_VERSION, Population
from features.proof import proof
from features.schema import DAY_US
from models.bundle import BundleContents, write_bundle
from models.key import signing_key
from models.registry import Registry
from models.session import Session
from outreach.shop import feature_settings
from serving.app import create_app
from serving.config import Config
from serving.service import Service
from store.home import Home
from training.export import to_onnx
from training.export_reasons import reason_tables
from training.fit_trees import TreeSettings, fit_trees
from training.heads import Calibration, FittedHead, FittedModel, smooth_half
from training.proof_orders import proof_orders
from training.simulate import simulate

DAYS = 120  # of simulated trade, up to the moment given
ORDERS = 400
SHOP = "sim"
NOW = 1_795_000_000_000_000  # 2026-11-18T11:06:40Z, when the tests take place
PLACED = "2026-11-18T10:00:00Z"  # an hour before
ROUNDS = 20  # of trees; enough to have some
# What messages are worth in the tests' models: weights by chance, for what they say is no matter.
ENCODINGS = Encodings(Encoding.rounded(np.random.default_rng(5).normal(0, 0.3, WEIGHTS), -0.1))


def fill(home: Home, now: int) -> None:
    """Simulated history up to `now` in the store, and the population states of two days."""
    shop = simulate(orders=ORDERS, seed=11, start_at=now - DAYS * DAY_US, days=DAYS, shop_id=SHOP)
    known = {
        table: [row for row in rows if row["known_at"] < now] for table, rows in shop.tables.items()
    }
    with home.create().open_store() as store:
        store.write({table: rows for table, rows in known.items() if rows}, received_at=now)
        population = Population(store.facts(), feature_settings(home.settings).money)
        for day in (now // DAY_US - 1, now // DAY_US):
            store.put_state("", day, population.state(day).to_bytes(), STATE_VERSION)


def add_model(home: Home, at: int, *, l2: float = 100.0, carried: Encodings = ENCODINGS) -> str:
    """Learn from the store, write a bundle made at `at`; its name. Another `l2`, another model.

    `carried` are the encodings in the bundle, which those learned with may not be.
    """
    with home.open_store(readonly=True) as store:
        facts = store.facts()
    matrix, outcome = _examples(home, facts)
    model = FittedModel(input_names(), tuple(_heads(matrix, outcome, l2)), "risk")
    graph = to_onnx(model)
    session = Session(graph)
    records, asked = proof_orders()
    shop = feature_settings(home.settings)
    contents = BundleContents(
        graph=graph,
        reasons=reason_tables(model),
        proof=proof(records, asked, shop, ENCODINGS, lambda rows: session.run(rows)[1]),
        card="A test's model.",
        report="<p>A test's model.</p>",
        feature_names=input_names(),
        fingerprint=fingerprint(),
        heads=tuple(head.name for head in model.heads),
        encodings=carried.arrays() or None,
    )
    return write_bundle(home.models_dir, signing_key(home.path / "models.key"), contents, at).name


def promote(home: Home, name: str) -> None:
    """Make a bundle the one that serves."""
    Registry(home.models_dir).promote(name)


def _examples(home: Home, facts: Facts) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """What is read a day after each order became known, and whether an outcome or a return came.

    By then some buyers have written, so the model reads what words are worth.
    """
    orders = facts["orders"]
    keys, first = np.unique(orders["order_key"], return_index=True)
    queries = Queries(keys, orders["known_at"][first] + DAY_US)
    shop = feature_settings(home.settings)
    matrix = inputs(facts, queries, Population(facts, shop.money), shop, ENCODINGS)
    outcomes = facts["outcomes"]
    late = outcomes[outcomes["kind"] == 9]
    return matrix, {
        "risk": np.isin(keys, outcomes["order_key"]),
        "late_delivery": np.isin(keys, late["order_key"]),
    }


def _heads(matrix: np.ndarray, outcome: Mapping[str, np.ndarray], l2: float) -> list[FittedHead]:
    weight = np.ones(len(matrix))
    heads = []
    for name, happened in outcome.items():
        smooth = smooth_half(matrix.shape[1], l2=l2).fit(matrix, happened, weight)
        trees = fit_trees(matrix, happened, weight, ROUNDS, TreeSettings(min_orders=20))
        heads.append(FittedHead(name, smooth, trees, 0.5, 0.5, Calibration.platt(1.0, 0.0)))
    return heads


def order(order_id: str, placed_at: str = PLACED, **fields: Any) -> dict[str, Any]:
    """One order as a caller sends it."""
    return {
        "order_id": order_id,
        "platform": "shopify",
        "buyer_id": f"buyer of {order_id}",
        "placed_at": placed_at,
        "amount_minor": 12_990,
        "currency": "USD",
        "payment_method": "card",
        **fields,
    }


def as_json(body: object) -> bytes:
    """The bytes of a request."""
    return body if isinstance(body, bytes) else json.dumps(body).encode()


@dataclass
class Clock:
    """A clock that stands still but for a millisecond at each look."""

    now: int = NOW

    def __call__(self) -> int:
        self.now += 1_000
        return self.now


@dataclass
class Caller:
    """A caller with a key for everything, of an app on a home of its own."""

    client: FlaskClient
    service: Service
    home: Home
    clock: Clock
    key: str = field(default="")

    def send(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> TestResponse:
        """One request with the key; `body` is made JSON unless it is bytes."""
        used = self.key if key is None else key
        headers = {"Authorization": f"Bearer {used}"} if used else {}
        data = None if body is None else as_json(body)
        return self.client.open(path, method=method, data=data, headers=headers)

    def post(self, path: str, body: object, key: str | None = None) -> TestResponse:
        """POST a body."""
        return self.send("POST", path, body, key)

    def get(self, path: str, key: str | None = None) -> TestResponse:
        """GET a path."""
        return self.send("GET", path, key=key)

    def score(self, body: object) -> dict[str, Any]:
        """What `POST /v1/score` answers; the test fails where it refuses."""
        answer = self.post("/v1/score", body)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()

    def one(self, body: object) -> dict[str, Any]:
        """The result of scoring one order."""
        (result,) = self.score(body)["results"]
        return result


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with history and a promoted model, to be copied and never written to."""
    home = Home(tmp_path_factory.mktemp("template") / "home")
    fill(home, NOW)
    promote(home, add_model(home, NOW))
    return home.path


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Home:
    """A home of the test's own."""
    return Home(shutil.copytree(template, tmp_path / "home"))


@pytest.fixture
def open_app(home: Home) -> Iterator[Callable[[], Caller]]:
    """Makes an app of the home, as often as it is called; closed when the test ends."""
    opened: list[Service] = []

    def open_one() -> Caller:
        clock = Clock()
        app = create_app(Config(home=home.path, clock=clock))
        service: Service = app.extensions["riskradar"]
        opened.append(service)
        key = service.store.add_key(f"test {len(opened)}", ["score", "events", "read"])
        return Caller(app.test_client(), service, home, clock, key)

    yield open_one
    for service in opened:
        service.close()


@pytest.fixture
def shop(open_app: Callable[[], Caller]) -> Caller:
    """A caller of a running app."""
    return open_app()
