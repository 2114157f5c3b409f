"""Requests that are wrong, too large, too slow or broken off, and answers that are."""

from __future__ import annotations

import json
import os
import socket
import struct
from contextlib import closing, suppress
from typing import Any

import dramatiq
import pytest
import redis

from attrai.job import job_id
from attrai.outages import OUTAGES
from testing.waiting import wait_for
from tests.api.conftest import KEY, OTHER_KEY, PICTURE, Door, open_door

AUTHORIZATION = f"Authorization: Bearer {KEY}"


def connect(door: Door) -> socket.socket:
    """Return a connection to a server."""
    return socket.create_connection(("127.0.0.1", door.port), timeout=60)


def post(*headers: str) -> bytes:
    """Return the head of a request that sends a photo."""
    lines = ["POST /v1/photos HTTP/1.1", "Host: localhost", AUTHORIZATION, *headers]
    return "\r\n".join([*lines, "", ""]).encode()


def answer_to(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """Return the status and the content of the answer on a connection."""
    received = b""
    while b"\r\n\r\n" not in received or not received.endswith(b"}"):
        more = connection.recv(65536)
        assert more, received
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head or b"application/json" in head
    return int(head.split()[1]), json.loads(body)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not-found"),
        ("GET", "/v1/photos/../x", 404, "not-found"),
        ("GET", "/docs/../server.py", 404, "not-found"),
        ("GET", "/v1/photos", 405, "method-not-allowed"),
        ("PUT", f"/v1/photos/{1:032x}", 405, "method-not-allowed"),
        ("GET", f"/v1/photos/{1:032x}", 404, "not-found"),
        ("GET", f"/v1/photos/{1:032x}?wait=61", 400, "invalid"),
        ("GET", f"/v1/photos/{1:032x}?wait=1&wait=1", 400, "invalid"),
        ("DELETE", f"/v1/photos/{1:032x}?wait=1", 400, "invalid"),
        ("POST", "/v1/photos?renderer=nobody", 400, "invalid"),
        ("POST", "/v1/photos?locale=nobody", 400, "invalid"),
        ("POST", "/v1/photos", 422, "broken-image"),
    ],
)
def test_problems(door: Door, method: str, path: str, status: int, code: str) -> None:
    """What is wrong with a request is told as a problem."""
    answer = door.ask(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["title"]
    assert problem["detail"]


def test_keys(door: Door) -> None:
    """Without a valid key nothing is told, and no body is read."""
    for key in (None, "", KEY[:-1], f"{KEY}x", "ключ".encode().decode("latin-1")):
        answer = door.ask("POST", "/v1/photos", key, files={"photo": b"a photo"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    headers = {"Authorization": f"Basic {KEY}"}
    assert door.ask("GET", f"/v1/photos/{1:032x}", None, headers=headers).status_code == 401
    assert door.files() == set()


@pytest.mark.parametrize(
    "form",
    [
        {"photo": b"one", "another": b"two"},
        {"picture": b"one"},
        [("photo", b"one"), ("photo", b"two")],
    ],
)
def test_other_forms(door: Door, form: Any) -> None:
    """A form has one field, as a misplaced parameter would be ignored otherwise."""
    answer = door.ask("POST", "/v1/photos", files=form)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"a photo"),
        ("multipart/form-data; boundary=x", b"a photo"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="photo"'),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\nhalf a photo',
        ),
    ],
)
def test_broken_forms(door: Door, kind: str, body: bytes) -> None:
    """A form that is malformed or incomplete is no photo."""
    answer = door.ask("POST", "/v1/photos", data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert door.files() == set()


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "video/mp4"])
def test_other_types(door: Door, kind: str) -> None:
    """What calls itself something else than a photo is none."""
    answer = door.ask("POST", "/v1/photos", data=b"{}", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "not-an-image")


def test_a_file_that_is_too_large() -> None:
    """Of a file that is too large no more is read than may be, however it is sent."""
    with open_door([KEY], max_file_mb=1) as door:
        most = os.urandom(10**6)
        assert door.process(door.sent(most)) == most
        for arguments in (
            {"files": {"photo": most + b"!"}},
            {"data": most + b"!"},
            {"data": iter([most, b"!"])},  # in chunks, without a length
        ):
            answer = door.ask("POST", "/v1/photos", **arguments)
            assert (answer.status_code, answer.json()["code"]) == (413, "file-too-large")
        with connect(door) as client:  # that asks before it sends
            client.sendall(post("Content-Length: 1000001", "Expect: 100-continue"))
            assert answer_to(client)[0] == 413
        with connect(door) as client:  # whose chunk says that it is huge
            client.sendall(post("Transfer-Encoding: chunked") + b"7fffffff\r\n" + most + b"!")
            assert answer_to(client)[0] == 413
        assert door.files() <= {job_id("api result", door.jobs()[0].id)}


def test_a_slow_client(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that falls silent in the middle of its photo is told so, and cut off."""
    monkeypatch.setattr("attrai.api.uploads._SILENCE_SECONDS", 0.1)
    with connect(door) as client:
        client.sendall(post("Content-Length: 100") + b"some bytes")
        assert answer_to(client)[1]["code"] == "too-slow"
        assert client.recv(1) == b""
    assert door.files() == set()


def test_a_client_without_a_request(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that never says what it wants is cut off."""
    monkeypatch.setattr("attrai.api.connections._HEADERS_SECONDS", 0.05)
    monkeypatch.setattr("attrai.api.connections._LOOK_SECONDS", 0.02)
    with connect(door) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert client.recv(1) == b""


def test_a_client_that_goes_away(door: Door) -> None:
    """Half a photo is none: its client is gone, and nothing is kept or admitted."""
    with connect(door) as client:
        client.sendall(post("Content-Length: 100") + b"some bytes")
    with connect(door) as client:
        client.sendall(post("Transfer-Encoding: chunked") + b"5\r\nhello")
    assert door.ask("GET", "/healthz").status_code == 200
    wait_for(lambda: door.server.in_progress == 0)
    assert door.files() == set()
    assert door.ledger.in_flight() == 0


def test_no_http(door: Door) -> None:
    """What is no HTTP gets a problem too."""
    with connect(door) as client:
        client.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert answer_to(client)[1]["code"] == "bad-request"


def test_a_broken_answer(door: Door) -> None:
    """A picture whose client went away in the middle can be fetched again, and then no more."""
    picture = PICTURE + os.urandom(5_000_000)
    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    door.channel.deliver(job, picture)
    assert door.ledger.finish(job)
    door.store.delete_job(id_)
    path = f"/v1/photos/{id_}/picture"
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", door.port))
        client.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{AUTHORIZATION}\r\n\r\n".encode()
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        # Closes with a reset, as what was sent has not been read.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for(lambda: door.server.in_progress == 0)
    assert door.ask("HEAD", path).headers["Content-Length"] == str(len(picture))
    assert door.ask("GET", path).content == picture
    wait_for(lambda: door.files() == set())
    assert door.ask("GET", path).status_code == 404


def test_a_client_that_closes_the_connection(door: Door) -> None:
    """A picture counts as fetched by a client that reads it all and closes the connection."""
    id_ = door.sent()
    door.process(id_)
    path = f"/v1/photos/{id_}/picture"
    answer = door.ask("GET", path, headers={"Connection": "close"})
    assert answer.content == PICTURE
    wait_for(lambda: door.files() == set())
    assert door.ask("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("part", "error"),
    [
        ("redis", redis.ConnectionError()),
        ("broker", dramatiq.errors.ConnectionClosed(OSError())),
        ("store", OSError(28, "No space left on device")),
    ],
)
def test_outages(door: Door, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception) -> None:
    """While a server is away the client is told when to come back, and nothing is half admitted."""

    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as away:
        method = {"redis": "execute_command", "broker": "enqueue", "store": "write"}[part]
        away.setattr(getattr(door, part), method, fail)
        answer = door.send()
    assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    assert int(answer.headers["Retry-After"]) > 0
    assert door.files() == set()
    assert door.ledger.in_flight() == 0
    assert door.process(door.sent()) == b"a photo"
    assert isinstance(error, (*OUTAGES, OSError))


def test_health(door: Door) -> None:
    """The process says that it lives, and whether it can take photos; neither needs a key."""
    assert door.ask("GET", "/healthz", None).json() == {"status": "healthy"}
    door.ready = False
    answer = door.ask("GET", "/readyz", None)
    assert (answer.status_code, answer.json()["code"]) == (503, "internal")
    door.ready = True
    assert door.ask("GET", "/readyz", None).json() == {"status": "ready"}
    assert door.beats.wait(60)


def test_without_keys() -> None:
    """Without keys only programs on this machine are served, and no page of another site."""
    with open_door([]) as door:
        assert door.sent(key=None)
        for headers in (
            {"Host": "evil.example"},
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
        ):
            answer = door.send(key=None, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_no_other_sites(door: Door) -> None:
    """No page of another site may read an answer."""
    answer = door.ask("OPTIONS", "/v1/photos", headers={"Origin": "https://evil.example"})
    assert answer.status_code == 405
    assert not any(name.lower().startswith("access-control") for name in answer.headers)


def test_uploads_take_turns(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only some photos are uploaded at a time, of which one client has no more than half.

    Others wait for a turn, but not for ever.
    """
    monkeypatch.setattr("attrai.api.routes._TURN_SECONDS", 0.1)
    clients = []

    def begin(key: str) -> None:
        clients.append(connect(door))
        head = post("Content-Length: 7").replace(KEY.encode(), key.encode())
        clients[-1].sendall(head + b"a ph")

    for _ in range(4):
        begin(KEY)
    wait_for(lambda: door.server.in_progress == 4)
    answer = door.send()
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert door.sent(key=OTHER_KEY)
    for _ in range(4):
        begin(OTHER_KEY)
    wait_for(lambda: door.server.in_progress == 8)
    for key in (KEY, OTHER_KEY):
        assert door.send(key=key).json()["code"] == "busy"
    for client in clients:
        with client:
            client.sendall(b"oto")
            assert answer_to(client)[0] == 202


def test_a_client_that_drips(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends its photo byte by byte is told after a time that it was too slow."""
    monkeypatch.setattr("attrai.api.uploads._BODY_SECONDS", 0.3)
    with connect(door) as client:
        client.sendall(post("Content-Length: 1000000"))
        client.settimeout(0.01)
        received = b""
        while not received:
            client.sendall(b".")
            with suppress(TimeoutError):
                received = client.recv(65536)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert door.files() == set()


def test_a_client_that_stops_reading(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that doesn't read its picture is cut off, and the picture is kept."""
    monkeypatch.setattr("attrai.api.connections._ANSWER_SECONDS", 0.2)
    picture = PICTURE + os.urandom(5_000_000)
    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    door.channel.deliver(job, picture)
    assert door.ledger.finish(job)
    door.store.delete_job(id_)
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", door.port))
        head = (
            f"GET /v1/photos/{id_}/picture HTTP/1.1\r\nHost: localhost\r\n{AUTHORIZATION}\r\n\r\n"
        )
        client.sendall(head.encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
        wait_for(lambda: door.server.in_progress == 0)
    assert len(door.files()) == 1
