"""Decodes the file on its standard input as the ingest worker does, and prints the peak memory.

That is the peak of this process, which has loaded what the worker loads, and of its child, in MiB.
"""

from __future__ import annotations

import sys
from pathlib import Path

import attrai.actors.ingest
import attrai.telegram.channel
import attrai.worker  # noqa: F401 - like those above, for its memory
from attrai.images import Limits
from attrai.images.accept import passthrough_jpeg
from attrai.images.isolated import IsolatedDecoder
from testing.waiting import PATIENCE_S


def peak(process: int | str) -> float:
    """Return the largest resident size of a process so far, in MiB."""
    lines = Path("/proc", str(process), "status").read_text().splitlines()
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def main() -> None:
    """Run the program."""
    data = sys.stdin.buffer.read()
    limits = Limits()
    with IsolatedDecoder(limits, 1, file_seconds=PATIENCE_S) as decoder:
        child = decoder._idle[0].result()._process.pid
        before = peak(child)
        assert passthrough_jpeg(data, limits) is None
        decoder.accept_photo(data)
        print(peak("self"), before, peak(child))


if __name__ == "__main__":
    main()
