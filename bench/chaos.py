"""1,000 jobs through the chain while workers, servers, networks, logs and disk fail at random.

    python -m bench.chaos [--jobs N] [--seed N] [--http]

It runs real RabbitMQ and Redis, and the five stages and the sweeper as processes that are
restarted when they end, as Swarm does. Meanwhile

- workers of every stage are killed, or stopped for some seconds;
- connections to RabbitMQ and Redis are silent, slow or cut for some seconds, RabbitMQ's once for
  longer;
- RabbitMQ is restarted twice and Redis once;
- Redis is read-only, then out of memory, for some seconds each, and loses all its data once;
- one photo hangs in C, outside the interpreter, whichever worker takes it;
- the GELF receiver is down half the time, and the photo volume fills up once.

In the end every job must have exactly one answer, and nothing may be left over.

With `--http` the photos come over HTTP, from clients that send each with an `Idempotency-Key` until
they have its picture, or why there is none. The HTTP server is killed and stopped like the workers.
No photo hangs then.

The last line is a summary. The exit status is 1 when anything was lost or left over. A job may be
answered twice only if a worker died between answering it and recording the answer, or if Redis
lost the record.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from attrai.actors.intake import Intake
from attrai.job import STAGES, Job, job_id
from attrai.ledger import Ledger
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from bench import chaos_clients
from testing.faults import ROOT, Faults, Process, fill_up, small_volume
from testing.gelf import GelfReceiver
from testing.servers import RabbitServer, RedisServer
from testing.servers.server import HOST, reserved_port
from testing.tap import Flow, Tap
from tests.cluster.channel import ANSWERS, GRACE, HANGS, NAME, TIME_LIMIT

#: Id of the first chat, long enough not to occur anywhere by chance.
CHATS = 7_001_002_003_000
#: Most jobs in flight, and seconds without an answer after which the rest counts as lost.
IN_FLIGHT, PATIENCE = 40, 360
#: Seconds after which the sweeper answers, and after which a stage fails.
JOB_SECONDS, TIME_LIMIT_SECONDS = 150, 20
#: Seconds for which RabbitMQ is silent in a run of 1,000 jobs.
SILENT_SECONDS = 40


def make_photos(folder: Path) -> list[Path]:
    """Write photos such as users send and return their paths.

    Most have a face, one has none, and one is broken.
    """
    folder.mkdir()
    with Image.open(ROOT / "examples" / "astronaut.jpg") as example:
        portrait = example.convert("RGB").crop((100, 0, 400, 300))
    photos = []
    for side in range(160, 300, 20):
        photos.append(folder / f"face-{side}.jpg")
        portrait.resize((side, side)).save(photos[-1])
    photos.append(folder / "blank.png")
    Image.new("RGB", (200, 200), "white").save(photos[-1])
    photos.append(folder / "broken.jpg")
    photos[-1].write_bytes(photos[0].read_bytes()[:3000])
    return photos


class Cluster(NamedTuple):
    """The servers, networks and processes that fail, and what is asked of them."""

    folder: Path
    volume: Path
    answers: Path
    rabbit: RabbitServer
    redis: RedisServer
    gelf: GelfReceiver
    taps: dict[str, Tap]
    #: The ledger, read past the taps.
    ledger: Ledger
    workers: list[Process]
    sweeper: Process

    def answered(self) -> Counter[str]:
        """Return how many answers each job has, by the job's id."""
        if not self.answers.exists():
            return Counter()
        return Counter(line.split()[0] for line in self.answers.read_text().splitlines())

    def left(self) -> dict[str, int]:
        """Count what must be gone once everything is answered."""
        return {
            "slots": self.ledger.in_flight(),
            # Why a photo sent over HTTP failed is kept for five minutes.
            "files": sum(
                file != "job.json" for _, _, files in os.walk(self.volume) for file in files
            ),
            "messages": sum(self.rabbit.queue_depths().values()),
        }

    def traces(self) -> dict[str, int]:
        """Count the places where chats could be read, and log records that are no GELF."""
        digits = str(CHATS)[:-4]
        logs = self.folder.glob("*.log")
        return {
            "addresses in logs": sum(digits in log.read_text() for log in logs),
            "invalid log records": len(self.gelf.invalid),
        }


def open_cluster(stack: ExitStack, api_port: int | None = None) -> Cluster:
    """Start the servers, the taps before them, and the workers behind these.

    Args:
        stack: ends it all.
        api_port: where to serve HTTP, if at all.
    """
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
    rabbit = stack.enter_context(RabbitServer())
    redis = stack.enter_context(RedisServer())
    gelf = stack.enter_context(GelfReceiver())
    volume = stack.enter_context(small_volume(folder / "volume", 64))
    taps = {server.name: stack.enter_context(Tap(server.port)) for server in (rabbit, redis)}
    ledger = make_ledger(open_redis(Settings(redis_url=redis.url)), Settings())
    os.environ |= {
        "ATTRAI_BROKER_URL": rabbit.url.replace(f":{rabbit.port}/", f":{taps[rabbit.name].port}/"),
        "ATTRAI_REDIS_URL": redis.url.replace(f":{redis.port}/", f":{taps[redis.name].port}/"),
        "ATTRAI_PHOTOS_URL": f"file://{volume}",
        "ATTRAI_GELF_URL": f"tcp://127.0.0.1:{gelf.port}",
        "ATTRAI_JOB_SECONDS": str(JOB_SECONDS),
        "ATTRAI_LOG_LEVEL": "info",
        "ATTRAI_API_KEYS": chaos_clients.KEY,
    }
    answers = folder / "answers"
    environment = os.environ | {
        ANSWERS: str(answers),
        TIME_LIMIT: str(1000 * TIME_LIMIT_SECONDS),
        GRACE: "5000",
        "TMPDIR": str(folder),
    }
    workers = [
        Process(
            stage,
            ["dramatiq", "tests.cluster.channel:setup", f"attrai.actors.{stage}", "-p", "1"],
            folder,
            environment,
        )
        for stage in STAGES
    ]
    if api_port is not None:
        environment["ATTRAI_MAX_ACTIVE"] = "1000"
        workers.append(
            Process("api", ["attrai", "api", "--port", str(api_port)], folder, environment)
        )
    sweeper = Process("sweep", ["attrai", "sweep"], folder, environment)
    for process in (*workers, sweeper):
        stack.callback(process.stop)
    return Cluster(folder, volume, answers, rabbit, redis, gelf, taps, ledger, workers, sweeper)


def start_faults(cluster: Cluster, faults: Faults, jobs: int, rng: random.Random) -> None:
    """Start to inject all faults."""
    targets = itertools.cycle(rng.sample(cluster.workers, len(cluster.workers)))
    disturbances: list[Flow] = ["silent", "slow", "cut"]

    def disturb(tap: Tap) -> None:
        tap.disturb(rng.choice(disturbances), rng.uniform(1, 8))

    def gelf_outage() -> None:
        cluster.gelf.stop()
        time.sleep(4)
        cluster.gelf.start()

    faults.repeat("kills", lambda: next(targets).kill(rng), 5)
    faults.repeat("stops", lambda: next(targets).pause(rng.uniform(1, 6)), 15)
    faults.repeat("GELF outages", gelf_outage, 4)
    for server, tap in cluster.taps.items():
        faults.repeat(f"{server} disturbed", lambda tap=tap: disturb(tap), 20)

    def last(state: AbstractContextManager[None]) -> None:
        with state:
            time.sleep(10)

    def once(name: str, action: Callable[[], None], part: float) -> None:
        faults.once(name, action, lambda: len(cluster.answered()) >= part * jobs)

    silence = SILENT_SECONDS * min(1, jobs / 1000)
    rabbit_tap = cluster.taps[cluster.rabbit.name]
    once("RabbitMQ restarts", cluster.rabbit.restart, 0.15)
    once("Redis read-only", lambda: last(cluster.redis.read_only()), 0.25)
    once("RabbitMQ silent", lambda: rabbit_tap.disturb("silent", silence), 0.35)
    once("Redis restarts", cluster.redis.restart, 0.45)
    once("Redis out of memory", lambda: last(cluster.redis.configured("maxmemory", 1)), 0.5)
    once("full volumes", lambda: fill_up(cluster.volume, 3), 0.6)
    once("Redis loses its data", cluster.redis.clear, 0.7)
    once("RabbitMQ restarts", cluster.rabbit.restart, 0.8)


def send(cluster: Cluster, jobs: int, rng: random.Random) -> list[str]:
    """Send jobs as a bot would, which tries again whatever the servers do; return their ids."""
    settings = Settings()
    intake = Intake(
        make_broker(settings, []), make_ledger(open_redis(settings, retries=0), settings)
    )
    photos = make_photos(cluster.folder / "photos")
    ids = []
    for number in range(jobs):
        now = time.time()
        job = Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"chat": CHATS + number},
            user=f"user-{number}",
            source=HANGS if number == jobs // 10 else str(rng.choice(photos)),
            renderer=rng.choice(["boxes", "ranking", "spotlight"]),
            admitted_at=now,
            queued_at=now,
        )
        wait_until(lambda: is_below(cluster, IN_FLIGHT), PATIENCE)
        while True:
            try:
                intake.submit(job)
                break
            except Exception as error:  # noqa: BLE001 - a bot would stop at none of these faults
                print(f"job {number} is tried again: {type(error).__name__}", flush=True)
                time.sleep(0.5)
        ids.append(job.id)
        if number % 100 == 99:
            print(f"{number + 1} sent, {len(cluster.answered())} answered", flush=True)
    return ids


def is_below(cluster: Cluster, most: int) -> bool:
    """Return whether fewer than `most` jobs are in flight; no, while Redis can't be asked."""
    try:
        return cluster.ledger.in_flight() < most
    except Exception:  # noqa: BLE001 - Redis is being restarted
        return False


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for the condition, at most `seconds` seconds."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)


def run(jobs: int, seed: int, *, http: bool) -> int:
    """Run the benchmark once and return the exit status."""
    rng, started = random.Random(seed), time.monotonic()
    with ExitStack() as stack:
        port = stack.enter_context(reserved_port()) if http else None
        cluster, faults = open_cluster(stack, port), Faults(seed)
        if port is not None:
            url = f"http://{HOST}:{port}"
            wait_until(lambda: chaos_clients.is_ready(url), PATIENCE)
        start_faults(cluster, faults, jobs, rng)
        if port is not None:
            photos = make_photos(cluster.folder / "photos")
            ids = chaos_clients.send(url, photos, jobs, rng, cluster.answers)
        else:
            ids = send(cluster, jobs, rng)
        wait_until(lambda: len(cluster.answered()) >= jobs, PATIENCE)
        faults.stop()
        wait_until(lambda: not any(cluster.left().values()), PATIENCE)

        count = cluster.answered()
        kinds = Counter(line.split()[1] for line in cluster.answers.read_text().splitlines())
        lost = len(set(ids) - set(count))
        remains = cluster.left() | cluster.traces()
        processes = (*cluster.workers, cluster.sweeper)
        print("faults:", dict(faults.count), {p.name: p.starts for p in processes})
        print("answers:", dict(kinds))
        print(
            f"{jobs} jobs, {len(count)} answered, {lost} lost, "
            f"{sum(count.values()) - len(count)} answered twice, "
            + ", ".join(f"{number} {what}" for what, number in remains.items())
            + f" left, {time.monotonic() - started:.0f} s",
            flush=True,
        )
        return int(lost > 0 or any(remains.values()))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--http", action="store_true", help="send the photos over HTTP")
    arguments = parser.parse_args()
    sys.exit(run(arguments.jobs, arguments.seed, http=arguments.http))


if __name__ == "__main__":
    main()
