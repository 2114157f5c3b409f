"""A decoder that was taken over: it answers a file with the file's content, or worse."""

from __future__ import annotations

import json
import mmap
import os
import signal
import time


def main(_parent: int, shared: int, _limits: dict[str, int]) -> None:
    """Answer as the files say, which stand in for what a crafted file can bring about."""
    memory = mmap.mmap(shared, 0)
    os.write(1, b'{"filtered": true}')
    while request := os.read(0, 4096):
        data = memory[: json.loads(request)["length"]]
        if data == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif data == b"exit":
            os._exit(0)
        elif data == b"hang":
            time.sleep(3600)
        elif data == b"shrink the memory":
            try:
                os.ftruncate(shared, 0)
            except PermissionError:  # as it should be
                os.write(1, b'{"refused": "too-small", "details": {"limit": 64}}')
        else:
            os.write(1, data)
