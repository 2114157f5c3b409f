"""Snapshots with all parts up, and with some down."""

from __future__ import annotations

import json
import socket

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rich.console import Console

from attrai.job import STAGES
from attrai.ledger import Ledger
from attrai.monitoring import status
from attrai.monitoring.queues import Depth
from attrai.monitoring.snapshot import Fault, Snapshot, take
from attrai.outages import redis_reason
from tests.ledger.test_recent import after, age, make
from tests.monitoring.states import Queues, empty

SECRET = "not-to-be-shown"  # noqa: S105 - of nothing


def shown(snapshot: Snapshot) -> str:
    """The page of the snapshot without colours, with runs of spaces collapsed."""
    console = Console(width=140, no_color=True)
    with console.capture() as captured:
        console.print(status.table(snapshot))
    return "\n".join(" ".join(line.split()) for line in captured.get().splitlines())


def test_all_up() -> None:
    """Each stage shows its queue, the jobs being processed, its workers and its rate."""
    client, ledger = empty()
    for stage in STAGES:
        ledger.heartbeat(stage, "a")
    for number in range(6):
        job = make(number)
        ledger.admit(job)
        age(client, job, 270)
        if number < 5:
            ledger.begin(job, "ingest")
            job = after(job, "ingest", 0.2)
        if number < 2:
            ledger.begin(job, "detect")
    queues = Queues({"ingest": Depth(1, 0), "detect": Depth(3, 0), "score": Depth(1, 2)})
    found = take(client, ledger, queues)
    assert [stage.waiting for stage in found.stages] == [1, 3, 1, 0, 0]
    assert [stage.in_work for stage in found.stages] == [0, 1, 0, 0, 0]
    assert [stage.workers for stage in found.stages] == [1] * 5
    assert (found.in_flight, found.dead_letters, found.faults) == (6, 2, ())
    page = shown(found)
    assert "photos in flight: 6 · oldest: 5 minutes · estimate for a new one: " in page
    assert "Stage Waiting Processing Retrying Workers minute p50 p95 p50 p95" in page
    assert "detect 3 1 0 1 2" in page
    assert "dead letters: 2" in page
    assert "?" not in page


def test_rabbitmq_down() -> None:
    """Without RabbitMQ the ledger's values are shown, depths are unknown, and a line says so."""
    client, ledger = empty()
    ledger.admit(make(1))
    age(client, make(1), 270)
    found = take(client, ledger, Queues())
    assert found.faults == (Fault("RabbitMQ", "Connection refused"),)
    assert (found.in_flight, found.dead_letters, found.stages[0].waiting) == (1, None, None)
    page = shown(found)
    assert "RabbitMQ is down: Connection refused." in page
    assert "ingest ? ? 0 0 0" in page
    assert "photos in flight: 1 · oldest: 5 minutes" in page
    assert "a new one" not in page  # without workers it would never be answered
    json.dumps(status.as_json(found))


def test_redis_down() -> None:
    """Without Redis the depths are shown, and the reason contains no password."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        client = redis.Redis(
            port=probe.getsockname()[1], password=SECRET, retry=Retry(NoBackoff(), 0)
        )
        ledger = Ledger(client, max_active=1, max_pending=1, lifetime=1)
        found = take(client, ledger, Queues({"score": Depth(7, 1)}))
    assert found.faults == (Fault("Redis", "Connection refused"),)
    assert (found.in_flight, found.dead_letters, found.stages[2].waiting) == (None, 1, 7)
    page = shown(found)
    assert "Redis is down: Connection refused." in page
    assert "score 7 ? ? ? ?" in page
    assert SECRET not in page + json.dumps(status.as_json(found))


def test_a_stage_without_workers() -> None:
    """The hint names a stage without workers and how many photos wait there."""
    client, ledger = empty()
    for stage in STAGES:
        if stage != "render":
            ledger.heartbeat(stage, "a")
    page = shown(take(client, ledger, Queues({"render": Depth(4, 0)})))
    assert "No workers running: render. 4 photos are waiting there." in page


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (redis.AuthenticationError("SECRET"), "it refuses this user or password"),
        (redis.TimeoutError("SECRET"), "no answer"),
        (redis.exceptions.BusyLoadingError("SECRET"), "it is loading its data"),
        (redis.ConnectionError("SECRET"), "no connection to it, or an error"),
        (redis.ResponseError("SECRET"), "no connection to it, or an error"),
    ],
)
def test_reasons_quote_nothing(error: redis.RedisError, reason: str) -> None:
    """The reason why Redis can't be queried quotes no error message."""
    assert redis_reason(error) == reason


def test_json() -> None:
    """JSON contains every value by name, and null for unknown ones."""
    client, ledger = empty()
    values = json.loads(json.dumps(status.as_json(take(client, ledger, Queues()))))
    assert values["stages"][0]["name"] == "ingest"
    assert values["stages"][0]["took_p95"] is None
    assert values["faults"] == [{"part": "RabbitMQ", "reason": "Connection refused"}]
    assert values["advice"].startswith("No workers running: ingest, detect")
