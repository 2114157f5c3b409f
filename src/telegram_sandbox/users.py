"""The actions of users in their Telegram apps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from telegram_sandbox.chats import origin_of, quoted, topic_fields
from telegram_sandbox.errors import ActionRefused, UnreadablePicture
from telegram_sandbox.state import Json, State

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

    def send_text(
        self,
        text: str,
        *,
        chat: int | None = None,
        topic: int | None = None,
        reply_to: int | None = None,
        quoting: tuple[int, int] | None = None,
    ) -> int:
        """Send a text, with the commands and mentions in it marked as entities.

        Args:
            text: the text.
            chat: the chat that it goes to.
            topic: the topic of a forum.
            reply_to: the message in that chat that it replies to.
            quoting: a message in another chat that it replies to: the ids of the chat and message.
        """
        content: dict[str, Any] = {"text": text, **topic_fields(topic)}
        if quoting:
            message = self._state.message(*quoting)
            if message is None:
                raise ActionRefused("the quoted message is gone")
            content["external_reply"] = quoted(message)
        return self._send(content, chat, reply_to)

    def send_photo(  # noqa: PLR0913  # a photo may be anywhere, hidden, or of an album
        self,
        data: bytes,
        caption: str | None = None,
        *,
        chat: int | None = None,
        topic: int | None = None,
        album: str | None = None,
        reply_to: int | None = None,
        spoiler: bool = False,
        live: bool = False,
    ) -> int:
        """Send a photo, scaled down and re-encoded as the apps do.

        Args:
            data: the picture.
            caption: the caption.
            chat: the chat that it goes to.
            topic: the topic of a forum.
            album: the id of the album that it belongs to.
            reply_to: the message in that chat that it replies to.
            spoiler: whether the photo is hidden under a spoiler.
            live: whether it is a live photo, which has a video too.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        photo = self._photo(data)
        content = {"photo": photo, **_optional_fields(caption, album), **topic_fields(topic)}
        if spoiler:
            content["has_media_spoiler"] = True
        if live:
            content["live_photo"] = self._state.media.live_photo(photo)
        return self._send(content, chat, reply_to)

    def send_album(
        self,
        photos: list[bytes],
        caption: str | None = None,
        *,
        chat: int | None = None,
        spoiler: bool = False,
    ) -> list[int]:
        """Send photos as an album, with the caption on the first one, perhaps under spoilers.

        Raises:
            ActionRefused: one of them can't be decoded as a picture, in which case none is sent, or
                the bot is blocked.
        """
        album = self._state.new_album()
        captions = [caption, *[None] * len(photos)]
        hidden = {"has_media_spoiler": True} if spoiler else {}
        contents = [
            {"photo": self._photo(data), **_optional_fields(text, album), **hidden}
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

    def send_sticker(self, picture: bytes | None = None, *, chat: int | None = None) -> int:
        """Send a picture as a static sticker, or without one an animated sticker's placeholder.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        if picture is not None:
            with _readable():
                return self._send({"sticker": self._state.media.sticker(picture)}, chat)
        file = self._file(b"a sticker", "stickers", "application/x-tgsticker")
        kind = {"type": "regular", "is_animated": True, "is_video": False, "emoji": "👍"}
        return self._send({"sticker": {**file, **kind, "width": 512, "height": 512}}, chat)

    def send_animation(
        self,
        gif: bytes,
        caption: str | None = None,
        *,
        chat: int | None = None,
        converted: bool = True,
    ) -> int:
        """Send a GIF, which Telegram converts to a video, but not always.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        with _readable():
            animation = self._state.media.animation(gif, "a.gif", converted=converted)
        files = {"animation": animation, "document": animation}  # the latter for old bots
        return self._send({**files, **_optional_fields(caption, None)}, chat)

    def send_video_note(self, picture: bytes, *, chat: int | None = None) -> int:
        """Send a placeholder of a round video that shows a picture.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        with _readable():
            return self._send({"video_note": self._state.media.video_note(picture)}, chat)

    def send_paid_photo(self, data: bytes, *, chat: int | None = None) -> int:
        """Send a photo that others have to pay for.

        Raises:
            ActionRefused: the bytes can't be decoded as a picture, or the bot is blocked.
        """
        media = [{"type": "photo", "photo": self._photo(data)}]
        return self._send({"paid_media": {"star_count": 5, "paid_media": media}}, chat)

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
        origin = origin_of(message)
        if hidden:
            name = message["from"]["first_name"]
            origin = {"type": "hidden_user", "date": message["date"], "sender_user_name": name}
        content = {key: message[key] for key in _FORWARDED if key in message}
        return self._send({**content, "forward_origin": origin})

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

    def edit_caption(self, message_id: int, caption: str, *, chat: int | None = None) -> None:
        """Edit the caption of a message.

        Raises:
            ActionRefused: there is no such message.
        """
        message = self._state.message(chat or self.id, message_id)
        if message is None:
            raise ActionRefused("there is no such message")
        self._state.edit_caption(message, caption)

    def _send(
        self, content: dict[str, Any], chat: int | None = None, reply_to: int | None = None
    ) -> int:
        state = self._state
        with state.lock:
            if chat is None and state.has_blocked(self.id):
                raise ActionRefused("the bot is blocked")
            account, fields = self._sender(chat or self.id)
            message = state.post(account, chat or self.id, {**content, **fields}, reply_to)
        message_id: int = message["message_id"]
        return message_id

    def _sender(self, chat: int) -> tuple[Json | None, dict[str, Any]]:  # noqa: ARG002  # see ChatSender
        """Return the account that sends to a chat, and the fields that say for whom it does."""
        return self._state.user(self.id), {}

    def _photo(self, data: bytes) -> list[dict[str, Any]]:
        with _readable():
            return self._state.media.photo(data)

    def _file(self, data: bytes, folder: str, mime: str) -> dict[str, Any]:
        file = self._state.files.add(data, folder, mime, folder)
        return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(data)}


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except UnreadablePicture as error:
        raise ActionRefused("the file is not a picture that can be read") from error


def _optional_fields(caption: str | None, album: str | None) -> dict[str, str]:
    fields = {"caption": caption, "media_group_id": album}
    return {key: value for key, value in fields.items() if value}
