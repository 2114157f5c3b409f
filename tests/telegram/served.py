"""Clients of a sandbox, and servers whose responses no Bot API would send."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import parse_headers

from redis import Redis

from attrai.processes.embedded import embedded_redis
from attrai.telegram import Pseudonyms, Telegram
from attrai.telegram.limiter import Limiter

#: A token as long as a real one, with all kinds of characters.
TOKEN = "7000000001:AAno-Such_Bot0but-seen-in-any-l0g-it-shows"  # noqa: S105 - it opens nothing


def connect(url: str, redis: Redis | None = None, *, patience: float = 10) -> Telegram:
    """Create a client of the server at `url`. Without `redis`, it has its own rate limits."""
    limiter = Limiter(redis or embedded_redis(), Pseudonyms(TOKEN), patience)
    return Telegram(TOKEN, url, limiter)


@contextmanager
def answering(*answers: Callable[[socket.socket], None]) -> Iterator[str]:
    """Serve each connection with the next of these functions, and return the server's URL.

    Responses that are unused at the end of the block are dropped.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                with suppress(OSError):  # the client may disconnect, or the test end
                    connection, _ = listener.accept()
                    with connection:
                        _read_request(connection)
                        answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def body(content: bytes, status: str = "200 OK") -> Callable[[socket.socket], None]:
    """Return a function that sends an HTTP response with this content."""
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    return lambda connection: connection.sendall(head.encode() + content)


def _read_request(connection: socket.socket) -> None:
    """Read a request to its end: closing the connection before would reset it, and lose the answer.

    Raises:
        OSError: the client has disconnected.
    """
    with connection.makefile("rb") as request:
        request.readline()
        length = int(parse_headers(request).get("Content-Length", 0))
        request.read(length)
