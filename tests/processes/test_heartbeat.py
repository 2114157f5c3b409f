"""Dropped log records are counted once each in the ledger, even if Redis is down for a while."""

from __future__ import annotations

import logging
from io import StringIO

import fakeredis

from attrai.ledger import Ledger
from attrai.ledger.ledger import utc_today
from attrai.logs import LogHandler
from attrai.logs.gelf import GelfAddress
from attrai.logs.graylog import Graylog
from attrai.processes.heartbeat import DroppedRecords


def test_each_is_counted_once() -> None:
    """The counts of two processes add up, and counts that can't be written are written later."""
    server = fakeredis.FakeServer()
    redis = fakeredis.FakeRedis(server=server)
    ledger = Ledger(redis, max_active=1, max_pending=1, lifetime=1)
    graylogs = [Graylog(GelfAddress.parse("tcp://localhost:1")) for _ in range(2)]
    processes = [DroppedRecords(ledger, LogHandler(StringIO(), graylog)) for graylog in graylogs]
    key = f"attrai:day:{utc_today()}"
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
