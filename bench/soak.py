"""Whether anything grows while photos come in for an hour.

    python -m bench.soak [--minutes N] [--rate R] [--restarts N] [--out DIR]

Sandbox, bot, one process per stage, the sweeper, RabbitMQ and Redis run here, and photos arrive all
the time. First all workers are restarted in turn, as in a rolling update, `--restarts` times. Then
nothing is restarted any more, and every ten seconds the memory, open files and threads of each
process are noted, and the keys of Redis and the size of its append-only file. `soak.json` and
`soak.png` are written to DIR.

The exit status is 1 if a photo has no answer or more than one picture, or if in the last quarter of
the time a process has more open files or threads than in the second, or over a tenth more memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import psutil
from redis import Redis

from attrai.job import STAGES
from attrai.ledger import keys
from bench.chaos import make_photos, wait_until
from telegram_sandbox import Sandbox, running
from testing.faults import ROOT, Process
from testing.servers import RabbitServer, RedisServer

#: Seconds between two samples, and between the restarts of two workers.
_SAMPLE_SECONDS, _RESTART_SECONDS = 10, 4
#: Seconds without an answer after which the rest counts as lost.
_PATIENCE = 120
#: How much more memory than before counts as growth.
_GROWTH = 1.1
#: A person is allowed ten photos at a time, and gets one answer a second.
_PEOPLE = 200


class Usage(NamedTuple):
    """What the processes of one role use."""

    megabytes: float
    files: int
    threads: int


class Sample(NamedTuple):
    """What was noted at one moment."""

    minutes: float
    roles: dict[str, Usage]
    #: Redis' keys beside the ids of answered photos, which it remembers for 26 hours.
    redis_keys: int
    aof_megabytes: float
    in_queues: int


class Senders(threading.Thread):
    """People who send photos at random moments until they are stopped."""

    def __init__(self, sandbox: Sandbox, photos: Sequence[bytes], rate: float) -> None:
        super().__init__()
        self._photos, self._rate, self._rng = photos, rate, random.Random(1)
        self._people = [sandbox.user(number) for number in range(1, _PEOPLE + 1)]
        self._over = threading.Event()
        self.sent = 0

    def run(self) -> None:
        """Send one photo after another."""
        for person in itertools.cycle(self._people):
            if self._over.wait(self._rng.expovariate(self._rate)):
                return
            person.send_photo(self._rng.choice(self._photos))
            self.sent += 1

    def stop(self) -> None:
        """Send nothing more."""
        self._over.set()
        self.join()


def usage(processes: Sequence[psutil.Process]) -> Usage:
    """Return what some processes use together, those that have just ended aside."""
    memory = files = threads = 0
    for process in processes:
        with suppress(psutil.Error):
            memory += process.memory_full_info().pss
            files += process.num_fds()
            threads += process.num_threads()
    return Usage(round(memory / 1e6, 1), files, threads)


def pictures(sandbox: Sandbox) -> Counter[tuple[int, int]]:
    """Return how many pictures each photo got, by the ids of its chat and message."""
    found: Counter[tuple[int, int]] = Counter()
    for chat in range(1, _PEOPLE + 1):
        for message in sandbox.messages(chat):
            if message.sender == "bot" and message.reply_to and message.photo:
                found[chat, message.reply_to] += 1
    return found


def grown(samples: Sequence[Sample]) -> list[str]:
    """Return what uses more in the last quarter of the samples than in the second."""
    quarter = len(samples) // 4
    before, after = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    for role in samples[0].roles:
        for field, bound in (("megabytes", _GROWTH), ("files", 1.0), ("threads", 1.0)):
            first, last = (
                statistics.median(getattr(sample.roles[role], field) for sample in part)
                for part in (before, after)
            )
            if last > bound * first:
                found.append(f"{role}: {field} {first:g} -> {last:g}")
    return found


def plot(samples: Sequence[Sample], path: Path) -> None:
    """Plot all that was noted over the time."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and isn't needed earlier

    figure = Figure((10, 10), layout="constrained")
    memory, files, threads, counts, log = figure.subplots(5, sharex=True)
    minutes = [sample.minutes for sample in samples]
    for role in samples[0].roles:
        uses = [sample.roles[role] for sample in samples]
        memory.plot(minutes, [use.megabytes for use in uses], label=role)
        files.plot(minutes, [use.files for use in uses])
        threads.plot(minutes, [use.threads for use in uses])
    counts.plot(minutes, [sample.redis_keys for sample in samples], label="keys in Redis")
    counts.plot(minutes, [sample.in_queues for sample in samples], label="messages in RabbitMQ")
    log.plot(minutes, [sample.aof_megabytes for sample in samples])
    for axes, what in (
        (memory, "memory, MB"),
        (files, "open files"),
        (threads, "threads"),
        (counts, "count"),
        (log, "append-only file, MB"),
    ):
        axes.set_ylabel(what)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    memory.legend(ncols=7, fontsize=8)
    counts.legend(fontsize=8)
    log.set_xlabel("minutes")
    figure.savefig(path, dpi=110)


def run(minutes: float, rate: float, restarts: int, out: Path) -> int:
    """Run the benchmark once and return the exit status."""
    sandbox = Sandbox()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        (folder / "volume").mkdir()
        rabbit = stack.enter_context(RabbitServer())
        redis = stack.enter_context(RedisServer())
        environment = os.environ | {
            "ATTRAI_BROKER_URL": rabbit.url,
            "ATTRAI_REDIS_URL": redis.url,
            "ATTRAI_TELEGRAM_TOKEN": sandbox.token,
            "ATTRAI_TELEGRAM_API_URL": stack.enter_context(running(sandbox)),
            "ATTRAI_PHOTOS_URL": f"file://{folder}/volume",
            "TMPDIR": str(folder),
        }
        commands = {"bot": ["attrai", "bot"], "sweep": ["attrai", "sweep"]}
        commands |= {stage: ["attrai", "worker", stage] for stage in STAGES}
        roles = {
            name: Process(name, command, folder, environment) for name, command in commands.items()
        }
        for process in roles.values():
            stack.callback(process.stop)
        # Neither the blank nor the broken photo, so that every answer is a picture.
        photos = [photo.read_bytes() for photo in make_photos(folder / "photos")[:-2]]
        senders = Senders(sandbox, photos, rate)
        senders.start()
        stack.callback(senders.stop)
        client = stack.enter_context(Redis.from_url(redis.url))

        for number in range(restarts):
            for stage in STAGES:
                roles[stage].end()
                time.sleep(_RESTART_SECONDS)
            print(f"restarted {number + 1} times, {senders.sent} photos sent", flush=True)

        started, samples, answered = time.monotonic(), [], keys.ANSWERED.encode()
        while (passed := time.monotonic() - started) < 60 * minutes:
            samples.append(
                Sample(
                    minutes=round(passed / 60, 2),
                    roles={name: usage(process.family()) for name, process in roles.items()},
                    redis_keys=sum(1 for key in client.scan_iter() if not key.startswith(answered)),
                    aof_megabytes=client.info("persistence")["aof_current_size"] / 1e6,
                    in_queues=sum(rabbit.queue_depths().values()),
                )
            )
            time.sleep(_SAMPLE_SECONDS)
        senders.stop()
        wait_until(lambda: len(pictures(sandbox)) >= senders.sent, _PATIENCE)
        got = pictures(sandbox)
        left = sum(len(files) for _, _, files in os.walk(folder / "volume"))

    out.mkdir(parents=True, exist_ok=True)
    notes = [sample._asdict() for sample in samples]
    (out / "soak.json").write_text(json.dumps(notes))
    plot(samples, out / "soak.png")
    growth = grown(samples)
    print("\n".join(growth) or "nothing grew")
    lost, twice = senders.sent - len(got), sum(count > 1 for count in got.values())
    print(
        f"{senders.sent} photos in {restarts} rolling restarts and {minutes:g} minutes,"
        f" {lost} lost, {twice} answered twice, {left} files left; append-only file"
        f" {samples[0].aof_megabytes:.1f} -> {samples[-1].aof_megabytes:.1f} MB"
    )
    return int(bool(growth or lost or twice or left))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=1, help="photos a second")
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "bench")
    arguments = parser.parse_args()
    if arguments.minutes < 1:
        parser.error("less than a minute shows nothing")
    sys.exit(run(arguments.minutes, arguments.rate, arguments.restarts, arguments.out))


if __name__ == "__main__":
    main()
