"""Waiting for conditions that other threads, processes or servers bring about."""

from __future__ import annotations

import time
from collections.abc import Callable

#: Seconds after which a test stops waiting and fails. This only turns a hang into a failure: a
#: busy machine is slow, and no test may assert that something is fast. Where ten programs run on a
#: core, a worker with a network takes a minute to start.
PATIENCE_S = 120.0
_TICK_S = 0.01


def wait_for(
    condition: Callable[[], object], what: str = "it did not come true", seconds: float = PATIENCE_S
) -> None:
    """Return as soon as `condition` returns true.

    Raises:
        TimeoutError: it did not within `seconds`; the message is `what`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(_TICK_S)
