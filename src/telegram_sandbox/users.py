"""What users do in their apps."""

from __future__ import annotations

from typing import Any

from attrai.errors import UserError
from telegram_sandbox.errors import Refused
from telegram_sandbox.state import State


class User:
    """A user. The id of his private chat with the bot is his own; `chat` names another one.

    Whatever he sends answers the message `reply_to`, if that is given, and returns its own id.
    """

    def __init__(self, state: State, user_id: int) -> None:
        self._state = state
        self.id = user_id

    def send_text(self, text: str, *, chat: int | None = None, reply_to: int | None = None) -> int:
        """Sends a text; commands and mentions in it are marked."""
        return self._send({"text": text}, chat, reply_to)

    def send_photo(
        self,
        data: bytes,
        caption: str | None = None,
        *,
        chat: int | None = None,
        album: str | None = None,
        reply_to: int | None = None,
    ) -> int:
        """Sends a photo, shrunk and encoded anew as the apps do it.

        Raises:
            Refused: the bytes are no picture that can be read.
        """
        return self._send({"photo": self._photo(data), **_labels(caption, album)}, chat, reply_to)

    def send_album(
        self, photos: list[bytes], caption: str | None = None, *, chat: int | None = None
    ) -> list[int]:
        """Sends photos together, the caption being the first one's.

        Raises:
            Refused: one of them is no picture that can be read; then none is sent.
        """
        album = self._state.new_album()
        captions = [caption, *[None] * len(photos)]
        contents = [
            {"photo": self._photo(data), **_labels(text, album)}
            for data, text in zip(photos, captions, strict=False)
        ]
        return [self._send(content, chat) for content in contents]

    def send_document(  # noqa: PLR0913  # a document has a name and a type besides
        self,
        data: bytes,
        name: str,
        mime: str,
        caption: str | None = None,
        *,
        chat: int | None = None,
        album: str | None = None,
        reply_to: int | None = None,
    ) -> int:
        """Sends a file as it is."""
        document = self._state.media.document(data, name, mime)
        return self._send({"document": document, **_labels(caption, album)}, chat, reply_to)

    def send_sticker(self) -> int:
        """Sends a sticker."""
        file = self._file(b"a sticker", "stickers", "image/webp")
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "👍"}
        return self._send({"sticker": {**file, **kind, "width": 512, "height": 512}})

    def send_voice(self) -> int:
        """Sends a voice message."""
        file = self._file(b"a voice", "voice", "audio/ogg")
        return self._send({"voice": {**file, "duration": 2, "mime_type": "audio/ogg"}})

    def send_video(self) -> int:
        """Sends a video."""
        file = self._file(b"a video", "videos", "video/mp4")
        size = {"width": 640, "height": 480, "duration": 2, "mime_type": "video/mp4"}
        return self._send({"video": {**file, **size}})

    def block(self) -> None:
        """Blocks the bot: it can't send anything to the private chat."""
        self._state.block(self.id, blocked=True)

    def unblock(self) -> None:
        """Takes `block` back."""
        self._state.block(self.id, blocked=False)

    def delete(self, message_id: int, *, chat: int | None = None) -> bool:
        """Deletes a message for everyone; whether it was there."""
        return self._state.delete(chat or self.id, message_id)

    def _send(
        self, content: dict[str, Any], chat: int | None = None, reply_to: int | None = None
    ) -> int:
        state = self._state
        with state.lock:
            if chat is None and state.has_blocked(self.id):
                raise Refused("the bot is blocked")
            message = state.post(state.user(self.id), chat or self.id, content, reply_to)
        message_id: int = message["message_id"]
        return message_id

    def _photo(self, data: bytes) -> list[dict[str, Any]]:
        try:
            return self._state.media.photo(data)
        except UserError as error:
            raise Refused("the file is not a picture that can be read") from error

    def _file(self, data: bytes, folder: str, mime: str) -> dict[str, Any]:
        file = self._state.files.add(data, folder, mime, folder)
        return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(data)}


class Group:
    """A group chat that the bot is a member of; it sees every message there."""

    def __init__(self, state: State, chat_id: int, title: str) -> None:
        state.open({"id": chat_id, "type": "group", "title": title})
        self.id = chat_id


def _labels(caption: str | None, album: str | None) -> dict[str, str]:
    labels = {"caption": caption, "media_group_id": album}
    return {key: value for key, value in labels.items() if value}
