"""Waiting for what another thread, process or server does."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds after which what a test waits for counts as missing. This only turns a hang into a
#: failure: a busy machine is slow, and no test may assert that it is not.
PATIENCE_S = 60.0
_TICK_S = 0.01


def wait_for(
    condition: Callable[[], object], what: str = "it did not come true", seconds: float = PATIENCE_S
) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: it did not within `seconds`; `what` says what is missing.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(_TICK_S)
