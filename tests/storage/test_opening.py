"""Tests of opening a store by its URL, and of the errors for invalid URLs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.storage import PHOTO, StoreError, free_share, open_store

JOB = "0" * 32


def test_path_may_be_percent_encoded(tmp_path: Path) -> None:
    """Spaces and non-ASCII letters in a path are percent-encoded, as in any URL."""
    folder = tmp_path / "my phötos?"
    folder.mkdir()
    open_store(folder.as_uri()).write(JOB, PHOTO, b"photo")
    assert (folder / JOB / PHOTO).read_bytes() == b"photo"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "scheme is unknown"),
        ("/data/photos", "scheme is unknown"),
        ("https://user:secret@host/photos", "scheme is unknown"),
        ("http://[secret", "no URL"),
        ("file://secret/photos", "three slashes"),
        ("file:secret", "three slashes"),
        ("file:///photos?secret", "must end with its path"),
        ("file:///photos#secret", "must end with its path"),
        ("file:///photos%0Asecret", "can't be printed"),
        ("file:///photos%00secret", "can't be printed"),
        ("s3://", "bucket's name"),
        ("s3:///secret", "bucket's name"),
        ("s3://key:secret@bucket/photos", "bucket's name"),
        ("s3://key:secret/photos", "bucket's name"),
        ("s3://bucket/photos?key=secret", "must end with its path"),
    ],
)
def test_other_urls_are_refused(url: str, problem: str) -> None:
    """An invalid URL is refused with a one-line error that repeats no part of it."""
    with pytest.raises(StoreError, match=problem) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.builds("{}{}".format, st.sampled_from(["", "file:///no-such/", "s3://a/"]), st.text()))
def test_any_text_is_a_store_error(url: str) -> None:
    """Any text as the URL gives a `StoreError` of one line."""
    with pytest.raises(StoreError) as caught:
        open_store(url)
    assert "\n" not in str(caught.value)


def test_boto3_is_needed_for_buckets_only(tmp_path: Path) -> None:
    """Without boto3 a folder works, and an s3 URL raises an error that says what to install."""
    code = """
import sys
sys.modules["boto3"] = None
from attrai.storage import StoreError, open_store
open_store(sys.argv[1])
try:
    open_store("s3://bucket/photos")
except StoreError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, tmp_path.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "s3:// URLs need boto3: pip install 'attrai[s3]'\n"


def test_folder_needs_no_boto3(tmp_path: Path) -> None:
    """A process with a store in a folder doesn't import boto3."""
    code = """
import sys
from attrai.storage import open_store
open_store(sys.argv[1])
print("boto3" in sys.modules)
"""
    command = [sys.executable, "-c", code, tmp_path.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_free_share(mount: Callable[[str], Path]) -> None:
    """The free share of a volume is known, and a bucket has none."""
    root = mount("size=400k")
    assert free_share(root.as_uri()) == 1
    (root / "file").write_bytes(bytes(100 * 1024))
    assert free_share(root.as_uri()) == 0.75
    assert free_share("file:///no/such/folder") is None
    assert free_share("s3://bucket") is None
