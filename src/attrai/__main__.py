"""The `attrai` command, also available as `python -m attrai`."""

from __future__ import annotations

# The part of the module signal that is built in. The other imports enum, which takes as long as
# everything else that happens here before signals are handled.
import _signal  # type: ignore[import-not-found]  # typeshed describes signal alone
import os
from types import FrameType


def main() -> None:
    """Run the command line.

    Everything else is imported only after the signal handlers are installed, so that a signal
    during a slow import ends the process without a traceback.
    """
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        if _signal.getsignal(number) != _signal.SIG_IGN:
            _signal.signal(number, _exit)

    from attrai.lifecycle.signals import run  # noqa: PLC0415 - see above
    from attrai.lifecycle.streams import open_closed_streams, run_printing  # noqa: PLC0415

    def command_line(shutdown: object) -> None:
        from attrai.cli import app  # noqa: PLC0415 - see above

        run_printing(lambda: app(obj=shutdown))

    open_closed_streams()

    run(command_line)


def _exit(number: int, _frame: FrameType | None) -> None:
    """Exit at once with status 128 + `number`, without Python's traceback for Ctrl-C."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
