"""Photos and documents as Telegram stores and describes them, in a bounded in-memory store."""

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

#: The total size in bytes above which the oldest files are dropped.
CAPACITY = 500 * 10**6


@dataclass(frozen=True)
class StoredFile:
    """A file with its two ids and the path from which a bot downloads it."""

    id: str
    unique_id: str
    path: str
    name: str
    mime: str
    data: bytes


class Files:
    """A thread-safe store of files by id and by download path."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._lock = threading.Lock()
        self._files: dict[str, StoredFile] = {}
        self._ids: dict[str, str] = {}
        self._bytes = 0
        self._count = 0

    def add(self, data: bytes, name: str, mime: str, folder: str) -> StoredFile:
        """Store a file under a download path in `folder`.

        The oldest files are dropped if the capacity is exceeded.
        """
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
        """Return the file with this id, or None if it is unknown or was dropped."""
        return self._files.get(file_id)

    def at(self, path: str) -> StoredFile | None:
        """Return the file at this download path, or None if it is unknown or was dropped."""
        return self._files.get(self._ids.get(path, ""))


#: The longer sides of the pictures that Telegram scales a photo to, in pixels.
SIDES = (90, 320, 800, 1280)
_THUMBNAIL_SIDE = 320
_JPEG_QUALITY = 87
#: The number of source pictures whose encoded sizes are cached.
_CACHE_SIZE = 32
#: The limits of the apps: any picture that they can show, up to the output of a camera.
_LIMITS = Limits(max_bytes=50 * 2**20, max_pixels=100 * 10**6, min_side=1, max_side=SIDES[-1])


class Media:
    """The Bot API JSON of photos and documents, created here and found again by file id."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[str, tuple[str, Any]] = {}

    def photo(self, data: bytes) -> list[dict[str, Any]]:
        """Store a photo in Telegram's sizes and return its PhotoSizes, smallest first.

        Raises:
            UserError: the bytes can't be decoded as a picture.
        """
        sizes = [self._keep(size, "photos") for size in _sizes(data)]
        self._index("photo", sizes, *(size["file_id"] for size in sizes))
        return sizes

    def document(self, data: bytes, name: str, mime: str) -> dict[str, Any]:
        """Store a file and return its Document, with a thumbnail if it is a picture."""
        file = self._files.add(data, name, mime, "documents")
        document = {
            "file_name": name,
            "mime_type": mime,
            "file_id": file.id,
            "file_unique_id": file.unique_id,
            "file_size": len(data),
        }
        if mime.startswith("image/"):
            with suppress(UserError):  # an unreadable picture gets no thumbnail
                document["thumbnail"] = self._keep(_thumbnail(data), "thumbnails")
        self._index("document", document, file.id)
        return document

    def of(self, kind: str, file_id: str) -> Any:
        """Return the JSON of the photo or document that a file id belongs to.

        Args:
            kind: "photo" or "document".
            file_id: the id of the document, or of any size of the photo.

        Returns:
            The PhotoSizes or the Document, or None if it is unknown, of the other kind or dropped.
        """
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

    def _index(self, kind: str, content: Any, *file_ids: str) -> None:
        for file_id in file_ids:
            self._known[file_id] = (kind, content)


class _Size(NamedTuple):
    """A JPEG with its width and height in pixels."""

    data: bytes
    width: int
    height: int


# Cached because manual trials and load tests send the same photos repeatedly, and a load test
# should spend the CPU on the bot rather than on its stand-in for Telegram.
@lru_cache(_CACHE_SIZE)
def _sizes(data: bytes) -> tuple[_Size, ...]:
    """Return a photo in the sizes that Telegram makes, smallest first; it is never enlarged."""
    picture = decode_photo(data, _LIMITS)
    longest = max(picture.size)
    sizes: list[_Size] = []
    for side in (longest, *(side for side in reversed(SIDES) if side < longest)):
        picture = _within(picture, side)  # from the next larger size, for speed
        sizes.insert(0, _encoded(picture))
    return tuple(sizes)


@lru_cache(_CACHE_SIZE)
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
