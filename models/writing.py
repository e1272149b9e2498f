"""Writes a bundle: everything into a folder that nobody looks at, then one rename.

Knows nothing of how the contents were made. A process killed at any instant leaves no bundle or a
whole one; what it leaves behind begins with `.writing-` and is swept by the next writer.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import manifest as seal
from models.durable import only_one, sync_folder, write_synced
from models.graph import check_graph
from models.manifest import FileSeal, Manifest
from models.reason_tables import HeadTables

GRAPH, REASONS, ENCODINGS = "model.onnx", "reasons.npz", "encodings.npz"
PROOF, CARD, REPORT = "proof.json", "card.md", "report.html"
# The most bytes a file may have: far above what we write, far below what would hurt to read.
MOST_BYTES = {
    GRAPH: 64 * 2**20,
    REASONS: 512 * 2**20,
    ENCODINGS: 256 * 2**20,
    PROOF: 16 * 2**20,
    CARD: 4 * 2**20,
    REPORT: 64 * 2**20,
}
OPTIONAL = frozenset([ENCODINGS])
DRAFT, TRASH = ".writing-", ".trash-"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BundleContents:
    """What a training run hands over.

    Attributes:
        graph: bytes of the ONNX model.
        reasons: tables of exact reasons, by head.
        proof: JSON of synthetic orders and their expected scores; no customer's data.
        card: the model card, Markdown.
        report: the report, one HTML page.
        feature_names: in the order of the graph's columns.
        fingerprint: of the code that builds them.
        heads: names, in the order of the graph's outputs.
        risk_head: the head that caps the others.
        versions: of the libraries used, by name.
        training_window: what was learned from.
        measures: how well it did; NaN is written as null.
        encodings: fitted arrays that are applied after the features are built.
        code: version of our code, or "".
    """

    graph: bytes
    reasons: Mapping[str, HeadTables]
    proof: Any
    card: str
    report: str
    feature_names: tuple[str, ...]
    fingerprint: str
    heads: tuple[str, ...]
    risk_head: str = "risk"
    versions: Mapping[str, str] = field(default_factory=dict)
    training_window: Mapping[str, Any] = field(default_factory=dict)
    measures: Mapping[str, Any] = field(default_factory=dict)
    encodings: Mapping[str, NDArray[Any]] | None = None
    code: str = ""


def write_bundle(models_dir: Path, key: bytes, contents: BundleContents, now: int) -> Path:
    """Writes `<UTC time>-<digest>/` under `models_dir` and returns it; `now` is microseconds UTC.

    The bundle is not promoted by being written.

    Raises:
        ValueError: a file is too large, or the graph holds what ours never do.
    """
    files = _files(contents)
    data = seal.sealed(_manifest(contents, files, now), key)
    path = models_dir / bundle_name(now, data)
    with only_one(models_dir):
        sweep(models_dir)
        if path.exists():  # the same contents at the same second: it is there already, whole
            return path
        draft = models_dir / f"{DRAFT}{secrets.token_hex(8)}"
        draft.mkdir(mode=0o700)
        for name, bytes_ in files.items():
            write_synced(draft / name, bytes_)
        write_synced(draft / seal.NAME, data)  # last: it vouches for all the others
        sync_folder(draft)
        draft.rename(path)
        sync_folder(models_dir)
    return path


def bundle_name(now: int, manifest: bytes) -> str:
    """The folder of a bundle made at `now`: it sorts by time, and no file system minds it.

    >>> bundle_name(1_769_824_800_000_000, b"")
    '2026-01-31T020000Z-e3b0c44298fc'
    """
    moment = EPOCH + timedelta(microseconds=now)
    return f"{moment:%Y-%m-%dT%H%M%SZ}-{seal.digest(manifest)}"


def sweep(models_dir: Path) -> list[str]:
    """Removes what killed writers left; call it only while holding the folder (`only_one`)."""
    marks = (DRAFT, TRASH, ".current-")
    left = [path for path in models_dir.iterdir() if path.name.startswith(marks)]
    for path in left:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return sorted(path.name for path in left)


def _files(contents: BundleContents) -> dict[str, bytes]:
    """Every file but the manifest, checked as far as opening will check it."""
    check_graph(contents.graph)
    missing = [head for head in contents.heads if head not in contents.reasons]
    if missing or contents.risk_head not in contents.heads:
        raise ValueError(f"expected reasons of every head and {contents.risk_head!r}: {missing}.")
    tables: dict[str, NDArray[Any]] = {}
    for head in contents.heads:
        tables |= contents.reasons[head].arrays(head)
    files = {
        GRAPH: contents.graph,
        REASONS: _npz(tables),
        PROOF: json.dumps(contents.proof, allow_nan=False, ensure_ascii=False).encode(),
        CARD: contents.card.encode(),
        REPORT: contents.report.encode(),
    }
    if contents.encodings is not None:
        files[ENCODINGS] = _npz(contents.encodings)
    for name, data in files.items():
        if len(data) > MOST_BYTES[name]:
            raise ValueError(f"{name}: expected at most {MOST_BYTES[name]} bytes, got {len(data)}.")
    return files


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _manifest(contents: BundleContents, files: Mapping[str, bytes], now: int) -> Manifest:
    return Manifest(
        created_at=now,
        feature_names=contents.feature_names,
        fingerprint=contents.fingerprint,
        heads=contents.heads,
        risk_head=contents.risk_head,
        files={
            name: FileSeal(len(data), hashlib.sha256(data).hexdigest())
            for name, data in files.items()
        },
        versions=contents.versions,
        training_window=contents.training_window,
        measures=contents.measures,
        code=contents.code,
    )
