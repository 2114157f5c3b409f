"""A GELF receiver, run in a container of the stack, that appends every frame to a file."""

from __future__ import annotations

import socketserver
import threading
from pathlib import Path

FRAMES = Path("/received/frames")
_lock = threading.Lock()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        rest = b""
        while received := self.connection.recv(1 << 16):
            *frames, rest = (rest + received).split(b"\0")
            with _lock, FRAMES.open("ab") as file:
                file.writelines(frame + b"\0" for frame in frames)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    _Server(("0.0.0.0", 12201), _Handler).serve_forever()  # noqa: S104 - on the stack's own network
