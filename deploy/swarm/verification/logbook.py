"""Comparing the log records that containers wrote with those that the GELF receiver got."""

from __future__ import annotations

import json
import math
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from testing.gelf import parse
from verification.deployment import SERVICES, containers
from verification.interruption import Interrupted

#: Seconds before a kill whose log records may be lost with the process.
LAST_MOMENTS = 1.0
#: The last record of a worker that shuts down cleanly; its connection to Graylog is closed by then.
LAST_WORDS = "Worker has been shut down."


class Line(NamedTuple):
    """A log record: the container's host name, the Unix time in seconds, the text."""

    host: str
    time: float
    text: str


class Followers(threading.Thread):
    """A thread that keeps the output of all containers of the stack, even after their removal."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._folder.mkdir(exist_ok=True)
        self._following: dict[str, subprocess.Popen[bytes]] = {}
        self._ended = threading.Event()

    def run(self) -> None:
        """Follow new containers' logs until the thread is stopped."""
        with suppress(Interrupted):
            self._look()

    def _look(self) -> None:
        while not self._ended.is_set():
            for container in containers(*SERVICES, ended=True):
                if container not in self._following:
                    self._following[container] = self._follow(container)
            time.sleep(0.5)

    def _follow(self, container: str) -> subprocess.Popen[bytes]:
        with (self._folder / container).open("wb") as lines:
            return subprocess.Popen(  # noqa: S603 - see below
                ["docker", "logs", "--follow", container],  # noqa: S607 - the engine's own client
                stdout=lines,
                stderr=subprocess.DEVNULL,
            )

    def stop(self) -> None:
        """Stop following logs, and wait for the thread to end."""
        self._ended.set()
        self.join()
        for following in self._following.values():
            following.terminate()
            following.wait()

    def lines(self) -> dict[str, list[Line]]:
        """Return the log records of each container so far, by container id."""
        return {file.name: list(_lines(file)) for file in self._folder.iterdir()}

    def about(self, job: str) -> list[str]:
        """Return the log records of a job so far, in the order of time."""
        lines = (line for file in self._folder.iterdir() for line in file.read_text().splitlines())
        events = (json.loads(line) for line in lines if job in line and line.startswith("{"))
        return [json.dumps(event) for event in sorted(events, key=lambda event: event["timestamp"])]


def _lines(file: Path) -> Iterator[Line]:
    for line in file.read_bytes().splitlines():
        with suppress(ValueError, KeyError, TypeError):  # not a record of attrai
            event = json.loads(line)
            written = datetime.fromisoformat(event["timestamp"]).timestamp()
            yield Line(file.name[:12], round(written, 3), _shortened(event["event"]))


def _shortened(text: object) -> str:
    return " ".join(str(text).split())[:200]


class Arrived(NamedTuple):
    """The records that the receiver got, and a description of each invalid frame."""

    lines: Counter[Line]
    invalid: list[str]


def arrived(frames: Path) -> Arrived:
    """Return the records in the receiver's file, after validating each frame as GELF 1.1."""
    lines: Counter[Line] = Counter()
    invalid = []
    content = frames.read_bytes() if frames.exists() else b""
    for frame in content.split(b"\0")[:-1]:
        try:
            message: dict[str, Any] = parse(frame)
        except (AssertionError, KeyError, ValueError) as error:
            invalid.append(f"{error!r}: {frame[:200]!r}")
            continue
        text = _shortened(message["short_message"])
        lines[Line(message["host"], round(message["timestamp"], 3), text)] += 1
    return Arrived(lines, invalid)


class Missing(NamedTuple):
    """The number of log records, those lost, and those excused by the end of their container."""

    total: int
    lost: list[Line]
    excused: list[Line]


def missing(followers: Followers, came: Arrived, killed: dict[str, float]) -> Missing:
    """Compare logged with received records, given the Unix time at which containers were killed."""
    total, lost, excused = 0, [], []
    left = came.lines.copy()
    for container, lines in followers.lines().items():
        end = killed.get(container, math.inf) - LAST_MOMENTS
        for line in lines:
            total += 1
            if line.text == LAST_WORDS:
                end = min(end, line.time)
            if left[line] > 0:
                left[line] -= 1
            elif line.time >= end:
                excused.append(line)
            else:
                lost.append(line)
    return Missing(total, lost, excused)
