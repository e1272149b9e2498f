"""A bundle is a document that is audited before it is opened: one folder, one trained model.

Knows nothing of orders or features: names travel as data, and replaying the proof is a function
that the caller passes in.

    models/2026-01-31T020000Z-9f3c12ab34cd/
        model.onnx     features (n, d) float32 → margins, probabilities (n, heads) float64
        reasons.npz    tables of exact reasons (models/reason_tables.py)
        encodings.npz  fitted arrays applied after the features are built; only where there are some
        proof.json     synthetic orders with their own history and their expected scores
        card.md        what it is, what it learned from, how well it does, for people
        report.html    the same with plots
        manifest.json  written last: names, digests, sizes, versions, signature

Opening goes from cheap to dear, and parses nothing before it is known to be ours: the folder's
list, the manifest's signature, the name, each file's size and digest (read once; what follows works
on those bytes), the features' names, the graph's operators, a session, the reasons, and the proof.
The first failure raises `BundleRejected` with the file's name and the reason.

What each format brought, so that an old bundle can be understood by whoever finds one:

- Format 1 (2026): the first. Signature over the manifest's bytes; digests of all other files in it.
- Format 2 (2026): encodings.npz weighs what messages say; the last of the feature names are fitted.
  Formats are refused unless they are this one: bundles are made anew every night, and a reader of
  two formats is a second implementation of the model.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import manifest as seal
from models.durable import read_capped
from models.errors import BundleRejected, ColumnMismatch, NoCurrentBundle, columns_problem
from models.explain import Explainer
from models.graph import check_graph
from models.manifest import Manifest
from models.session import Session
from models.writing import (
    CARD,
    ENCODINGS,
    GRAPH,
    MOST_BYTES,
    OPTIONAL,
    PROOF,
    REASONS,
    BundleContents,
    bundle_name,
    write_bundle,
)

__all__ = [
    "Bundle",
    "BundleContents",
    "BundleRejected",
    "ColumnMismatch",
    "NoCurrentBundle",
    "open_bundle",
    "read_manifest",
    "write_bundle",
]

NAME = re.compile(r"\A\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{12}\Z")
SUM_GAP = 1e-9  # of log-odds, relative where they exceed 1: reasons against the graph

Run = Callable[[NDArray[np.float32]], NDArray[np.float64]]  # features → probabilities
Encodings = Mapping[str, NDArray[Any]]
# proof.json, the model and its encodings; raises where answers differ
Replay = Callable[[Any, Run, Encodings], None]


@dataclass(frozen=True)
class Bundle:
    """A bundle that passed every check.

    Attributes:
        name: of its folder.
        manifest: what it says of itself.
        session: features → margins and probabilities.
        explainer: features → exact contributions.
        encodings: fitted arrays by name; empty where there are none.
        card: the model card, Markdown.
    """

    name: str
    manifest: Manifest
    session: Session
    explainer: Explainer
    encodings: Encodings
    card: str

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the outputs' columns."""
        return self.manifest.heads

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the inputs' columns."""
        return self.manifest.feature_names


def open_bundle(
    path: Path,
    key: bytes,
    *,
    expected_names: Sequence[str] | None = None,
    expected_fingerprint: str | None = None,
    replay: Replay | None = None,
    threads: int = 1,
) -> Bundle:
    """Checks a bundle from top to bottom and opens it.

    `expected_names` and `expected_fingerprint` are those of the code that will build its features;
    `replay` gets proof.json, the model's probabilities as a function and its encodings, and raises
    where the proof's answers come out otherwise.

    Raises:
        ColumnMismatch: it was trained on other features than expected.
        BundleRejected: anything else; names the file and the reason.
    """
    manifest, files = _audited(path, key)
    if expected_names is not None:
        fingerprints = (manifest.fingerprint, expected_fingerprint or manifest.fingerprint)
        problem = columns_problem(
            manifest.feature_names, expected_names, fingerprints=fingerprints, code=manifest.code
        )
        if problem:
            raise ColumnMismatch(path.name, "", problem)
    bundle = _opened(path.name, manifest, files, threads)
    _agree(bundle)
    if replay is not None:
        _replay(bundle, files[PROOF], replay)
    return bundle


def read_manifest(path: Path, key: bytes) -> Manifest:
    """The manifest alone, its signature and its bundle's name checked; for lists.

    Raises:
        BundleRejected: it is missing, changed, or of another format.
    """
    data = _read(path, seal.NAME, seal.MOST_BYTES)
    manifest = seal.unsealed(data, key, path.name)
    name = bundle_name(manifest.created_at, data)
    if path.name != name:
        raise BundleRejected(path.name, "", f"expected the folder {name}: it was renamed.")
    return manifest


def _audited(path: Path, key: bytes) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the bytes of every file, each as long and as digested as it says."""
    manifest = read_manifest(path, key)
    found = {entry.name for entry in path.iterdir()} - {seal.NAME}
    for name in sorted(found ^ set(manifest.files)):
        what = "a file that the manifest does not name" if name in found else "missing"
        raise BundleRejected(
            path.name, name, f"expected the files of the manifest; this is {what}."
        )
    absent = set(MOST_BYTES) - OPTIONAL - found
    if absent:
        raise BundleRejected(path.name, seal.NAME, f"expected it to name {sorted(absent)}.")
    return manifest, {name: _verified(path, name, manifest) for name in sorted(found)}


def _verified(path: Path, name: str, manifest: Manifest) -> bytes:
    wanted = manifest.files[name]
    data = _read(path, name, MOST_BYTES.get(name, 0))
    if len(data) != wanted.bytes:
        raise BundleRejected(path.name, name, f"expected {wanted.bytes} bytes, got {len(data)}.")
    digest = hashlib.sha256(data).hexdigest()
    if not hmac.compare_digest(digest, wanted.sha256):
        reason = f"expected sha256 {wanted.sha256[:12]}..., got {digest[:12]}...: it was changed."
        raise BundleRejected(path.name, name, reason)
    return data


def _read(path: Path, name: str, most: int) -> bytes:
    try:
        return read_capped(path / name, most)
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        raise BundleRejected(path.name, name, f"cannot be read: {reason}") from None


def _opened(name: str, manifest: Manifest, files: Mapping[str, bytes], threads: int) -> Bundle:
    at = GRAPH
    try:
        check_graph(files[GRAPH])
        session = Session(files[GRAPH], threads=threads)
        at = REASONS
        explainer = Explainer.of_arrays(_arrays(files[REASONS]), manifest.heads)
        at = ENCODINGS
        encodings = _finite(_arrays(files[ENCODINGS])) if ENCODINGS in files else {}
        at = CARD
        card = files[CARD].decode()
    except Exception as error:  # noqa: BLE001  # onnxruntime and numpy raise many kinds; all refuse
        reason = f"expected a file that this code can open, got {type(error).__name__}: {error}"
        raise BundleRejected(name, at, reason) from None
    return Bundle(name, manifest, session, explainer, encodings, card)


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz, none of them larger than the file and none of them pickled."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("expected arrays stored as they are, got compressed ones.")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _finite(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The same arrays of numbers; a NaN would make every score of a message unknown."""
    bad = sorted(n for n, a in arrays.items() if a.dtype.kind != "f" or not np.isfinite(a).all())
    if bad:
        raise ValueError(f"expected finite numbers in {bad}.")
    return arrays


def _agree(bundle: Bundle) -> None:
    """Graph, reasons and manifest must be of one model: sizes first, then a few rows."""
    manifest, session = bundle.manifest, bundle.session
    sizes = (session.feature_count, session.head_count)
    expected = (len(manifest.feature_names), len(manifest.heads))
    if sizes != expected or manifest.risk_head not in manifest.heads:
        raise BundleRejected(
            bundle.name, GRAPH, f"expected {expected} features and heads, got {sizes}."
        )
    if bundle.explainer.feature_count != sizes[0]:
        reason = f"expected {sizes[0]} features, got {bundle.explainer.feature_count}."
        raise BundleRejected(bundle.name, REASONS, reason)
    rows = np.array([[np.nan], [0.0], [1.0], [-1e3], [1e6]], np.float32).repeat(sizes[0], axis=1)
    margins, probabilities = session.run(rows)
    if not (np.isfinite(margins).all() and ((probabilities >= 0) & (probabilities <= 1)).all()):
        raise BundleRejected(
            bundle.name, GRAPH, "expected finite margins, probabilities in [0, 1]."
        )
    for k, head in enumerate(manifest.heads):
        told = bundle.explainer.base(head) + bundle.explainer.contributions(rows, head).sum(axis=1)
        gap = float((np.abs(told - margins[:, k]) / np.maximum(1.0, np.abs(margins[:, k]))).max())
        if not gap <= SUM_GAP:
            reason = (
                f"expected reasons of {head!r} to add up to its margin; they miss by {gap:.3g}."
            )
            raise BundleRejected(bundle.name, REASONS, reason)


def _replay(bundle: Bundle, proof: bytes, replay: Replay) -> None:
    try:
        replay(json.loads(proof), lambda matrix: bundle.session.run(matrix)[1], bundle.encodings)
    except Exception as error:  # noqa: BLE001  # whatever the caller's replay meets, it refuses
        reason = f"expected the proof's orders to score as when it was trained: {error}"
        raise BundleRejected(bundle.name, PROOF, reason) from None
