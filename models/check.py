"""Opens a bundle in a process of its own first, so that a file that crashes takes nothing with it.

Knows nothing of features: the parent says which names to expect, and which function to replay the
proof with as `module:function`.

    python -m models.check < question.json

It answers 0 where the bundle opens, 3 where it is refused (with the reason as JSON on its output),
and dies by a signal where a library does.
"""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.bundle import Replay, open_bundle
from models.errors import BundleRejected, ColumnMismatch
from models.key import signing_key

REFUSED = 3
TIMEOUT_S = 120.0  # opening takes about a second; a graph that does not end must not hold the job


def check_in_child(
    path: Path,
    key_path: Path,
    *,
    expected_names: Sequence[str] | None = None,
    expected_fingerprint: str | None = None,
    replay: str = "",
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Opens a bundle in a child process; do this before it is promoted or first served.

    `replay` is `module:function`, for example `features.proof:check`, or "" for no proof.

    Raises:
        ColumnMismatch: as `open_bundle`.
        BundleRejected: as `open_bundle`, or the child crashed or took longer than `timeout_s`.
    """
    question = {
        "path": str(path.absolute()),
        "key_path": str(key_path.absolute()),
        "names": None if expected_names is None else list(expected_names),
        "fingerprint": expected_fingerprint,
        "replay": replay,
    }
    try:
        child = subprocess.run(
            [sys.executable, "-m", "models.check"],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=timeout_s,
            cwd=Path(__file__).resolve().parents[1],  # the same code as ours, wherever we stand
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"expected it to open within {timeout_s:g} s in a process of its own."
        raise BundleRejected(path.name, "", reason) from None
    _judge(path.name, child.returncode, child.stdout, child.stderr)


def _judge(name: str, code: int, out: bytes, err: bytes) -> None:
    if code == 0:
        return
    if code == REFUSED:
        answer = json.loads(out)
        kind = ColumnMismatch if answer["kind"] == ColumnMismatch.__name__ else BundleRejected
        raise kind(name, answer["file"], answer["reason"])
    how = signal.Signals(-code).name if code < 0 else f"exit {code}"
    last = err.decode(errors="replace").strip().splitlines()[-1:]
    reason = f"expected it to open in a process of its own; that ended by {how}: {' '.join(last)}"
    raise BundleRejected(name, "", reason)


def _function(name: str) -> Replay | None:
    """The function called `module:function`, or None for ""."""
    if not name:
        return None
    module, _, function = name.partition(":")
    found: Replay = getattr(importlib.import_module(module), function)
    return found


def answer(question: dict[str, Any]) -> int:
    """Opens what is asked for; prints the reason and returns 3 where it is refused, else 0."""
    try:
        open_bundle(
            Path(question["path"]),
            signing_key(Path(question["key_path"])),
            expected_names=question["names"],
            expected_fingerprint=question["fingerprint"],
            replay=_function(question["replay"]),
        )
    except BundleRejected as refusal:
        told = {"kind": type(refusal).__name__, "file": refusal.file, "reason": refusal.reason}
        sys.stdout.write(json.dumps(told))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(answer(json.load(sys.stdin)))
