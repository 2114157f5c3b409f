"""Ending the test early on a signal.

A signal handler only sets a flag, which the functions that wait check. An exception raised in the
handler could occur anywhere, and would be lost wherever Python ignores exceptions.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Maximum seconds until a signal is noticed.
LOOK = 0.5
_heeded = False
_asked = False


class Interrupted(Exception):
    """Raised when a signal asked the test to end."""


def heed() -> None:
    """Make `check` raise after a signal, unless it was ignored when the test began."""
    global _heeded  # noqa: PLW0603 - a process has one disposition of each signal
    _heeded = True
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _note)


def ignore() -> None:
    """Ignore signals from now on, so that cleaning up is never interrupted."""
    global _heeded  # noqa: PLW0603 - as above
    _heeded = False


def check() -> None:
    """Raise if a signal was received and signals are heeded.

    Raises:
        Interrupted: a signal was received.
    """
    if _heeded and _asked:
        raise Interrupted


def pause(seconds: float) -> None:
    """Sleep for `seconds`, or until a signal is received.

    Raises:
        Interrupted: a signal was received.
    """
    end = time.monotonic() + seconds
    check()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, LOOK))
        check()


def _note(_number: int, _frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603 - as above
    _asked = True
