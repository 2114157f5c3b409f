"""Shutdown on SIGINT, SIGTERM and SIGHUP without raising an exception from a signal handler.

An exception raised by a handler interrupts the main thread anywhere, and is lost where Python
ignores exceptions: in `__del__`, in callbacks of weak references, in a library's clean-up. So the
main thread only waits, and the command runs in another thread. Python-level handlers are not used
either: the kernel may deliver a signal to any thread, and the main thread would not wake up to run
them.

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

#: Exit status of a process ended by a signal, less the signal's number, as in shells.
SIGNALLED = 128
#: Seconds between checks of whether a command has finished its work.
_LOOK_SECONDS = 0.05
#: Seconds that the interpreter may take to exit after the command, to send the last log records and
#: wait for threads.
_FINALIZE_SECONDS = 0.4
#: Value in the mailbox, in place of a signal's number, that says that the command has ended.
_ENDED = 0
_SHOW_CURSOR = b"\x1b[?25h"


class ReplaceProcess(Exception):
    """Raised by a command to replace the process with another program."""

    def __init__(self, program: list[str], environment: Mapping[str, str]) -> None:
        """Describe the program, which starts with `SIGNALS` blocked.

        Args:
            program: the program's path, followed by its arguments.
            environment: the environment variables of the program.
        """
        super().__init__(program[0])
        self._program = program
        self._environment = environment

    def replace(self, mailbox: _Mailbox) -> NoReturn:
        """Start the program in place of this one, or exit if a signal came.

        To be called from the main thread, when no other thread is left.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if number := mailbox.look(0):
            _exit(number)
        os.execve(self._program[0], self._program, self._environment)  # noqa: S606 - our own


def run(command: Callable[[Shutdown], object]) -> NoReturn:
    """Run a command in a thread, and exit with its status or that of the signal that ends it.

    The first signal requests a shutdown. The process then exits when the command does, and at the
    latest `grace_seconds` after its last unfinished work. The second signal ends it at once. The
    exit status is then 128 plus the number of the signal. A signal that is ignored when this is
    called, as under `nohup`, stays ignored.

    Raises:
        BaseException: the exception that the command raised; SystemExit for its exit status.
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
    """A pipe on which the main thread receives signals' numbers and the end of the command."""

    def __init__(self) -> None:
        """Receive signals from now on, except those that are ignored."""
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        # CPython's C-level handler writes the number, whichever thread the signal is delivered to.
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        self._handle(lambda _number, _frame: None)

    def get(self) -> int:
        """Wait for the next signal or the end of the command, and return its number."""
        while (number := self.look(None)) is None:
            pass
        return number

    def look(self, seconds: float | None) -> int | None:
        """Return the next number, or None if there is none within `seconds`.

        Args:
            seconds: how long to wait; None to wait without a limit. The result is then still None
                when a signal arrives that is not one of `SIGNALS`.
        """
        ready, _, _ = select.select([self._reader], [], [], seconds)
        number = os.read(self._reader, 1)[0] if ready else None
        # A library may handle other signals, whose numbers are written to the pipe too.
        return number if number == _ENDED or number in SIGNALS else None

    def put(self, number: int) -> None:
        """Put a number into the mailbox."""
        os.write(self._writer, bytes([number]))

    def close(self) -> None:
        """Stop receiving: from now on a signal ends the process at once."""
        self._handle(lambda number, _frame: _exit(number))

    @staticmethod
    def _handle(handler: Callable[[int, FrameType | None], None]) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, handler)


def _await_end(mailbox: _Mailbox, shutdown: Shutdown, number: int) -> None:
    """Wait for the command to end, and exit if it takes too long or another signal comes."""
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
    """Exit if the interpreter takes too long to shut down."""
    time.sleep(_FINALIZE_SECONDS)
    _exit(number)


def _exit(number: int) -> NoReturn:
    """Exit at once with status 128 + `number`, and make the terminal's cursor visible."""
    if os.isatty(2):
        os.write(2, _SHOW_CURSOR)
    os._exit(SIGNALLED + number)
