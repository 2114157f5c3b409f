"""Atomic writing: the whole file or none, and nothing beside it."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from attrai.photos import write_atomically


def test_failed_write_changes_nothing(tmp_path: Path) -> None:
    """A write that fails leaves the old content and no temporary file."""
    target = tmp_path / "picture.jpg"
    target.write_bytes(b"old")
    with pytest.raises(TypeError):
        write_atomically(target, "not bytes")  # type: ignore[arg-type]  # what is tested
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_write_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """When the system refuses to write on, the old content stays and the part is removed."""
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


def test_finished_files_follow_the_umask(tmp_path: Path) -> None:
    """A picture may be read by whom the umask allows, like any file that a program writes."""
    plain, atomic = tmp_path / "plain", tmp_path / "atomic"
    plain.write_bytes(b"")
    write_atomically(atomic, b"")
    assert os.stat(atomic).st_mode == os.stat(plain).st_mode  # noqa: PTH116 - beside each other
