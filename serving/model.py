"""The model in use: the promoted bundle, opened, proved, and swapped for the next while we serve.

Knows nothing of orders. One thread a worker looks at the registry's token; a new bundle is opened
beside the old one and takes its place in one assignment, so no request ever sees half of either.
A bundle that is refused leaves the old one in place, and says so in the log and in `readyz`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from features import proof
from features.build import fingerprint
from features.encoded import Encodings
from features.inputs import input_names
from models.bundle import open_bundle
from models.errors import BundleRejected, NoCurrentBundle
from models.explain import Explainer
from models.key import NAME as KEY_NAME
from models.key import BadKey, signing_key
from models.registry import Registry, Token
from models.session import Session
from outreach.reasons import Words
from serving import logs, metrics
from serving.answers import Check
from serving.problems import Problem
from store.home import Home

MOST_POLL_S = 2.0  # a promotion is to be taken up within 5 s, opening included
CHARACTERS = 300  # of a refusal's reason in `readyz`


@dataclass(frozen=True, slots=True)
class Loaded:
    """An opened bundle, with what every answer needs of it looked up once.

    Attributes:
        name: the bundle's, named in every answer.
        heads: names of the columns of its probabilities.
        risk_head: the head that orders are ranked and explained by.
        risk_at: its column.
        kinds: column and name of every other head.
        encodings: what is fitted, applied to the messages.
        session: what a model reads → margins and probabilities.
        explainer: features → exact contributions.
        words: contributions → reasons.

    """

    name: str
    heads: tuple[str, ...]
    risk_head: str
    risk_at: int
    kinds: tuple[tuple[int, str], ...]
    encodings: Encodings
    session: Session
    explainer: Explainer
    words: Words


class Champion:
    """The promoted bundle of a home; threads share it.

    Args:
        home: whose models are served.
        every_s: how often its watcher looks; at most `MOST_POLL_S`.
        also: what else is done each time the watcher wakes.

    """

    def __init__(
        self, home: Home, *, every_s: float = MOST_POLL_S, also: Callable[[], None] = lambda: None
    ) -> None:
        self._home = home
        self._registry = Registry(home.models_dir)
        self._every_s = min(every_s, MOST_POLL_S)
        self._also = also
        self._loaded: Loaded | None = None
        self._token: Token | None = None
        self._refused = ""
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="champion", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether there is a model to score with."""
        return self._loaded is not None

    def loaded(self) -> Loaded:
        """The model in use; a `Problem` where there is none."""
        loaded = self._loaded
        if loaded is None:
            raise Problem("not-ready", f"expected a promoted model, got none. {self._refused}")
        return loaded

    def check(self) -> Check:
        """For `readyz`: which model serves, and which was refused since."""
        loaded = self._loaded
        if loaded is None:
            return Check(ok=False, detail=self._refused or "no model was promoted yet")
        if self._refused:
            return Check(ok=True, detail=f"{loaded.name}; {self._refused}", degraded=True)
        return Check(ok=True, detail=loaded.name)

    def start(self) -> None:
        """Open the champion now, then watch for the next."""
        self.look()
        self._watcher.start()

    def stop(self) -> None:
        """Stop watching; the model stays in use."""
        self._stopped.set()

    def look(self) -> None:
        """Take up what is current, if it is not what was taken up before."""
        token = self._registry.current_token()
        if token == self._token:
            return
        try:
            loaded = _opened(self._registry, self._home)
        except NoCurrentBundle:
            self._token, self._refused = token, ""
        except (BundleRejected, BadKey) as refusal:
            self._token, self._refused = token, f"refused {refusal}"[:CHARACTERS]
            metrics.promotions_refused.inc()
            logs.warning("model refused", reason=self._refused)
        else:
            self._token, self._refused = token, ""
            if self._loaded is None or self._loaded.name != loaded.name:
                self._loaded = loaded
                metrics.promotions_taken_up.inc()
                logs.info("model taken up", model=loaded.name)

    def _watch(self) -> None:
        while not self._stopped.wait(self._every_s):
            try:
                self.look()
                self._also()
            except Exception as error:  # noqa: BLE001  # a watcher that dies would miss every later model
                logs.failure("watching for a new model failed", error)


def _opened(registry: Registry, home: Home) -> Loaded:
    key = signing_key(home.path / KEY_NAME)
    bundle = open_bundle(
        registry.current(),
        key,
        expected_names=input_names(),
        expected_fingerprint=fingerprint(),
        replay=proof.check,
    )
    risk_head = bundle.manifest.risk_head
    return Loaded(
        name=bundle.name,
        heads=bundle.heads,
        risk_head=risk_head,
        risk_at=bundle.heads.index(risk_head),
        kinds=tuple((at, head) for at, head in enumerate(bundle.heads) if head != risk_head),
        encodings=Encodings.of_arrays(bundle.encodings),
        session=bundle.session,
        explainer=bundle.explainer,
        words=Words(bundle.feature_names, home.settings.currency.home),
    )
