"""The CPU time that metrics cost: `python -m bench.metrics_cost`.

It counts a photo through five stages as the workers do, and as dramatiq's own middleware would.
It serves the pages that Prometheus scrapes every 15 s. Both costs are compared with the time that
a photo takes. It starts its own servers for the sweeper's page.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import dramatiq

from attrai.job import STAGES, Job, Timing, job_id
from attrai.monitoring.exporter import open_stage_metrics, open_state_metrics
from attrai.settings import Settings
from bench.stages import Contender
from bench.stages_photos import cases
from testing.servers import RabbitServer, RedisServer
from testing.servers.server import reserved_ports

#: Seconds between two scrapes, as in deploy/swarm/prometheus.yml.
INTERVAL = 15
#: Largest share of the CPU that metrics may cost.
TARGET = 0.01
PHOTOS, SCRAPES = 5000, 100
#: Program that reads a page repeatedly over one connection, as Prometheus does.
_CLIENT = """
import requests, sys
with requests.Session() as session:
    for _ in range(int(sys.argv[2])):
        page = session.get(f"http://127.0.0.1:{sys.argv[1]}/metrics").content
print(len(page))
"""


def photo_seconds(rounds: int) -> float:
    """Return the CPU seconds that the five stages take for a photo of 1280x960 with one face."""
    (case,) = (case for case in cases(photos=4) if case.name == "1 face, 1280x960")
    with tempfile.TemporaryDirectory() as folder, Contender("attrai", folder, "auto") as ours:
        took = [ours.process(case.photos[turn % 4])[0] for turn in range(rounds + 2)][2:]
    return statistics.median(sum(cpu for _, cpu in steps.values()) for steps in took)


def observations() -> list[tuple[Job, Job]]:
    """Return a photo's job before and after each stage."""
    job = Job(
        id=job_id("bench", 1),
        channel="bench",
        address={},
        user="nobody",
        source="",
        renderer="boxes",
        admitted_at=time.time(),
        queued_at=time.time(),
    )
    steps = []
    for stage in STAGES:
        timing = Timing(stage=stage, waited=0.1, took=0.05)
        after = job.with_(trace=(*job.trace, timing))
        steps.append((job, after))
        job = after
    return steps


def cpu_seconds(work: Callable[[], object], times: int) -> float:
    """Return the CPU seconds of this process that a call of `work` takes."""
    work()
    started = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - started) / times


def scrape_seconds(port: int) -> tuple[float, int]:
    """Return this process's CPU seconds per scrape of the port, and the page's size in bytes."""
    command = [sys.executable, "-c", _CLIENT, str(port)]
    subprocess.run([*command, "3"], check=True, capture_output=True)  # noqa: S603 - our own program
    started = time.process_time()
    done = subprocess.run([*command, str(SCRAPES)], check=True, capture_output=True)  # noqa: S603 - as above
    return (time.process_time() - started) / SCRAPES, int(done.stdout)


def dramatiqs_own() -> Callable[[], object]:
    """Return a function that counts a photo with dramatiq's middleware, one message per stage."""
    from dramatiq.middleware.prometheus import Prometheus  # noqa: PLC0415 - makes a folder

    middleware = Prometheus()
    middleware.after_process_boot(None)  # type: ignore[no-untyped-call]  # dramatiq's
    messages = [
        dramatiq.Message[None](queue_name=stage, actor_name=stage, args=(), kwargs={}, options={})
        for stage in STAGES
    ]

    def photo() -> None:
        for message in messages:
            middleware.before_process_message(None, message)  # type: ignore[no-untyped-call]
            middleware.after_process_message(None, message)  # type: ignore[no-untyped-call]

    return photo


def run(rounds: int, worker_port: int, sweeper_port: int) -> int:
    """Print the results and return the exit status: 1 when metrics cost too much."""
    photo = photo_seconds(rounds)
    metrics = open_stage_metrics(Settings(metrics_port=worker_port))
    assert metrics is not None
    metrics.begin(STAGES)
    steps = observations()

    def count() -> None:
        for before, after in steps:
            metrics.forwarded(before, after)
        metrics.answered(steps[-1][1])

    counting = cpu_seconds(count, PHOTOS)
    worker, worker_page = scrape_seconds(worker_port)
    theirs = cpu_seconds(dramatiqs_own(), PHOTOS)
    with RabbitServer() as rabbit, RedisServer() as redis:
        servers = {"broker_url": rabbit.url, "redis_url": redis.url}
        open_state_metrics(Settings(metrics_port=sweeper_port, **servers))
        sweeper, sweeper_page = scrape_seconds(sweeper_port)

    print(f"a photo with one face, 1280x960:     {1e3 * photo:8.1f} ms CPU")
    print(f"counting it in five stages:          {1e6 * counting:8.1f} µs, {counting / photo:.3%}")
    print(f"dramatiq's own middleware:           {1e6 * theirs:8.1f} µs, {theirs / photo:.3%}")
    for name, seconds, page in (
        ("a worker's page", worker, worker_page),
        ("the sweeper's page", sweeper, sweeper_page),
    ):
        share = f"{seconds / INTERVAL:.3%} of a core at {INTERVAL} s"
        print(f"{name + ',':21}{page / 1e3:7.1f} kB:     {1e3 * seconds:8.1f} ms, {share}")
    # The worst case: a worker's core is busy, and its page is scraped as well.
    kept = counting / photo + max(worker, sweeper) / INTERVAL < TARGET
    print(f"less than {TARGET:.0%} of the CPU: {'kept' if kept else 'missed'}")
    return int(not kept)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="metrics-") as folder:
        # The folders in which the workers' processes, and dramatiq's, would share their counts.
        tempfile.tempdir = folder
        os.environ["dramatiq_prom_db"] = str(Path(folder, "dramatiq"))  # noqa: SIM112 - its name
        with reserved_ports(2) as ports:
            sys.exit(run(arguments.rounds, *ports))


if __name__ == "__main__":
    main()
