"""The status of a chain that runs: it names the stage that holds the others up, and soon."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from attrai import broker
from attrai.contract import STAGES, Job, job_id
from attrai.intake import Intake
from attrai.overview import snapshot
from attrai.overview.advice import advice
from attrai.overview.queues import RabbitQueues
from attrai.overview.snapshot import Snapshot
from attrai.services import open_redis
from attrai.settings import Settings
from tests.conftest import ROOT
from tests.overview.slow_worker import FOLDER, NAME
from tests.servers import RabbitServer

pytestmark = [pytest.mark.servers, pytest.mark.slow]

WAIT = 60
#: Seconds within which an operator is to see what changed.
SOON = 10


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class Chain:
    """Sleeping workers, and photos that keep coming."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        self.settings = settings
        self.redis = open_redis(settings)
        self.ledger = broker.make_ledger(self.redis, settings)
        self._broker = broker.make_broker(settings, [])
        self._intake = Intake(self._broker, self.ledger)
        self._ended = threading.Event()
        self._load = threading.Thread(target=self._send)
        self.workers = {stage: self._start(stage) for stage in STAGES}
        wait_for(lambda: all(load.workers for load in self.ledger.loads().values()), "no workers")
        self._load.start()

    def _start(self, stage: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dramatiq", "tests.overview.slow_worker:setup"]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [*command, "-Q", stage, "-p", "1", "-t", "1"], cwd=ROOT, stdout=log, stderr=log
            )

    def _send(self) -> None:
        number = 0
        while not self._ended.wait(0.2):
            number, now = number + 1, time.time()
            job = Job(
                id=job_id(NAME, number),
                channel=NAME,
                address={},
                user=f"user-{number}",
                source="",
                renderer="boxes",
                admitted_at=now,
                queued_at=now,
            )
            assert self._intake.submit(job) == "admitted"

    def slow(self, stage: str, seconds: float) -> None:
        """Makes a stage slow, or fast again."""
        (self.folder / stage).write_text(str(seconds))

    def stop(self) -> None:
        """Ends all."""
        self._ended.set()
        self._load.join()
        for worker in self.workers.values():
            worker.terminate()
        for worker in self.workers.values():
            worker.wait(WAIT)
        self._broker.close()


@pytest.fixture
def chain(
    redis_url: str, amqp_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Chain]:
    """A chain in which each stage takes 10 ms, with five photos a second."""
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


def test_the_bottleneck_is_seen_soon(chain: Chain, rabbit_server: RabbitServer) -> None:
    """Nothing is said of a chain that keeps up; of a stage that gets slow, within 10 seconds."""
    with subprocess.Popen(
        [sys.executable, "-m", "attrai", "status", "--watch", "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as watching:
        assert watching.stdout is not None
        lines = watching.stdout
        looks = [json.loads(next(lines)) for _ in range(4)]
        assert {look["advice"] for look in looks} == {""}
        assert looks[-1]["stages"][1]["workers"] == 1
        assert looks[-1]["stages"][1]["per_minute"] > 0
        assert 0.005 < looks[-1]["stages"][1]["took_p50"] < 0.1
        chain.slow("detect", 1.5)
        began = time.time()
        named = next(look for look in map(json.loads, lines) if look["advice"])
        print(f"\nafter {named['at'] - began:.1f} s: {named['advice']}")
        assert named["at"] - began < SOON
        assert named["advice"].startswith("detect holds the others up")
        for _ in range(4):
            look = json.loads(next(lines))
            assert look["advice"].startswith("detect holds the others up"), look
        assert look["stages"][1]["in_work"] == 1
        depth = rabbit_server.queue_depths()["detect"]
        assert look["stages"][1]["waiting"] == pytest.approx(depth, abs=15)
        chain.slow("detect", 0.0)
        assert any(not look["advice"] for look in map(json.loads, lines))
        began = time.time()
        chain.workers["render"].terminate()
        named = next(look for look in map(json.loads, lines) if look["advice"])
        print(f"after {named['at'] - began:.1f} s: {named['advice']}")
        assert named["at"] - began < SOON
        assert named["advice"].startswith("No worker lives of: render.")
        watching.terminate()


def test_a_killed_worker_is_seen_soon(chain: Chain) -> None:
    """A stage whose worker was killed is named before the ledger gives the worker up."""
    wait_for(lambda: take(chain).stages[2].per_minute not in (None, 0.0), "no photos")
    for process in psutil.Process(chain.workers["score"].pid).children(recursive=True):
        process.kill()
    chain.workers["score"].kill()
    began = time.monotonic()
    wait_for(lambda: bool(advice(take(chain))), "nothing is said")
    print(f"\nafter {time.monotonic() - began:.1f} s: {advice(take(chain))}")
    assert time.monotonic() - began < SOON
    assert advice(take(chain)).startswith("score holds the others up")
    wait_for(lambda: advice(take(chain)).startswith("No worker lives of: score."), "it lives")


def take(chain: Chain) -> Snapshot:
    """The chain now."""
    queues = RabbitQueues(chain.settings.broker_url.get_secret_value())
    return snapshot.take(chain.redis, chain.ledger, queues)
