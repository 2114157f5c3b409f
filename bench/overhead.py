"""The overhead of the chain: the time of a job through five stages whose work is empty.

    python -m bench.overhead [--jobs N] [--burst N]

attrai's chain, bare dramatiq and Celery with two kinds of pool take turns in one run, on the same
private RabbitMQ and Redis. Each runs five workers, one per stage, with late acknowledgements,
publisher confirms and a prefetch of one. attrai runs with everything it has in production: ledger,
logs at info level to disk and by GELF, heartbeats, and a picture of one byte. A time runs from just
before a job is published for the first stage to the end of the last stage. Jobs are sent one at a
time first, then many at once. The exit status is 1 when attrai's median misses a target.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from attrai.actors.stage import publish
from attrai.job import STAGES, Job, job_id
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from attrai.storage import PICTURE, open_store
from bench import overhead_bare as bare
from bench.overhead_contender import Contender, Prepare, Workers
from bench.overhead_ends import BROKER_URL, REDIS_URL, Ends
from bench.overhead_worker import NAME
from testing.gelf import GelfReceiver
from testing.servers import RabbitServer, RedisServer
from testing.waiting import wait_for

#: Largest allowed median of attrai in milliseconds; it must also be below Celery's.
TARGET_MS = 12.0
#: Turns of each contender with one job at a time, and with many at once.
TURNS, BURSTS = 6, 3
WARM_UP = 30


def prepare_attrai(settings: Settings) -> Prepare:
    """Return a function that prepares a job with a slot in the ledger and a picture to deliver."""
    ledger = make_ledger(open_redis(settings), settings)
    rabbitmq, photos = make_broker(settings, []), open_store(settings.photos_url)

    def prepare(number: int) -> Callable[[], None]:
        now = time.time()
        job = Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"job": number},
            user=f"user-{number}",
            source="nowhere",
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )
        photos.write(job.id, PICTURE, b"1")
        if ledger.admit(job) != "admitted":
            raise RuntimeError("the ledger admits no more")
        return lambda: publish(rabbitmq, "ingest", job)

    return prepare


def prepare_celery(send: Callable[[str, int], None], stage: str, number: int) -> Callable[[], None]:
    """Prepare a job for one of Celery's chains."""
    return partial(send, stage, number)


def run(jobs: int, burst: int) -> int:
    """Run the comparison once and return the exit status."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overhead-")))
        gelf = stack.enter_context(GelfReceiver())
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        (folder / "photos").mkdir()
        os.environ |= {
            BROKER_URL: rabbit.url,
            REDIS_URL: redis.url,
            "ATTRAI_PHOTOS_URL": f"file://{folder / 'photos'}",
            "ATTRAI_GELF_URL": gelf.url,
            "ATTRAI_LOG_LEVEL": "info",
        }
        # At import its app reads the server's URL from the environment, as in its workers.
        from bench import overhead_celery as celery  # noqa: PLC0415

        ends, broker = Ends(), bare.make_broker()
        once = ["-p", "1", "-t", "1"]

        def contender(name: str, prepare: Prepare, commands: list[list[str]]) -> Contender:
            workers = Workers(name, folder)
            stack.callback(workers.stop)
            workers.start(commands)
            return Contender(name, prepare, workers, ends)

        contenders = [
            contender(
                "attrai",
                prepare_attrai(Settings()),
                [["dramatiq", "bench.overhead_worker:setup", "-Q", s, *once] for s in STAGES],
            ),
            contender(
                "bare dramatiq",
                lambda number: lambda: bare.send(broker, bare.STAGES[0], number),
                [["dramatiq", "bench.overhead_bare:setup", "-Q", s, *once] for s in bare.STAGES],
            ),
            *(
                contender(
                    name,
                    partial(prepare_celery, celery.send, stages[0]),
                    [celery.command(pool, stage) for stage in stages],
                )
                for name, (pool, stages) in zip(
                    ("Celery", "Celery, solo"), celery.STAGES.items(), strict=True
                )
            ),
        ]
        # The first step of the cleanup: a second Ctrl-C must not interrupt the rest.
        stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
        return compare(contenders, jobs, burst, gelf)


def compare(contenders: list[Contender], jobs: int, burst: int, gelf: GelfReceiver) -> int:
    """Let the contenders take turns, print the results and return the exit status."""
    ours, _, celery, _ = contenders
    for each in contenders:
        each.one_at_a_time(WARM_UP)
        each.times.clear()
    for turn in range(TURNS):
        # The first contender of a turn is the last of the next.
        for each in contenders[:: 1 if turn % 2 else -1]:
            each.one_at_a_time(jobs // TURNS)
    for turn in range(BURSTS):
        # Not the last contender, which stalls: see `bench.overhead_celery`.
        for each in contenders[:-1][:: 1 if turn % 2 else -1]:
            each.at_once(burst)

    expected = len(STAGES) * (WARM_UP + len(ours.times) + BURSTS * burst)
    wait_for(lambda: Counter(gelf.texts())["done"] >= expected)
    if gelf.invalid:
        raise RuntimeError(f"invalid GELF: {gelf.invalid[0]}")
    print(f"{'':15}{'median':>9}{'p95':>9}{'at once':>10}{'of Celery':>11}")
    print(f"{'':15}{'ms':>9}{'ms':>9}{'jobs/s':>10}{'median':>11}")
    for each in contenders:
        print(each.row(celery))
    median, other = statistics.median(ours.times), statistics.median(celery.times)
    kept = median <= TARGET_MS and median < other
    print(
        f"{len(ours.times)} jobs each through five empty stages: attrai {median:.2f} ms, "
        f"Celery {other:.2f} ms, ratio {median / other:.2f}; at most {TARGET_MS:.0f} ms and less "
        f"than Celery: {'kept' if kept else 'missed'}",
        flush=True,
    )
    return int(not kept)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--burst", type=int, default=200)
    arguments = parser.parse_args()
    # Turn the signal into an exception, so that servers and workers are stopped too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(run(arguments.jobs, arguments.burst))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
