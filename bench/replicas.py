"""The gain from a second replica of detect: `python -m bench.replicas`.

The service times are those measured by `make bench`. Two cores can't show the gain with real work,
so it is shown in two other ways: by a real chain over RabbitMQ whose workers sleep for these times,
and by a simulation of queues with the same times. The simulation takes the time that a worker
spends between two messages, besides its work, from the real chain with one replica.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import simpy

from attrai.job import STAGES, StageName
from bench.eta_worker import LEAST, MOST, PHOTOS, ROOT, uneven
from bench.eta_worker import STAGES as UNEVEN
from bench.replicas_worker import MEANS
from bench.sleeping_chain import await_that, sleeping_chain

Means = Mapping[StageName, float]
STAGE: StageName = "detect"
TARGET = 1.8
WARM_UP = 30


def measure(means: Means, replicas: int, jobs: int) -> float:
    """Return the jobs per second of a real chain of sleeping workers."""
    variables = {MEANS: json.dumps(means)}
    with sleeping_chain("replicas", "bench.replicas_worker:setup", variables) as chain:
        chain.start({name: replicas if name == STAGE else 1 for name in STAGES})
        rng, sent = random.Random(1), 0

        def send(count: int) -> float:
            nonlocal sent
            begun = time.monotonic()
            for _ in range(count):
                chain.submit(chain.next_job(rng))
            sent += count
            if not await_that(lambda: len(chain.answers.read_text().splitlines()) == sent):
                raise RuntimeError(f"jobs are missing:\n{chain.workers.logged()[-2000:]}")
            return time.monotonic() - begun

        send(WARM_UP)
        return jobs / send(jobs)


def simulate(means: Means, replicas: int, jobs: int, around: float) -> float:
    """Return the jobs per second of simulated queues with these mean service times.

    Args:
        means: mean seconds of work of each stage.
        replicas: number of workers of the stage detect.
        jobs: number of jobs.
        around: seconds that each job takes at each stage besides its work.
    """
    world, rng = simpy.Environment(), random.Random(1)
    stages = {name: simpy.Resource(world, replicas if name == STAGE else 1) for name in STAGES}

    def photo() -> Iterator[simpy.Event]:
        size = uneven(rng, PHOTOS)
        for name, mean in means.items():
            with stages[name].request() as turn:
                yield turn
                factor = min(max(size * uneven(rng, UNEVEN), LEAST), MOST)
                yield world.timeout(around + mean * factor)

    for _ in range(jobs):
        world.process(photo())
    world.run()
    return jobs / float(world.now)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kind", default="1 face, 1280x960")
    parser.add_argument("--stages", type=Path, default=ROOT / "dist" / "bench" / "stages.json")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures = json.loads(arguments.stages.read_text())["cases"][arguments.kind]["attrai"]
    means: Means = {name: figures[name]["median_ms"] / 1000 for name in STAGES}
    print(
        f"{arguments.kind}, ms: "
        + ", ".join(f"{name} {1000 * mean:.1f}" for name, mean in means.items())
    )
    one = measure(means, 1, arguments.jobs)
    # The time that the slowest stage takes for a job besides its work.
    around = 1 / one - 1 / simulate(means, 1, arguments.jobs, 0)
    two = measure(means, 2, arguments.jobs)
    models = [simulate(means, replicas, arguments.jobs, around) for replicas in (1, 2, 3, 4)]
    print(f"one replica of {STAGE}: {one:.1f} jobs/s measured, {models[0]:.1f} simulated")
    print(
        f"two: {two:.1f} measured, {models[1]:.1f} simulated; {two / one:.2f} and"
        f" {models[1] / models[0]:.2f} times as many, at least {TARGET}:"
        f" {'kept' if two / one >= TARGET else 'missed'}"
    )
    print(f"three and four, simulated: {models[2]:.1f} and {models[3]:.1f}")
    sys.exit(two / one < TARGET)


if __name__ == "__main__":
    main()
