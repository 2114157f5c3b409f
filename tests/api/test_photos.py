"""The way of a photo over HTTP: sent, asked for, fetched once, cancelled or deleted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from attrai.errors import (
    INTERNAL,
    TIMED_OUT,
    BrokenImage,
    FileTooLarge,
    NoFace,
    NotAnImage,
    StoreUnavailable,
    TryLater,
)
from attrai.job import Face, Failure
from attrai.locales import text
from testing.waiting import wait_for
from tests.api.conftest import KEY, OTHER_KEY, PICTURE, Door, open_door


def test_the_way_of_a_photo(door: Door, face: Face) -> None:
    """A photo is taken, asked for and fetched, after which nothing of it is left anywhere."""
    taken = door.send(b"one", params={"renderer": "ranking"})
    photo = taken.json()
    assert (taken.status_code, photo["state"], photo["renderer"]) == (202, "pending", "ranking")
    assert taken.headers["Location"] == photo["links"]["self"] == f"/v1/photos/{photo['id']}"
    assert int(taken.headers["Retry-After"]) >= 1
    assert door.ask("GET", photo["links"]["picture"]).status_code == 409
    assert door.process(photo["id"], face=face) == b"one"
    done = door.ask("GET", photo["links"]["self"]).json()
    assert (done["state"], done["size"], done["faces_found"]) == ("done", [640, 480], 2)
    assert [found["score"] for found in done["faces"]] == [7, None]
    assert [found["spread"] for found in done["faces"]] == [1.5, None]
    assert [found["minor"] for found in done["faces"]] == [False, True]
    assert done["faces"][0]["box"] == list(face.box)
    assert done["faces"][0]["landmarks"] == [list(point) for point in face.landmarks]
    picture = door.ask("GET", photo["links"]["picture"])
    assert (picture.content, picture.headers["Content-Type"]) == (PICTURE, "image/jpeg")
    wait_for(lambda: door.files() == set())
    for path in photo["links"].values():
        assert door.ask("GET", path).status_code == 404
    assert door.redis.keys("*api*") == []


def test_raw_body(door: Door) -> None:
    """A photo may be the body itself, of any image type, of an unknown one, or of none."""
    for kind in ("image/heic", "application/octet-stream", None):
        headers = {"Content-Type": kind} if kind else {}
        answer = door.ask("POST", "/v1/photos", data=b"raw", headers=headers)
        assert door.process(answer.json()["id"]) == b"raw"


def test_waiting(door: Door) -> None:
    """With `wait` the answer is the picture, or with `Accept: application/json` the faces."""
    accepted = [("*/*", "image/jpeg"), ("image/*;q=0.5, application/json", "application/json")]
    for accept, kind in accepted:
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(door.send, params={"wait": 60}, headers={"Accept": accept})
            wait_for(door.jobs)
            door.process(door.jobs()[-1].id)
            answer = asking.result()
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind)
        door.broker.queues["ingest"].queue.clear()
    left = answer.json()["links"]["picture"]
    assert door.ask("GET", left).content == PICTURE
    wait_for(lambda: door.files() == set())


def test_waiting_in_vain(door: Door) -> None:
    """Whoever waited long enough is told where to ask again."""
    answer = door.send(params={"wait": 1})
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    again = door.ask("GET", answer.headers["Location"], params={"wait": 1})
    assert (again.status_code, again.json()["state"]) == (200, "pending")


def test_the_end_of_the_server() -> None:
    """Those who wait are answered at once when the server is to end."""
    with open_door([KEY]) as other:
        asking = threading.Thread(target=lambda: answers.append(other.send(params={"wait": 60})))
        answers: list[requests.Response] = []
        asking.start()
        wait_for(other.jobs)
    asking.join()
    assert [answer.status_code for answer in answers] == [202]


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (NoFace().failure(), 422),
        (BrokenImage().failure(), 422),
        (NotAnImage().failure(), 415),
        (FileTooLarge(limit_mb=20).failure(), 413),
        (INTERNAL, 500),
        (TIMED_OUT, 504),
        (Failure(code="of-a-newer-version"), 422),
    ],
)
def test_failures(door: Door, failure: Failure, status: int) -> None:
    """Why a photo has no picture is told with the code and in the words of the bot."""
    id_ = door.sent()
    door.process(id_, failure)
    photo = door.ask("GET", f"/v1/photos/{id_}", headers={"Accept-Language": "fr;q=0.5, de"})
    problem = photo.json()["problem"]
    assert (photo.status_code, photo.json()["state"]) == (200, "failed")
    code = "internal" if failure.code.startswith("of-") else failure.code
    assert problem["detail"] == text(code, "de", **failure.details)
    picture = door.ask("GET", f"/v1/photos/{id_}/picture", headers={"Accept-Language": "de"})
    assert picture.json() == problem
    assert picture.status_code == problem["status"] == status
    assert picture.headers["Content-Type"] == "application/problem+json"
    assert problem["code"] == failure.code


def test_results_expire(door: Door) -> None:
    """A result that nobody fetches is served for five minutes, then swept."""
    id_ = door.sent()
    door.process(id_)
    door.sweep()
    assert door.ask("GET", f"/v1/photos/{id_}").status_code == 200
    (folder,) = door.files()
    until = door.ledger.expire_files(folder, 300)
    seconds, _ = door.redis.time()
    assert 299 <= until - seconds <= 301
    door.ledger.expire_files(folder, -1)
    door.sweep()
    assert door.files() == set()
    assert door.ask("GET", f"/v1/photos/{id_}").status_code == 404


def test_expired_results_are_not_served(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a sweeper, too, a result is not served after its time."""
    monkeypatch.setattr("attrai.api.results.KEPT_SECONDS", 0)
    id_ = door.sent()
    door.process(id_)
    for path in ("", "/picture"):
        assert door.ask("GET", f"/v1/photos/{id_}{path}").status_code == 404


def test_deleting(door: Door) -> None:
    """A photo may be cancelled, and a result deleted; what is gone can't be deleted again."""
    waiting, done = door.sent(), door.sent()
    door.process(done)
    for id_ in (waiting, done):
        assert door.ask("DELETE", f"/v1/photos/{id_}").status_code == 204
        assert door.ask("DELETE", f"/v1/photos/{id_}").status_code == 404
        assert door.ask("GET", f"/v1/photos/{id_}").status_code == 404
    assert door.files() == set()
    assert door.ledger.in_flight() == 0


def test_deleting_too_late(door: Door) -> None:
    """A photo can't be cancelled while its result is being stored."""
    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    door.ledger.begin(job, "deliver")
    answer = door.ask("DELETE", f"/v1/photos/{id_}")
    assert (answer.status_code, answer.json()["code"]) == (409, "in-progress")
    assert "Retry-After" in answer.headers


def test_photos_of_others(door: Door) -> None:
    """A photo and its result belong to the key that sent it; for others there is none."""
    waiting, done = door.sent(), door.sent()
    door.process(done)
    for id_ in (waiting, done):
        for method, path in (("GET", ""), ("GET", "/picture"), ("DELETE", "")):
            answer = door.ask(method, f"/v1/photos/{id_}{path}", OTHER_KEY)
            assert answer.status_code == 404
    assert door.ask("GET", f"/v1/photos/{done}/picture").content == PICTURE


def test_idempotency(door: Door) -> None:
    """A photo that is sent again with its key is the same, before and after its result is there."""
    headers = {"Idempotency-Key": "one"}
    first = door.sent(b"one", headers=headers)
    assert door.sent(b"one", headers=headers) == first
    assert door.sent(b"one", headers=headers, key=OTHER_KEY) != first
    assert {job.id for job in door.jobs()} == {first, door.jobs()[-1].id}
    assert door.ledger.in_flight() == 2
    another = door.send(b"another", headers=headers)
    assert (another.status_code, another.json()["code"]) == (422, "idempotency-key-reused")
    door.process(first)
    again = door.send(b"one", headers=headers)
    assert (again.status_code, again.json()["state"]) == (200, "done")
    assert door.send(b"one", headers=headers, params={"wait": 1}).content == PICTURE
    wait_for(lambda: door.files() == {door.jobs()[-1].id})
    gone = door.send(b"one", headers=headers)
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")


def test_a_key_in_use(door: Door) -> None:
    """Of two requests with one key at the same time the second is told to come back."""
    headers = {"Idempotency-Key": "one"}
    id_ = door.sent(headers=headers)
    door.redis.set(f"attrai:api:upload:{id_}", 1)
    answer = door.send(headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "in-progress")


def test_a_request_that_was_cut_off(door: Door) -> None:
    """A photo whose job was admitted but not published is published when it is sent again."""
    headers = {"Idempotency-Key": "one"}
    id_ = door.sent(headers=headers)
    door.broker.queues["ingest"].queue.clear()
    assert door.sent(headers=headers) == id_
    assert [job.id for job in door.jobs()] == [id_]


def test_a_kill_before_the_admission(door: Door) -> None:
    """A photo that was stored and not admitted is swept after five minutes."""
    folder = f"{1:032x}"
    door.ledger.expire_files(folder, 300)
    door.store.write(folder, "upload", b"a photo")
    door.sweep()
    assert door.files() == {folder}
    door.ledger.expire_files(folder, -1)
    door.sweep()
    assert door.files() == set()


@pytest.fixture(name="small")
def small_door() -> Iterator[Door]:
    """Return a server with low limits."""
    with open_door([KEY, OTHER_KEY], max_active=2, max_pending=3, daily=4, max_file_mb=1) as door:
        yield door


def test_limits(small: Door) -> None:
    """Each key has its limits, and the service its own; a refused photo leaves nothing behind."""
    first = [small.sent(), small.sent()]
    busy = small.send(headers={"Accept-Language": "de"})
    assert (busy.status_code, busy.json()["code"]) == (429, "user-busy")
    assert busy.json()["detail"].startswith("Deine letzten 2 Fotos")
    assert int(busy.headers["Retry-After"]) >= 1
    first.append(small.sent(key=OTHER_KEY))
    full = small.send(key=OTHER_KEY)
    assert (full.status_code, full.json()["code"]) == (503, "busy")
    assert int(full.headers["Retry-After"]) >= 1
    assert small.files() == set(first)
    for id_ in first:
        small.process(id_)
    for _ in range(2):
        small.process(small.sent())
    daily = small.send()
    assert (daily.status_code, daily.json()["code"]) == (429, "daily-limit")
    assert int(daily.headers["Retry-After"]) > 80_000


def test_a_redelivered_message(door: Door) -> None:
    """Ingest, which gets a message again after it passed the photo on, leaves the photo alone."""
    from attrai.channels import PhotoReleased  # noqa: PLC0415 - beside its use

    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    door.process(id_)
    with pytest.raises(PhotoReleased):
        door.channel.fetch(job, 1)


def test_a_full_volume(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result for which there is no room is kept later; a store that is away is an outage."""
    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    for error, raised in ((OSError(28, "full"), TryLater), (StoreUnavailable(), StoreUnavailable)):

        def fail(*_: object, error: OSError = error) -> None:
            raise error

        with monkeypatch.context() as full:
            full.setattr(door.store, "write", fail)
            with pytest.raises(raised):
                door.channel.deliver(job, PICTURE)
            with pytest.raises(raised):
                door.channel.send_failure(job, INTERNAL)
    door.process(id_)
    assert door.ask("GET", f"/v1/photos/{id_}/picture").content == PICTURE


def test_a_result_that_is_delivered_twice(door: Door) -> None:
    """A result that is kept again, as a message may be delivered again, is still one."""
    id_ = door.sent()
    job = door.ledger.admitted(id_)
    assert job is not None
    door.channel.deliver(job, PICTURE)
    assert door.ask("GET", f"/v1/photos/{id_}").json()["state"] == "pending"
    door.process(id_)
    assert door.ask("GET", f"/v1/photos/{id_}/picture").content == PICTURE
    wait_for(lambda: door.files() == set())
