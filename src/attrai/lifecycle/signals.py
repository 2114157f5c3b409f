"""Ends a process on SIGINT, SIGTERM and SIGHUP without raising anything out of a signal handler.

What a handler raises strikes the main thread anywhere, and is lost where Python ignores exceptions:
in `__del__`, in callbacks of weak references, in a library's clean-up. So the main thread does
nothing but wait, and the command runs in another one. No handler of Python's is relied upon either:
the kernel may give a signal to any thread, and the main thread would sleep on.

    signal ──pipe──> main thread ──> Shutdown.request ──> the command's threads
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import NoReturn

from attrai.lifecycle.shutdown import Shutdown

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

#: What shells add to a signal's number for the exit status of a process that it ended.
SIGNALLED = 128
#: How often a command that still has something to finish is looked at.
_LOOK_SECONDS = 0.05
#: How long the interpreter may take to end after its command: it sends the last log records, and
#: waits for threads.
_FINALIZE_SECONDS = 0.4
#: Says in place of a signal's number that the command has ended.
_ENDED = 0
_SHOW_CURSOR = b"\x1b[?25h"


class ReplaceProcess(Exception):
    """Raised by a command: the process is to become another program."""

    def __init__(self, program: list[str], environment: Mapping[str, str]) -> None:
        """Name the program by its path and arguments; it begins with `SIGNALS` blocked."""
        super().__init__(program[0])
        self._program = program
        self._environment = environment

    def replace(self, mailbox: _Mailbox) -> NoReturn:
        """Start the program, unless a signal came; in the main thread, once it is the only one."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if number := mailbox.look(0):
            _exit(number)
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
    mailbox = _Mailbox()
    shutdown = Shutdown()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            command(shutdown)
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            raised.append(error)
        finally:
            mailbox.put(_ENDED)

    threading.Thread(target=work, name="command", daemon=True).start()
    number = mailbox.get()
    if number != _ENDED:
        shutdown.request()
        _await_end(mailbox, shutdown, number)
        threading.Thread(target=_give_up, args=(number,), daemon=True).start()
        sys.exit(SIGNALLED + number)
    mailbox.close()
    if not raised:
        sys.exit()
    if isinstance(raised[0], ReplaceProcess):
        raised[0].replace(mailbox)
    raise raised[0]


class _Mailbox:
    """What the main thread waits for: the numbers of signals, and the end of the command."""

    def __init__(self) -> None:
        """Receive signals from now on, but those that are ignored."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        # Python's own handler writes the number, in whichever thread it is called.
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._handle(lambda _number, _frame: None)

    def get(self) -> int:
        """Wait for something, and return what came first."""
        while (number := self.look(None)) is None:
            pass
        return number

    def look(self, seconds: float | None) -> int | None:
        """Return what came first, or None when nothing does within `seconds`."""
        ready, _, _ = select.select([self._reader], [], [], seconds)
        number = os.read(self._reader, 1)[0] if ready else None
        # A library may handle other signals.
        return number if number == _ENDED or number in SIGNALS else None

    def put(self, number: int) -> None:
        """Add a number."""
        os.write(self._writer, bytes([number]))

    def close(self) -> None:
        """End the process at once by each signal from now on, as nobody waits any more."""
        self._handle(lambda number, _frame: _exit(number))

    @staticmethod
    def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def _await_end(mailbox: _Mailbox, shutdown: Shutdown, number: int) -> None:
    """Return once the command has ended; end the process when it takes too long."""
    last = time.monotonic() + shutdown.grace_seconds
    while (news := mailbox.look(_LOOK_SECONDS)) != _ENDED:
        if news is not None:
            _exit(news)
        if shutdown.unfinished():
            last = time.monotonic() + shutdown.grace_seconds
        elif time.monotonic() >= last:
            _exit(number)
    mailbox.close()


def _give_up(number: int) -> None:
    """End the process when the interpreter takes too long to end."""
    time.sleep(_FINALIZE_SECONDS)
    _exit(number)


def _exit(number: int) -> NoReturn:
    """End the process here and now, and leave the terminal's cursor visible."""
    if os.isatty(2):
        os.write(2, _SHOW_CURSOR)
    os._exit(SIGNALLED + number)
