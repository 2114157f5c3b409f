"""Fault injection for chaos runs, and the processes that the faults hit."""

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

from testing.waiting import PATIENCE_S

ROOT = Path(__file__).parents[1]


class Process:
    """A Python module run as a program and restarted whenever it ends, until it is stopped."""

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
            if self._stopping:  # meanwhile, and `stop` has ended the one before
                self._process.terminate()
            self._process.wait()
            self.kill_all()  # as in a container, whose processes all end with the first

    def kill(self, rng: random.Random) -> None:
        """Send SIGKILL to a random child process, or to all processes as a dying container does."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        if children and rng.random() < 0.7:
            with suppress(psutil.NoSuchProcess):
                rng.choice(children).kill()
        else:
            self.kill_all()

    def kill_all(self) -> None:
        """Send SIGKILL to every process of the session."""
        self._signal(signal.SIGKILL)

    def pause(self, seconds: float) -> None:
        """Stop every process of the session for `seconds` seconds."""
        self._signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(signal.SIGCONT)

    def family(self) -> list[psutil.Process]:
        """Return every process of the program's session.

        The process group would not do: a worker's child processes have a group of their own.
        """
        found = []
        for number in psutil.pids() if self._process else ():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getsid(number) == self._process.pid:
                    found.append(psutil.Process(number))
        return found

    def _signal(self, signum: signal.Signals) -> None:
        for process in self.family():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signum)

    def end(self) -> None:
        """Terminate the program with SIGTERM; it is then restarted."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Terminate the program with SIGTERM, without a restart."""
        self._stopping = True
        # Only to the first process: a worker that gets a second signal stops at once.
        self.end()
        self._thread.join(PATIENCE_S)
        self.kill_all()
        self._log.close()


class Faults:
    """Actions that inject faults, each in its own thread, and how often each ran."""

    def __init__(self, seed: int) -> None:
        self.count: Counter[str] = Counter()
        self._rng = random.Random(seed)
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def repeat(self, name: str, action: Callable[[], None], seconds: float) -> None:
        """Run `action` about every `seconds` seconds (from 0.5 to 1.5 times that) until `stop`."""

        def run() -> None:
            while not self._over.wait(self._rng.uniform(0.5, 1.5) * seconds):
                action()
                self.count[name] += 1

        self._start(run)

    def once(self, name: str, action: Callable[[], None], due: Callable[[], bool]) -> None:
        """Run `action` once, as soon as `due` returns true."""

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
        """Stop injecting faults, and wait for the threads to end."""
        self._over.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def small_volume(folder: Path, megabytes: int) -> Iterator[Path]:
    """Mount a tmpfs of `megabytes` MiB at `folder`, so that a test can fill it. Needs root."""
    folder.mkdir()
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)  # noqa: S607
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)  # noqa: S607


def fill_up(volume: Path, seconds: float) -> None:
    """Leave no free byte on `volume` for `seconds` seconds."""
    ballast = volume / "ballast"
    try:
        with ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        time.sleep(seconds)
    finally:
        ballast.unlink()
