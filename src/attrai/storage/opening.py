"""Opening of a photo store by its URL."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from attrai.storage.store import PhotoStore, StoreError
from attrai.storage.volume import VolumeStore

_FORMS = "file:///path or s3://bucket/prefix"


def open_store(url: str) -> PhotoStore:
    """Open the photo store at `url` and check that it is usable.

    The S3 endpoint, region and credentials come from boto3's own environment variables and files.

    Raises:
        StoreError: The URL is neither file:///path nor s3://bucket/prefix, or the store can't be
            used. The message doesn't repeat the URL, which may contain a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise StoreError(f"this is no URL; expected {_FORMS}") from None
    path = unquote(parts.path)
    if parts.query or parts.fragment:
        raise StoreError("the URL must end with its path: write '?' as %3F and '#' as %23")
    if not path.isprintable():
        raise StoreError("the URL's path holds characters that can't be printed")
    match parts.scheme:
        case "file":
            if parts.netloc or not path.startswith("/"):
                raise StoreError("a file URL has three slashes before its path: file:///path")
            return VolumeStore(Path(path))
        case "s3":
            return _open_bucket(parts.netloc, path.strip("/"))
        case _:
            raise StoreError(f"the URL's scheme is unknown; expected {_FORMS}")


def _open_bucket(bucket: str, prefix: str) -> PhotoStore:
    try:
        from attrai.storage.bucket import BucketStore  # noqa: PLC0415 - boto3 is optional
    except ModuleNotFoundError as error:
        raise StoreError("s3:// URLs need boto3: pip install 'attrai[s3]'") from error
    return BucketStore(bucket, prefix)


def free_share(url: str) -> float | None:
    """Return which share of the volume of the photo store at `url` is free; None for a bucket."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    try:
        usage = shutil.disk_usage(unquote(parts.path))
    except OSError:
        return None  # whoever opens the store says why
    return usage.free / usage.total
