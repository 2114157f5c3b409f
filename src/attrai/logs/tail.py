"""Following a log file through rotations and restarts."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, NamedTuple

#: Most bytes that are read at once, and that a line may have; a longer one is cut into pieces.
_CHUNK = 64 * 1024
_LONGEST_LINE = 1024 * 1024


class Position(NamedTuple):
    """How far a file has been read."""

    inode: int
    offset: int


class Tail:
    """A log file of which the complete lines are read as they are written.

    When the file was renamed and another one took its place, the rest of the old one is read before
    the new one.
    """

    def __init__(self, path: Path, position: Position | None = None) -> None:
        """Continue at a position, or begin at the start of the file."""
        self._path = path
        self._resume = position
        self._file: BinaryIO | None = None
        self._rest = b""
        self._offset = 0

    @property
    def position(self) -> Position | None:
        """Where the next line begins, or None if there is no file."""
        self._file = self._file or self._open()
        if self._file is None:
            return None
        return Position(os.fstat(self._file.fileno()).st_ino, self._offset)

    def read(self) -> list[str]:
        """Return the next lines; none at the end of the file.

        Raises:
            OSError: the file can't be read. That it isn't there is no error.
        """
        file = self._file = self._file or self._open()
        if file is None:
            return []
        while True:
            chunk = file.read(_CHUNK)
            if not chunk and self._is_replaced(file):
                # What was written before it was replaced, and after the read above.
                chunk = file.read(_CHUNK)
                if not chunk:
                    return self._finish()
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            self._offset += sum(len(line) + 1 for line in lines)
            if len(self._rest) > _LONGEST_LINE:
                self._offset += len(self._rest)
                lines.append(self._rest)
                self._rest = b""
            if lines or not chunk:
                return _decoded(lines)

    def _finish(self) -> list[str]:
        """Close a file that was replaced, and return its last line if that has no end."""
        last = self._rest
        self.close()
        return _decoded([last])

    def rotate(self, limit: int) -> None:
        """Rename the file, with a 1 at its end, if it is larger than `limit` and read to its end.

        This is for programs that open their log anew for each line.
        """
        if self._file is None or self._rest or self._is_replaced(self._file):
            return
        if self._offset > limit and self._offset == os.fstat(self._file.fileno()).st_size:
            self._path.replace(f"{self._path}.1")

    def close(self) -> None:
        """Close the file, and begin at the start of one with its name when it is read again."""
        if self._file is not None:
            self._file.close()
        self._file, self._resume, self._rest = None, None, b""

    def _open(self) -> BinaryIO | None:
        """Return the file, open where it was left, or None if there is none."""
        for candidate in (self._path, *sorted(self._path.parent.glob(f"{self._path.name}.*"))):
            if self._resume and _inode(candidate) == self._resume.inode:
                break
        else:
            candidate, self._resume = self._path, None
        try:
            file = open(candidate, "rb", buffering=0, opener=_open_itself)  # noqa: SIM115 - closed later
        except FileNotFoundError:
            return None
        wanted = self._resume.offset if self._resume else 0
        # A shorter file is another one with the same number, or was emptied.
        self._offset = wanted if wanted <= os.fstat(file.fileno()).st_size else 0
        file.seek(self._offset)
        return file

    def _is_replaced(self, file: BinaryIO) -> bool:
        """Return whether another file has the name of the open one."""
        inode = _inode(self._path)
        return inode is not None and inode != os.fstat(file.fileno()).st_ino


def _open_itself(path: str, flags: int) -> int:
    """Open a file, and neither one elsewhere that a link names nor a pipe, which would block."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "this is no file", path)
    return descriptor


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _decoded(lines: list[bytes]) -> list[str]:
    texts = (line.decode(errors="replace").strip() for line in lines)
    return [text for text in texts if text]
