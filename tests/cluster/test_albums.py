"""Albums in workers of their own, which are killed: each photo is answered once."""

from __future__ import annotations

import pytest

from attrai.actors.stage import publish
from attrai.errors import INTERNAL
from attrai.job import STAGES, Job
from attrai.ledger import keys
from attrai.services import open_redis
from testing.waiting import wait_for
from tests.cluster.channel import DEADLY
from tests.cluster.conftest import Cluster

pytestmark = pytest.mark.servers

ALBUM = "an-album"


def submit(cluster: Cluster, *numbers: int) -> list[Job]:
    """Admit photos of the album that have failed, so that only deliver is left."""
    jobs = [cluster.job(number).with_(album=ALBUM, failure=INTERNAL) for number in numbers]
    assert [cluster.ledger.admit(job) for job in jobs] == ["admitted"] * len(jobs)
    return jobs


def ready(cluster: Cluster) -> int:
    """Return how many photos of the album are ready."""
    entries = open_redis(cluster.settings).hgetall(keys.ALBUMS + ALBUM)
    return sum(len(name) == 32 and value.endswith(b"}") for name, value in entries.items())


def kill(cluster: Cluster, stage: str) -> None:
    """Kill a worker, and wait until another one has taken its place."""
    worker = cluster.workers[stage]
    starts = worker.starts
    worker.kill()
    wait_for(lambda: worker.starts > starts, "the worker is not restarted")


def assert_answered(cluster: Cluster, jobs: list[Job], answer: str) -> None:
    """Wait until each photo has this answer and no other, and nothing is left in Redis."""
    assert [cluster.wait_for_answer(job) for job in jobs] == [[answer]] * len(jobs)
    assert_nothing_left(cluster)


def assert_nothing_left(cluster: Cluster) -> None:
    """Check that Redis knows no more of the album than how many photos it had."""
    redis = open_redis(cluster.settings)
    (key,) = redis.scan_iter("attrai:album*")
    assert list(redis.hgetall(key)) == [b"places"]


def test_a_worker_is_killed_while_an_album_waits(cluster: Cluster) -> None:
    """The messages of photos that wait for the others survive their worker."""
    cluster.start("deliver")
    jobs = submit(cluster, 1, 2, 3)
    for job in jobs[:2]:
        publish(cluster.broker, "deliver", job)
    wait_for(lambda: ready(cluster) == 2, "the photos don't wait")
    kill(cluster, "deliver")
    publish(cluster.broker, "deliver", jobs[2])
    assert_answered(cluster, jobs, "of-3")


def test_a_worker_is_killed_while_it_sends(cluster: Cluster) -> None:
    """An album whose worker dies before it is sent is sent by the next one."""
    deadly = cluster.folder / DEADLY
    deadly.touch()
    cluster.start("deliver")
    jobs = submit(cluster, 1, 2, 3)
    for job in jobs:
        publish(cluster.broker, "deliver", job)
    wait_for(lambda: not deadly.exists(), "the album is not sent")
    # The locks of the dead worker, which would expire by themselves.
    redis = open_redis(cluster.settings)
    wait_for(lambda: cluster.workers["deliver"].starts == 2, "the worker is not restarted")
    redis.delete(keys.ALBUM_SENDS + ALBUM, *(keys.DELIVERING + job.id for job in jobs))
    assert_answered(cluster, jobs, "of-3")


def test_a_photo_is_lost(cluster: Cluster) -> None:
    """Photos don't wait for ever for one that does not come, which is answered alone."""
    cluster.start("deliver")
    *jobs, lost = submit(cluster, 1, 2, 3)
    for job in jobs:
        publish(cluster.broker, "deliver", job)
    assert [cluster.wait_for_answer(job) for job in jobs] == [["of-2"]] * 2
    publish(cluster.broker, "deliver", lost)
    assert_answered(cluster, [lost], "internal")
    assert [cluster.answers()[job.id] for job in jobs] == [["of-2"]] * 2


@pytest.mark.slow
def test_workers_are_killed_at_every_stage(cluster: Cluster) -> None:
    """An album of photos is answered at once though a worker of each stage is killed meanwhile."""
    cluster.start(*STAGES)
    jobs = [cluster.submit(cluster.job(n).with_(album=ALBUM)) for n in range(1, 5)]
    for stage in STAGES:
        kill(cluster, stage)
    for job in jobs:
        (answer,) = cluster.wait_for_answer(job)
        assert answer in {"of-4", "of-3", "of-2", "picture"}
    assert_nothing_left(cluster)
