"""The status of a running chain: it soon names the bottleneck."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from attrai.actors.intake import Intake
from attrai.job import STAGES, Job, job_id
from attrai.monitoring import snapshot
from attrai.monitoring.bottleneck import bottleneck_hint
from attrai.monitoring.queues import RabbitQueues
from attrai.monitoring.snapshot import Snapshot
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from testing.servers import RabbitServer
from testing.waiting import PATIENCE_S, wait_for
from tests.conftest import ROOT
from tests.monitoring.slow_worker import FOLDER, NAME

pytestmark = [pytest.mark.servers, pytest.mark.slow]

#: Seconds between two photos.
PACE_S = 0.2
#: Most photos that are sent from one look at the status to the next, however late that is on a busy
#: machine: as many as come in the two seconds between looks.
PER_LOOK = 10
#: Most photos that may wait at a stage by the time the status names it: those of four looks.
SOON = 4 * PER_LOOK
#: Seconds that a slow stage takes for a photo.
SLOW_S = 1.5


class Chain:
    """A chain of sleeping workers and a steady stream of photos."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.settings = settings
        self.redis = open_redis(settings)
        self.ledger = make_ledger(self.redis, settings)
        self._broker = make_broker(settings, [])
        self._intake = Intake(self._broker, self.ledger)
        self._ended = threading.Event()
        self._sent, self._allowed = 0, PER_LOOK
        self._load = threading.Thread(target=self._send)
        self.workers = {stage: self._start(stage) for stage in STAGES}
        wait_for(
            lambda: all(load.workers for load in self.ledger.estimates.loads().values()),
            "no workers",
        )
        self._load.start()

    def _start(self, stage: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dramatiq", "tests.monitoring.slow_worker:setup"]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "-Q", stage, "-p", "1", "-t", "1"], cwd=ROOT, stdout=log, stderr=log
            )

    def _send(self) -> None:
        while not self._ended.wait(PACE_S):
            if self._sent == self._allowed:
                continue
            now = time.time()
            job = Job(
                id=job_id(NAME, self._sent),
                channel=NAME,
                address={},
                user=f"user-{self._sent}",
                source="",
                renderer="boxes",
                admitted_at=now,
                queued_at=now,
            )
            assert self._intake.submit(job) == "admitted"
            self._sent += 1

    def note_look(self) -> None:
        """Let the photos come that belong to the time until the next look."""
        self._allowed = self._sent + PER_LOOK

    def slow(self, stage: str, seconds: float) -> None:
        """Make a stage slow, or fast again."""
        written = self.folder / "seconds"
        written.write_text(str(seconds))
        written.rename(self.folder / stage)  # at once, as the stage may be reading it

    def stop(self) -> None:
        """Stop the photos and the workers."""
        self._ended.set()
        self._load.join()
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            worker.wait(PATIENCE_S)
        self._broker.close()


@pytest.fixture
def chain(
    redis_url: str, amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chain]:
    """A chain whose stages take 10 ms each, with five photos per second."""
    (tmp_path / "photos").mkdir()
    for name, value in {
        "ATTRAI_BROKER_URL": amqp_url,
        "ATTRAI_REDIS_URL": redis_url,
        "ATTRAI_PHOTOS_URL": f"file://{tmp_path}/photos",
        "TMPDIR": str(tmp_path),
        FOLDER: str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    running = Chain(Settings(), tmp_path)
    yield running
    running.stop()


def looks_of(lines: Iterable[str], chain: Chain) -> Iterator[dict[str, Any]]:
    """Yield the looks that `attrai status --watch --json` prints."""
    for line in lines:
        chain.note_look()
        yield json.loads(line)


def test_the_bottleneck_is_seen_soon(chain: Chain, rabbit_server: RabbitServer) -> None:
    """A chain that keeps up gives no hint; a slow stage is named before 40 photos wait there."""
    with subprocess.Popen(
        [sys.executable, "-m", "attrai", "status", "--watch", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        looks = looks_of(watching.stdout, chain)
        # The first photos may be on their way yet, and workers that have just started are slow.
        well = next(look for look in looks if not look["advice"] and look["stages"][1]["took_p50"])
        assert well["stages"][1]["workers"] == 1
        assert well["stages"][1]["per_minute"] > 0
        assert 0.005 < well["stages"][1]["took_p50"] < SLOW_S
        chain.slow("detect", SLOW_S)
        named = next(look for look in looks if look["advice"])
        assert named["advice"].startswith("detect is the bottleneck")
        assert named["stages"][1]["waiting"] < SOON
        five = [*itertools.islice(looks, 5)]
        for look in five:
            assert look["advice"].startswith("detect is the bottleneck"), look
        # Most of the time: when one photo follows another, none or both may be counted.
        assert statistics.median(look["stages"][1]["in_work"] for look in five) == 1
        depth = rabbit_server.queue_depths()["detect"]
        since = (time.time() - look["at"]) / PACE_S  # photos that may have arrived since
        assert look["stages"][1]["waiting"] == pytest.approx(depth, abs=5 + since)
        chain.slow("detect", 0.0)
        assert any(not look["advice"] for look in looks)
        chain.workers["render"].terminate()
        assert chain.workers["render"].wait(PATIENCE_S) == 0
        ended = time.time()
        # The first snapshot after it ended may have been started before.
        _, named = itertools.islice((look for look in looks if look["at"] > ended), 2)
        assert named["advice"].startswith("No workers running: render.")
        watching.terminate()


def test_a_killed_worker_is_seen_soon(chain: Chain) -> None:
    """A stage whose worker was killed is named before 40 photos wait and its heartbeat expires."""
    wait_for(lambda: take(chain).stages[2].per_minute not in (None, 0.0), "no photos")
    for process in psutil.Process(chain.workers["score"].pid).children(recursive=True):
        process.kill()
    chain.workers["score"].kill()
    seen: list[Snapshot] = []

    def something_is_said() -> bool:
        seen.append(take(chain))
        return bool(bottleneck_hint(seen[-1]))

    wait_for(something_is_said, "nothing is said")
    assert bottleneck_hint(seen[-1]).startswith("score is the bottleneck")
    assert (seen[-1].stages[2].waiting or 0) < SOON
    wait_for(
        lambda: bottleneck_hint(take(chain)).startswith("No workers running: score."), "it lives"
    )


def take(chain: Chain) -> Snapshot:
    """A snapshot of the chain."""
    chain.note_look()
    queues = RabbitQueues(chain.settings.broker_url.get_secret_value())
    return snapshot.take(chain.redis, chain.ledger, queues)
