"""Fixtures for the store tests, including an S3 server for the bucket."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, cast
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from moto.s3.models import S3Backend, s3_backends
from moto.server import ThreadedMotoServer

from attrai.storage import PhotoStore, UnlinkedStore, open_store

BUCKET = "photos"


class Place(NamedTuple):
    """An empty store, and a function that makes a job's files look some seconds old."""

    store: PhotoStore
    age: Callable[[str, float], None]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of an S3 server with one bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        urlopen(Request(f"{url}/{BUCKET}", method="PUT")).close()  # noqa: S310 - our own server
        yield url
    finally:
        server.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The URL of an empty prefix of the bucket, with credentials in the environment."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tester")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tester's secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return f"s3://{BUCKET}/{uuid4().hex[:8]}/photos"


@pytest.fixture
def backend() -> S3Backend:
    """The server's backend, used to age objects or to create many without waiting."""
    backend: S3Backend = s3_backends["123456789012"]["aws"]
    return backend


@pytest.fixture(params=["volume", "bucket", "unlinked"])
def place(request: pytest.FixtureRequest) -> Place:
    return cast("Place", request.getfixturevalue(f"{request.param}_place"))


@pytest.fixture
def volume_place(tmp_path: Path) -> Place:

    def age(job_id: str, seconds: float) -> None:
        then = time.time() - seconds
        os.utime(tmp_path / job_id, (then, then))

    return Place(open_store(f"file://{tmp_path}"), age)


@pytest.fixture
def bucket_place(s3: str, backend: S3Backend) -> Place:

    def age(job_id: str, seconds: float) -> None:
        prefix = f"{s3.removeprefix(f's3://{BUCKET}/')}/{job_id}/"
        for key in backend.buckets[BUCKET].keys.values():
            if key.name.startswith(prefix):
                key.last_modified = datetime.now(UTC) - timedelta(seconds=seconds)

    return Place(open_store(s3), age)


@pytest.fixture
def unlinked_place() -> Iterator[Place]:
    """A store in an unnamed file."""
    with closing(UnlinkedStore()) as store:

        def age(job_id: str, seconds: float) -> None:
            files = store._jobs[job_id]
            for name, extent in files.items():
                files[name] = extent._replace(written=time.time() - seconds)

        yield Place(store, age)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mount an empty file system with the given options; skip the test if that is not allowed."""
    root = tmp_path / "mounted"
    mounted = []

    def mount(options: str) -> Path:
        root.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(root)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"mounting is not allowed here: {error}")
        mounted.append(root)
        return root

    yield mount
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - its path varies
