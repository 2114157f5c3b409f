"""The sandbox from Python: users who write to the bot, and what the bot did."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telegram_sandbox.faults import NO_FAULTS, FaultName, Faults
from telegram_sandbox.message import Message
from telegram_sandbox.state import State
from telegram_sandbox.users import Group, User

#: How many calls are remembered.
CALLS_KEPT = 100_000


@dataclass(frozen=True)
class Call:
    """A call of the Bot API; a file's download is the method "file"."""

    method: str
    chat_id: int | None
    #: When it came, in seconds of `time.monotonic`.
    time: float
    #: The HTTP status of the answer, also of one that was cut off; 0 if there was none.
    status: int
    fault: FaultName | None


class Sandbox:
    """Telegram as one bot sees it, all in memory; any thread may use it."""

    def __init__(
        self,
        token: str = "1000:sandbox",  # noqa: S107  # it opens nothing but this
        username: str = "attrai_sandbox_bot",
        faults: Faults = NO_FAULTS,
        seed: int = 0,
    ) -> None:
        """A sandbox without users.

        Args:
            token: the bot's, its id before the colon.
            username: the bot's, without the @.
            faults: what goes wrong on purpose; may be replaced at any time.
            seed: the same seed and the same calls give the same faults.
        """
        self.token = token
        self.faults = faults
        self.state = State(int(token.partition(":")[0]), username)
        self._chance = random.Random(seed)  # noqa: S311  # faults are no secrets
        self._calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    def user(
        self, user_id: int = 1, language: str | None = None, first_name: str | None = None
    ) -> User:
        """The user of that id, who has started the bot; a new one speaks English."""
        self.state.join(user_id, language, first_name)
        return User(self.state, user_id)

    def group(self, chat_id: int = -100, title: str = "Group") -> Group:
        """A group with the bot."""
        return Group(self.state, chat_id, title)

    def inject(self, update_fields: dict[str, Any]) -> None:
        """Queues an update with these fields, of whatever kind and content."""
        self.state.queue(update_fields)

    def inject_body(self, body: bytes) -> None:
        """The next getUpdates answers these bytes with status 200."""
        with self.state.lock:
            self.state.update_bodies.append(body)
            self.state.emit("update")

    def messages(self, chat_id: int) -> list[Message]:
        """What is visible in the chat now, oldest first."""
        state = self.state
        return [Message.of(message, state.files) for message in state.messages(chat_id)]

    def wait_for(
        self, chat_id: int, condition: Callable[[list[Message]], bool], seconds: float = 30
    ) -> list[Message]:
        """The chat's messages as soon as the condition holds for them.

        Raises:
            TimeoutError: it did not within `seconds`; the error shows what is there.
        """
        messages: list[Message] = []

        def holds() -> bool:
            messages[:] = self.messages(chat_id)
            return condition(messages)

        if not self.state.wait_until(holds, seconds):
            raise TimeoutError(f"after {seconds} s there is: {[_brief(m) for m in messages]}")
        return messages

    @property
    def calls(self) -> list[Call]:
        """The newest `CALLS_KEPT` calls of the Bot API, in the order of their answers."""
        with self.state.lock:
            return list(self._calls)

    def commands(self, language: str) -> list[dict[str, str]]:
        """The commands that users of that language see in a private chat."""
        return self.state.commands.seen_in(language)

    def pending_updates(self) -> int:
        """How many updates no offset has confirmed yet."""
        return len(self.state.updates)

    def draw_fault(self, method: str) -> FaultName | None:
        """The fault that happens at a call of the method now."""
        with self.state.lock:
            return self.faults.draw(method, self._chance)

    def note(self, call: Call) -> None:
        """Remembers a call that was answered."""
        with self.state.lock:
            self._calls.append(call)


def _brief(message: Message) -> str:
    content = message.text or message.caption or ""
    kind = "photo" if message.photo else message.document_name or "text"
    return f"{message.id} {message.sender} {kind} {content!r}"
