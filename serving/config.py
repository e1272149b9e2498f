"""What `create_app` is told: where the home is, and the few things that tests and operators vary.

Knows nothing of the settings file; that is read from the home.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def now_us() -> int:
    """The time in microseconds UTC."""
    return time.time_ns() // 1000


@dataclass(frozen=True)
class Config:
    """Configuration of one app.

    Attributes:
        home: folder with the settings, the store and the models.
        log_requests: write a line for every request, not only for slow and failed ones.
        clock: microseconds UTC now; a test may move it.

    """

    home: Path
    log_requests: bool = False
    clock: Callable[[], int] = now_us
