"""1,000 jobs through the chain while workers, servers, logs and disk fail at random.

    python -m bench.chaos [--jobs N] [--seed N]

It runs real RabbitMQ and Redis, and the five stages and the sweeper as processes that are
restarted when they end, as Swarm does. Meanwhile workers of every stage are killed, RabbitMQ is
restarted twice and Redis once, the GELF receiver is down half the time, and the photo volume
fills up once. In the end every job must have exactly one answer, and nothing may be left over.

The last line is a summary. The exit status is 1 when anything was lost or left over. A job may be
answered twice only if a worker died between answering it and recording the answer.
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
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from attrai.actors.stage import publish
from attrai.job import STAGES, Job, job_id
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from testing.faults import ROOT, Faults, Process, fill_up, small_volume
from testing.gelf import GelfReceiver
from testing.servers import RabbitServer, RedisServer
from tests.cluster.channel import ANSWERS, NAME

#: Id of the first chat, long enough not to occur anywhere by chance.
CHATS = 7_001_002_003_000
#: Most jobs in flight, and seconds without an answer after which the rest counts as lost.
IN_FLIGHT, PATIENCE = 40, 240


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


def read_answers(file: Path) -> Counter[str]:
    """Return how many answers each job has, by the job's id."""
    if not file.exists():
        return Counter()
    return Counter(line.split()[0] for line in file.read_text().splitlines())


def run(jobs: int, seed: int) -> int:
    """Run the benchmark once and return the exit status."""
    rng, started = random.Random(seed), time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        gelf = stack.enter_context(GelfReceiver())
        volume = stack.enter_context(small_volume(folder / "volume", 64))
        photos, answers = make_photos(folder / "photos"), folder / "answers"
        environment = {
            "ATTRAI_BROKER_URL": rabbit.url,
            "ATTRAI_REDIS_URL": redis.url,
            "ATTRAI_PHOTOS_URL": f"file://{volume}",
            "ATTRAI_GELF_URL": f"tcp://127.0.0.1:{gelf.port}",
            "ATTRAI_JOB_SECONDS": "150",
            "ATTRAI_LOG_LEVEL": "info",
        }
        os.environ |= environment
        settings = Settings()
        ledger = make_ledger(open_redis(settings), settings)
        rabbitmq = make_broker(settings, [])

        workers = []
        for stage in STAGES:
            env = os.environ | {ANSWERS: str(answers), "TMPDIR": str(folder)}
            command = ["dramatiq", "tests.cluster.channel:setup", f"attrai.actors.{stage}"]
            command += ["-Q", stage, "-p", "1", "-t", "1"]
            workers.append(Process(stage, command, folder, env))
        sweeper = Process("sweep", ["attrai", "sweep"], folder, dict(os.environ))
        processes = [*workers, sweeper]
        stack.callback(lambda: [process.stop() for process in processes])

        faults = Faults(seed)
        done = lambda part: lambda: len(read_answers(answers)) >= part * jobs  # noqa: E731
        targets = itertools.cycle(rng.sample(workers, len(workers)))
        faults.repeat("kills", lambda: next(targets).kill(rng), 4)
        faults.repeat("GELF outages", lambda: (gelf.stop(), time.sleep(4), gelf.start()), 4)
        faults.once("RabbitMQ restarts", rabbit.restart, done(0.25))
        faults.once("Redis restarts", redis.restart, done(0.45))
        faults.once("full volumes", lambda: fill_up(volume, 3), done(0.6))
        faults.once("RabbitMQ restarts", rabbit.restart, done(0.75))

        ids = []
        deadline = time.monotonic() + PATIENCE
        for number in range(jobs):
            now = time.time()
            job = Job(
                id=job_id(NAME, number),
                channel=NAME,
                address={"chat": CHATS + number},
                user=f"user-{number}",
                source=str(rng.choice(photos)),
                renderer=rng.choice(["boxes", "ranking", "spotlight"]),
                admitted_at=now,
                queued_at=now,
            )
            while ledger.in_flight() >= IN_FLIGHT and time.monotonic() < deadline:
                time.sleep(0.05)
            ledger.admit(job)
            publish(rabbitmq, "ingest", job)
            ids.append(job.id)
            if number % 100 == 99:
                print(f"{number + 1} sent, {len(read_answers(answers))} answered", flush=True)
            deadline = time.monotonic() + PATIENCE
        while len(read_answers(answers)) < jobs and time.monotonic() < deadline:
            time.sleep(0.2)
        faults.stop()

        def left() -> dict[str, int]:
            return {
                "slots": ledger.in_flight(),
                "files": sum(len(files) for _, _, files in os.walk(volume)),
                "messages": sum(rabbit.queue_depths().values()),
            }

        while any(left().values()) and time.monotonic() < deadline:
            time.sleep(1)
        count = read_answers(answers)
        kinds = Counter(line.split()[1] for line in answers.read_text().splitlines())
        lost = len(set(ids) - set(count))
        remains = left()
        digits = str(CHATS)[:-4]
        remains["addresses in logs"] = sum(
            digits in log.read_text() for log in folder.glob("*.log")
        )
        remains["invalid log records"] = len(gelf.invalid)
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
    arguments = parser.parse_args()
    sys.exit(run(arguments.jobs, arguments.seed))


if __name__ == "__main__":
    main()
