"""The middleware of actors on any broker: time limit, safe retries, attempts, delays."""

from __future__ import annotations

from typing import Any

import dramatiq
from dramatiq.middleware import CurrentMessage, Retries, TimeLimit, TimeLimitExceeded

from attrai.broker.delays import Delays
from attrai.outages import OUTAGES


class PutBack(dramatiq.errors.Retry):
    """Raised by an actor to have its message back in the queue as it was, without counting it."""


class SafeRetries(Retries):
    """Retries that use up no attempt in an outage, and whose own failure loses no message.

    dramatiq swallows what a hook raises and acknowledges the message all the same (dramatiq#545),
    so that a message which could not be published again was lost. Here RabbitMQ gets it back.
    """

    def before_enqueue(self, _broker: Any, message: Any, _delay: int | None) -> None:
        """Keep the traceback, whose exceptions may quote an address, out of the queues."""
        message.options.pop("traceback", None)

    def after_process_message(
        self, broker: Any, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        """Put a failed message back into its queue."""
        # The time limit strikes outside of the stage's work only while it waits for a server.
        if isinstance(exception, (PutBack, TimeLimitExceeded, *OUTAGES)):
            put_back(message)
            return
        try:
            super().after_process_message(broker, message, result=result, exception=exception)  # type: ignore[no-untyped-call]  # dramatiq's
        except TimeLimitExceeded:
            put_back(message)
        except Exception:
            put_back(message)
            raise


def put_back(message: Any) -> None:
    """Have RabbitMQ deliver the message again; on dramatiq's own brokers it is a dead letter."""
    message.puts_back = True
    message.fail()


def middleware(*, min_backoff: int = 1000, max_backoff: int = 60_000) -> list[dramatiq.Middleware]:
    """Return the middleware of actors on any broker: time limit, retries, attempts, delays.

    Args:
        min_backoff: milliseconds until a failed stage is tried again; they double each time.
        max_backoff: the most of them. Delayed messages live in a worker's memory, so there should
            be few of them, for a short time.
    """
    return [
        TimeLimit(),
        SafeRetries(min_backoff=min_backoff, max_backoff=max_backoff),
        CurrentMessage(),
        Delays(),
    ]
