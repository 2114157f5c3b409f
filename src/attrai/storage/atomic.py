"""Atomic writing of files."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def write_atomically(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write `content` to `path` completely, or leave `path` as it was.

    Where the system supports unnamed files (O_TMPFILE), a killed process leaves no temporary file
    behind either, except in the instant in which a new file replaces an old one.

    Args:
        path: the file.
        content: all that is in it.
        durable: return only once the file would outlast a power cut.

    Raises:
        OSError: The file can't be written; no temporary file is left behind.
    """
    if not _write_without_name(path, content, durable):
        with _replacement(path) as temporary, temporary.open("xb") as file:
            file.write(content)
            _finish(file, durable)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Return once the names in a folder would outlast a power cut."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _finish(file: BinaryIO, durable: bool) -> None:  # noqa: FBT001 - as its callers got it
    file.flush()
    if durable:
        os.fsync(file.fileno())


def _write_without_name(path: Path, content: bytes, durable: bool) -> bool:  # noqa: FBT001 - as above
    """Write an unnamed file and name it once it is complete; return False if unsupported."""
    if not hasattr(os, "O_TMPFILE"):
        return False  # as on macOS
    try:
        number = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError:
        return False  # as on NFS; if the folder is at fault, the other way raises its error
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        try:
            _link(number, path)
        except FileExistsError:
            with _replacement(path) as temporary:
                _link(number, temporary)
                _finish(file, durable)
        except OSError:
            return False  # as without /proc
        else:
            # Once it has its name, which journaling file systems then write at the same time.
            _finish(file, durable)
    return True


def _link(number: int, path: Path) -> None:
    """Give an open unnamed file the name `path`."""
    # Without `src_dir_fd`, Python links to the link in /proc instead of its target (bpo-37612).
    # The path is absolute, so any descriptor will do.
    os.link(f"/proc/self/fd/{number}", path, src_dir_fd=number, follow_symlinks=True)


@contextmanager
def _replacement(path: Path) -> Iterator[Path]:
    """Yield a temporary path whose file replaces `path` on success and is deleted on an error."""
    temporary = path.with_name(f".attrai-{secrets.token_hex(8)}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
