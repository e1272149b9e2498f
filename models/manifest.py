"""The manifest: what a bundle says of itself, sealed with the key.

Knows nothing of the folder it lies in. Three things are read before the signature is checked, and
nothing else: the length of the file, the format number and the signature, from its first line.

    {"format": 2, "signature": "<64 hex digits>",
     "code": ..., "created_at": ..., ...}

The signature is HMAC-SHA256 over `riskradar bundle 2` and every byte after that first line, so the
JSON is parsed only once we know that we wrote it. The bundle's name ends in the first 12 digits of
the SHA-256 of the same bytes: a bundle cannot be renamed into another.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from models.errors import BundleRejected

FORMAT = 2  # see models/bundle.py for the history of formats
NAME = "manifest.json"
MOST_BYTES = 4 * 2**20
DIGEST_DIGITS = 12

_FIRST_LINE = re.compile(rb'\A\{"format": (\d{1,9}), "signature": "([0-9a-f]{64})",\n')


@dataclass(frozen=True)
class FileSeal:
    """A file as it was written: its length in bytes and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself.

    Attributes:
        created_at: int64 microseconds UTC.
        feature_names: in the order of the graph's columns.
        fingerprint: of the code that built them.
        heads: names, in the order of the graph's outputs.
        risk_head: the head that caps the others.
        files: every other file of the bundle, by name.
        versions: of the libraries it was trained with, by name.
        training_window: what it learned from, as the trainer says it.
        measures: how well it did, as the trainer says it.
        code: version of our code that trained it, or "".
    """

    created_at: int
    feature_names: tuple[str, ...]
    fingerprint: str
    heads: tuple[str, ...]
    risk_head: str
    files: Mapping[str, FileSeal]
    versions: Mapping[str, str]
    training_window: Mapping[str, Any]
    measures: Mapping[str, Any]
    code: str = ""


def sealed(manifest: Manifest, key: bytes) -> bytes:
    """The bytes of manifest.json, signed."""
    text = json.dumps(plain(asdict(manifest)), sort_keys=True, indent=1, allow_nan=False)
    body = text.removeprefix("{\n").encode()
    first = f'{{"format": {FORMAT}, "signature": "{_signature(body, key)}",\n'
    return first.encode() + body


def digest(data: bytes) -> str:
    """The digits that end the bundle's name, of the bytes of its manifest.json."""
    return hashlib.sha256(data.partition(b"\n")[2]).hexdigest()[:DIGEST_DIGITS]


def unsealed(data: bytes, key: bytes, bundle: str) -> Manifest:
    """Checks format and signature, then reads the manifest.

    Raises:
        BundleRejected: another format, another signature, or fields that are not ours.
    """
    first = _FIRST_LINE.match(data)
    if not first:
        raise BundleRejected(bundle, NAME, "expected a first line with format and signature.")
    written = int(first[1])
    if written != FORMAT:
        advice = "Train a new bundle" if written < FORMAT else "Upgrade riskradar"
        raise BundleRejected(
            bundle, NAME, f"expected format {FORMAT}, got format {written}. {advice}."
        )
    body = data[first.end() :]
    if not hmac.compare_digest(first[2].decode(), _signature(body, key)):
        raise BundleRejected(
            bundle,
            NAME,
            "expected a signature made with this home's key, got another: the manifest was changed "
            "or the bundle was made elsewhere. Restore it, or train a new one.",
        )
    return _read(body, bundle)


def _read(body: bytes, bundle: str) -> Manifest:
    try:
        found = json.loads(b"{" + body)
        known = {field.name: found[field.name] for field in fields(Manifest)}
        known["created_at"] = int(known["created_at"])
        known["feature_names"] = tuple(known["feature_names"])
        known["heads"] = tuple(known["heads"])
        known["files"] = {
            str(name): FileSeal(int(each["bytes"]), str(each["sha256"]))
            for name, each in known["files"].items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"expected the fields of format {FORMAT}, got {type(error).__name__}: {error}."
        raise BundleRejected(bundle, NAME, reason) from None
    return Manifest(**known)


def _signature(body: bytes, key: bytes) -> str:
    return hmac.new(key, f"riskradar bundle {FORMAT}\n".encode() + body, hashlib.sha256).hexdigest()


def plain(value: Any) -> Any:
    """The value as JSON can hold it: numbers of numpy as Python's, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        value = value.item() if getattr(value, "ndim", 0) == 0 else plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
