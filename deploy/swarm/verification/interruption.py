"""The wish of whoever runs the test to end it early.

A signal only leaves a note, which whatever waits looks at: an exception raised by its handler
would strike anywhere, and be lost where Python ignores exceptions.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: Seconds after which a note is seen at the latest.
LOOK = 0.5
_heeded = False
_asked = False


class Interrupted(Exception):
    """Somebody wants the test to end."""


def heed() -> None:
    """From now on a signal makes `check` raise, unless it was ignored when the test began."""
    global _heeded  # noqa: PLW0603 - a process has one disposition of each signal
    _heeded = True
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _note)


def ignore() -> None:
    """From now on signals change nothing: what was made is removed, however often one asks."""
    global _heeded  # noqa: PLW0603 - as above
    _heeded = False


def check() -> None:
    """Return, unless a signal came.

    Raises:
        Interrupted: one did.
    """
    if _heeded and _asked:
        raise Interrupted


def pause(seconds: float) -> None:
    """Sleep, but not past a signal.

    Raises:
        Interrupted: one came.
    """
    end = time.monotonic() + seconds
    check()
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, LOOK))
        check()


def _note(_number: int, _frame: FrameType | None) -> None:
    global _asked  # noqa: PLW0603 - as above
    _asked = True
