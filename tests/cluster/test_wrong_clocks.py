"""Clocks that differ, and a Redis that loses its data: each job gets its one answer."""

from __future__ import annotations

import pytest

from attrai.job import STAGES
from testing.servers import RabbitServer
from testing.waiting import wait_for
from tests.cluster.conftest import Cluster, Worker
from tests.cluster.skewed import AHEAD

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def test_clocks_that_differ(cluster: Cluster) -> None:
    """Workers an hour ahead and an hour behind answer all jobs, though each has to wait twice."""
    for stage in ("ingest", "deliver"):
        for ahead in (-3600, 3600):
            name = f"{stage}{ahead:+}"
            cluster.workers[name] = Worker(
                stage,
                cluster.folder / f"{name}.log",
                "tests.cluster.skewed:setup",
                **{AHEAD: str(ahead)},
            )
    cluster.start("detect", "score", "render")
    for stage in ("ingest", "deliver"):
        wait_for(lambda stage=stage: cluster.ledger.estimates.loads()[stage].workers == 2, stage)  # type: ignore[misc]
    jobs = [cluster.submit(cluster.job(number)) for number in range(12)]
    assert [cluster.wait_for_answer(job) for job in jobs] == [["picture"]] * len(jobs)
    assert cluster.ledger.in_flight() == 0
    records = cluster.records()
    assert sum(record["event"] == "postponed" for record in records) == 2 * len(jobs)
    waits = [record["waited"] for record in records if record["event"] == "done"]
    assert len(waits) == len(STAGES) * len(jobs)
    assert all(0 <= waited < 1800 for waited in waits)


def test_redis_loses_its_data(cluster: Cluster, rabbit_server: RabbitServer) -> None:
    """All photos that are being processed when Redis loses its data get their picture."""
    cluster.start(*STAGES)
    answered = [cluster.submit(cluster.job(number)) for number in range(3)]
    for job in answered:
        cluster.wait_for_answer(job)
    cluster.workers["render"].stop()  # so that however fast the others are, none is answered
    jobs = [cluster.submit(cluster.job(number)) for number in range(3, 18)]
    wait_for(lambda: rabbit_server.queue_depths()["render"] >= 3, "no photo gets to render")
    cluster.ledger._redis.flushall()
    cluster.start("render")
    jobs += answered
    assert [cluster.wait_for_answer(job) for job in jobs] == [["picture"]] * len(jobs)
    assert cluster.ledger.in_flight() == 0
    assert "admitted again" in cluster.logs()
