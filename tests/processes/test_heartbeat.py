"""What a process reports about itself, also while Redis is down for a while."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from io import StringIO
from pathlib import Path

import fakeredis
import pytest
from redis.exceptions import ReadOnlyError

from attrai.job import StageName
from attrai.ledger import Ledger
from attrai.logs import LogHandler
from attrai.logs.gelf import GelfAddress
from attrai.logs.graylog import Graylog
from attrai.processes import heartbeat as module
from attrai.processes.embedded import embedded_redis
from attrai.processes.heartbeat import DroppedRecords, LedgerReports, LoopHeartbeat
from testing.waiting import PATIENCE_S, wait_for


def test_each_is_counted_once() -> None:
    """The counts of two processes add up, and counts that can't be written are written later."""
    server = fakeredis.FakeServer()
    redis = fakeredis.FakeRedis(server=server)
    ledger = Ledger(redis, max_active=1, max_pending=1, lifetime=1, today=lambda: "2026-03-02")
    graylogs = [Graylog(GelfAddress.parse("tcp://localhost:1")) for _ in range(2)]
    processes = [DroppedRecords(ledger, LogHandler(StringIO(), graylog)) for graylog in graylogs]
    key = "attrai:day:2026-03-02"
    for process in processes:
        process.note()
    assert redis.hget(key, "dropped-logs") is None
    graylogs[0]._dropped = 3
    server.connected = False
    processes[0].note()
    server.connected = True
    graylogs[0]._dropped = 5
    graylogs[1]._dropped = 2
    for process in processes * 2:
        process.note()
    assert int(redis.hget(key, "dropped-logs") or 0) == 7


def test_without_graylog() -> None:
    """Without Graylog no record is dropped."""
    handler = LogHandler(StringIO(), None)
    handler.emit(logging.makeLogRecord({"msg": "hello"}))
    assert handler.dropped == 0


@pytest.mark.parametrize(("turn_seconds", "fresh"), [(3600, True), (-1, False)])
def test_a_loop_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turn_seconds: float, *, fresh: bool
) -> None:
    """While a loop's turn waits for a server its file is kept fresh, though not for ever."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    looks = threading.Semaphore(0)

    class Looked(LoopHeartbeat):
        @property
        def _turned(self) -> float:
            looks.release()
            return self._at

        @_turned.setter
        def _turned(self, at: float) -> None:
            self._at = at

    heartbeat = Looked(turn_seconds, interval_seconds=0.01)
    (file,) = tmp_path.glob("attrai-health-*/*")
    os.utime(file, (0, 0))
    for _ in range(3):
        assert looks.acquire(timeout=PATIENCE_S)
    if fresh:
        wait_for(lambda: file.stat().st_mtime > 0)
    assert (file.stat().st_mtime > 0) == fresh
    heartbeat.remove()
    assert not file.exists()


class Away(Ledger):
    """A ledger whose Redis is away for three reports."""

    reports = 0

    def heartbeat(self, stage: StageName, worker: str) -> None:
        self.reports += 1
        if self.reports <= 3:
            raise ReadOnlyError
        super().heartbeat(stage, worker)


def test_reports_in_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports to the ledger outlast an outage, and end with a deregistration."""
    monkeypatch.setattr(module, "_INTERVAL_SECONDS", 0.01)
    ledger = Away(embedded_redis(), max_active=1, max_pending=1, lifetime=1)
    reports = LedgerReports(
        ledger, ["detect"], DroppedRecords(ledger, LogHandler(StringIO(), None))
    )
    reports.start()
    wait_for(lambda: ledger.estimates.loads()["detect"].workers == 1)
    reports.stop()
    assert ledger.reports > 3
    assert ledger.estimates.loads()["detect"].workers == 0
