"""Ends a process on SIGINT, SIGTERM and SIGHUP without raising anything out of a signal handler.

What a handler raises strikes the main thread anywhere, and is lost where Python ignores exceptions:
in `__del__`, in callbacks of weak references, in a library's clean-up. So the main thread does
nothing but wait, the command runs in another one, and a handler does no more than wake the main
thread.

    signal ──> handler ──pipe──> main thread ──> Shutdown.request ──> the command's threads
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

from attrai.processes.shutdown import Shutdown

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: What shells add to a signal's number for the exit status of a process that it ended.
SIGNALLED = 128
#: How often a command that still has something to finish is looked at.
_LOOK_SECONDS = 0.05
#: How long the interpreter may take to end after its command: it sends the last log records, and
#: waits for threads.
_FINALIZE_SECONDS = 0.4
_SHOW_CURSOR = b"\x1b[?25h"


class ReplaceProcess(Exception):
    """Raised by a command: the process is to become another program."""

    def __init__(self, program: list[str], environment: Mapping[str, str]) -> None:
        """Name the program by its path and arguments; it begins with `SIGNALS` blocked."""
        super().__init__(program[0])
        self._program = program
        self._environment = environment

    def replace(self) -> NoReturn:
        """Start the program; in the main thread, once no other one is left to take signals."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        os.execve(self._program[0], self._program, self._environment)  # noqa: S606 - our own


def run(command: Callable[[Shutdown], object]) -> NoReturn:
    """Run a command in a thread, and exit as it does, or as the signal says that ends it.

    The first signal requests the shutdown. The process then ends when the command does, at the
    latest `grace_seconds` after there was something unfinished. The second one ends it at once.
    The exit status is 128 and the signal's number. A signal that is ignored when this is called,
    as by `nohup`, stays ignored.

    Raises:
        BaseException: what the command raised, SystemExit for its exit status.
    """
    news = _News()
    shutdown = Shutdown()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            command(shutdown)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            raised.append(error)
        finally:
            news.tell()

    thread = threading.Thread(target=work, name="command", daemon=True)
    thread.start()
    news.wait()
    news.over = True
    if news.received:
        _end(thread, shutdown, news.received[0])
        sys.exit(SIGNALLED + news.received[0])
    if not raised:
        sys.exit()
    if isinstance(raised[0], ReplaceProcess):
        raised[0].replace()
    raise raised[0]


class _News:
    """What the main thread waits for: a signal, or the end of the command."""

    def __init__(self) -> None:
        """Handle the signals from now on."""
        self.received: list[int] = []
        #: Whether the command has ended or was asked to, so that a further signal means "at once".
        self.over = False
        self._reader, self._writer = os.pipe()
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._receive)

    def wait(self) -> None:
        """Return once there is something new."""
        os.read(self._reader, 1)

    def tell(self) -> None:
        """Wake the main thread."""
        os.write(self._writer, b"\0")

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self.over:
            _exit(number)
        self.received.append(number)
        self.tell()


def _end(command: threading.Thread, shutdown: Shutdown, number: int) -> None:
    """Return once the command has ended; end the process when it takes too long."""
    shutdown.request()
    last = time.monotonic() + shutdown.grace_seconds
    while command.is_alive():
        if shutdown.unfinished():
            last = time.monotonic() + shutdown.grace_seconds
        elif time.monotonic() >= last:
            _exit(number)
        command.join(_LOOK_SECONDS)

    def give_up() -> None:
        time.sleep(_FINALIZE_SECONDS)
        _exit(number)

    threading.Thread(target=give_up, daemon=True).start()


def _exit(number: int) -> NoReturn:
    """End the process here and now, and leave the terminal's cursor visible."""
    if os.isatty(2):
        os.write(2, _SHOW_CURSOR)
    os._exit(SIGNALLED + number)
