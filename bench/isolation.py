"""Cost of decoding in a process without rights: `python -m bench.isolation`.

Decodes the same files in this process and in a child, in turn, and prints the medians: a PNG of 12
megapixels, which ingest decodes, and a JPEG as messengers send it, which ingest passes through and
detect decodes.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from attrai.images import Limits, accept_photo
from attrai.images.codecs import unpack_photo
from attrai.images.isolated import IsolatedDecoder

_EXAMPLE = Path(__file__).parents[1] / "examples" / "astronaut.jpg"


def encoded(size: tuple[int, int], format_: str, mode: str = "RGB") -> bytes:
    """Return the example as a file of the given size and format."""
    file = BytesIO()
    photo = Image.open(_EXAMPLE).convert(mode).resize(size, Image.Resampling.LANCZOS)
    photo.save(file, format_, **({"quality": 87} if format_ == "JPEG" else {}))
    return file.getvalue()


class Clocks:
    """The time, and the CPU time of this process and its children."""

    def __init__(self) -> None:
        # clock_getcpuclockid(3), as /proc counts in hundredths of a second.
        self._children = [~child.pid << 3 | 2 for child in psutil.Process().children()]

    def read(self) -> tuple[float, float]:
        """Return both in milliseconds."""
        cpu = time.process_time() + sum(map(time.clock_gettime, self._children))
        return 1000 * time.perf_counter(), 1000 * cpu


def compare(
    name: str, rounds: int, direct: Callable[[], object], isolated: Callable[[], object]
) -> None:
    """Print the median time of both, in milliseconds, by the clock and of the CPU."""
    clocks = Clocks()
    times: tuple[list[list[float]], list[list[float]]] = ([], [])
    for turn in range(rounds + 2):
        for took, work in zip(times, (direct, isolated), strict=True):
            before = clocks.read()
            work()
            if turn > 1:
                took.append([b - a for a, b in zip(before, clocks.read(), strict=True)])
    for clock, kind in enumerate(("clock", "CPU")):
        first, second = (statistics.median(turn[clock] for turn in took) for took in times)
        print(f"{name:32}{kind:6}{first:10.2f}{second:10.2f}{second - first:+10.2f}", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    limits = Limits()
    png = encoded((4000, 3000), "PNG")
    rgba = encoded((4000, 3000), "PNG", "RGBA")
    jpeg = encoded((1280, 960), "JPEG")
    content, _ = accept_photo(jpeg, limits)
    print(f"{'median of ' + str(rounds) + ', ms':38}{'direct':>10}{'isolated':>10}{'cost':>10}")
    with IsolatedDecoder(limits, 1) as decoder:
        for name, file in (("RGB", png), ("RGBA", rgba)):
            compare(
                f"ingest, PNG of 12 MP, {name}",
                rounds,
                lambda file=file: accept_photo(file, limits),  # type: ignore[misc]  # bound now
                lambda file=file: decoder.accept_photo(file),  # type: ignore[misc]
            )
        compare(
            "ingest, JPEG passed through",
            20 * rounds,
            lambda: accept_photo(jpeg, limits),
            lambda: decoder.accept_photo(jpeg),
        )
        compare(
            "detect, JPEG of 1280 x 960",
            10 * rounds,
            lambda: np.asarray(unpack_photo(content)),
            lambda: decoder.decode_jpeg(content),
        )


if __name__ == "__main__":
    main()
