"""The process in which untrusted files are decoded, without rights: see `attrai.images.isolated`.

It reads requests from its standard input and writes answers to its standard output, one JSON object
each. Files and photos lie in memory that it shares with its parent.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import signal
from typing import Any

import pillow_heif.options
from PIL import AvifImagePlugin, ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin

from attrai.errors import UserError
from attrai.images.accept import convert_photo
from attrai.images.codecs import unpack_photo
from attrai.images.confinement import confine, die_with_parent, limit_cpu
from attrai.images.limits import Limits

#: Imported by Pillow only when a file needs them.
_NEEDED_LATER = (ImageCms, ImageColor, ImageFilter, ImagePalette, MpoImagePlugin)

#: Longest request or answer in bytes: a pipe passes it on as a whole.
MAX_MESSAGE_BYTES = 4096
#: Longest text among the details of a refusal.
_MAX_REASON_CHARACTERS = 200
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
    _write({"filtered": filtered})
    while request := os.read(0, MAX_MESSAGE_BYTES):
        limit_cpu(_CPU_SECONDS)
        try:
            answer = decoder.answer(**json.loads(request))
        except Exception as error:  # noqa: BLE001 - MemoryError above all; the parent logs it
            answer = {"failed": repr(error)[:_MAX_REASON_CHARACTERS]}
        _write(answer)


def _write(answer: dict[str, Any]) -> None:
    os.write(1, json.dumps(answer).encode())


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
            return {"refused": error.code, "details": _shortened(error.details)}
        # As a PPM, a header and the pixels, Pillow writes them without a copy on the way.
        photo.save(self._memory, "PPM")  # type: ignore[arg-type]  # it writes and seeks like a file
        stop = self._memory.tell()
        return {"start": stop - 3 * photo.width * photo.height, "stop": stop, "size": photo.size}


def _shortened(details: dict[str, float | str]) -> dict[str, float | str]:
    """Return details that fit into an answer."""
    return {
        key: value[:_MAX_REASON_CHARACTERS] if isinstance(value, str) else value
        for key, value in details.items()
    }
