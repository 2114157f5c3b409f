"""Supervises dramatiq's processes: the first signal ends them in order, the second kills them.

`python -m attrai.lifecycle.supervisor COMMAND...` is what `attrai worker` becomes. dramatiq alone
exits with 0 whatever ends it, starts anew on SIGHUP even where that is ignored, and waits for
servers until a second signal comes. The supervisor takes signals by sigwait(3), so there is no
handler that could be lost or late, and imports next to nothing, as each worker has one.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import NoReturn

from attrai import health
from attrai.lifecycle.signals import SIGNALLED, SIGNALS

#: prctl(2): the signal that a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1


def supervise(command: list[str]) -> int:
    """Run a command until it ends or a signal ends it, and return the exit status.

    The signals of `SIGNALS` have to be blocked, and nothing else may run in this process.

    On the first signal workers that consume end in order, as on SIGTERM; when none does yet, they
    are killed. On the second one they are killed in any case. The status is then 128 and the
    number of the first signal. A signal that is ignored stays ignored.
    """
    heeded = {number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN}
    awaited = {*heeded, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    child = os.fork()
    if not child:
        _become(command)
    received: list[int] = []
    while True:
        number = signal.sigwait(awaited)
        if number == signal.SIGCHLD:
            status = _reap(child)
            if status is not None:
                return SIGNALLED + received[0] if received else status
            continue
        received.append(number)
        if len(received) == 1 and _consumes(child):
            os.kill(child, signal.SIGTERM)
        else:
            os.killpg(child, signal.SIGKILL)


def _become(command: list[str]) -> NoReturn:
    """Turn a forked process into the command, in a group of its own, so that Ctrl-C spares it."""
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [*SIGNALS, signal.SIGCHLD])
        os.execv(command[0], command)  # noqa: S606 - the operator's own command
    finally:
        os._exit(1)


def _reap(child: int) -> int | None:
    """Bury all that has ended, and return the exit status of the child if it is among them."""
    found = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if not process:
            return found
        if process == child:
            code = os.waitstatus_to_exitcode(status)
            found = SIGNALLED - code if code < 0 else code


def _consumes(group: int) -> bool:
    """Tell whether a process of the group takes messages, as its heartbeat file says."""
    return any(_is_in(process, group) for process in health.processes())


def _is_in(process: int, group: int) -> bool:
    try:
        return os.getpgid(process) == group
    except ProcessLookupError:
        return False


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
