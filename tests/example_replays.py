"""Ways in which replaying a proof may end, run in a child process by the tests of bundles.

Knows nothing of proofs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any


def accept(proof: Any, run: Callable, encodings: Any) -> None:
    """The proof holds."""
    del proof, run, encodings


def crash(proof: Any, run: Callable, encodings: Any) -> None:
    """A library reads where it must not."""
    del proof, run, encodings
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(proof: Any, run: Callable, encodings: Any) -> None:
    """A library gives up."""
    del proof, run, encodings
    os.abort()


def leave(proof: Any, run: Callable, encodings: Any) -> None:
    """A library exits."""
    del proof, run, encodings
    os._exit(7)


def hang(proof: Any, run: Callable, encodings: Any) -> None:
    """A loop without an end."""
    del proof, run, encodings
    time.sleep(600)
