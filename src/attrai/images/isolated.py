"""Decoding of untrusted files in processes without rights.

A decoder that a crafted file takes over must not be able to read the bot's token, reach the
network, or take the service down. So files are decoded by child processes that hold no secret: they
start with an empty environment and without the parent's descriptors, load all decoders, give up
their rights (`attrai.images.confinement`) and only then get a file.

    parent ──pipe: what is wanted──> child ──pipe: where it lies, or a refusal──> parent
        └───── file ───> shared memory <─── photo ───┘

The parent trusts nothing that comes back: an answer that makes no sense counts as a crash.
"""

from __future__ import annotations

import json
import mmap
import os
import select
import subprocess
import sys
import tempfile
import time
import weakref
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from attrai import errors
from attrai.errors import FileTooLarge, UnreadableImage, UserError
from attrai.images.accept import passthrough_jpeg
from attrai.images.limits import Limits

log = structlog.get_logger(__name__)

#: Seconds that a file may take.
_FILE_SECONDS = 10.0
#: Seconds that a child may take to start. Nobody's file is at fault if it takes longer.
_START_SECONDS = 60.0
#: Longest answer in bytes: a pipe passes it on as a whole.
_MAX_MESSAGE_BYTES = 4096
#: Room for what precedes pixels in the shared memory.
_HEADER_BYTES = 64
#: Longest text among the details of a refusal. It is only logged.
_MAX_REASON_CHARACTERS = 200

_PROGRAM = "attrai.images.decoder_process"
_START = """\
import importlib, json, sys
sys.path[:], program, arguments = json.loads(sys.argv[1])
importlib.import_module(program).main(*arguments)
"""
#: Memory is kept for the next photo; see `attrai.processes.allocation`.
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(64 * 2**20),
    "PILLOW_BLOCKS_MAX": "4",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

#: The refusals that a child may answer, by code.
_REFUSALS: dict[str, type[UserError]] = {
    error.code: error
    for error in (
        errors.BrokenImage,
        errors.FileTooLarge,
        errors.NotAnImage,
        errors.TooManyPixels,
        errors.TooSmall,
    )
}


class CannotDecode(Exception):
    """No child process can be started, for which no file is to blame."""


class IsolatedDecoder:
    """Decodes untrusted files in child processes; for any number of threads.

    A child that crashes, hangs, runs into a limit or answers nonsense is killed and replaced, and
    its file is refused. An exception that strikes in the middle of a call, such as dramatiq's time
    limit, costs that call's child and nothing else.
    """

    def __init__(
        self,
        limits: Limits,
        children: int,
        *,
        program: str = _PROGRAM,
        file_seconds: float = _FILE_SECONDS,
    ) -> None:
        """Start the children, and wait until they are ready.

        Args:
            limits: limits on files and photos.
            children: how many files are decoded at once without waiting for a child to start.
            program: the module whose `main` runs in a child.
            file_seconds: how long a file may take.

        Raises:
            CannotDecode: a child can't be started.
        """
        self._limits = limits
        self._program = program
        self._file_seconds = file_seconds
        self._filtered = True
        # The kernel kills a child when the thread that started it ends, so that none outlives this
        # process. A thread that stages run in may end before.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="decoder-starter")
        # A call takes a child out and puts it back. One that is not put back kills itself when it
        # is garbage, so that nothing has to be repaired after an exception.
        self._idle: deque[Future[_Child]] = deque()
        self._idle.extend([self._start() for _ in range(children)])
        try:
            for starting in tuple(self._idle):
                self._await_ready(starting.result())
        except CannotDecode:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the children; no call may follow."""
        self._starter.shutdown(cancel_futures=True)
        while self._idle:
            child = self._idle.pop()
            if not child.cancelled() and child.exception() is None:
                child.result().kill()

    def accept_photo(self, data: bytes) -> tuple[bytes, tuple[int, int]]:
        """Do what `attrai.images.accept_photo` does, but decode in a child.

        Raises:
            UserError: as there; UnreadableImage if the file is too much for its decoder.
            CannotDecode: no child can be started.
        """
        if len(data) > self._limits.max_bytes:
            raise FileTooLarge(limit_mb=self._limits.max_bytes / 10**6)
        return passthrough_jpeg(data, self._limits) or self._call("photo", data)

    def decode_jpeg(self, content: bytes) -> NDArray[np.uint8]:
        """Decode a photo that ingest stored, in a child, to RGB of shape (height, width, 3).

        Raises:
            UserError: the file is damaged, or too much for its decoder.
            CannotDecode: no child can be started.
        """
        pixels, (width, height) = self._call("pixels", content)
        return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)

    def _call(self, wanted: str, data: bytes) -> tuple[bytes, tuple[int, int]]:
        try:
            starting = self._idle.pop()
        except IndexError:
            starting = self._start()
        child = starting.result()
        if child.dead:  # since its last file; it was not this file
            child.kill()
            starting = self._start()
            child = starting.result()
        self._await_ready(child)
        usable = False
        try:
            answer = child.ask(wanted, data, self._file_seconds)
            result = _result(answer, child, wanted, self._limits)
            usable = True
        except UserError:
            usable = True
            raise
        except Exception as error:
            child.kill()
            log.warning("decoder killed", reason=repr(error), status=child.status)
            raise UnreadableImage(reason=repr(error)) from error
        finally:
            if not usable:
                child.kill()
                starting = self._start()
            self._idle.append(starting)
        return result

    def _start(self) -> Future[_Child]:
        return self._starter.submit(_Child, self._limits, self._program)

    def _await_ready(self, child: _Child) -> None:
        """Wait for a child, and log once if the kernel does not filter its system calls."""
        if not child.await_ready() and self._filtered:
            self._filtered = False
            log.warning("this kernel can't filter system calls: decoders are less confined")


class _Child:
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
                env=_ENVIRONMENT,
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

    def ask(self, wanted: str, data: bytes, seconds: float) -> dict[str, Any]:
        """Give the child a file, and return its answer, which may be anything.

        Raises:
            Exception: it died, or gave no answer or a garbled one.
        """
        self.memory[: len(data)] = data
        request = {"wanted": wanted, "length": len(data)}
        assert self._process.stdin is not None  # noqa: S101 - for the type checker
        self._process.stdin.write(json.dumps(request).encode())
        return self._receive(seconds)

    def kill(self) -> None:
        """End the process at once, and wait for its end."""
        self._end()

    def _receive(self, seconds: float) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        deadline = time.monotonic() + seconds
        if not poll.poll(1000 * max(0.0, deadline - time.monotonic())):
            raise TimeoutError(f"no answer within {seconds} s")
        message = os.read(self._process.stdout.fileno(), _MAX_MESSAGE_BYTES)
        if not message:
            raise EOFError("it ended")
        answer: dict[str, Any] = json.loads(message)
        return answer


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


def _result(
    answer: dict[str, Any], child: _Child, wanted: str, limits: Limits
) -> tuple[bytes, tuple[int, int]]:
    """Return the result that a child's answer points to.

    Raises:
        UserError: the answer is a refusal.
        Exception: the answer makes no sense.
    """
    if "failed" in answer:
        raise RuntimeError(str(answer["failed"])[:_MAX_REASON_CHARACTERS])
    if "refused" in answer:
        raise _REFUSALS[answer["refused"]](**_details(answer["details"]))
    start, stop, (width, height) = answer["start"], answer["stop"], answer["size"]
    if not all(isinstance(number, int) for number in (start, stop, width, height)):
        raise TypeError(f"numbers expected: {answer!r}")
    if not (0 < width <= limits.max_side and 0 < height <= limits.max_side):
        raise ValueError(f"no size of a photo: {answer!r}")
    if wanted == "pixels" and stop - start != 3 * width * height:
        raise ValueError(f"not all pixels: {answer!r}")
    if not 0 <= start < stop <= len(child.memory):
        raise ValueError(f"no place of a photo: {answer!r}")
    return child.memory[start:stop], (width, height)


def _details(details: dict[str, Any]) -> dict[str, float | str]:
    """Return the details of a refusal, as long as they may be."""
    return {
        str(key)[:_MAX_REASON_CHARACTERS]: value
        if isinstance(value, int | float)
        else str(value)[:_MAX_REASON_CHARACTERS]
        for key, value in details.items()
    }
