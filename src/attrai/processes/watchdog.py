"""The watchdog of a worker: ends the process when a photo hangs in it or one of its threads died.

RabbitMQ then delivers the message to another worker, and the ledger counts that this one died at
it. A hang outside of Python can't be interrupted: dramatiq's time limit raises an exception, which
is noticed when the call returns. There are two lines:

- a thread, which looks every second and ends the process with a line in the log;
- a timer of faulthandler's, which needs no GIL and so also ends a process whose GIL is never
  released. The thread winds it up; its traceback names files and functions, and holds no values.

The heartbeat file depends on this thread and on nothing else: a worker that waits for Redis or
RabbitMQ is well.
"""

from __future__ import annotations

import faulthandler
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import dramatiq
import structlog

from attrai.health import Heartbeat

log = structlog.get_logger(__name__)

#: Exit status of a process that its watchdog ended. dramatiq's own are 0 to 4.
EXIT_STATUS = 70
#: How many seconds longer than its time limit a message may be processed, to clean up after it.
GRACE_SECONDS = 15.0
#: Seconds between two looks.
_INTERVAL_SECONDS = 1.0
#: How many seconds the last words may take. The thread that hangs may hold the log's lock.
_LAST_WORDS_SECONDS = 5.0
_STDERR = 2


class Watchdog(dramatiq.Middleware):
    """Watches the messages and threads of this process's worker from its start to its shutdown."""

    def __init__(
        self, time_limit_ms: int, grace_seconds: float, flush_logs: Callable[[], None]
    ) -> None:
        """Prepare to watch.

        Args:
            time_limit_ms: the time limit of the worker's actors.
            grace_seconds: how much longer than that a message may take.
            flush_logs: sends the last log records before the process ends.
        """
        self._limit_seconds = time_limit_ms / 1000 + grace_seconds
        self._flush_logs = flush_logs
        #: By thread, when the message that it processes began.
        self._begun: dict[int, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def before_process_message(self, _broker: Any, _message: Any) -> None:
        """Note that this thread begins with a message."""
        self._begun[threading.get_ident()] = time.monotonic()

    def after_process_message(
        self,
        _broker: Any,
        _message: Any,
        *,
        result: Any = None,  # noqa: ARG002 - dramatiq passes it
        exception: BaseException | None = None,  # noqa: ARG002 - as above
    ) -> None:
        """Note that this thread is done with its message."""
        self._begun.pop(threading.get_ident(), None)

    def after_skip_message(self, _broker: Any, _message: Any) -> None:
        """Note that this thread is done with its message."""
        self._begun.pop(threading.get_ident(), None)

    def after_worker_boot(self, _broker: Any, worker: dramatiq.Worker) -> None:
        """Start to watch: all threads of the worker run."""
        self._threads = [*worker.workers, *worker.consumers.values()]
        self._heartbeat = Heartbeat()
        self._thread.start()

    def before_worker_shutdown(self, _broker: Any, _worker: Any) -> None:
        """Stop watching: the threads end, and dramatiq waits for them only so long."""
        self._stopped.set()
        self._thread.join()
        self._heartbeat.remove()

    def _run(self) -> None:
        while True:
            faulthandler.dump_traceback_later(self._limit_seconds, exit=True, file=_STDERR)
            if reason := self._problem():
                self._end(reason)
            self._heartbeat.touch()
            if self._stopped.wait(_INTERVAL_SECONDS):
                faulthandler.cancel_dump_traceback_later()
                return

    def _problem(self) -> str | None:
        """Return why this process must end, or None."""
        for thread in self._threads:
            if not thread.is_alive():
                return f"a {type(thread).__name__} is dead"
        oldest = min(list(self._begun.values()), default=None)
        if oldest is not None and time.monotonic() - oldest > self._limit_seconds:
            return f"a message has been processed for more than {self._limit_seconds:.0f} s"
        return None

    def _end(self, reason: str) -> None:
        def say() -> None:
            log.critical("this worker ends itself", reason=reason)
            self._flush_logs()

        words = threading.Thread(target=say, daemon=True)
        words.start()
        words.join(_LAST_WORDS_SECONDS)
        os._exit(EXIT_STATUS)
