"""What a process reports while it runs: its heartbeat, and how many log records it dropped."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from redis import RedisError

from attrai.health import Heartbeat
from attrai.job import StageName
from attrai.ledger import Ledger
from attrai.logs import LogHandler

#: Seconds between two heartbeats.
_INTERVAL_SECONDS = 5


class WorkerHeartbeat:
    """Reports to the ledger and to health checks that this process consumes."""

    def __init__(
        self, ledger: Ledger, stages: Sequence[StageName], dropped: DroppedRecords
    ) -> None:
        self._ledger = ledger
        self._stages = stages
        self._dropped = dropped
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._heartbeat = Heartbeat()
        self._next = 0.0
        # The consuming thread calls `record` for about a second after `stop`.
        self._lock = threading.Lock()
        self.record()

    def record(self) -> None:
        """Report, if the last report is some seconds old; cheap enough for every message."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _INTERVAL_SECONDS
                for stage in self._stages:
                    self._ledger.heartbeat(stage, self._name)
                self._dropped.note()
                self._heartbeat.touch()

    def stop(self) -> None:
        """Deregister the process, and report no more."""
        with self._lock:
            self._next = math.inf
            for stage in self._stages:
                self._ledger.deregister(stage, self._name)
            self._heartbeat.remove()


class DroppedRecords:
    """Adds the number of log records that this process dropped to the total in the ledger."""

    def __init__(self, ledger: Ledger, log_handler: LogHandler) -> None:
        self._ledger = ledger
        self._log_handler = log_handler
        self._noted = 0

    def note(self) -> None:
        """Add what was dropped since the last call; costs nothing while nothing is dropped."""
        dropped = self._log_handler.dropped
        if dropped > self._noted:
            with suppress(RedisError):  # the next call adds them
                self._ledger.count_dropped_logs(dropped - self._noted)
                self._noted = dropped
