"""Servers of a test's own, which treat every connection alike."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from testing.servers.server import HOST


@contextmanager
def serving(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """Call `answer` with each connection, in a thread of its own, and return the server's port."""

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may disconnect
            answer(connection)

    def accept() -> None:
        with suppress(OSError):  # the listener is shut down
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server((HOST, 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
