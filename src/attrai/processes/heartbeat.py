"""What a process reports while it runs: its heartbeat, and how many log records it dropped."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from attrai.health import Heartbeat
from attrai.job import StageName
from attrai.ledger import Ledger
from attrai.logs import LogHandler
from attrai.outages import OUTAGES

#: Seconds between two heartbeats.
_INTERVAL_SECONDS = 5.0
#: Seconds that a turn of a main loop may take: more than the patience with all servers together.
_TURN_SECONDS = 600.0


class LedgerReports:
    """Reports to the ledger that this process runs stages, from a thread of its own.

    Nothing waits for them: without Redis they are left out, and the ETA assumes fewer workers.
    """

    def __init__(
        self, ledger: Ledger, stages: Sequence[StageName], dropped: DroppedRecords
    ) -> None:
        """Prepare to report.

        Args:
            ledger: one that does not retry, as the next report replaces one that failed.
            stages: the stages that this process runs.
            dropped: the count of log records, which is reported as well.
        """
        self._ledger = ledger
        self._stages = stages
        self._dropped = dropped
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reports", daemon=True)

    def start(self) -> None:
        """Report from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Deregister the process, and report no more."""
        self._stopped.set()
        self._thread.join()
        with suppress(*OUTAGES):
            for stage in self._stages:
                self._ledger.deregister(stage, self._name)

    def _run(self) -> None:
        while True:
            with suppress(*OUTAGES):
                for stage in self._stages:
                    self._ledger.heartbeat(stage, self._name)
                self._dropped.note()
            if self._stopped.wait(_INTERVAL_SECONDS):
                return


class LoopHeartbeat:
    """The heartbeat file of a process with a main loop, kept fresh while the loop turns.

    Waiting for a server may hold a turn up for longer than the file may be stale, and is no reason
    to restart the process. A turn that takes longer than any outage is waited for is one.
    """

    def __init__(
        self, turn_seconds: float = _TURN_SECONDS, interval_seconds: float = _INTERVAL_SECONDS
    ) -> None:
        """Start to keep the file fresh.

        Args:
            turn_seconds: how long a turn may take.
            interval_seconds: how often the file is touched.
        """
        self._turn_seconds = turn_seconds
        self._interval_seconds = interval_seconds
        self._file = Heartbeat()
        self._stopped = threading.Event()
        self.touch()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def touch(self) -> None:
        """Record that the loop turns."""
        self._turned = time.monotonic()

    def remove(self) -> None:
        """Delete the file because the process is shutting down cleanly."""
        self._stopped.set()
        self._thread.join()
        self._file.remove()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval_seconds):
            if time.monotonic() - self._turned <= self._turn_seconds:
                self._file.touch()


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
            with suppress(*OUTAGES):  # the next call adds them
                self._ledger.count_dropped_logs(dropped - self._noted)
                self._noted = dropped
