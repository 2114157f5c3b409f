"""What chats allow, and what became of them: permissions, topics, and groups that moved."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from telegram_sandbox.errors import ApiError, bad_request

#: The number of the topic that every forum has. Messages in it don't name it.
GENERAL_TOPIC = 1


#: The fields of messages that chats can forbid, by what Telegram calls them.
_FIELDS = {"photos": "photo", "documents": "document", "text messages": "text"}


class ChatRules:
    """The permissions and topics of chats, and the supergroups that groups became."""

    def __init__(self) -> None:
        #: What nobody but administrators may send to a chat, in Telegram's words.
        self.forbidden: defaultdict[int, set[str]] = defaultdict(set)
        #: The topics of the chats that are forums, apart from the general one.
        self.topics: defaultdict[int, set[int]] = defaultdict(set)
        #: The supergroups by the ids of the groups that they were.
        self.moved: dict[int, int] = {}

    def check_moved(self, chat_id: int) -> None:
        """Refuse a call about a group that became a supergroup.

        Raises:
            ApiError: it did; the error names the supergroup.
        """
        if chat_id in self.moved:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moved[chat_id],
            )

    def check_permitted(self, chat_id: int, content: dict[str, Any]) -> None:
        """Refuse to send what a chat forbids.

        Raises:
            ApiError: the chat forbids it.
        """
        for what in self.forbidden[chat_id]:
            if _FIELDS[what] in content:
                raise bad_request(f"not enough rights to send {what} to the chat")

    def check_topic(self, chat_id: int, topic: int, *, is_action: bool = False) -> None:
        """Refuse a topic that a chat doesn't have; only chat actions may name the general one.

        Raises:
            ApiError: there is no such topic.
        """
        known = self.topics[chat_id] | ({GENERAL_TOPIC} if is_action else set())
        if topic and topic not in known:
            raise bad_request("message thread not found")


def topic_fields(topic: int | None) -> dict[str, Any]:
    """Return the fields of a message in a topic."""
    if topic in (None, 0, GENERAL_TOPIC):
        return {}
    return {"message_thread_id": topic, "is_topic_message": True}


def quoted(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message of another chat as the ExternalReplyInfo of one that replies to it."""
    kinds = ("photo", "document", "sticker", "animation", "video_note", "live_photo")
    fields = {key: message[key] for key in (*kinds, "has_media_spoiler") if key in message}
    fields["origin"] = origin_of(message)
    if message["chat"]["type"] in ("supergroup", "channel"):
        fields |= {"chat": message["chat"], "message_id": message["message_id"]}
    return fields


def origin_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message's author as a MessageOrigin."""
    date = message["date"]
    if message["chat"]["type"] == "channel":
        chat = {"chat": message["chat"], "message_id": message["message_id"]}
        return {"type": "channel", "date": date, **chat}
    if "sender_chat" in message:
        return {"type": "chat", "date": date, "sender_chat": message["sender_chat"]}
    return {"type": "user", "date": date, "sender_user": message["from"]}


def is_seen_in_privacy_mode(message: dict[str, Any], bot: dict[str, Any]) -> bool:
    """Return whether a bot in privacy mode, which is no administrator, gets a message.

    See https://core.telegram.org/bots/features#privacy-mode. A command without the bot's name
    counts, as if this bot had been the last one to write.
    """
    text = message.get("text", message.get("caption", ""))
    return (
        message["chat"]["type"] not in ("group", "supergroup")
        or text.startswith("/")
        or message.get("reply_to_message", {}).get("from") == bot
        or not any(key in message for key in ("text", "caption", *_CONTENT))
    )


#: The fields of messages that are no service messages.
_CONTENT = ("photo", "document", "sticker", "animation", "video_note", "voice", "video")
