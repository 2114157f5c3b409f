"""Photos per CPU second and memory of attrai compared with a baseline: `make bench`.

The yardstick, which is the obvious implementation, and attrai's five stages without servers
process the same photos in turn, each in a separate process with one thread. Then each stage is
started alone. `python -m bench.stages --engine torch` compares the other engine.
"""

from __future__ import annotations

import argparse
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from attrai.job import STAGES
from attrai.lifecycle.allocation import worker_environment
from bench.stages_contender import Answer
from bench.stages_photos import Case, cases

ROOT = Path(__file__).parents[1]
MB = 10**6
#: Rounds before the measurements count.
WARM_UP = 2
KINDS = ("yardstick", "attrai")
#: attrai's detector alone, which is compared with the detect step of the yardstick.
DETECTOR = "detector"


class Contender:
    """Process that works on photos; see `bench.stages_contender`."""

    def __init__(self, kind: str, folder: str, engine: str) -> None:
        self.kind, self.peak = kind, 0
        # Also keep libraries from starting more threads at import.
        variables = worker_environment(kind) | {"OMP_NUM_THREADS": "1", "ATTRAI_ENGINE": engine}
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "bench.stages_contender", kind],
            cwd=ROOT,
            env=variables | {"STAGES_FOLDER": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        #: Seconds from the process's start until it was ready, and its resident bytes by then.
        self.ready, self.resident = self._receive()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def process(self, photo: bytes) -> Answer:
        """Process a photo and return the times of each step."""
        self._send(photo)
        answer: Answer = self._receive()
        return answer

    def finish(self) -> None:
        """End the process; afterwards `peak` is its peak memory in bytes."""
        self._send(b"")
        self.peak = self._receive()

    def _send(self, photo: bytes) -> None:
        assert self._process.stdin is not None
        pickle.dump(photo, self._process.stdin)
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)  # noqa: S301 - it comes from our own child


def compare(case: Case, contenders: list[Contender], rounds: int) -> dict[str, Any]:
    """Return the results for one kind of photo, in milliseconds."""
    answers: dict[str, list[Answer]] = {each.kind: [] for each in contenders}
    for turn in range(WARM_UP + rounds):
        photo = case.photos[turn % len(case.photos)]
        # The first contender of a turn is the last of the next.
        for each in contenders[:: 1 if turn % 2 else -1]:
            answer = each.process(photo)
            if turn >= WARM_UP:
                answers[each.kind].append(answer)
    result: dict[str, Any] = {kind: figures(of_kind) for kind, of_kind in answers.items()}
    first, second = (result[kind]["all"]["cpu_ms"] for kind in KINDS)
    result["ratio"] = first / second
    first, second = (result[kind]["detect"]["cpu_ms"] for kind in ("yardstick", DETECTOR))
    result["ratio_detect"] = first / second
    return result


def figures(answers: list[Answer]) -> dict[str, Any]:
    """Return the median, 95th percentile and mean CPU time of each step and of all together."""
    steps = list(dict.fromkeys(name for took, _ in answers for name in took))
    series = {name: [took.get(name, (0.0, 0.0)) for took, _ in answers] for name in steps}
    series["all"] = [
        tuple(map(sum, zip(*took.values(), strict=True)))  # type: ignore[misc]  # a pair
        for took, _ in answers
    ]
    return {
        **{
            name: {
                "median_ms": 1000 * statistics.median(clock for clock, _ in values),
                "p95_ms": 1000 * statistics.quantiles((c for c, _ in values), n=20)[-1],
                "cpu_ms": 1000 * statistics.mean(cpu for _, cpu in values),
            }
            for name, values in series.items()
        },
        "faces": statistics.mean(faces for _, faces in answers),
    }


def show(name: str, result: dict[str, Any]) -> None:
    """Print the results for one kind of photo."""
    print(f"\n{name}{'':12}median      p95      CPU  ms")
    for kind in KINDS:
        of_kind = dict(result[kind])
        faces = of_kind.pop("faces")
        print(f"  {kind}, {faces:.1f} faces found")
        for step, took in of_kind.items():
            row = "".join(f"{took[key]:9.1f}" for key in ("median_ms", "p95_ms", "cpu_ms"))
            print(f"    {step:20}{row}")
    print(
        f"  attrai gets through {result['ratio']:.2f} times as many photos per CPU second;"
        f" the detector alone {result['ratio_detect']:.2f} times",
        flush=True,
    )


def run(rounds: int, engine: str, out: Path) -> None:
    """Run the whole benchmark and write its results to `out` as JSON and as a plot."""
    results: dict[str, Any] = {"engine": engine, "cases": {}, "processes": {}}
    with tempfile.TemporaryDirectory(prefix="stages-") as folder:
        with (
            Contender("yardstick", folder, engine) as yardstick,
            Contender("attrai", folder, engine) as ours,
            Contender(DETECTOR, folder, engine) as detector,
        ):
            for case in cases(photos=4):
                result = compare(case, [yardstick, ours, detector], rounds)
                results["cases"][case.name] = result
                show(case.name, result)
            for each in (yardstick, ours):
                each.finish()
                note(results, each)
        for name in STAGES:
            with Contender(name, folder, engine) as stage:
                note(results, stage)
    out.mkdir(parents=True, exist_ok=True)
    (out / "stages.json").write_text(json.dumps(results, indent=2))
    plot(results, out / "stages.png")
    print(f"\nfigures in {out / 'stages.json'}, plot in {out / 'stages.png'}")


def note(results: dict[str, Any], process: Contender) -> None:
    """Print and keep a process's start time and memory."""
    peak = process.peak / MB
    results["processes"][process.kind] = {
        "ready_s": process.ready,
        "resident_mb": process.resident / MB,
        **({"peak_mb": peak} if peak else {}),
    }
    print(
        f"{process.kind:10} ready after {process.ready:.2f} s with {process.resident / MB:.0f} MB"
        + (f", peak {peak:.0f} MB" if peak else ""),
        flush=True,
    )


def plot(results: dict[str, Any], path: Path) -> None:
    """Plot the CPU time per photo by step, with both contenders side by side for each kind."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and isn't needed earlier

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    figure, axes = plt.subplots(figsize=(9, 5), layout="constrained")
    names = list(results["cases"])
    colours = dict(
        zip(("decode", "ingest", "detect", "score", "draw", "render", "encode", "deliver"),
            ("C0", "C0", "C1", "C2", "C3", "C3", "C4", "C4"), strict=True)
    )  # fmt: skip
    for place, name in enumerate(names):
        for kind, offset in zip(KINDS, (0.2, -0.2), strict=True):
            left = 0.0
            for step, colour in colours.items():
                took = results["cases"][name][kind].get(step)
                if took:
                    axes.barh(place + offset, took["cpu_ms"], 0.36, left=left, color=colour)
                    left += took["cpu_ms"]
            axes.text(left, place + offset, f" {kind}, {left:.0f} ms", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), names)
    axes.margins(x=0.15)
    axes.set_xlabel("CPU time a photo, ms")
    axes.legend(
        [plt.Rectangle((0, 0), 1, 1, color=f"C{number}") for number in range(5)],
        ["decode / ingest", "detect", "score", "draw / render", "encode / deliver"],
        loc="lower right",
    )
    figure.savefig(path, dpi=120)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--engine", choices=("auto", "torch", "openvino"), default="auto")
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "bench")
    arguments = parser.parse_args()
    run(arguments.rounds, arguments.engine, arguments.out)


if __name__ == "__main__":
    main()
