"""A photo store in a bucket of S3-compatible storage."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import md5
from itertools import chain, groupby
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from attrai.errors import StoreUnavailable
from attrai.storage.store import StoreError, is_job_id, validate_job_id

_CONFIG = Config(
    # In seconds. Three attempts must end before dramatiq's time limit of a minute ends the stage.
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    # Many S3-compatible storages reject the checksums that boto3 adds by default (boto3#4392).
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
#: Excludes ':' and '@', so that a misplaced password is never repeated as a bucket's name.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
_PASSWORD = re.compile(r"\S*@")


class BucketStore:
    """A photo store with one object per file, PREFIX/JOB/NAME.

    Other objects in the bucket are neither listed nor touched.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        """Check that the bucket can be listed.

        Raises:
            StoreError: The bucket doesn't exist, the credentials are missing or don't give
                access, or the storage can't be reached.
        """
        if not _BUCKET.fullmatch(bucket):
            raise StoreError("an S3 URL begins with a bucket's name: s3://bucket/prefix")
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        try:
            # boto3's default session is not thread-safe; a client is.
            self._client = boto3.Session().client("s3", config=_CONFIG)
            self._client.list_objects_v2(Bucket=bucket, Prefix=self._prefix, MaxKeys=1)
        except (BotoCoreError, ClientError, ValueError) as error:  # ValueError: bad endpoint
            raise StoreError(f"s3://{bucket} can't be used: {_line(error)}") from None
        self._client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)

    def write(self, job_id: str, name: str, content: bytes) -> None:
        """Write a file of a job, replacing an earlier one of that name."""
        key = self._folder(job_id) + name
        with _translate_errors():
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content)

    def read(self, job_id: str, name: str) -> bytes:
        """Read a file of a job.

        Raises:
            FileNotFoundError: There is no such file.
        """
        key = self._folder(job_id) + name
        with (
            _translate_errors(),
            self._client.get_object(Bucket=self._bucket, Key=key)["Body"] as body,
        ):
            content: bytes = body.read()
            return content

    def delete(self, job_id: str, *names: str) -> None:
        """Delete files of a job."""
        folder = self._folder(job_id)
        self._delete(folder + name for name in names)

    def delete_job(self, job_id: str) -> None:
        """Delete all objects of a job."""
        for page in self._pages(self._folder(job_id)):
            self._delete(found["Key"] for found in page)

    def job_ids(self, older_than: float) -> Iterator[str]:
        """Yield the jobs with objects, none of them written in the last `older_than` seconds."""
        newest = time.time() - older_than

        def job_id(found: dict[str, Any]) -> str:
            name, slash, _ = found["Key"].removeprefix(self._prefix).partition("/")
            return name if slash and is_job_id(name) else ""

        # Grouped across pages, because a job's objects may continue on the next page.
        for name, objects in groupby(chain.from_iterable(self._pages(self._prefix)), job_id):
            if name and max(found["LastModified"].timestamp() for found in objects) <= newest:
                yield name

    def _folder(self, job_id: str) -> str:
        return f"{self._prefix}{validate_job_id(job_id)}/"

    def _pages(self, prefix: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the objects under `prefix` in the order of their keys, up to 1000 at a time."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        with _translate_errors():
            for page in pages:
                yield page.get("Contents", [])

    def _delete(self, keys: Iterable[str]) -> None:
        """Delete up to 1000 objects in one request."""
        objects = [{"Key": key} for key in keys]
        if not objects:
            return  # the storage would reject an empty list as malformed
        with _translate_errors():
            response = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
        if errors := response.get("Errors"):
            code = errors[0].get("Code")
            raise StoreUnavailable(f"{len(errors)} of {len(objects)} objects not deleted: {code}")


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Convert boto3's exceptions to those of a photo store.

    They are raised without their cause, because its text may contain a password that `_line`
    removes.
    """
    try:
        yield
    except ClientError as error:
        missing = error.response["Error"]["Code"] == "NoSuchKey"
        raise (FileNotFoundError if missing else StoreUnavailable)(_line(error)) from None
    except BotoCoreError as error:
        raise StoreUnavailable(_line(error)) from None


def _line(error: Exception) -> str:
    """Return the error's message on one line, without the password of an endpoint."""
    return _PASSWORD.sub("", " ".join(str(error).split()))


def _add_md5(params: dict[str, Any], **_: object) -> None:
    """Add the Content-MD5 header, which older S3-compatible storages need to delete (s3fs#931)."""
    digest = md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = b64encode(digest).decode()
