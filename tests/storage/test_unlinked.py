"""Tests of the store in an unnamed file, which survives clean-ups but not its process."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from attrai.storage import PHOTO, PICTURE, UnlinkedStore
from tests.conftest import ROOT
from tests.programs import unmeasured
from tests.storage.interrupted_store import INTERRUPTIONS

JOB, OTHER = "0" * 32, "f" * 32

#: A script that stores six photos, prints the file's size and path, and waits to be killed.
_HOLDER = """
import os, sys
from attrai.storage import PHOTO, UnlinkedStore
store = UnlinkedStore()
for number in range(6):
    store.write(f"{number:032x}", PHOTO, os.urandom(300_000))
number = store._file.fileno()
print(os.fstat(number).st_size, os.readlink(f"/proc/self/fd/{number}"), flush=True)
sys.stdin.read()
"""


@contextmanager
def store_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[UnlinkedStore]:
    """Yield a store whose file lies in the given folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with closing(UnlinkedStore()) as store:
        yield store


def size(store: UnlinkedStore) -> int:
    """Return the size of the store's file, in bytes."""
    return os.fstat(store._file.fileno()).st_size


def test_a_killed_process_leaves_no_photo(tmp_path: Path) -> None:
    """No named file exists while a process stores photos, and none is left when it is killed."""
    command = [sys.executable, "-c", _HOLDER]
    with subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        held, place = holder.stdout.readline().split(" ", 1)
        names = list(tmp_path.iterdir())
        holder.kill()
    assert int(held) == 6 * 300_000
    assert place.startswith(f"{tmp_path}/")
    assert place.endswith(" (deleted)\n")
    assert names == []
    assert list(tmp_path.iterdir()) == []


def test_a_cleaned_up_folder_is_not_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the temporary folder is deleted, files stay readable and more can be written."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    with store_in(folder, monkeypatch) as store:
        store.write(JOB, PHOTO, b"before")
        shutil.rmtree(folder)
        store.write(JOB, PICTURE, b"after")
        assert store.read(JOB, PHOTO) == b"before"
        assert store.read(JOB, PICTURE) == b"after"


def test_a_full_disk_keeps_what_it_has(
    mount: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that doesn't fit raises an error and takes no space; other calls still work."""
    with store_in(mount("size=64k"), monkeypatch) as store:
        store.write(OTHER, PHOTO, bytes(40_000))
        for name, content in ((PHOTO, bytes(40_000)), (PICTURE, bytes(60_000))):
            with pytest.raises(OSError, match="No space left") as caught:
                store.write(JOB, name, content)
            assert caught.value.errno == errno.ENOSPC
            assert size(store) == 40_000
        with pytest.raises(OSError, match="No space left"):
            store.write(OTHER, PHOTO, bytes(60_000))
        assert store.read(OTHER, PHOTO) == bytes(40_000)
        assert list(store.job_ids(0)) == [OTHER]
        store.delete_job(OTHER)
        store.write(JOB, PHOTO, bytes(40_000))


def test_a_write_that_breaks_off_changes_nothing() -> None:
    """When a write stops half-way, the old content stays and the partial file's space is freed."""
    with closing(UnlinkedStore()) as store:
        store.write(JOB, PHOTO, b"old")
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        try:
            with pytest.raises(OSError, match="File too large"):
                store.write(JOB, PHOTO, bytes(100_000))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert store.read(JOB, PHOTO) == b"old"
        assert size(store) == 3


def test_space_is_used_again() -> None:
    """The space of deleted files is reused, and the file shrinks when its end becomes free."""
    with closing(UnlinkedStore()) as store:
        for name in ("first", "second", "third"):
            store.write(JOB, name, name.encode() * 1000)
        assert size(store) == 16_000
        store.delete(JOB, "second")
        store.write(OTHER, PHOTO, b"a" * 3500)
        store.write(OTHER, PICTURE, b"b" * 2500)
        assert size(store) == 16_000
        assert store.read(JOB, "third") == b"third" * 1000
        store.delete_job(JOB)
        assert size(store) == 11_000
        store.delete_job(OTHER)
        assert size(store) == 0


def test_a_time_limit_in_the_midst_of_a_call_does_no_harm() -> None:
    """A thread interrupted in any call leaves the store unlocked and every file complete."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.storage.interrupted_store"],
        cwd=ROOT,
        env=unmeasured(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout == f"{INTERRUPTIONS} interruptions did no harm\n", run.stderr
