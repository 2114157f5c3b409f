"""The heartbeat of a worker process."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Sequence

from attrai.contract import StageName
from attrai.dropped import DroppedRecords
from attrai.health import Pulse
from attrai.ledger import Ledger

#: Seconds between two heartbeats.
_INTERVAL_SECONDS = 5


class Heartbeat:
    """Tells the ledger and health checks that this process consumes."""

    def __init__(
        self, ledger: Ledger, stages: Sequence[StageName], dropped: DroppedRecords
    ) -> None:
        self._ledger = ledger
        self._stages = stages
        self._dropped = dropped
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._pulse = Pulse()
        self._next = 0.0
        # The thread that consumes outlives the call of `stop` by about a second.
        self._lock = threading.Lock()
        self.beat()

    def beat(self) -> None:
        """Record a heartbeat if the last one is some seconds old; cheap enough for every turn."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _INTERVAL_SECONDS
                for stage in self._stages:
                    self._ledger.beat(stage, self._name)
                self._dropped.note()
                self._pulse.beat()

    def stop(self) -> None:
        """Deregister the process, and record no heartbeat any more."""
        with self._lock:
            self._next = math.inf
            for stage in self._stages:
                self._ledger.leave(stage, self._name)
            self._pulse.stop()
