"""Photos and documents as Telegram stores and describes them, in a bounded in-memory store."""

from __future__ import annotations

import mimetypes
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from telegram_sandbox.errors import UnreadablePicture
from telegram_sandbox.pictures import EncodedPicture, encode_sizes, encode_sticker, encode_thumbnail

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
                self._drop(next(iter(self._files)))
            return file

    def _drop(self, file_id: str) -> None:
        file = self._files.pop(file_id)
        del self._ids[file.path]
        self._bytes -= len(file.data)

    def forget(self, file_id: str) -> None:
        """Drop a file, as Telegram may do with one that nobody has asked for in a long time."""
        with self._lock:
            self._drop(file_id)

    def get(self, file_id: str) -> StoredFile | None:
        """Return the file with this id, or None if it is unknown or was dropped."""
        return self._files.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """Return the file at this download path, or None if it is unknown or was dropped."""
        return self._files.get(self._ids.get(path, ""))


class Media:
    """The Bot API JSON of photos and documents, created here and found again by file id."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._by_file_id: dict[str, tuple[str, Any]] = {}

    def photo(self, data: bytes) -> list[dict[str, Any]]:
        """Store a photo in Telegram's sizes and return its PhotoSizes, smallest first.

        Raises:
            UnreadablePicture: the bytes can't be decoded as a picture.
        """
        sizes = [self._store(size, "photos") for size in encode_sizes(data)]
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
            with suppress(UnreadablePicture):  # an unreadable picture gets no thumbnail
                document["thumbnail"] = self._store(encode_thumbnail(data), "thumbnails")
        self._index("document", document, file.id)
        return document

    def sticker(self, data: bytes) -> dict[str, Any]:
        """Store a picture as a static sticker and return its Sticker.

        Raises:
            UnreadablePicture: the bytes can't be decoded as a picture.
        """
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "👍"}
        return {**self._store(encode_sticker(data), "stickers", "image/webp"), **kind}

    def animation(self, data: bytes, name: str, *, converted: bool) -> dict[str, Any]:
        """Store a GIF and return its Animation.

        Telegram converts nearly every GIF to a video. The sandbox keeps a placeholder of that, with
        the GIF's first frame as the thumbnail.

        Raises:
            UnreadablePicture: the bytes can't be decoded as a picture.
        """
        thumbnail = self._store(encode_thumbnail(data), "thumbnails")
        mime = "video/mp4" if converted else "image/gif"
        file = self._files.add(b"a video" if converted else data, name, mime, "animations")
        size = {"width": thumbnail["width"], "height": thumbnail["height"], "duration": 1}
        names = {"file_name": name, "mime_type": mime, "thumbnail": thumbnail}
        return {**_ids(file), **size, **names}

    def video_note(self, data: bytes) -> dict[str, Any]:
        """Store a placeholder of a video note with a picture's thumbnail, and return its VideoNote.

        Raises:
            UnreadablePicture: the bytes can't be decoded as a picture.
        """
        thumbnail = self._store(encode_thumbnail(data), "thumbnails")
        file = self._files.add(b"a video note", "note.mp4", "video/mp4", "video_notes")
        return {**_ids(file), "length": 240, "duration": 2, "thumbnail": thumbnail}

    def live_photo(self, sizes: list[dict[str, Any]]) -> dict[str, Any]:
        """Store a placeholder of the video of a photo, and return its LivePhoto."""
        file = self._files.add(b"a live photo", "live.mp4", "video/mp4", "videos")
        shape = {key: sizes[-1][key] for key in ("width", "height")}
        return {**_ids(file), **shape, "duration": 2, "mime_type": "video/mp4", "photo": sizes}

    def find(self, kind: str, file_id: str) -> Any:
        """Return the JSON of the photo or document that a file id belongs to.

        Args:
            kind: "photo" or "document".
            file_id: the id of the document, or of any size of the photo.

        Returns:
            The PhotoSizes or the Document, or None if it is unknown, of the other kind or dropped.
        """
        known_kind, content = self._by_file_id.get(file_id, (None, None))
        return content if known_kind == kind and self._files.get(file_id) else None

    def _store(
        self, picture: EncodedPicture, folder: str, mime: str = "image/jpeg"
    ) -> dict[str, Any]:
        file = self._files.add(picture.data, "photo.jpg", mime, folder)
        return {**_ids(file), "width": picture.width, "height": picture.height}

    def _index(self, kind: str, content: Any, *file_ids: str) -> None:
        for file_id in file_ids:
            self._by_file_id[file_id] = (kind, content)


def _ids(file: StoredFile) -> dict[str, Any]:
    return {
        "file_id": file.id,
        "file_unique_id": file.unique_id,
        "file_size": len(file.data),
    }
