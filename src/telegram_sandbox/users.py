"""The actions of users in their Telegram apps."""

from __future__ import annotations

from typing import Any

from telegram_sandbox.errors import ActionRefused, UnreadablePicture
from telegram_sandbox.state import State

#: The fields of a message that are forwarded with it.
_FORWARDED = ("text", "caption", "photo", "document", "sticker", "voice", "video")


class User:
    """A Telegram user, whose private chat with the bot has the same id.

    The methods that send a message return its id. It goes to the private chat unless `chat` names
    another one, and replies to the message `reply_to` if that is given.
    """

    def __init__(self, state: State, user_id: int) -> None:
        self._state = state
        self.id = user_id

    def send_text(self, text: str, *, chat: int | None = None, reply_to: int | None = None) -> int:
        """Send a text, with the commands and mentions in it marked as entities."""
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
        """Send a photo, scaled down and re-encoded as the apps do.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        return self._send(
            {"photo": self._photo(data), **_optional_fields(caption, album)}, chat, reply_to
        )

    def send_album(
        self, photos: list[bytes], caption: str | None = None, *, chat: int | None = None
    ) -> list[int]:
        """Send photos as an album, with the caption on the first one.

        Raises:
            ActionRefused: one of them can't be decoded as a picture, in which case none is sent, or
                the bot is blocked.
        """
        album = self._state.new_album()
        captions = [caption, *[None] * len(photos)]
        contents = [
            {"photo": self._photo(data), **_optional_fields(text, album)}
            for data, text in zip(photos, captions, strict=False)
        ]
        with self._state.lock:  # the bot gets it as a whole
            return [self._send(content, chat) for content in contents]

    def send_document(  # noqa: PLR0913  # a document also has a name and a media type
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
        """Send a file unchanged, as a document."""
        document = self._state.media.document(data, name, mime)
        return self._send(
            {"document": document, **_optional_fields(caption, album)}, chat, reply_to
        )

    def send_sticker(self) -> int:
        """Send a sticker whose file is a placeholder."""
        file = self._file(b"a sticker", "stickers", "image/webp")
        kind = {"type": "regular", "is_animated": False, "is_video": False, "emoji": "👍"}
        return self._send({"sticker": {**file, **kind, "width": 512, "height": 512}})

    def send_voice(self) -> int:
        """Send a voice message whose file is a placeholder."""
        file = self._file(b"a voice", "voice", "audio/ogg")
        return self._send({"voice": {**file, "duration": 2, "mime_type": "audio/ogg"}})

    def send_video(self) -> int:
        """Send a video whose file is a placeholder."""
        file = self._file(b"a video", "videos", "video/mp4")
        size = {"width": 640, "height": 480, "duration": 2, "mime_type": "video/mp4"}
        return self._send({"video": {**file, **size}})

    def forward(self, message_id: int, *, of: int, hidden: bool = False) -> int:
        """Forward a message of another chat to the private chat.

        Args:
            message_id: the message.
            of: the id of its chat.
            hidden: whether its author lets nobody see from a forwarded message who they are.

        Raises:
            ActionRefused: there is no such message, or the bot is blocked.
        """
        message = self._state.message(of, message_id)
        if message is None:
            raise ActionRefused("there is no such message")
        author = message["from"]
        origin = (
            {"type": "hidden_user", "sender_user_name": author["first_name"]}
            if hidden
            else {"type": "user", "sender_user": author}
        )
        content = {key: message[key] for key in _FORWARDED if key in message}
        return self._send({**content, "forward_origin": {**origin, "date": message["date"]}})

    def block(self) -> None:
        """Block the bot, so that it can't send anything to the private chat."""
        self._state.block(self.id, blocked=True)

    def unblock(self) -> None:
        """Unblock the bot, so that it can send to the private chat again."""
        self._state.block(self.id, blocked=False)

    def delete(self, message_id: int, *, chat: int | None = None) -> bool:
        """Delete a message for everyone, and return whether it existed."""
        return self._state.delete(chat or self.id, message_id)

    def press(self, message_id: int, data: str, *, chat: int | None = None) -> str:
        """Press the button with this data, and return the id of the press.

        As in Telegram, an app of one's own may send any data, whether a button has it or not.

        Raises:
            ActionRefused: there is no such message.
        """
        state = self._state
        with state.lock:
            message = state.message(chat or self.id, message_id)
            if message is None:
                raise ActionRefused("there is no such message")
            return state.press(self.id, message, data)

    def _send(
        self, content: dict[str, Any], chat: int | None = None, reply_to: int | None = None
    ) -> int:
        state = self._state
        with state.lock:
            if chat is None and state.has_blocked(self.id):
                raise ActionRefused("the bot is blocked")
            message = state.post(state.user(self.id), chat or self.id, content, reply_to)
        message_id: int = message["message_id"]
        return message_id

    def _photo(self, data: bytes) -> list[dict[str, Any]]:
        try:
            return self._state.media.photo(data)
        except UnreadablePicture as error:
            raise ActionRefused("the file is not a picture that can be read") from error

    def _file(self, data: bytes, folder: str, mime: str) -> dict[str, Any]:
        file = self._state.files.add(data, folder, mime, folder)
        return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(data)}


class Group:
    """A group chat that the bot is a member of, and in which it sees every message."""

    def __init__(self, state: State, chat_id: int, title: str) -> None:
        state.add_chat({"id": chat_id, "type": "group", "title": title})
        self._state = state
        self.id = chat_id

    def promote(self, user: User) -> None:
        """Make a user an administrator."""
        self._state.promote(self.id, user.id)


def _optional_fields(caption: str | None, album: str | None) -> dict[str, str]:
    fields = {"caption": caption, "media_group_id": album}
    return {key: value for key, value in fields.items() if value}
