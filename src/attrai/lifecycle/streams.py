"""Standard streams that may be closed, be full, or have no way to encode what is printed."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_FAILED = 1


class OutputLost(Exception):
    """Standard output can't be written to. Not an OSError, which commands handle."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        #: Whether the reader has gone, as `head` does once it has enough.
        self.unwanted = error.errno == errno.EPIPE


class _Output(io.FileIO):
    """Standard output as a file whose errors can't be taken for those of another file."""

    def write(self, data: Any) -> int | None:  # type: ignore[override]  # None when it would block
        """Write bytes.

        Raises:
            OutputLost: they can't be written.
        """
        try:
            return super().write(data)
        except OSError as error:
            raise OutputLost(error) from None


def open_closed_streams() -> None:
    """Open the null device for each closed standard stream.

    Otherwise the next file that is opened takes its number, and gets what is printed.
    """
    for number in (_STDIN, _STDOUT, _STDERR):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # noqa: FBT003 - its signature


def run_printing(command: Callable[[], object]) -> None:
    """Run a command that prints to standard output.

    Characters that the output's encoding lacks are escaped. If the output is full, the process ends
    with a line that says so; if nobody reads it any more, without one.

    Raises:
        SystemExit: with status 1, as output was lost.
    """
    sys.stdout = _guarded(sys.stdout)
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except OutputLost as lost:
        # Open, it would be flushed again at exit, and since Python 3.13 that failure is printed.
        with suppress(OutputLost):
            sys.stdout.close()
        sys.stdout = _null()
        if not lost.unwanted:
            print(f"attrai: standard output: {lost}", file=sys.stderr)  # noqa: T201 - light
        sys.exit(_FAILED)


def _guarded(stream: Any) -> io.TextIOWrapper:
    if stream is None:  # it was closed when Python started
        return _null()
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(_STDOUT, "wb", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _null() -> io.TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - stays open
