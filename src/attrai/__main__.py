"""The `attrai` program, which is `python -m attrai` as well."""

from __future__ import annotations

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line; what imports anything does so only once signals end the process."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _exit)

    from attrai.lifecycle.signals import run  # noqa: PLC0415 - see above

    def command_line(shutdown: object) -> None:
        from attrai.cli import app  # noqa: PLC0415 - see above

        app(obj=shutdown)

    run(command_line)


def _exit(number: int, _frame: FrameType | None) -> None:
    """End the process without Python's traceback for Ctrl-C."""
    os._exit(128 + number)


if __name__ == "__main__":
    main()
