"""What goes wrong in a chaos run, and the processes that it goes wrong with."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


class Process:
    """A program that is started again whenever it ends, until it is stopped."""

    def __init__(self, name: str, arguments: list[str], folder: Path, env: dict[str, str]) -> None:
        self.name, self.starts = name, 0
        self._command, self._env = [sys.executable, "-m", *arguments], env
        self._log = (folder / f"{name}.log").open("ab")
        self._stopping = False
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep_running, daemon=True)
        self._thread.start()

    def _keep_running(self) -> None:
        while not self._stopping:
            self.starts += 1
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._env,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )
            self._process.wait()
            self.kill_all()  # a container's other processes end with its first

    def kill(self, rng: random.Random) -> None:
        """SIGKILL for the worker itself, or for the whole container."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        if children and rng.random() < 0.7:
            rng.choice(children).kill()
        else:
            self.kill_all()

    def kill_all(self) -> None:
        """SIGKILL for all of it: its session, for a worker's processes are a group of their own."""
        if self._process is None:
            return
        for number in psutil.pids():
            with suppress(ProcessLookupError):
                if os.getsid(number) == self._process.pid:
                    os.kill(number, signal.SIGKILL)

    def end(self) -> None:
        """Ends it in order; it is started again."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ends it for good, in order."""
        self._stopping = True
        # To the first process alone: a worker takes a second signal for "at once".
        self.end()
        self._thread.join(timeout=30)
        self.kill_all()
        self._log.close()


class Faults:
    """What goes wrong, in threads of its own, and how often it did."""

    def __init__(self, seed: int) -> None:
        self.count: Counter[str] = Counter()
        self._rng = random.Random(seed)
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def repeat(self, name: str, action: Callable[[], None], seconds: float) -> None:
        """Does something about every so many seconds until the end."""

        def run() -> None:
            while not self._over.wait(self._rng.uniform(0.5, 1.5) * seconds):
                action()
                self.count[name] += 1

        self._start(run)

    def once(self, name: str, action: Callable[[], None], due: Callable[[], bool]) -> None:
        """Does something as soon as it is due."""

        def run() -> None:
            while not self._over.wait(0.1):
                if due():
                    action()
                    self.count[name] += 1
                    return

        self._start(run)

    def _start(self, run: Callable[[], None]) -> None:
        self._threads.append(threading.Thread(target=run, daemon=True))
        self._threads[-1].start()

    def stop(self) -> None:
        """No more of it."""
        self._over.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def small_volume(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system that can be filled up; needs root."""
    folder.mkdir()
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)  # noqa: S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)  # noqa: S607


def fill_up(volume: Path, seconds: float) -> None:
    """Leaves no byte free for a while."""
    ballast = volume / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        time.sleep(seconds)
    finally:
        ballast.unlink()
