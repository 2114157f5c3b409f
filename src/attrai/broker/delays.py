"""Delayed messages whose delay doesn't depend on the clock of the process that delayed them.

dramatiq delays a message until a time by its sender's clock, and compares that with the clock of
the worker that holds the message. If the sender's were an hour ahead the message would wait an hour
longer. If the worker's were, the message would not wait at all, and a job that has to wait would go
round without a pause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.common import current_millis

#: The option that carries a message's delay in milliseconds, beside the time in `eta`.
DELAY = "delay"


class Delays(dramatiq.Middleware):
    """Middleware that delays a message for as long as its sender said."""

    def __init__(self, now: Callable[[], int] = current_millis) -> None:
        """Create the middleware.

        Args:
            now: returns the time by this process's clock, in milliseconds.
        """
        self._now = now

    def before_enqueue(self, broker: Any, message: Any, delay: int | None) -> None:  # noqa: ARG002 - dramatiq passes it
        """Note the delay in the message."""
        if delay is None:
            message.options.pop(DELAY, None)
        else:
            message.options[DELAY] = delay

    def before_delay_message(self, broker: Any, message: Any) -> None:  # noqa: ARG002 - as above
        """Delay a received message from now on, unless what is left of its delay is plausible.

        It isn't if the clocks differ, or if the message lay in its queue for longer than its delay.
        """
        delay, now = message.options.pop(DELAY, None), self._now()
        if isinstance(delay, int | float) and not 0 <= message.options["eta"] - now <= delay:
            message.options["eta"] = now + delay
