"""The state of the sandbox, shared by threads: users, chats, messages and updates."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Any

from telegram_sandbox.chats import ChatRules, is_seen_in_privacy_mode
from telegram_sandbox.commands import Commands, entities
from telegram_sandbox.events import Events
from telegram_sandbox.keyboards import CallbackAnswer, Press
from telegram_sandbox.media import Files, Media
from telegram_sandbox.profile import Profile
from telegram_sandbox.updates import Updates
from telegram_sandbox.webhook import Webhook

#: A User, Chat or Message as the Bot API describes it. Never modified once it is shared.
Json = dict[str, Any]

#: The fields of a message that an edit replaces.
_EDITED = {"text", "entities", "photo", "document", "caption", "caption_entities", "reply_markup"}
#: What an administrator may do, as the Bot API calls it after "can_".
_RIGHTS = (
    *("manage_chat", "delete_messages", "manage_video_chats", "restrict_members"),
    *("promote_members", "change_info", "invite_users"),
    *("post_stories", "edit_stories", "delete_stories", "send_welcome_messages"),
)
#: The number of the latest presses that the bot may answer; earlier ones are too old.
_MAX_PRESSES = 10_000


class State(Events):
    """Users, chats, their messages and the bot's updates about them.

    All methods are thread-safe. Hold `lock` to make several calls atomic.
    """

    def __init__(self, bot_id: int, username: str) -> None:
        super().__init__()
        self.bot: Json = {
            "id": bot_id,
            "is_bot": True,
            "first_name": "attrai",
            "username": username,
        }
        self.files = Files()
        self.media = Media(self.files)
        self.updates = Updates()
        #: Bodies that the next calls of getUpdates answer with instead of updates.
        self.update_bodies: deque[bytes] = deque()
        #: Where updates are sent, which keeps getUpdates from returning them.
        self.webhook: Webhook | None = None
        #: Where getFile puts files, as a Bot API server with `--local` does; None without it.
        self.local_folder: Path | None = None
        self.commands = Commands()
        self.profile = Profile()
        self.rules = ChatRules()
        #: Whether the bot sees only some of the messages in groups.
        self.privacy_mode = False
        self._users: dict[int, Json] = {}
        self._chats: dict[int, Json] = {}
        self._messages: dict[int, dict[int, Json]] = {}
        self._blocked: set[int] = set()
        #: The administrators of groups, as (chat id, user id).
        self._administrators: set[tuple[int, int]] = set()
        self._presses: dict[str, Press] = {}
        self._last_press = 0
        self._last_message = 0
        self._last_album = 0

    # Users and chats.

    def add_user(self, user_id: int, language: str | None, first_name: str | None) -> Json:
        """Add a user and their private chat, or update a known user, and return the User.

        None keeps a known user's language or name; a new user is called "User" and speaks English.
        """
        with self.lock:
            known = self._users.get(user_id, {"first_name": "User", "language_code": "en"})
            user = {
                "id": user_id,
                "is_bot": False,
                "first_name": first_name or known["first_name"],
                "language_code": language or known["language_code"],
            }
            self._users[user_id] = user
            chat = {"id": user_id, "type": "private", "first_name": user["first_name"]}
            self.add_chat(chat)
            if user["language_code"] != known["language_code"]:
                self.emit("commands", user_id)
                self.emit("description", user_id)
            return user

    def add_chat(self, chat: Json) -> None:
        """Add a chat, or replace the description of a known one and keep its messages."""
        with self.lock:
            self._chats[chat["id"]] = chat
            self._messages.setdefault(chat["id"], {})

    def user(self, user_id: int) -> Json:
        """Return the User with this id.

        Raises:
            KeyError: there is no such user.
        """
        return self._users[user_id]

    def chat(self, chat_id: int) -> Json | None:
        """Return the Chat with this id, or None if there is none."""
        return self._chats.get(chat_id)

    def block(self, user_id: int, *, blocked: bool) -> None:
        """Block or unblock the bot as a user, and notify the bot if that is a change."""
        with self.lock:
            if (user_id in self._blocked) == blocked:
                return
            states = ("member", "kicked") if blocked else ("kicked", "member")
            old, new = (_member(self.bot, state) for state in states)
            self._blocked ^= {user_id}
            self.emit("blocked", user_id, blocked)
            self._notify_bot(
                "my_chat_member",
                {
                    "chat": self._chats[user_id],
                    "from": self._users[user_id],
                    "date": int(time.time()),
                    "old_chat_member": old,
                    "new_chat_member": new,
                },
            )

    def has_blocked(self, user_id: int) -> bool:
        """Return whether the user has blocked the bot."""
        return user_id in self._blocked

    def promote(self, chat_id: int, user_id: int) -> None:
        """Make a user an administrator of a group."""
        with self.lock:
            self._administrators.add((chat_id, user_id))

    def member(self, chat_id: int, user_id: int) -> Json | None:
        """Return the ChatMember that a user is, or None if there is no such user."""
        user = self._users.get(user_id)
        if user is None:
            return None
        is_administrator = (chat_id, user_id) in self._administrators
        return _administrator(user) if is_administrator else _member(user, "member")

    # Messages.

    def new_album(self) -> str:
        """Return a new `media_group_id` for messages that are sent together."""
        with self.lock:
            self._last_album += 1
            return str(13_000_000_000_000_000 + self._last_album)

    def post(self, sender: Json | None, chat_id: int, content: Json, reply_to: int | None) -> Json:
        """Add a message to a chat and return it.

        Args:
            sender: the User who sends it, None in a channel; unless that is the bot, the bot gets
                an update.
            chat_id: the id of a known chat.
            content: the fields of the Message that hold its content, such as `text` or `photo`.
            reply_to: the id of the message in the same chat that it replies to.
        """
        with self.lock:
            self._last_message += 1
            message = {
                "message_id": self._last_message,
                **({"from": sender} if sender else {}),
                "chat": self._chats[chat_id],
                "date": int(time.time()),
                **_with_entities(content),
            }
            message |= self._reply_field(chat_id, reply_to)
            self._messages[chat_id][self._last_message] = message
            self.emit("message", chat_id, message)
            if sender is not self.bot:
                self._notify_bot("message" if sender else "channel_post", message)
            return message

    def _reply_field(self, chat_id: int, reply_to: int | None) -> Json:
        replied = self.message(chat_id, reply_to)
        if replied is None:
            return {}
        shown = {key: value for key, value in replied.items() if key != "reply_to_message"}
        return {"reply_to_message": shown}

    def message(self, chat_id: int, message_id: int | None) -> Json | None:
        """Return the message with this id in a chat, or None if it is unknown or was deleted."""
        return self._messages.get(chat_id, {}).get(message_id or 0)

    def messages(self, chat_id: int) -> list[Json]:
        """Return the messages visible in a chat, oldest first."""
        with self.lock:
            return list(self._messages.get(chat_id, {}).values())

    def edit(self, message: Json, content: Json, *, visibly: bool = True) -> Json:
        """Replace the content and the keyboard of a message, and return the edited message.

        Args:
            message: the message as it was.
            content: all fields of the Message that hold its content, and its `reply_markup`.
            visibly: whether the apps say that the message was edited.
        """
        with self.lock:
            kept = {key: value for key, value in message.items() if key not in _EDITED}
            if visibly:
                kept["edit_date"] = int(time.time())
            edited = {**kept, **_with_entities(content)}
            chat_id = message["chat"]["id"]
            self._messages[chat_id][message["message_id"]] = edited
            self.emit("edited", chat_id, edited)
            return edited

    def edit_caption(self, message: Json, caption: str) -> None:
        """Replace the caption of a user's message, and notify the bot."""
        with self.lock:
            kept = {key: value for key, value in message.items() if key != "caption_entities"}
            edited = {**kept, "edit_date": int(time.time()), **_with_entities({"caption": caption})}
            chat_id = message["chat"]["id"]
            self._messages[chat_id][message["message_id"]] = edited
            self.emit("edited", chat_id, edited)
            self._notify_bot("edited_message", edited)

    def delete(self, chat_id: int, message_id: int) -> bool:
        """Delete a message, and return whether it existed."""
        with self.lock:
            if self._messages.get(chat_id, {}).pop(message_id, None) is None:
                return False
            self.emit("deleted", chat_id, message_id)
            return True

    # Presses of buttons.

    def press(self, user_id: int, message: Json, data: str) -> str:
        """Notify the bot that a user has pressed a button, and return the press's id."""
        with self.lock:
            self._last_press += 1
            press_id = str(4_000_000_000_000_000 + self._last_press)
            self._presses[press_id] = Press(user_id, None)
            if len(self._presses) > _MAX_PRESSES:
                del self._presses[next(iter(self._presses))]
            self._notify_bot(
                "callback_query",
                {
                    "id": press_id,
                    "from": self._users[user_id],
                    "message": self._as_it_is(message),
                    "chat_instance": str(message["chat"]["id"]),
                    "data": data,
                },
            )
            return press_id

    def _as_it_is(self, message: Json) -> Json:
        """Return a message with what it replies to as that is now, or without if it is gone."""
        chat_id = message["chat"]["id"]
        replied = message.get("reply_to_message", {}).get("message_id")
        shown = {key: value for key, value in message.items() if key != "reply_to_message"}
        return shown | self._reply_field(chat_id, replied)

    def answer_press(self, press_id: str, answer: CallbackAnswer) -> bool:
        """Show the bot's answer to a press, and return whether one was awaited."""
        with self.lock:
            press = self._presses.get(press_id)
            if press is None or press.answer is not None:
                return False
            self._presses[press_id] = press._replace(answer=answer)
            self.emit("pressed", press.user, {"press": press_id, **answer._asdict()})
            return True

    def press_answer(self, press_id: str) -> CallbackAnswer | None:
        """Return the bot's answer to a press, or None if it has not come yet."""
        return self._presses[press_id].answer

    # Updates.

    def queue_update(self, update: Json) -> None:
        """Queue an update for the bot, whatever its kind and content."""
        with self.lock:
            self.updates.add(update)
            self.emit("update")

    def _notify_bot(self, kind: str, content: Json) -> None:
        is_message = "message_id" in content
        hidden = self.privacy_mode and is_message and not is_seen_in_privacy_mode(content, self.bot)
        if self.updates.allows(kind) and not hidden:
            self.queue_update({kind: content})


def _member(user: Json, status: str) -> Json:
    return {"user": user, "status": status} | ({"until_date": 0} if status == "kicked" else {})


def _administrator(user: Json) -> Json:
    rights = (f"can_{right}" for right in _RIGHTS)
    lacking = {"can_be_edited": False, "is_anonymous": False}
    return {**_member(user, "administrator"), **dict.fromkeys(rights, True), **lacking}


def _with_entities(content: Json) -> Json:
    found = {
        f"{prefix}entities": entities(content[field])
        for field, prefix in (("text", ""), ("caption", "caption_"))
        if field in content
    }
    return content | {field: marks for field, marks in found.items() if marks}
