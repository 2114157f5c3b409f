"""The process in which untrusted files are decoded, without rights: see `attrai.images.isolated`.

It reads requests from its standard input and writes answers to its standard output, one JSON object
each. Files and photos lie in memory that it shares with its parent.
"""

from __future__ import annotations

import gc
import mmap
import os
import signal
from contextlib import suppress
from typing import Any

import pillow_heif.options
from PIL import AvifImagePlugin, ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin

from attrai.errors import UserError
from attrai.images.accept import convert_photo
from attrai.images.codecs import unpack_photo
from attrai.images.confinement import confine, die_with_parent, limit_cpu
from attrai.images.limits import Limits
from attrai.images.protocol import receive, send, shorten, shorten_all

#: Imported by Pillow only when a file needs them.
_NEEDED_LATER = (ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin)

#: CPU time that one file may take, in seconds.
_CPU_SECONDS = 10
#: Address space for what is not the photo: the file, the result, the stacks of threads.
_MARGIN_BYTES = 64 * 2**20


def main(parent: int, shared: int, limits: dict[str, int]) -> None:
    """Decode until the standard input ends.

    Args:
        parent: the id of the process that started this one.
        shared: the descriptor of the shared memory.
        limits: the fields of `Limits`.
    """
    # Signals to a whole group of processes are for the parent, which finishes its photo first.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    die_with_parent(parent)
    memory = mmap.mmap(shared, 0)
    os.close(shared)
    decoder = _Decoder(memory, Limits(**limits))
    # Each thread costs memory, and there are as many processes as there are cores to use.
    AvifImagePlugin.DEFAULT_MAX_THREADS = pillow_heif.options.DECODE_THREADS = 1
    gc.freeze()
    # What went wrong until here is seen in the log. What decoders say is not.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    filtered = confine(decoder.limits.memory_bytes + _MARGIN_BYTES)
    send(1, {"filtered": filtered})
    with suppress(EOFError):
        while request := receive(0):
            limit_cpu(_CPU_SECONDS)
            try:
                answer = decoder.answer(**request)
            except Exception as error:  # noqa: BLE001 - MemoryError above all; the parent logs it
                answer = {"failed": shorten(repr(error))}
            send(1, answer)


class _Decoder:
    """Decodes files in the shared memory, and puts the results there."""

    def __init__(self, memory: mmap.mmap, limits: Limits) -> None:
        self.limits = limits
        self._memory = memory

    def answer(self, wanted: str, length: int) -> dict[str, Any]:
        """Decode the first `length` bytes of the memory, and return where the result lies."""
        data = self._memory[:length]
        self._memory.seek(0)
        try:
            if wanted == "photo":
                content, size = convert_photo(data, self.limits)
                self._memory.write(content)
                return {"start": 0, "stop": len(content), "size": size}
            photo = unpack_photo(data)
        except UserError as error:
            return {"refused": error.code, "details": shorten_all(error.details)}
        # As a PPM, a header and the pixels, Pillow writes them without a copy on the way.
        photo.save(self._memory, "PPM")  # type: ignore[arg-type]  # it writes and seeks like a file
        stop = self._memory.tell()
        return {"start": stop - 3 * photo.width * photo.height, "stop": stop, "size": photo.size}
