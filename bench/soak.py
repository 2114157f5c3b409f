"""Whether anything grows while photos come in for an hour.

    python -m bench.soak [--minutes N] [--rate R] [--restarts N] [--out DIR]

Sandbox, bot, one process per stage, the sweeper, RabbitMQ and Redis run here, and photos arrive all
the time. First all workers are restarted in turn, as in a rolling update, `--restarts` times. Then
nothing is restarted any more, so that each process lives for N minutes. After each round of
restarts, and then every ten seconds, the memory, open files and threads of each process are noted,
the keys of Redis, the size of its append-only file and the messages in RabbitMQ. `soak.json` and
`soak.svg` are written to DIR.

The exit status is 1 if a photo has no answer or more than one picture, if a slot, message or file
is left, if a process started anew by itself, or if something grew: if its median in the last third
of those minutes exceeds the one in the middle third, for memory and keys by over a twentieth.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import re
import statistics
import sys
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
from telegram_sandbox import Sandbox
from testing.faults import ROOT
from testing.product import running_product

#: Seconds between two samples, and between the restarts of two workers.
_SAMPLE_SECONDS, _RESTART_SECONDS = 10, 4
#: Seconds without an answer after which the rest counts as lost.
_PATIENCE = 120
#: How much more memory or how many more keys than before count as growth.
_GROWTH = 1.05
#: A person is allowed ten photos at a time, and gets one answer a second.
_PEOPLE = 200


class Usage(NamedTuple):
    """What the processes of one role use."""

    megabytes: float
    files: int
    threads: int


class Sample(NamedTuple):
    """What was noted at one moment."""

    #: Since the last restart, and below zero before it.
    minutes: float
    roles: dict[str, Usage]
    #: How many times each of them has started.
    starts: dict[str, int]
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


def allocated(process: psutil.Process) -> int:
    """Return the bytes of memory that a process allocated, or its share of them if it forked.

    Memory of files, such as libraries, doesn't count: a process is charged more of it whenever
    another program ends that has the same libraries.
    """
    try:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError as error:
        raise psutil.NoSuchProcess(process.pid) from error
    return 1024 * sum(map(int, re.findall(r"^Pss_(?:Anon|Shmem): +(\d+) kB", rollup, re.MULTILINE)))


def usage(processes: Sequence[psutil.Process]) -> Usage:
    """Return what some processes use together, those that have just ended aside."""
    memory = files = threads = 0
    for process in processes:
        with suppress(psutil.Error):
            memory += allocated(process)
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


def compared(samples: Sequence[Sample]) -> tuple[list[str], list[str]]:
    """Compare the medians of the last third of the samples with those of the middle third.

    Returns:
        A line with all figures of each role, and a line about each thing that grew.
    """
    third = len(samples) // 3
    middle, last = samples[-2 * third : -third], samples[-third:]
    figures, growth = [], []
    for role in samples[0].roles:
        parts = []
        for field, bound in (("megabytes", _GROWTH), ("files", 1.0), ("threads", 1.0)):
            before, after = (
                statistics.median(getattr(sample.roles[role], field) for sample in part)
                for part in (middle, last)
            )
            parts.append(f"{field} {before:g} -> {after:g}")
            if after > bound * before:
                growth.append(f"grew: {role}, {parts[-1]}")
        figures.append(f"{role}: {', '.join(parts)}")
        if samples[-1].starts[role] > samples[0].starts[role]:
            growth.append(f"started anew by itself: {role}")
    before, after = (
        statistics.median(sample.redis_keys for sample in part) for part in (middle, last)
    )
    figures.append(f"keys in Redis: {before:g} -> {after:g}")
    if after > _GROWTH * before:
        growth.append(f"grew: {figures[-1]}")
    return figures, growth


def plot(samples: Sequence[Sample], path: Path) -> None:
    """Plot all that was noted over the time: the processes only from the last restart on."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes a second, and isn't needed earlier

    figure = Figure((9, 11), layout="constrained")
    panels = figure.subplots(5, sharex=True, height_ratios=[2, 1.3, 1.3, 1.3, 1])
    memory, files, threads, counts, log = panels
    alive = [sample for sample in samples if sample.minutes >= 0]
    for role in alive[0].roles:
        for axes, field in ((memory, "megabytes"), (files, "files"), (threads, "threads")):
            values = [getattr(sample.roles[role], field) for sample in alive]
            axes.plot([sample.minutes for sample in alive], values, label=role, linewidth=1.2)
    minutes = [sample.minutes for sample in samples]
    for field, label in (("redis_keys", "keys in Redis"), ("in_queues", "messages in RabbitMQ")):
        counts.plot(minutes, [getattr(sample, field) for sample in samples], label=label)
    log.plot(minutes, [sample.aof_megabytes for sample in samples])
    for axes, title in (
        (memory, "memory that each role allocated, MB"),
        (files, "open files"),
        (threads, "threads"),
        (counts, "keys in Redis but for ids of answered photos, and messages in RabbitMQ"),
        (log, "Redis' append-only file, MB"),
    ):
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
        axes.grid(alpha=0.3)
        axes.axvspan(min(0, minutes[0]), 0, color="0.93")
        axes.spines[["top", "right"]].set_visible(False)
    if minutes[0] < -0.02 * minutes[-1]:  # else there is no room
        memory.text(
            minutes[0] / 2,
            0.5,
            "rolling restarts",
            rotation=90,
            color="0.4",
            transform=memory.get_xaxis_transform(),
            ha="center",
            va="center",
        )
    figure.legend(*memory.get_legend_handles_labels(), loc="outside upper center", ncols=7)
    counts.legend(fontsize=8, ncols=2)
    log.set_xlabel("minutes since the last restart")
    figure.savefig(path, dpi=100)


def run(minutes: float, rate: float, restarts: int, out: Path) -> int:
    """Run the benchmark once and return the exit status."""
    sandbox = Sandbox()
    with ExitStack() as stack:
        product = stack.enter_context(running_product(sandbox))
        roles = product.processes
        # Neither the blank nor the broken photo, so that every answer is a picture.
        photos = [photo.read_bytes() for photo in make_photos(product.folder / "photos")[:-2]]
        senders = Senders(sandbox, photos, rate)
        senders.start()
        stack.callback(senders.stop)
        assert product.servers
        client = stack.enter_context(Redis.from_url(product.servers[1].url))

        def sample() -> Sample:
            return Sample(
                minutes=time.monotonic() / 60,
                roles={name: usage(process.family()) for name, process in roles.items()},
                starts={name: process.starts for name, process in roles.items()},
                redis_keys=sum(1 for key in client.scan_iter() if not key.startswith(answered)),
                aof_megabytes=client.info("persistence")["aof_current_size"] / 1e6,
                in_queues=product.left()["messages in queues"],
            )

        samples, answered = [], keys.ANSWERED.encode()
        for number in range(restarts):
            for stage in STAGES:
                roles[stage].end()
                time.sleep(_RESTART_SECONDS)
            samples.append(sample())
            print(f"restarted {number + 1} times, {senders.sent} photos sent", flush=True)

        start = time.monotonic() / 60
        while time.monotonic() / 60 < start + minutes:
            samples.append(sample())
            time.sleep(_SAMPLE_SECONDS)
        senders.stop()
        wait_until(lambda: len(pictures(sandbox)) >= senders.sent, _PATIENCE)
        wait_until(lambda: not any(product.left().values()), _PATIENCE)
        got, left = pictures(sandbox), product.left()

    samples = [each._replace(minutes=round(each.minutes - start, 2)) for each in samples]
    out.mkdir(parents=True, exist_ok=True)
    (out / "soak.json").write_text(json.dumps([each._asdict() for each in samples]))
    plot(samples, out / "soak.svg")
    figures, growth = compared([each for each in samples if each.minutes >= 0])
    print("\n".join([*figures, *(growth or ["nothing grew"])]))
    lost, twice = senders.sent - len(got), sum(count > 1 for count in got.values())
    print(
        f"{senders.sent} photos in {restarts} rolling restarts and {minutes:g} minutes,"
        f" {lost} lost, {twice} answered twice,"
        f" {', '.join(f'{count} {what}' for what, count in left.items())} left; append-only file"
        f" {samples[0].aof_megabytes:.1f} -> {samples[-1].aof_megabytes:.1f} MB"
    )
    return int(bool(growth or lost or twice or any(left.values())))


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
