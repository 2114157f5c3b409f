"""Small proxies that want a password: SOCKS 5 (RFC 1928 and 1929), and HTTP's CONNECT."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import parse_headers

from testing.connections import serving
from testing.servers.server import HOST

USER, PASSWORD = "user", "open/sesame"
#: The same, as a URL has them.
CREDENTIALS = "user:open%2Fsesame"


@contextmanager
def socks_proxy(asked: list[str]) -> Iterator[int]:
    """Serve SOCKS 5, add the hosts that clients ask for to `asked`, and return the port."""

    def serve(client: socket.socket) -> None:
        with client.makefile("rb") as received:
            version, methods = received.read(2)
            assert (version, 2 in received.read(methods)) == (5, True)
            client.sendall(b"\5\2")  # by user and password
            received.read(1)
            user = received.read(received.read(1)[0]).decode()
            password = received.read(received.read(1)[0]).decode()
            if (user, password) != (USER, PASSWORD):
                client.sendall(b"\1\1")
                return
            client.sendall(b"\1\0")
            assert received.read(3) == b"\5\1\0"
            if received.read(1) == b"\3":  # a name, which the proxy is to look up
                host = received.read(received.read(1)[0]).decode()
            else:
                host = socket.inet_ntoa(received.read(4))
            (port,) = struct.unpack(">H", received.read(2))
        asked.append(host)
        with socket.create_connection((HOST, port)) as server:
            client.sendall(b"\5\0\0\1" + bytes(6))
            forward(client, server)

    with serving(serve) as port:
        yield port


@contextmanager
def connect_proxy(asked: list[str]) -> Iterator[int]:
    """Serve HTTP's CONNECT, add the hosts that clients ask for to `asked`, and return the port."""
    allowed = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    def serve(client: socket.socket) -> None:
        with client.makefile("rb") as received:
            method, target, _ = received.readline().decode().split()
            headers = parse_headers(received)
        if (method, headers["Proxy-Authorization"]) != ("CONNECT", allowed):
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return
        host, _, port = target.rpartition(":")
        asked.append(host)
        with socket.create_connection((HOST, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            forward(client, server)

    with serving(serve) as port:
        yield port


def forward(client: socket.socket, server: socket.socket) -> None:
    """Copy what two connections say to each other until both are silent."""
    answers = threading.Thread(target=_copy, args=(server.recv, client), daemon=True)
    answers.start()
    _copy(client.recv, server)
    answers.join()


def _copy(receive: Callable[[int], bytes], to: socket.socket) -> None:
    with suppress(OSError):
        while data := receive(1 << 16):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)
