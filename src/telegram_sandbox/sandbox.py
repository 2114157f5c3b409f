"""The sandbox's Python interface: users who write to the bot, and a record of its calls."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telegram_sandbox.faults import NO_FAULTS, FaultName, Faults
from telegram_sandbox.groups import Channel, Group
from telegram_sandbox.keyboards import CallbackAnswer
from telegram_sandbox.message import Message
from telegram_sandbox.state import State
from telegram_sandbox.users import User

#: The number of most recent calls that are recorded.
MAX_RECORDED_CALLS = 100_000


@dataclass(frozen=True)
class Call:
    """A recorded call of the Bot API.

    A file download has the method "file", and an update sent to the bot's webhook "webhook".
    """

    method: str
    chat_id: int | None
    #: The arrival time, in seconds of `time.monotonic`.
    received_at: float
    #: The HTTP status of the answer, even if it was cut off; 0 if there was no answer.
    status: int
    fault: FaultName | None
    #: How many messages it asks to send: Telegram counts each item of an album.
    items: int = 1
    #: The topic of a forum that the call names.
    topic: int | None = None


class Sandbox:
    """Telegram as one bot sees it, held in memory; its methods are thread-safe."""

    def __init__(
        self,
        token: str = "1000:sandbox",  # noqa: S107  # it opens only this sandbox
        username: str = "attrai_sandbox_bot",
        faults: Faults = NO_FAULTS,
        seed: int = 0,
        local: Path | None = None,
        *,
        privacy_mode: bool = False,
    ) -> None:
        """Create a sandbox without users.

        Args:
            token: the bot's token, with the bot's id before the colon.
            username: the bot's username, without the @.
            faults: the faults to inject; the attribute may be replaced at any time.
            seed: the seed of the faults; the same seed and calls give the same faults.
            local: the folder for files of a Bot API server with `--local`: getFile puts files of
                any size there, and says where; they can't be downloaded.
            privacy_mode: whether the bot gets only some of the messages in groups.
        """
        self.token = token
        self.faults = faults
        self.state = State(int(token.partition(":")[0]), username)
        self.state.local_folder = local and local.absolute() / token
        self.state.privacy_mode = privacy_mode
        #: Seconds until an update is sent to a webhook once more; doubled each time.
        self.webhook_retry_seconds = 1.0
        self._random = random.Random(seed)  # noqa: S311  # faults need no secure randomness
        self._calls: deque[Call] = deque(maxlen=MAX_RECORDED_CALLS)

    def user(
        self, user_id: int = 1, language: str | None = None, first_name: str | None = None
    ) -> User:
        """Return the user with this id, who has started the bot and is added if they are new.

        A language code or name replaces the user's own; a new user's language is English.
        """
        self.state.add_user(user_id, language, first_name)
        return User(self.state, user_id)

    def group(self, chat_id: int = -100, title: str = "Group", *, forum: bool = False) -> Group:
        """Return a group chat that the bot is a member of, with this title; a forum has topics."""
        return Group(self.state, chat_id, title, forum=forum)

    def channel(self, chat_id: int = -1000, title: str = "Channel") -> Channel:
        """Return a channel that the bot is an administrator of, with this title."""
        return Channel(self.state, chat_id, title)

    def inject(self, update_fields: dict[str, Any]) -> None:
        """Queue an update with these fields for the bot, without checking them."""
        self.state.queue_update(update_fields)

    def inject_body(self, body: bytes) -> None:
        """Make the next getUpdates answer with these bytes and status 200."""
        with self.state.lock:
            self.state.update_bodies.append(body)
            self.state.emit("update")

    def messages(self, chat_id: int) -> list[Message]:
        """Return the messages visible in a chat, oldest first."""
        state = self.state
        return [Message.from_json(message, state.files) for message in state.messages(chat_id)]

    def wait_for(
        self, chat_id: int, condition: Callable[[list[Message]], bool], seconds: float = 30
    ) -> list[Message]:
        """Wait until a condition holds for a chat's messages, and return them.

        Raises:
            TimeoutError: the condition did not hold within `seconds`; the error lists the messages.
        """
        messages: list[Message] = []

        def holds() -> bool:
            messages[:] = self.messages(chat_id)
            return condition(messages)

        if not self.state.wait_until(holds, seconds):
            raise TimeoutError(f"after {seconds} s there is: {[_summary(m) for m in messages]}")
        return messages

    def wait_for_answer(self, press_id: str, seconds: float = 30) -> CallbackAnswer:
        """Wait until the bot answers a press, and return its answer.

        Raises:
            TimeoutError: it did not answer within `seconds`.
        """
        answer: CallbackAnswer | None = None

        def has_come() -> bool:
            nonlocal answer
            answer = self.state.press_answer(press_id)
            return answer is not None

        self.state.wait_until(has_come, seconds)
        if answer is None:
            raise TimeoutError(f"no answer to the press {press_id} after {seconds} s")
        return answer

    @property
    def calls(self) -> list[Call]:
        """The last `MAX_RECORDED_CALLS` calls of the Bot API, in the order they were answered."""
        with self.state.lock:
            return list(self._calls)

    def commands(self, language: str) -> list[dict[str, str]]:
        """Return the commands that users of a language see in a private chat."""
        return self.state.commands.visible_to(language)

    def pending_updates(self) -> int:
        """Return the number of updates that the bot has not yet confirmed by an offset."""
        return len(self.state.updates)

    def draw_fault(self, method: str) -> FaultName | None:
        """Draw the fault for a call of `method`; None means no fault."""
        with self.state.lock:
            return self.faults.draw(method, self._random)

    def record_call(self, call: Call) -> None:
        """Record an answered call."""
        with self.state.lock:
            self._calls.append(call)


def _summary(message: Message) -> str:
    content = message.text or message.caption or ""
    kind = "photo" if message.photo else message.document_name or "text"
    return f"{message.id} {message.sender} {kind} {content!r}"
