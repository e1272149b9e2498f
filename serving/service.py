"""Everything that the routes of one app share, opened and closed in one place.

Knows nothing of routes. A worker process has one service: one store, one model, one set of states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from features.schema import DAY_US
from outreach.alerts import Watch
from outreach.shop import feature_settings
from serving.auth import Keys
from serving.config import Config
from serving.intake import Intake
from serving.model import Champion
from serving.past_states import PastStates
from serving.scoring import Scorer
from serving.states import States
from store import Store
from store.home import Home
from store.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """What an app works with.

    Attributes:
        home: whose settings, store and models are served.
        settings: of the home, read once.
        store: the one open store.
        keys: checks of API keys.
        states: population states by day.
        champion: the model in use, and its watcher.
        scorer: questions → answers.
        intake: bodies of POST → answers.
        clock: microseconds UTC now.
        watch: looks for red alerts.
        swept_at: shop (None: all) → when its unscored open orders were last looked for.

    """

    home: Home
    settings: Settings
    store: Store
    keys: Keys
    states: States
    champion: Champion
    scorer: Scorer
    intake: Intake
    clock: Callable[[], int]
    watch: Watch
    swept_at: dict[str | None, int] = field(default_factory=dict)

    @classmethod
    def open(cls, config: Config) -> Service:
        """Open the home's store and model; a home without a model is served, and says so."""
        home = Home(config.home).create()
        store = home.open_store()
        past = PastStates(store, home.store_path, feature_settings(home.settings).money)
        states = States(store, past, today=lambda: config.clock() // DAY_US)

        def upkeep() -> None:
            past.forget()
            store.checkpoint()

        champion = Champion(home, every_s=home.settings.serving.poll_seconds, also=upkeep)
        watch = Watch(store, home)
        scorer = Scorer(
            store, states, home.settings, watch=watch, model=champion.loaded, clock=config.clock
        )
        champion.start()
        keys = Keys(store.check_key)
        most = home.settings.serving.max_orders
        intake = Intake(store, scorer, champion, watch, most_orders=most, clock=config.clock)
        watch.complete(config.clock())
        return cls(
            home, home.settings, store, keys, states, champion, scorer, intake, config.clock, watch
        )

    def close(self) -> None:
        """Stop watching for models and close the store."""
        self.champion.stop()
        self.store.close()
