"""Groups and channels, and those who write on behalf of them."""

from __future__ import annotations

from typing import Any

from telegram_sandbox.chats import GENERAL_TOPIC
from telegram_sandbox.state import Json, State
from telegram_sandbox.users import User

#: The accounts that Telegram shows as the sender in the place of whoever writes for a chat.
_ANONYMOUS_ADMIN = {
    "id": 1_087_968_824,
    "is_bot": True,
    "first_name": "Group",
    "username": "GroupAnonymousBot",
}
_CHANNEL_SENDER = {
    "id": 136_817_688,
    "is_bot": True,
    "first_name": "Channel",
    "username": "Channel_Bot",
}


class ChatSender(User):
    """Someone who writes on behalf of a chat. Without `chat` it goes to that chat itself."""

    def __init__(self, state: State, chat_id: int, account: Json | None) -> None:
        super().__init__(state, chat_id)
        self._account = account

    def _sender(self, chat: int) -> tuple[Json | None, dict[str, Any]]:
        account = None if chat == self.id and self._account is _CHANNEL_SENDER else self._account
        return account, {"sender_chat": self._state.chat(self.id)}


class Group:
    """A group chat that the bot is a member of, and in which it sees every message.

    In privacy mode it sees only what Telegram shows to such a bot.
    """

    def __init__(self, state: State, chat_id: int, title: str, *, forum: bool = False) -> None:
        kind: Json = {"type": "supergroup", "is_forum": True} if forum else {"type": "group"}
        state.add_chat({"id": chat_id, "title": title, **kind})
        self._state = state
        self._title = title
        self.id = chat_id

    def anonymous_admin(self) -> User:
        """Return an administrator who writes as the group."""
        return ChatSender(self._state, self.id, _ANONYMOUS_ADMIN)

    def promote(self, user: User) -> None:
        """Make a user an administrator."""
        self._state.promote(self.id, user.id)

    def forbid(self, *what: str) -> None:
        """Forbid the bot to send `photos`, `documents` or `text messages`, and nothing else."""
        self._state.rules.forbidden[self.id] = set(what)

    def topic(self, topic: int = 7) -> int:
        """Create a topic of a forum, and return it; `GENERAL_TOPIC` exists always."""
        if topic != GENERAL_TOPIC:
            self._state.rules.topics[self.id].add(topic)
        return topic

    def become_supergroup(self, chat_id: int) -> Group:
        """Turn the group into a supergroup with another id, and return that."""
        state = self._state
        with state.lock:
            after = Group(state, chat_id, self._title)
            state.add_chat({"id": chat_id, "title": self._title, "type": "supergroup"})
            for chat, field, other in (
                (self.id, "migrate_to_chat_id", chat_id),
                (chat_id, "migrate_from_chat_id", self.id),
            ):
                content = {field: other, "sender_chat": state.chat(chat)}
                state.post(_ANONYMOUS_ADMIN, chat, content, None)
            state.rules.moved[self.id] = chat_id
        return after


class Channel:
    """A channel that the bot is an administrator of."""

    def __init__(self, state: State, chat_id: int, title: str) -> None:
        state.add_chat({"id": chat_id, "title": title, "type": "channel"})
        self._state = state
        self.id = chat_id

    def author(self) -> User:
        """Return someone who posts to the channel, and writes to groups as the channel."""
        return ChatSender(self._state, self.id, _CHANNEL_SENDER)
