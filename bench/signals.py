"""Signals at random moments to each command while all cores are busy.

    python -m bench.signals                    # 200 to rate, 300 to the poller, 20 to each other
    python -m bench.signals rate --count 50    # only some commands, with another count

A moment lies anywhere between the first line of attrai's code and some time after the command has
begun its work. The benchmark counts swallowed signals (the process neither ended because of the
signal nor had ended before), tracebacks, and leftover files: any file in the temporary folder, and
any file in the output folder that is not a complete picture.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
from PIL import Image

from bench.signals_commands import SIGNALS, WITHOUT_SERVERS, Command, commands, start_servers
from testing.faults import ROOT

#: Seconds after which a command counts as never starting or never ending.
PATIENCE = 240
#: Most seconds that a command may take to end once its work is done, and the most of the seconds
#: that it takes in all: on a busy machine everything takes longer.
SOON, SOON_SHARE = 2, 0.25


class Trials:
    """Repeated runs of one command, and their outcomes."""

    def __init__(self, name: str, command: Command, seed: int) -> None:
        self.name = name
        self.count: Counter[str] = Counter()
        self.slowest = 0.0
        self.problems: list[str] = []
        self._command = command
        self._rng = random.Random(f"{seed}-{name}")
        self._span = 0.0

    def run(self, count: int) -> None:
        """Send `count` signals, each to a new process; the first once the command is working."""
        for _ in range(count):
            with tempfile.TemporaryDirectory(prefix="signals-", ignore_cleanup_errors=True) as name:
                self._try(Path(name))

    def _try(self, folder: Path) -> None:
        temporary = folder / "temporary"
        temporary.mkdir()
        self._command.prepare(folder)
        number = self._rng.choice(self._command.signals)
        lines: list[str] = []
        with self._started(folder) as process:
            begun = time.monotonic()
            reader = threading.Thread(target=self._read, args=(process, lines))
            reader.start()
            _await_first_line_of_ours(process)
            if self._span:
                time.sleep(self._rng.uniform(0, 1.3 * self._span))
            else:
                self._await_ready(folder, process, lines)
                self._span = time.monotonic() - begun
            over = process.poll() is not None
            sent = time.monotonic()
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            took = time.monotonic() - sent
            status = process.poll()
        reader.join(PATIENCE)
        output = "".join(lines)
        self.count[number.name] += 1
        expected = -number if number == signal.SIGKILL else 128 + number
        if status is None:
            self._note("swallowed", f"{number.name}: still there\n{output}")
        elif over:
            self.count["over before"] += 1
        elif status != expected and took > max(SOON, SOON_SHARE * self._span):
            self._note("swallowed", f"{number.name}: status {status} after {took:.1f} s\n{output}")
        elif status != expected:
            self.count["over at that moment"] += 1
        elif number != signal.SIGKILL:
            self.slowest = max(self.slowest, took)
        if "Traceback" in output or "Error: " in output:
            self._note("tracebacks", output)
        if left := sorted(_left(folder)):
            self._note("files left", f"{number.name}: {left}")

    def _note(self, what: str, details: str) -> None:
        self.count[what] += 1
        self.problems.append(f"{self.name}: {what}: {details}")

    @contextmanager
    def _started(self, folder: Path) -> Iterator[subprocess.Popen[str]]:
        arguments = [part.format(folder=folder) for part in self._command.arguments]
        with subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **self._command.environment, "TMPDIR": f"{folder}/temporary"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            family = [psutil.Process(process.pid)]
            try:
                yield process
            finally:
                with suppress(psutil.NoSuchProcess):
                    family += family[0].children(recursive=True)
                for member in family:
                    with suppress(psutil.NoSuchProcess):
                        member.kill()

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: list[str]) -> None:
        assert process.stdout is not None
        lines.extend(process.stdout)

    def _await_ready(self, folder: Path, process: subprocess.Popen[str], lines: list[str]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._command.is_ready(folder, process, "".join(lines)):
            if process.returncode or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not begin: {''.join(lines)}")
            time.sleep(0.01)


def _await_first_line_of_ours(process: subprocess.Popen[str]) -> None:
    """Return once the process catches or blocks SIGTERM; until then Python handles it."""
    while process.poll() is None:
        with suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            masks = dict(
                line.split(":\t") for line in status.splitlines() if line.startswith("Sig")
            )
            if any(int(masks[mask], 16) >> signal.SIGTERM - 1 & 1 for mask in ("SigCgt", "SigBlk")):
                return
        time.sleep(0.001)


def _left(folder: Path) -> Iterator[str]:
    """Yield the files that an ended process should not have left behind."""
    for file in (folder / "temporary").rglob("*"):
        # A heartbeat file is empty, and the next process deletes it.
        if file.is_file() and not file.parent.name.startswith("attrai-health"):
            yield str(file)
    for file in (folder / "out").glob("*"):
        try:
            with Image.open(file) as picture:
                picture.load()
        except OSError:
            yield str(file)
        if not file.name.endswith(".rated.jpg"):
            yield str(file)


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep `count` cores busy during the block."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="the commands; all by default")
    parser.add_argument("--count", type=int, help="how many signals to each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--busy", type=int, default=os.cpu_count() or 1, help="busy cores beside it"
    )
    options = parser.parse_args()
    # Commands would inherit ignored signals, as set by nohup or for background jobs.
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)
    failed = 0
    with ExitStack() as stack:
        served = not set(options.names) <= WITHOUT_SERVERS or not options.names
        known = commands(stack, start_servers(stack) if served else {})
        if unknown := set(options.names) - set(known):
            parser.error(f"no command {unknown}; there are {', '.join(known)}")
        stack.enter_context(busy_cores(options.busy))
        for name in options.names or known:
            trials = Trials(name, known[name], options.seed)
            trials.run(options.count or known[name].count)
            counts = trials.count
            bad = sum(counts[what] for what in ("swallowed", "tracebacks", "files left"))
            failed += bad
            print(
                f"{name}: {sum(counts[s.name] for s in signal.Signals)} signals, "
                f"{counts['swallowed']} swallowed, {counts['tracebacks']} tracebacks, "
                f"{counts['files left']} files left; ended before {counts['over before']}, "
                f"at that moment {counts['over at that moment']}; slowest {trials.slowest:.2f} s",
                flush=True,
            )
            for problem in trials.problems[:3]:
                print(problem, flush=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
