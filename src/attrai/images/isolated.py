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

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import structlog
from numpy.typing import NDArray

from attrai import errors
from attrai.errors import FileTooLarge, UnreadableImage, UserError
from attrai.images.accept import passthrough_jpeg
from attrai.images.child import CannotDecode, Child
from attrai.images.limits import Limits
from attrai.images.protocol import shorten, shorten_all

log = structlog.get_logger(__name__)

#: Seconds that a file may take.
_FILE_SECONDS = 10.0

_PROGRAM = "attrai.images.decoder_process"

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
        self._idle: deque[Future[Child]] = deque()
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

    def _start(self) -> Future[Child]:
        return self._starter.submit(Child, self._limits, self._program)

    def _await_ready(self, child: Child) -> None:
        """Wait for a child, and log once if the kernel does not filter its system calls."""
        if not child.await_ready() and self._filtered:
            self._filtered = False
            log.warning("this kernel can't filter system calls: decoders are less confined")


def _result(
    answer: dict[str, Any], child: Child, wanted: str, limits: Limits
) -> tuple[bytes, tuple[int, int]]:
    """Return the result that a child's answer points to.

    Raises:
        UserError: the answer is a refusal.
        Exception: the answer makes no sense.
    """
    if "failed" in answer:
        raise RuntimeError(shorten(answer["failed"]))
    if "refused" in answer:
        raise _REFUSALS[answer["refused"]](**shorten_all(answer["details"]))
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
