"""The bytes of pictures and documents, in memory and bounded."""

from __future__ import annotations

import mimetypes
import secrets
import threading
from dataclasses import dataclass

#: Beyond so many bytes in all the oldest files are dropped.
CAPACITY = 500 * 10**6


@dataclass(frozen=True)
class StoredFile:
    """A file and its names: two ids, and the path by which a bot downloads it."""

    id: str
    unique_id: str
    path: str
    name: str
    mime: str
    data: bytes


class Files:
    """Files by id and by path; any thread may use it."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}
        self._ids: dict[str, str] = {}
        self._bytes = 0
        self._count = 0

    def add(self, data: bytes, name: str, mime: str, folder: str) -> StoredFile:
        """Keeps the bytes, in `folder` of the download paths."""
        with self._lock:
            self._count += 1
            suffix = mimetypes.guess_extension(mime) or ""
            file = StoredFile(
                id=secrets.token_urlsafe(32),
                unique_id=secrets.token_urlsafe(12),
                path=f"{folder}/file_{self._count}{suffix}",
                name=name,
                mime=mime,
                data=data,
            )
            self._files[file.id] = file
            self._ids[file.path] = file.id
            self._bytes += len(data)
            while self._bytes > self._capacity:
                self._drop_oldest()
            return file

    def _drop_oldest(self) -> None:
        oldest = self._files.pop(next(iter(self._files)))
        del self._ids[oldest.path]
        self._bytes -= len(oldest.data)

    def get(self, file_id: str) -> StoredFile | None:
        """The file of that id, unless it was dropped."""
        return self._files.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """The file at that download path, unless it was dropped."""
        return self._files.get(self._ids.get(path, ""))
