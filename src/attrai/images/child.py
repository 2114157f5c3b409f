"""One process that decodes, as its parent sees it; see `attrai.images.isolated`."""

from __future__ import annotations

import json
import mmap
import os
import select
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from attrai.images.limits import Limits
from attrai.images.protocol import receive, send
from attrai.lifecycle.allocation import decoder_environment

#: Seconds that a child may take to start. Nobody's file is at fault if it takes longer.
_START_SECONDS = 60.0
#: Room for what precedes pixels in the shared memory.
_HEADER_BYTES = 64

_START = """\
import importlib, json, sys
sys.path[:], program, arguments = json.loads(sys.argv[1])
importlib.import_module(program).main(*arguments)
"""


class CannotDecode(Exception):
    """No child process can be started, for which no file is to blame."""


class Child:
    """One child process, which is killed at the latest when nothing refers to this object."""

    def __init__(self, limits: Limits, program: str) -> None:
        """Start a child.

        Raises:
            CannotDecode: it can't be started.
        """
        size = max(limits.max_bytes, 3 * limits.max_side**2) + _HEADER_BYTES
        shared = _shared_memory(size)
        try:
            self.memory = mmap.mmap(shared, size)
            arguments = (os.getpid(), shared, asdict(limits))
            path = [os.path.abspath(folder) for folder in sys.path]  # noqa: PTH100 - "" is a folder too
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-I", "-c", _START, json.dumps((path, program, arguments))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                pass_fds=(shared,),
                env=decoder_environment(),
                cwd="/",
                process_group=0,  # which Ctrl-C does not reach
            )
        except OSError as error:
            raise CannotDecode(str(error)) from error
        finally:
            os.close(shared)
        self._end = weakref.finalize(self, _end, self._process)
        self._filtered: bool | None = None

    @property
    def dead(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    @property
    def status(self) -> int | None:
        """The exit status, or None while it runs; negative if a signal ended it."""
        return self._process.returncode

    def await_ready(self) -> bool:
        """Wait until the child has given up its rights, and return whether calls are filtered.

        Raises:
            CannotDecode: it has ended, or takes too long.
        """
        if self._filtered is None:
            try:
                self._filtered = bool(self._receive(_START_SECONDS)["filtered"])
            except Exception as error:
                self.kill()
                raise CannotDecode(f"no decoder: {error!r}, status {self.status}") from error
        return self._filtered

    def ask(self, wanted: str, data: bytes, seconds: float) -> Any:
        """Give the child a file, and return its answer, which may be anything.

        Raises:
            Exception: it died, or gave no answer or a garbled one.
        """
        self.memory[: len(data)] = data
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        send(self._process.stdin.fileno(), {"wanted": wanted, "length": len(data)})
        return self._receive(seconds)

    def kill(self) -> None:
        """End the process at once, and wait for its end."""
        self._end()

    def _receive(self, seconds: float) -> Any:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        if not poll.poll(1000 * seconds):
            raise TimeoutError(f"no answer within {seconds} s")
        return receive(self._process.stdout.fileno())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()


def _shared_memory(size: int) -> int:
    """Return the descriptor of memory that a child can't shrink, which would crash this process."""
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    import fcntl  # noqa: PLC0415 - its seals are Linux's alone

    shared = os.memfd_create("photo", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(shared, size)
    fcntl.fcntl(
        shared, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
    )
    return shared
