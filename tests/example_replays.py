"""Ways in which replaying a proof may end, run in a child process by the tests of bundles.

Knows nothing of proofs.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any


def accept(proof: Any, run: Callable) -> None:
    """The proof holds."""
    del proof, run


def crash(proof: Any, run: Callable) -> None:
    """A library reads where it must not."""
    del proof, run
    os.kill(os.getpid(), signal.SIGSEGV)


def abort(proof: Any, run: Callable) -> None:
    """A library gives up."""
    del proof, run
    os.abort()


def leave(proof: Any, run: Callable) -> None:
    """A library exits."""
    del proof, run
    os._exit(7)


def hang(proof: Any, run: Callable) -> None:
    """A loop without an end."""
    del proof, run
    time.sleep(600)
