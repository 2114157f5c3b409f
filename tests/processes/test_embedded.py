"""The broker of stages that run in one process."""

from __future__ import annotations

import threading
from contextlib import closing

import dramatiq

from attrai.broker import middleware
from attrai.processes.embedded import EmbeddedBroker
from testing.waiting import PATIENCE_S

HOUR_MS = 3_600_000


def test_delayed_messages_hold_no_others_up() -> None:
    """A message that is due soon does not wait for those that came before it and are due later."""
    done = threading.Event()
    with closing(EmbeddedBroker(middleware=middleware())) as broker:
        actor = dramatiq.actor(done.set, broker=broker, actor_name="done")
        for _ in range(50):
            actor.send_with_options(delay=HOUR_MS)
        actor.send_with_options(delay=1)
        worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=10)
        worker.start()
        try:
            assert done.wait(PATIENCE_S)
        finally:
            worker.stop()
