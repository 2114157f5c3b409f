"""The CPU time that RabbitMQ, Redis and five processes add to a photo: `python -m bench.chain`.

The chain and the same stages in one process take turns on the same photos in one run. The
workers run as in a deployment, one process per stage, with ledger, heartbeats, and logs at the
usual level. When photos are sent one by one, none waits and one core is busy. When many are sent
at once, both cores are busy, which slows each down where they share caches; that case is compared
with two processes that run all stages. The CPU time of RabbitMQ and Redis is reported separately.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psutil

from attrai.actors.stage import publish
from attrai.job import STAGES, Job, job_id
from attrai.services import make_broker, make_ledger, open_redis
from attrai.settings import Settings
from bench.chain_worker import NAME
from bench.overhead_contender import Contender, Prepare, Workers
from bench.overhead_ends import BROKER_URL, REDIS_URL, Ends
from bench.stages import Contender as OneProcess
from bench.stages_photos import cases
from testing.folder_channel import TARGET
from testing.servers import RabbitServer, RedisServer

KINDS = ("1 face, 1280x960", "8 faces, 1280x960")
TARGET_SHARE = 1.20
TURNS, WARM_UP = 5, 20


def prepare(folder: Path, files: Sequence[Path], settings: Settings) -> Prepare:
    """Return a function that prepares a job for one of the photos, with a slot in the ledger."""
    ledger = make_ledger(open_redis(settings), settings)
    rabbitmq = make_broker(settings, [])

    def job(number: int) -> Callable[[], None]:
        now = time.time()
        job = Job(
            id=job_id(NAME, number),
            channel=NAME,
            address={"job": number, TARGET: str(folder / "picture.jpg")},
            user=f"user-{number}",
            source=str(files[number % len(files)]),
            renderer="boxes",
            admitted_at=now,
            queued_at=now,
        )
        if ledger.admit(job) != "admitted":
            raise RuntimeError("the ledger admits no more")
        return lambda: publish(rabbitmq, "ingest", job)

    return job


def cpu_ms(processes: Sequence[psutil.Process]) -> float:
    """Return the CPU time of the processes and of those they started, in milliseconds."""
    alive = [each for process in processes for each in (process, *process.children(recursive=True))]
    return 1000 * sum(sum(process.cpu_times()[:2]) for process in alive)


def compare(photos: Sequence[bytes], jobs: int, folder: Path) -> tuple[float, ...]:
    """Return the CPU milliseconds per photo of each way to process it.

    In order: in one process, in each of two at the same time, in the chain one by one, in the chain
    with many waiting, and in RabbitMQ and Redis.
    """
    with ExitStack() as stack:
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        servers = psutil.Process().children()
        (folder / "photos").mkdir(exist_ok=True)
        os.environ |= {
            BROKER_URL: rabbit.url,
            REDIS_URL: redis.url,
            "ATTRAI_PHOTOS_URL": f"file://{folder / 'photos'}",
            "OMP_NUM_THREADS": "1",
        }
        pair = [stack.enter_context(OneProcess("attrai", str(folder), "auto")) for _ in range(2)]
        pool = stack.enter_context(ThreadPoolExecutor(2))
        files = [folder / f"photo-{number}.jpg" for number in range(len(photos))]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        workers = Workers(NAME, folder)
        stack.callback(workers.stop)
        before = set(psutil.Process().children())
        module = ["dramatiq", "bench.chain_worker:setup"]
        once = ["-p", "1", "-t", "1"]
        workers.start([[*module, f"attrai.actors.{s}", "-Q", s, *once] for s in STAGES])
        ours = list(set(psutil.Process().children()) - before)
        chain = Contender(NAME, prepare(folder, files, Settings()), workers, Ends())
        chain.one_at_a_time(WARM_UP)

        def work(process: OneProcess) -> float:
            """Return the CPU milliseconds that a process takes for the photos of one turn."""
            seconds = 0.0
            for number in range(jobs // TURNS):
                took, _ = process.process(photos[number % len(photos)])
                seconds += sum(cpu for _, cpu in took.values())
            return 1000 * seconds

        list(pool.map(work, pair))
        used = dict.fromkeys(("alone", "both cores", "one by one", "at once", "servers"), 0.0)
        for _ in range(TURNS):
            used["alone"] += work(pair[0])
            used["both cores"] += sum(pool.map(work, pair)) / 2
            for way, send in (("one by one", chain.one_at_a_time), ("at once", chain.at_once)):
                begun, begun_servers = cpu_ms(ours), cpu_ms(servers)
                send(jobs // TURNS)
                used[way] += cpu_ms(ours) - begun
                if way == "at once":
                    used["servers"] += cpu_ms(servers) - begun_servers
        return tuple(value / (jobs // TURNS * TURNS) for value in used.values())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=200)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    kept = True
    for case in cases(photos=8):
        if case.name in KINDS:
            with tempfile.TemporaryDirectory(prefix="chain-") as folder:
                found = compare(case.photos, arguments.jobs, Path(folder))
            alone, both, single, burst, servers = found
            kept = kept and burst <= TARGET_SHARE * both
            print(
                f"{case.name}, CPU ms a photo: in one process {alone:.1f}, in two on both cores"
                f" {both:.1f}; in the chain one by one {single:.1f} ({single / alone:.2f} times),"
                f" with many waiting {burst:.1f} ({burst / both:.2f} times what two processes"
                f" take); RabbitMQ and Redis {servers:.1f} more",
                flush=True,
            )
    print(f"at most {TARGET_SHARE:.2f} times: {'kept' if kept else 'missed'}")
    sys.exit(not kept)


if __name__ == "__main__":
    main()
