"""Throughput and time to the answer of the whole chain on this machine.

    python -m bench.load [--seconds N] [--rates 2,4,8,12] [--out DIR]

Sandbox, bot, one process per stage, the sweeper, RabbitMQ and Redis all run here. Each user sends
one photo of 1280x960 pixels with one face. Photos arrive at a steady mean rate and at random
moments (Poisson). The time to the answer runs from sending the photo to the picture's arrival at
Telegram. Each rate is offered for some seconds. The rates end at the knee, where answers no longer
keep up. All users share sixteen photos, for which the sandbox caches Telegram's own conversions.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any

import psutil

from bench.stages_photos import cases
from telegram_sandbox import Sandbox
from testing.faults import ROOT
from testing.product import running_product

KIND = "1 face, 1280x960"
#: Answers keep up while at least the share SHARE of the photos is answered within TIME seconds.
SHARE, TIME = 0.95, 2.0
#: Seconds to wait for answers after the last photo of a rate.
PATIENCE = 60


class People:
    """Users who send one photo each."""

    def __init__(self, sandbox: Sandbox, photos: list[bytes]) -> None:
        self._sandbox, self._photos = sandbox, photos
        self._rng, self._number = random.Random(1), 0

    def offer(self, rate: float, seconds: float) -> list[float]:
        """Send photos at a rate per second and return the seconds to each answer.

        The time is infinite for a photo without an answer.
        """
        sent: dict[int | None, float] = {}
        start = due = time.monotonic()
        while (due := due + self._rng.expovariate(rate)) < start + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            self._number += 1
            user = self._sandbox.user(self._number)
            # As a file: the sandbox would re-encode a photo, at the expense of this machine.
            user.send_document(self._rng.choice(self._photos), "photo.jpg", "image/jpeg")
            sent[user.id] = due
        deadline = time.monotonic() + PATIENCE
        while len(answered := self._answered(set(sent))) < len(sent):
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        return [answered.get(user, float("inf")) - begun for user, begun in sent.items()]

    def _answered(self, people: set[int | None]) -> dict[int | None, float]:
        return {
            call.chat_id: call.received_at
            for call in self._sandbox.calls
            if call.method == "sendPhoto" and call.status == 200 and call.chat_id in people
        }


def cpu_seconds(groups: dict[str, list[psutil.Process]]) -> dict[str, float]:
    """Return the CPU time of each group of processes so far, in seconds."""
    return {
        name: sum(sum(process.cpu_times()[:2]) for process in processes)
        for name, processes in groups.items()
    }


def percentile(values: list[float], share: float) -> float:
    """Return the value that the given share of the values doesn't exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def run(rates: list[float], seconds: float, out: Path) -> None:
    """Offer one rate after another until the knee, and write the results to `out`."""
    results: list[dict[str, Any]] = []
    sandbox = Sandbox()
    with running_product(sandbox) as product:
        [photos] = [case.photos for case in cases(photos=16) if case.name == KIND]
        people = People(sandbox, photos)
        people.offer(2, 10)  # until all processes have started and have worked once

        ours = psutil.Process()
        roles = {name: process.family() for name, process in product.processes.items()}
        groups = {"people and sandbox": [ours]} | roles
        known = {process for family in roles.values() for process in family}
        groups["servers"] = [each for each in ours.children(recursive=True) if each not in known]
        for rate in rates:
            before, start = cpu_seconds(groups), time.monotonic()
            took = people.offer(rate, seconds)
            clock = time.monotonic() - start
            used = {name: cpu - before[name] for name, cpu in cpu_seconds(groups).items()}
            in_time = sum(second <= TIME for second in took) / len(took)
            result = {
                "offered": rate,
                "photos": len(took),
                "answered_per_second": sum(second < PATIENCE for second in took) / clock,
                **{f"p{p}": percentile(took, p / 100) for p in (50, 95, 99)},
                "in_time": in_time,
                "cpu_ms_a_photo": {name: 1000 * cpu / len(took) for name, cpu in used.items()},
            }
            results.append(result)
            print(
                f"{rate:4.1f} photos/s: {len(took)} sent, {in_time:.0%} within {TIME:.0f} s, "
                f"p50 {result['p50']:.2f}, p95 {result['p95']:.2f}, p99 {result['p99']:.2f} s; "
                f"CPU ms a photo: "
                + ", ".join(f"{name} {ms:.0f}" for name, ms in result["cpu_ms_a_photo"].items()),
                flush=True,
            )
            if in_time < SHARE:
                print(
                    f"knee: between {results[-2]['offered'] if len(results) > 1 else 0} and {rate}"
                )
                break
    out.mkdir(parents=True, exist_ok=True)
    (out / "load.json").write_text(json.dumps(results, indent=2))
    plot(results, out / "load.png")


def plot(results: list[dict[str, Any]], path: Path) -> None:
    """Plot the times to the answer, and the CPU time by process, over the offered rate."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and isn't needed earlier

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    figure, (times, cpu) = plt.subplots(2, figsize=(8, 8), sharex=True, layout="constrained")
    rates = [result["offered"] for result in results]
    for name in ("p50", "p95", "p99"):
        times.plot(rates, [result[name] for result in results], marker="o", label=name)
    times.set_ylabel("seconds to the answer")
    times.set_ylim(0, 6)
    names = list(results[0]["cpu_ms_a_photo"])
    shares = [[r["offered"] * r["cpu_ms_a_photo"][name] / 1000 for r in results] for name in names]
    cpu.stackplot(rates, shares, labels=names)
    cpu.set_ylabel("cores in use")
    cpu.set_xlabel("photos offered a second")
    for axes in (times, cpu):
        axes.legend(loc="upper left", fontsize=8)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", default="2,5,8,10,12,14,16,18,20")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "bench")
    arguments = parser.parse_args()
    rates = [float(rate) for rate in arguments.rates.split(",")]
    run(rates, arguments.seconds, arguments.out)


if __name__ == "__main__":
    main()
