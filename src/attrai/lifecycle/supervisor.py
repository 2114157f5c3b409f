"""A supervisor of dramatiq's processes: shuts them down on a signal and kills them on the second.

`attrai worker` replaces itself with `python -m attrai.lifecycle.supervisor COMMAND...`. On its own,
dramatiq exits with 0 whatever ends it, restarts on SIGHUP even if that is ignored, and waits for
servers until a second signal comes. The supervisor receives signals through sigwait(3), so that no
handler can run late or not at all. It imports next to nothing, as each worker has a supervisor.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

from attrai import health
from attrai.lifecycle.signals import SIGNALLED, SIGNALS

#: Option of prctl(2) that sets the signal a process gets when its parent dies.
_PR_SET_PDEATHSIG = 1


def supervise(command: list[str]) -> int:
    """Run a command until it exits or a signal ends it, and return the exit status.

    `SIGNALS` must be blocked, and nothing else may run in this process.

    The first signal shuts workers down gracefully by SIGTERM if any of them consumes messages, and
    kills them otherwise. The second signal kills them in any case. The status is then 128 plus the
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
                # Workers would outlive a dramatiq that was killed, and nobody would restart them.
                with suppress(ProcessLookupError):
                    os.killpg(child, signal.SIGTERM)
                return SIGNALLED + received[0] if received else status
            continue
        received.append(number)
        if len(received) == 1 and _consumes(child):
            os.kill(child, signal.SIGTERM)
        else:
            os.killpg(child, signal.SIGKILL)


def _become(command: list[str]) -> NoReturn:
    """Execute the command in a forked process, in its own group, which Ctrl-C does not reach."""
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [*SIGNALS, signal.SIGCHLD])
        os.execv(command[0], command)  # noqa: S606 - the operator's own command
    finally:
        os._exit(1)


def _reap(child: int) -> int | None:
    """Reap all processes that have ended; return the exit status of `child` if it is among them."""
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
    """Return whether a process of the group consumes messages, according to its heartbeat file."""
    return any(_is_in(process, group) for process in health.processes())


def _is_in(process: int, group: int) -> bool:
    try:
        return os.getpgid(process) == group
    except ProcessLookupError:
        return False


if __name__ == "__main__":
    sys.exit(supervise(sys.argv[1:]))
