"""The chain with each stage in its own process: every job gets exactly one answer."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from attrai.job import STAGES
from attrai.processes.sweeper import sweep
from testing.servers import RabbitServer
from testing.waiting import wait_for
from tests.cluster.channel import DEADLY
from tests.cluster.conftest import Cluster

pytestmark = pytest.mark.servers


@pytest.mark.slow
def test_photos_go_through_five_processes(cluster: Cluster, tmp_path: Path) -> None:
    """Each photo gets one answer, logs identify no user, and only detect and score load engines."""
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 broken")
    cluster.start(*STAGES)
    jobs = [cluster.submit(cluster.job(n)) for n in range(4)]
    bad = cluster.submit(cluster.job(9, broken))
    assert [cluster.wait_for_answer(job) for job in jobs] == [["picture"]] * 4
    assert cluster.wait_for_answer(bad) == ["broken-image"]
    assert cluster.ledger.in_flight() == 0

    computes = set()
    for stage, worker in cluster.workers.items():
        family = [psutil.Process(worker.process.pid)]
        family += family[0].children(recursive=True)
        maps = [Path(f"/proc/{process.pid}/maps").read_text() for process in family]
        if any("libopenvino" in text or "libtorch" in text for text in maps):
            computes.add(stage)
    assert computes == {"detect", "score"}

    done = [record for record in cluster.records() if record["event"] == "done"]
    assert {record["stage"] for record in done} == set(STAGES)
    assert all(record["took"] >= 0 and record["waited"] >= 0 for record in done)
    assert {record["attempt"] for record in done} == {1}
    assert len(done) == len(STAGES) * len(jobs) + 2  # the bad one went from ingest to deliver
    logs = cluster.logs()
    assert all(str(job.address["chat"]) not in logs for job in (*jobs, bad))


def test_a_message_that_kills_its_worker_ends_at_the_third_time(cluster: Cluster) -> None:
    """A photo that kills every worker that fetches it fails after three attempts."""
    cluster.start("ingest", "deliver")
    job = cluster.submit(cluster.job(1, DEADLY))
    assert cluster.wait_for_answer(job) == ["internal"]
    assert cluster.workers["ingest"].starts == 4  # three attempts, then one that fails the job
    assert cluster.workers["deliver"].starts == 1


def test_a_lost_message_is_answered_by_the_sweeper(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose message never arrives ends in a failure message when it is overdue."""
    cluster.start("deliver")
    monkeypatch.setattr(cluster.ledger, "_limits", (0, 1, 1))  # a lifetime of 0 seconds
    job = cluster.job(1)
    assert cluster.ledger.admit(job) == "admitted"
    photos = cluster.folder / "photos" / job.id
    photos.mkdir()  # as if ingest had created it

    from attrai.storage import open_store  # noqa: PLC0415 - beside its use

    store = open_store(cluster.settings.photos_url)
    wait_for(
        lambda: sweep(cluster.broker, cluster.ledger, store) == (1, 0), "the job is not overdue"
    )
    assert cluster.wait_for_answer(job) == ["timed-out"]
    assert sweep(cluster.broker, cluster.ledger, store) == (0, 0)
    cluster.stop()
    assert not photos.exists()


def test_copies_of_a_message_give_one_answer(cluster: Cluster, rabbit_server: RabbitServer) -> None:
    """A message delivered several times gives one answer."""
    from attrai.actors.stage import publish  # noqa: PLC0415 - beside its use
    from attrai.errors import INTERNAL  # noqa: PLC0415

    job = cluster.job(1).with_(failure=INTERNAL)
    assert cluster.ledger.admit(job) == "admitted"
    for _ in range(3):
        publish(cluster.broker, "deliver", job)
    cluster.start("deliver")
    assert cluster.wait_for_answer(job) == ["internal"]
    wait_for(lambda: rabbit_server.queue_depths()["deliver"] == 0, "the copies are still waiting")
    assert [record["event"] for record in cluster.records()].count("answered already") == 2
    assert cluster.answers()[job.id] == ["internal"]
