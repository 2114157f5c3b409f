"""What the chain needs around its actors, on any broker."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.middleware import CurrentMessage, Retries, TimeLimit


class SureRetries(Retries):
    """Retries whose own failure does not lose the message.

    dramatiq swallows what a hook raises and acknowledges the message all the same
    (dramatiq#545), so a message that could not be put back was gone. Here it ends among the
    dead letters, and the sweeper answers for its job.
    """

    def after_process_message(self, broker: Any, message: Any, **outcome: Any) -> None:
        """Puts a failed message back into its queue, or among the dead letters."""
        try:
            super().after_process_message(broker, message, **outcome)  # type: ignore[no-untyped-call]  # dramatiq's
        except Exception:
            message.fail()
            raise


def middleware(*, min_backoff: int = 1000, max_backoff: int = 60_000) -> list[dramatiq.Middleware]:
    """The time limit, the retries, and the count of attempts.

    Args:
        min_backoff: milliseconds until a failed stage is tried again; more each time.
        max_backoff: the most. Delayed messages live in a worker's memory: few, short.
    """
    return [
        TimeLimit(),
        SureRetries(min_backoff=min_backoff, max_backoff=max_backoff),
        CurrentMessage(),
    ]
