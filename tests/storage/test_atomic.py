"""Tests of atomic writing: a file is written completely or not at all, without leftovers."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from attrai.storage import write_atomically

#: A script that writes a large file again and again until it is killed.
_WRITER = """
import os, sys
from pathlib import Path
from attrai.storage import write_atomically
if sys.argv[2] == "a temporary name":
    del os.O_TMPFILE
target, content = Path(sys.argv[1]), bytes(20_000_000)
while True:
    write_atomically(target, content)
    target.unlink()
"""

_WRITE = """
import sys
from pathlib import Path
from attrai.storage import write_atomically
write_atomically(Path(sys.argv[1]), b"new")
"""


@pytest.fixture(params=["no name", "a temporary name"])
def until_it_is_whole(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write files without a name, or under a temporary one, until they are complete."""
    if request.param == "a temporary name":
        monkeypatch.delattr(os, "O_TMPFILE")  # as on macOS


both_ways = pytest.mark.usefixtures("until_it_is_whole")


@both_ways
def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    """A file is written and replaced by absolute or relative path, without leftover files."""
    target = tmp_path / "picture.jpg"
    for content in (b"first", b"", bytes(100_000)):
        write_atomically(target, content)
        assert target.read_bytes() == content
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        write_atomically(Path("picture.jpg"), b"last")
    finally:
        os.chdir(here)
    assert target.read_bytes() == b"last"
    assert list(tmp_path.iterdir()) == [target]


@both_ways
def test_failed_write_changes_nothing(tmp_path: Path) -> None:
    """A write that fails leaves the old content and no temporary file."""
    target = tmp_path / "picture.jpg"
    target.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]  # what is tested
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@both_ways
def test_write_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """When a write stops half-way, the old content stays and the partial file is removed."""
    target = tmp_path / "picture.jpg"
    target.write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomically(target, bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@both_ways
def test_a_name_that_is_taken_by_a_folder(tmp_path: Path) -> None:
    """A folder is not replaced by a file."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "folder", b"new")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]


@both_ways
def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """A symbolic link is replaced by the new file, and its target doesn't change."""
    other, target = tmp_path / "other", tmp_path / "picture.jpg"
    other.write_bytes(b"old")
    for leads_to in (other, tmp_path / "nothing"):
        target.symlink_to(leads_to)
        write_atomically(target, b"new")
        assert not target.is_symlink()
        assert target.read_bytes() == b"new"
        assert other.read_bytes() == b"old"
        assert sorted(tmp_path.iterdir()) == [other, target]
        target.unlink()


@both_ways
def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    """Writing into a missing folder is an error and doesn't create the folder."""
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "folder" / "picture.jpg", b"new")
    assert list(tmp_path.iterdir()) == []


@both_ways
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_finished_files_follow_the_umask(tmp_path: Path, mask: int) -> None:
    """A file's permissions follow the umask, as for any file that a program writes."""
    plain, atomic, replaced = (tmp_path / name for name in ("plain", "atomic", "replaced"))
    before = os.umask(mask)
    try:
        for path in (plain, replaced):
            path.write_bytes(b"")
        for path in (atomic, replaced):
            write_atomically(path, b"")
    finally:
        os.umask(before)
    for path in (atomic, replaced):
        assert stat.filemode(path.stat().st_mode) == stat.filemode(plain.stat().st_mode)


@pytest.mark.parametrize(
    ("until_it_is_whole", "left"), [("no name", []), ("a temporary name", [".attrai-"])]
)
def test_a_killed_write_leaves_no_part_under_any_name(
    tmp_path: Path, until_it_is_whole: str, left: list[str]
) -> None:
    """A process killed while it writes leaves no file if the system supports unnamed files."""
    target = tmp_path / "picture.jpg"
    command = [sys.executable, "-c", _WRITER, str(target), until_it_is_whole]
    with subprocess.Popen(command) as writer:
        while True:
            while not _is_writing(writer.pid, tmp_path):
                assert writer.poll() is None
            writer.send_signal(signal.SIGSTOP)
            os.waitpid(writer.pid, os.WUNTRACED)
            # It may have finished its write before it stopped.
            if _is_writing(writer.pid, tmp_path) and not target.exists():
                break
            writer.send_signal(signal.SIGCONT)
        writer.kill()
    assert [path.name[:8] for path in tmp_path.iterdir()] == left


def _is_writing(pid: int, folder: Path) -> bool:
    """Return whether a process has a non-empty file in a folder open."""
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if link.readlink().is_relative_to(folder) and link.stat().st_size:
                return True
        except FileNotFoundError:
            continue  # closed meanwhile
    return False


def test_a_system_without_proc(tmp_path: Path) -> None:
    """Without /proc, which naming an unnamed file needs, a file gets a temporary name instead."""
    target = tmp_path / "picture.jpg"
    target.write_bytes(b"old")
    hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    try:
        subprocess.run([*hidden, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting is not allowed here: {error}")
    command = [*hidden, sys.executable, "-c", _WRITE, str(target)]
    subprocess.run(command, check=True)
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@both_ways
def test_what_is_durable_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A durable file is on disk with all its content, and then its name is."""
    target = tmp_path / "picture.jpg"
    synced: list[tuple[str, bytes | None]] = []
    fsync = os.fsync

    def record(number: int) -> None:
        status = os.fstat(number)
        if stat.S_ISDIR(status.st_mode):
            synced.append(("folder", target.read_bytes()))
        else:
            assert status.st_size == len(b"new")
            synced.append(("file", None))
        fsync(number)

    monkeypatch.setattr(os, "fsync", record)
    for content in (b"new", b"two"):
        synced.clear()
        write_atomically(target, content, durable=True)
        assert synced == [("file", None), ("folder", content)]
    synced.clear()
    write_atomically(target, b"old")
    assert synced == []
