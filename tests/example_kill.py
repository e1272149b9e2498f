"""A night that kills itself: writes a bundle, promotes it, prunes; dies at the n-th file touched.

Knows nothing of tests. Started as `python tests/example_kill.py MODELS_DIR TOUCHES`, with the
contents taken from the bundle that is promoted there. The audit hook sees every open, rename, make
and remove *before* it happens, so counting them walks through every instant between two of them.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import numpy as np

from models.bundle import BundleContents, write_bundle
from models.reason_tables import HeadTables
from models.registry import Registry

KEY = bytes(range(32))
LATER = 1_769_911_200_000_000  # 2026-02-01 02:00 UTC, microseconds
TOUCHES = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.scandir", "shutil.rmtree"}


def contents_of(path: Path) -> BundleContents:
    """A bundle's contents, to be written once more as if a night had made them."""
    arrays = dict(np.load(path / "reasons.npz"))
    heads = ("late_delivery", "risk", "return")
    return BundleContents(
        graph=(path / "model.onnx").read_bytes(),
        reasons={head: HeadTables.of_arrays(arrays, head) for head in heads},
        proof={},
        card="# Another night",
        report="<!doctype html>",
        feature_names=("amount", "days", "orders", "is_gift", "constant"),
        fingerprint="f" * 16,
        heads=heads,
    )


def die_at(touches: int, folder: str) -> None:
    """From now on, SIGKILL ourselves just before touching the folder for the n-th time."""
    left = [touches]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        # Files of a tree that is being removed are named without their folder.
        ours = event == "os.remove" or (arguments and str(arguments[0]).startswith(folder))
        if event in TOUCHES and ours:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def main(folder: Path, touches: int) -> None:
    """One night's last steps."""
    registry = Registry(folder)
    contents = contents_of(registry.current())
    die_at(touches, str(folder))
    path = write_bundle(folder, KEY, contents, LATER)
    registry.promote(path.name, at=LATER)
    registry.prune(keep=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
