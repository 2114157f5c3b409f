"""Messages as tests see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

from telegram_sandbox.keyboards import Button, buttons_of
from telegram_sandbox.media import Files


@dataclass(frozen=True)
class Message:
    """The visible content of a message in a chat."""

    id: int
    sender: Literal["bot", "user"]
    #: Unix time in seconds.
    date: int
    text: str | None
    caption: str | None
    #: The JPEG of the largest size of a photo; empty if its bytes were dropped.
    photo: bytes | None
    document: bytes | None
    document_name: str | None
    #: The id of the message that this one replies to.
    reply_to: int | None
    #: The id shared by the messages of an album.
    album: str | None
    edited: bool
    #: The rows of the inline keyboard.
    buttons: list[list[Button]] = field(default_factory=list)
    #: Whether the photo is hidden under a spoiler.
    spoiler: bool = False
    #: The topic of a forum; None in the general one.
    topic: int | None = None

    @classmethod
    def from_json(cls, message: dict[str, Any], files: Files) -> Self:
        """Build a message from its Bot API JSON and the bytes in `files`."""

        def data(file_id: str) -> bytes:
            file = files.get(file_id)
            return file.data if file else b""

        document = message.get("document")
        return cls(
            id=message["message_id"],
            sender="bot" if is_from_bot(message) else "user",
            date=message["date"],
            text=message.get("text"),
            caption=message.get("caption"),
            photo=data(message["photo"][-1]["file_id"]) if "photo" in message else None,
            document=data(document["file_id"]) if document else None,
            document_name=document["file_name"] if document else None,
            reply_to=message.get("reply_to_message", {}).get("message_id"),
            album=message.get("media_group_id"),
            edited="edit_date" in message,
            buttons=buttons_of(message),
            spoiler="has_media_spoiler" in message,
            topic=message.get("message_thread_id"),
        )


def is_from_bot(message: dict[str, Any]) -> bool:
    """Return whether a message is the bot's; who writes on behalf of a chat looks like one."""
    return "sender_chat" not in message and bool(message["from"]["is_bot"])
