"""The bytes of pictures and documents, in memory and bounded.

Photos and documents as Telegram stores and describes them.
"""

from __future__ import annotations

import mimetypes
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image

from attrai.errors import UserError
from attrai.images import Limits, decode_photo

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


#: The longer sides of the pictures that Telegram makes of a photo, in pixels.
SIDES = (90, 320, 800, 1280)
_THUMBNAIL_SIDE = 320
_JPEG_QUALITY = 87
#: Of so many pictures is kept what was made of them.
_REMEMBERED = 32
#: A photo is what an app can show: of any size, and up to what a camera makes.
_LIMITS = Limits(max_bytes=50 * 2**20, max_pixels=100 * 10**6, min_side=1, max_side=SIDES[-1])


class Media:
    """Makes the JSON of photos and documents, and finds it again by file id."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[str, tuple[str, Any]] = {}

    def photo(self, data: bytes) -> list[dict[str, Any]]:
        """The PhotoSizes of a picture, smallest first.

        Raises:
            UserError: the bytes are no picture that can be read.
        """
        sizes = [self._keep(size, "photos") for size in _sizes(data)]
        self._remember("photo", sizes, *(size["file_id"] for size in sizes))
        return sizes

    def document(self, data: bytes, name: str, mime: str) -> dict[str, Any]:
        """The Document of a file, with a thumbnail where it is a picture."""
        file = self._files.add(data, name, mime, "documents")
        document = {
            "file_name": name,
            "mime_type": mime,
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(data),
        }
        if mime.startswith("image/"):
            with suppress(UserError):  # what is no picture has no thumbnail
                document["thumbnail"] = self._keep(_thumbnail(data), "thumbnails")
        self._remember("document", document, file.id)
        return document

    def of(self, kind: str, file_id: str) -> Any:
        """The JSON of the photo or document that has the file; None if there is none."""
        known_kind, content = self._known.get(file_id, (None, None))
        return content if known_kind == kind and self._files.get(file_id) else None

    def _keep(self, size: _Size, folder: str) -> dict[str, Any]:
        file = self._files.add(size.data, "photo.jpg", "image/jpeg", folder)
        return {
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(size.data),
            "width": size.width,
            "height": size.height,
        }

    def _remember(self, kind: str, content: Any, *file_ids: str) -> None:
        for file_id in file_ids:
            self._known[file_id] = (kind, content)


class _Size(NamedTuple):
    """A picture as a JPEG of one size."""

    data: bytes
    width: int
    height: int


# The same photos come again and again where people try things out, and under load, where what
# stands for Telegram should take little of the machine.
@lru_cache(_REMEMBERED)
def _sizes(data: bytes) -> tuple[_Size, ...]:
    """What Telegram makes of a photo, smallest first."""
    picture = decode_photo(data, _LIMITS)
    longest = max(picture.size)
    sizes: list[_Size] = []
    for side in (longest, *(side for side in reversed(SIDES) if side < longest)):
        picture = _within(picture, side)  # of the one before, for speed
        sizes.insert(0, _encoded(picture))
    return tuple(sizes)


@lru_cache(_REMEMBERED)
def _thumbnail(data: bytes) -> _Size:
    return _encoded(_within(decode_photo(data, _LIMITS), _THUMBNAIL_SIDE))


def _within(picture: Image.Image, side: int) -> Image.Image:
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.HAMMING)
    return smaller


def _encoded(picture: Image.Image) -> _Size:
    encoded = BytesIO()
    picture.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    return _Size(encoded.getvalue(), *picture.size)
