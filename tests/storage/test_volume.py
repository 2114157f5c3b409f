"""Tests of a volume that is full, read-only or missing, and of processes killed on it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from attrai.storage import PHOTO, StoreError, VolumeStore, open_store

JOB = "0" * 32

#: A script that exceeds its file size limit, so the kernel kills it in the middle of a write.
_KILLED = """
import os, resource, signal, sys
from pathlib import Path
from attrai.storage import PHOTO, VolumeStore
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
if sys.argv[3] == "a temporary name":
    del os.O_TMPFILE  # as on macOS
VolumeStore(Path(sys.argv[1])).write(sys.argv[2], PHOTO, bytes(100_000))
"""


def test_full_volume_keeps_what_it_has(mount: Callable[[str], Path]) -> None:
    """A write that doesn't fit raises an error, leaves nothing, and succeeds after a sweep."""
    root = mount("size=64k")
    store = open_store(f"file://{root}")
    store.write("f" * 32, PHOTO, bytes(40_000))
    for _ in range(2):
        with pytest.raises(OSError, match="No space left") as caught:
            store.write(JOB, PHOTO, bytes(40_000))
        assert caught.value.errno == errno.ENOSPC
        assert [folder.name for folder in root.iterdir()] == ["f" * 32]
    with pytest.raises(OSError, match="No space left"):
        store.write("f" * 32, PHOTO, bytes(60_000))
    assert store.read("f" * 32, PHOTO) == bytes(40_000)
    # A process that starts now must be able to free space.
    open_store(f"file://{root}").delete_job("f" * 32)
    store.write(JOB, PHOTO, bytes(40_000))


def test_read_only_volume_stops_at_start(mount: Callable[[str], Path]) -> None:
    """A read-only volume is refused when the store is opened."""
    with pytest.raises(StoreError, match=r"^/.*/mounted can't be used: it may not be written$"):
        open_store(f"file://{mount('ro')}")


def test_missing_root_stops_at_start(tmp_path: Path) -> None:
    """A root that is missing or a file is refused and not created."""
    with pytest.raises(StoreError, match=r"^/.*/photos can't be used: No such file or directory$"):
        open_store(f"file://{tmp_path}/photos")
    (tmp_path / "photos").write_bytes(b"")
    with pytest.raises(StoreError, match=r"^/.*/photos can't be used: Not a directory$"):
        open_store(f"file://{tmp_path}/photos")


def test_lost_root_is_an_error(tmp_path: Path) -> None:
    """When the root disappears later, writing raises an error and doesn't create it again."""
    (tmp_path / "photos").mkdir()
    store = VolumeStore(tmp_path / "photos")
    (tmp_path / "photos").rmdir()
    with pytest.raises(FileNotFoundError):
        store.write(JOB, PHOTO, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("until_it_is_whole", "left"), [("no name", []), ("a temporary name", [".attrai-"])]
)
def test_what_a_killed_process_left_is_found_and_deleted(
    tmp_path: Path, until_it_is_whole: str, left: list[str]
) -> None:
    """A process killed while it writes leaves at most a partial file; `delete_job` deletes it."""
    command = [sys.executable, "-c", _KILLED, str(tmp_path), JOB, until_it_is_whole]
    assert subprocess.run(command, check=False).returncode == -signal.SIGXFSZ
    store = VolumeStore(tmp_path)
    assert [file.name[:8] for file in (tmp_path / JOB).iterdir()] == left
    with pytest.raises(FileNotFoundError):
        store.read(JOB, PHOTO)
    assert list(store.job_ids(0)) == [JOB]
    store.delete_job(JOB)
    assert list(tmp_path.iterdir()) == []


def test_empty_folder_is_found_and_deleted(tmp_path: Path) -> None:
    """An empty folder, left by a process killed before it wrote, is listed and deleted as a job."""
    (tmp_path / JOB).mkdir()
    store = VolumeStore(tmp_path)
    assert list(store.job_ids(0)) == [JOB]
    store.delete_job(JOB)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    """Files and folders that belong to no job are neither listed nor deleted."""
    for folder in ("lost+found", "0" * 31, "A" * 32):
        (tmp_path / folder).mkdir()
    (tmp_path / ("1" * 32)).write_bytes(b"a file")
    (tmp_path / ("2" * 32)).symlink_to(tmp_path / "lost+found")
    before = sorted(tmp_path.iterdir())
    store = VolumeStore(tmp_path)
    assert list(store.job_ids(0)) == []
    store.write(JOB, PHOTO, b"")
    store.delete_job(JOB)
    assert sorted(tmp_path.iterdir()) == before


def test_processes_of_the_same_user_share_a_job(tmp_path: Path) -> None:
    """Even with the strictest umask, the owner can read, add and delete a job's files."""
    umask = os.umask(0o077)
    try:
        VolumeStore(tmp_path).write(JOB, PHOTO, b"photo")
    finally:
        os.umask(umask)
    assert (tmp_path / JOB).stat().st_mode & 0o777 == 0o700
    assert (tmp_path / JOB / PHOTO).stat().st_mode & 0o777 == 0o600


def test_a_job_outlasts_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo, its name and the name of its job's folder are on disk once it is written."""
    synced: list[str] = []
    fsync = os.fsync

    def record(number: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{number}").readlink()))
        fsync(number)

    monkeypatch.setattr(os, "fsync", record)
    store = VolumeStore(tmp_path)
    store.write(JOB, PHOTO, b"photo")
    job = f"{tmp_path}/{JOB}"
    assert {str(tmp_path), job} < set(synced)
    assert len(synced) == 3
