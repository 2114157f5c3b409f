"""Whole files or none."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Makes `path` hold `content`, or leaves it as it was.

    Where the system knows files without names a kill leaves nothing behind either, but for the
    instant in which a new file takes the place of an old one.

    Raises:
        OSError: it can't be written; nothing else is left behind.
    """
    if not _write_without_name(path, content):
        with _replacement(path) as temporary, temporary.open("xb") as file:
            file.write(content)


def _write_without_name(path: Path, content: bytes) -> bool:
    """Writes a file that gets its name when it is whole; False if that can't be done here."""
    if not hasattr(os, "O_TMPFILE"):
        return False  # as on macOS
    try:
        number = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError:
        return False  # as on NFS; or the folder is at fault, and the other way says how
    with os.fdopen(number, "wb") as file:
        file.write(content)
        file.flush()
        try:
            _link(number, path)
        except FileExistsError:
            with _replacement(path) as temporary:
                _link(number, temporary)
        except OSError:
            return False  # as without /proc
    return True


def _link(number: int, path: Path) -> None:
    """Gives an open file a name."""
    # Without a folder's descriptor Python links to the link in /proc (bpo-37612). As the path is
    # absolute any will do.
    os.link(f"/proc/self/fd/{number}", path, src_dir_fd=number, follow_symlinks=True)


@contextmanager
def _replacement(path: Path) -> Iterator[Path]:
    """A name for a file that takes the place of `path` at the end, or is gone."""
    temporary = path.with_name(f".attrai-{secrets.token_hex(8)}")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
