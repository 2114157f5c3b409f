"""Background sending of messages, so that a slow chat delays no others.

A message that can't be sent yet is put off and keeps no thread meanwhile. Of the replies to one
person in one chat at most one waits: whoever writes faster than a chat may be answered gets the
answer to what they wrote last, and costs others nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from attrai.bot.calls import TimedCalls
from attrai.errors import TryLater
from attrai.telegram import Rejected, TokenRefused, chat_interval

log = structlog.get_logger(__name__)

_THREADS = 8
#: Minimum and maximum seconds between attempts.
_RETRY_MIN_SECONDS, _RETRY_MAX_SECONDS = 0.5, 30.0
#: A person gets at most one in so many messages of a group as replies to commands.
_GROUP_SHARE = 5
#: Maximum number of attempts to send a reply.
_MAX_REPLY_ATTEMPTS = 5


@dataclass(eq=False)
class _Message:
    send: Callable[[], object]
    attempts_left: int
    #: Whether it only says what else to send, and so never takes the place of an answer.
    hint: bool = False
    #: Whether it has to wait for its chat or for Telegram.
    put_off: bool = False


class BackgroundSender:
    """A few threads that send messages. A crash may lose them, as no photo depends on them."""

    def __init__(self) -> None:
        self._calls = TimedCalls(_THREADS)
        #: Guards what follows, and is notified when a message is sent or put off.
        self._changed = threading.Condition()
        self._awaited: set[_Message] = set()
        #: The reply that waits for each person in a chat, or None while one is being sent and until
        #: the chat may get another.
        self._replies: dict[tuple[int, int], _Message | None] = {}

    @property
    def pending(self) -> bool:
        """Whether any awaited message is not sent yet."""
        with self._changed:
            return bool(self._awaited)

    def post(
        self, send: Callable[[], object], *, max_attempts: int = 1, awaited: bool = True
    ) -> None:
        """Send a message in the background, and retry it while Telegram is unavailable.

        Args:
            send: sends the message.
            max_attempts: the maximum number of attempts.
            awaited: whether a user waits for the message, so that the process should not end
                before it is sent.
        """
        message = _Message(send, max_attempts)
        with self._changed:
            if awaited:
                self._awaited.add(message)
        self._calls.add(partial(self._send, message))

    def reply(
        self, chat: int, user: int, send: Callable[[], object], *, hint: bool = False
    ) -> None:
        """Reply to a person in the background; a reply to them there that still waits is dropped.

        Args:
            chat: the chat of the reply.
            user: the person who gets it.
            send: sends the reply.
            hint: whether the reply only says what else to send. It is dropped itself if an answer
                waits.
        """
        key, message = (chat, user), _Message(send, _MAX_REPLY_ATTEMPTS, hint)
        with self._changed:
            if key in self._replies:
                self._wait(key, message)
                return
            self._replies[key] = message
            self._awaited.add(message)
        self._calls.add(partial(self._send_reply, key))

    def _wait(self, key: tuple[int, int], message: _Message) -> None:
        """Let the reply wait, or the one that does so already if that is worth more."""
        waiting = self._replies[key]
        if waiting is None or waiting.hint or not message.hint:
            self._replies[key], dropped = message, waiting
            message.put_off = True
            self._awaited.add(message)
        else:
            dropped = message
        if dropped is not None:
            self._awaited.discard(dropped)
        self._changed.notify_all()

    def attempt_all(self, seconds: float) -> None:
        """Wait until all awaited messages are sent or put off, for at most `seconds` seconds."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(message.put_off for message in self._awaited), seconds
            )

    def flush(self, seconds: float) -> None:
        """Wait until all awaited messages are sent, for at most `seconds` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._awaited, seconds)

    def close(self) -> None:
        """Finish the sends in progress and drop the rest."""
        self._calls.close()

    def _send(self, message: _Message) -> None:
        delay = _try(message)
        with self._changed:
            if delay is None:
                self._awaited.discard(message)
            else:
                message.put_off = True
            self._changed.notify_all()
        if delay is not None:
            self._calls.add(partial(self._send, message), delay)

    def _send_reply(self, key: tuple[int, int]) -> None:
        with self._changed:
            message = self._replies[key]
            if message is None:
                del self._replies[key]
                return
            self._replies[key] = None
        delay = _try(message)
        with self._changed:
            if delay is None:
                self._awaited.discard(message)
                self._changed.notify_all()
            elif (newer := self._replies[key]) is None:
                self._wait(key, message)
            else:
                self._replies[key] = message
                self._wait(key, newer)
        self._calls.add(
            partial(self._send_reply, key), pause_seconds(key[0]) if delay is None else delay
        )


def pause_seconds(chat: int) -> float:
    """Return the seconds between two replies to a person in a chat.

    Sooner, the limiter would keep the thread. In a group the other messages are for others.
    """
    return chat_interval(chat) * (_GROUP_SHARE if chat < 0 else 1)


def _try(message: _Message) -> float | None:
    """Try to send a message, and return the seconds until the next attempt, or None if it ends."""
    message.attempts_left -= 1
    try:
        message.send()
    except TryLater as later:
        log.info("not sent", reason=str(later), tries_left=message.attempts_left)
        if message.attempts_left:
            return min(max(later.seconds or 0, _RETRY_MIN_SECONDS), _RETRY_MAX_SECONDS)
    except Rejected as error:
        log.info("not wanted", reason=str(error))
    except TokenRefused:
        pass  # the poller reports this and ends
    except Exception:
        log.exception("not sent")
    return None
