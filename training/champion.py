"""The bundle that serves, as training and batch scoring open it: with the features of this code.

Knows nothing of what is then done with it.
"""

from __future__ import annotations

from pathlib import Path

from features.build import fingerprint
from features.inputs import input_names
from features.proof import check
from models.bundle import Bundle, open_bundle
from models.check import check_in_child
from models.errors import BundleRejected, NoCurrentBundle
from models.key import signing_key
from models.registry import Registry
from store.home import Home


def key_path(home: Home) -> Path:
    """Where the signing key of a home is kept, outside its bundles."""
    return home.path / "models.key"


def open_champion(home: Home) -> Bundle:
    """The promoted bundle, audited and proved.

    Raises NoCurrentBundle where nothing was promoted, BundleRejected where it cannot be used.
    """
    return open_named(home, Registry(home.models_dir).current())


def open_named(home: Home, path: Path) -> Bundle:
    """A bundle by its folder, audited and proved; BundleRejected where it cannot be used."""
    return open_bundle(
        path,
        signing_key(key_path(home)),
        expected_names=input_names(),
        expected_fingerprint=fingerprint(),
        replay=check,
    )


def usable_champion(home: Home) -> Bundle | None:
    """The champion, or None where there is none or this code cannot use it any more."""
    try:
        return open_champion(home)
    except (NoCurrentBundle, BundleRejected):
        return None


def check_first(home: Home, path: Path) -> None:
    """Opens a bundle in a child process, so that a file that crashes takes nothing with it."""
    check_in_child(
        path,
        key_path(home),
        expected_names=input_names(),
        expected_fingerprint=fingerprint(),
        replay="features.proof:check",
    )
