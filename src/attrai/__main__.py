"""The `attrai` command, also available as `python -m attrai`."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line.

    Everything else is imported only after the signal handlers are installed, so that a signal
    during a slow import ends the process without a traceback.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)

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
