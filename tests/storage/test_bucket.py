"""Tests of a bucket that is missing, forbidden or unreachable, or that holds other objects."""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import md5

import moto.settings
import pytest
from dramatiq.middleware import TimeLimitExceeded
from moto.s3.models import S3Backend
from moto.server import ThreadedMotoServer

from attrai.errors import StoreUnavailable
from attrai.outages import is_outage
from attrai.storage import PHOTO, StoreError, open_store
from attrai.storage.bucket import BucketStore
from testing.servers.server import reserved_port
from tests.storage.conftest import BUCKET

JOB = "0" * 32


def test_missing_bucket_stops_at_start(s3: str) -> None:
    """A missing bucket is refused with an error that names it."""
    with pytest.raises(StoreError, match=r"^s3://no-such can't be used: .*\(NoSuchBucket\).*$"):
        open_store(s3.replace(BUCKET, "no-such"))


def test_wrong_credentials_stop_at_start(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong credentials are refused with an error that doesn't repeat them."""
    monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    with pytest.raises(StoreError, match=r"^s3://photos can't be used: .*InvalidAccessKey") as e:
        open_store(s3)
    assert "tester" not in str(e.value)


def test_missing_credentials_stop_at_start(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing credentials are refused with an error that says so."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(StoreError, match=r"^s3://photos can't be used: Unable to locate cred"):
        open_store(s3)


def test_missing_profile_stops_at_start(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile missing from boto3's files is refused with an error that names it."""
    monkeypatch.setenv("AWS_PROFILE", "production")
    with pytest.raises(StoreError, match="production"):
        open_store(s3)


@pytest.mark.parametrize("endpoint", ["http://user:pass/word@127.0.0.1:1", "user:password@nowhere"])
def test_unusable_endpoint_stops_at_start(
    s3: str, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    """An invalid or unreachable endpoint is refused with an error without its password."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(StoreError, match=r"^s3://photos can't be used: .* endpoint") as caught:
        open_store(s3)
    assert "word" not in str(caught.value)


def test_bucket_that_goes_away_is_an_error(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the storage denies access later, every method says that it is unavailable."""
    store = open_store(s3)
    monkeypatch.setattr(moto.settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
    for call in (
        lambda: store.write(JOB, PHOTO, b""),
        lambda: store.read(JOB, PHOTO),
        lambda: store.delete(JOB, PHOTO),
        lambda: store.delete_job(JOB),
        lambda: list(store.job_ids(0)),
    ):
        with pytest.raises(StoreUnavailable, match="InvalidAccessKeyId"):
            call()


def test_bucket_out_of_reach_is_an_error(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the storage becomes unreachable, it is unavailable, which is an outage."""
    with reserved_port() as port:
        server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        server.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        store = open_store(s3)
        server.stop()
        with pytest.raises(StoreUnavailable, match="Could not connect to the endpoint") as raised:
            store.write(JOB, PHOTO, b"")
    assert is_outage(raised.value)


@pytest.mark.usefixtures("s3")
def test_a_time_limit_while_waiting_for_a_bucket() -> None:
    """A time limit that strikes in a call to the storage says nothing of the photo."""

    def strike(**_: object) -> None:
        raise TimeLimitExceeded

    store = BucketStore(BUCKET, "")
    store._client.meta.events.register("before-send.s3.PutObject", strike)
    with pytest.raises(TimeLimitExceeded) as struck:
        store.write(JOB, PHOTO, b"")
    assert is_outage(struck.value)


def test_refused_deletion_is_an_error(s3: str, backend: S3Backend) -> None:
    """A deletion that the storage answers with a list of errors has not happened."""
    store = open_store(s3)
    store.write(JOB, PHOTO, b"photo")
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject"}
    deny["Resource"] = f"arn:aws:s3:::{BUCKET}/*"
    backend.put_bucket_policy(BUCKET, json.dumps({"Statement": [deny]}).encode())
    try:
        with pytest.raises(StoreUnavailable, match="1 of 1 objects not deleted: AccessDenied"):
            store.delete_job(JOB)
    finally:
        backend.delete_bucket_policy(BUCKET)
    assert store.read(JOB, PHOTO) == b"photo"


def test_deletions_carry_the_checksum_that_older_storages_ask_for(s3: str) -> None:
    """A deletion is sent with the MD5 of its body, which boto3 by default leaves out."""
    store, sent = open_store(s3), []
    assert isinstance(store, BucketStore)
    store._client.meta.events.register(
        "before-send.s3.DeleteObjects", lambda request, **_: sent.append(request)
    )
    store.delete(JOB, PHOTO)
    (request,) = sent
    assert request.headers["Content-MD5"] == b64encode(md5(request.body).digest())  # noqa: S324


def test_more_objects_than_one_answer_lists(s3: str, backend: S3Backend) -> None:
    """A job with more than a thousand objects is listed once and deleted completely."""
    store = open_store(s3)
    prefix = s3.removeprefix(f"s3://{BUCKET}/")
    for number in range(1001):
        backend.put_object(BUCKET, f"{prefix}/{JOB}/{number}", b"")
    assert list(store.job_ids(0)) == [JOB]
    store.delete_job(JOB)
    assert list(store.job_ids(0)) == []


def test_what_is_not_ours_stays(s3: str, backend: S3Backend) -> None:
    """Objects of other programs and of other stores are neither listed nor deleted."""
    beside = open_store(f"{s3}-of-others")
    beside.write(JOB, PHOTO, b"")
    prefix = s3.removeprefix(f"s3://{BUCKET}/")
    foreign = {f"{prefix}/readme", f"{prefix}/{'1' * 32}", f"{prefix}/{'A' * 32}/{PHOTO}"}
    for key in foreign:
        backend.put_object(BUCKET, key, b"")
    store = open_store(s3)
    store.write(JOB, PHOTO, b"")
    assert list(store.job_ids(0)) == [JOB]
    store.delete_job(JOB)
    assert beside.read(JOB, PHOTO) == b""
    left = {key.name for key in backend.buckets[BUCKET].keys.values()}
    assert {key for key in left if key.startswith(f"{prefix}/")} == foreign


@pytest.mark.usefixtures("s3")
def test_bucket_without_prefix() -> None:
    """Without a prefix in the URL, the keys in the bucket begin with the job id."""
    store = open_store(f"s3://{BUCKET}")
    store.write(JOB, PHOTO, b"photo")
    assert open_store(f"s3://{BUCKET}/").read(JOB, PHOTO) == b"photo"
    assert list(store.job_ids(0)) == [JOB]
    store.delete_job(JOB)
