"""Progress messages: say how long a photo will take, follow the estimate, and are then deleted."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import cast

import structlog

from attrai.bot.progress_message import ProgressMessage
from attrai.bot.replicas import Replica
from attrai.bot.request_types import Origin
from attrai.bot.services import BotServices
from attrai.ledger import keys
from attrai.telegram import Destination, Rejected, SealBroken

log = structlog.get_logger(__name__)

#: Seconds between checks of the estimates.
_CHECK_SECONDS = 5.0
#: Maximum number of messages updated per check, as the rate limit is needed for answers.
_MAX_UPDATES_PER_CHECK = 10
#: Below this estimate, in seconds, the chat also shows that a picture is being sent, and after how
#: many seconds it does so again: Telegram shows it for five.
_CHAT_ACTION_BELOW_SECONDS = 5.0
_CHAT_ACTION_SECONDS = 4.5
#: Below this estimate, in seconds, the progress message is held back: it would only delay the
#: answer, as a chat gets at most one message per second. It is sent if the photo takes longer.
_NO_MESSAGE_BELOW_SECONDS = 2.0
#: Maximum number of attempts to delete a progress message.
_MAX_ATTEMPTS = 5


def _now() -> float:
    return time.monotonic()


class ProgressMessages:
    """The progress messages that exist now.

    They are saved in Redis, sealed, so that a restarted bot can delete them, or another of several.
    """

    def __init__(self, bot: BotServices, replica: Replica | None = None) -> None:
        """Take over the messages that no other bot keeps.

        Args:
            bot: what sends, seals and saves the messages, and knows the photos' estimates.
            replica: this bot, if there may be others; otherwise it keeps all messages.
        """
        self._redis = bot.redis
        self._seal = bot.seal
        self._telegram = bot.telegram
        self._ledger = bot.intake.ledger
        self._sender = bot.sender
        self._replica = replica
        self._lock = threading.Lock()
        self._new: list[tuple[str, Destination]] = []
        #: Messages held back because the answer may come first: the monotonic time until then, and
        #: where they go.
        self._delayed: dict[str, tuple[float, Destination]] = {}
        self._next_check = 0.0
        #: The monotonic times of the last chat actions, by chat and topic.
        self._shown: dict[tuple[int, int | None], float] = {}
        #: Progress messages by the id of their first job, as in Redis.
        self._messages: dict[str, ProgressMessage] = {}
        #: The key in `_messages` for each job id and album id.
        self._key_of: dict[str, str] = {}
        self._adopt()

    def _adopt(self) -> None:
        """Take over the messages of bots that are gone, and delete those that can't be read."""
        saved = cast("dict[bytes, bytes]", self._redis.hgetall(keys.NOTICES))
        if self._replica:
            saved = {first: saved[first] for first in self._replica.orphans(saved)}
        for first, entry in saved.items():
            try:
                message = self._read(entry.decode())
                if message.message is None:
                    raise ValueError("never sent")  # noqa: TRY301 - as unreadable as one that isn't JSON
                with self._lock:
                    self._add(first.decode(), message)
                if self._replica:
                    self._replica.keep(first.decode())
            except (SealBroken, ValueError) as error:
                # Written under another token, or by another version; it stays in its chat. Not the
                # error's text, which quotes the chat.
                log.error(  # noqa: TRY400 - as above
                    "unreadable progress message",
                    job=first.decode(errors="replace"),
                    reason=type(error).__name__,
                )
                self._forget(first)

    @property
    def pending(self) -> bool:
        """Whether a progress message exists that must be deleted, or is about to be sent."""
        with self._lock:
            return bool(self._messages)

    def announce(self, job: str, origin: Origin, album: str | None, asker: str) -> None:
        """Schedule a progress message for a job, one per album, to be sent by `send_new`.

        Args:
            job: the id of the job.
            origin: the message to reply to.
            album: the id of the job's album.
            asker: whoever may cancel it (`Pseudonyms.asker`).
        """
        with self._lock:
            if job in self._key_of:
                return
            if album in self._key_of:
                self._add_job(job, self._key_of[album])
            elif self._replica and (first := self._replica.claim(album or job, job)):
                if first != job:
                    self._replica.join(job, first)
            else:
                to = origin.destination
                entry = ProgressMessage(
                    chat=to.chat,
                    topic=to.topic,
                    locale=origin.locale,
                    album=album,
                    jobs=[job],
                    asker=asker,
                )
                self._add(job, entry)
                self._new.append((job, to))

    def jobs_of(self, first: str) -> list[str]:
        """Return the jobs of the progress message whose first job this is.

        The message may be another bot's, and is then in Redis.
        """
        with self._lock:
            entry = self._messages.get(first)
            if entry:
                return list(entry.jobs)
        saved = cast("bytes | None", self._redis.hget(keys.NOTICES, first))
        try:
            return self._read(saved.decode()).jobs if saved else [first]
        except (SealBroken, ValueError):
            return [first]

    def send_new(self) -> None:
        """Send the messages announced since the last call, in the background."""
        with self._lock:
            new, self._new = self._new, []
        for first, to in new:
            self._sender.post(partial(self._send, first, to))

    def refresh(self) -> None:
        """Delete the messages whose photos are answered, and update estimates that are off."""
        if self._replica:
            self._sync_with(self._replica)
        with self._lock:
            sent = {
                first: entry for first, entry in self._messages.items() if entry.message is not None
            }
            due = [first for first, (until, _) in self._delayed.items() if until <= _now()]
            overdue = [(first, self._delayed.pop(first)[1]) for first in due]
        for first, to in overdue:
            self._sender.post(partial(self._send, first, to, at_once=False))
        held = self._ledger.held([job for entry in sent.values() for job in entry.jobs])
        for first in [first for first, entry in sent.items() if held.isdisjoint(entry.jobs)]:
            self._remove(first)
            self._sender.post(
                partial(self._delete, first, sent.pop(first)), max_attempts=_MAX_ATTEMPTS
            )
        self._show_uploads_again(sent)
        if sent and _now() >= self._next_check:
            self._next_check = _now() + _CHECK_SECONDS
            self._update(sent, self._ledger.estimates.remaining(sorted(held)))

    def _sync_with(self, replica: Replica) -> None:
        """Take over messages of bots that are gone, and count photos that other bots admitted."""
        if replica.renew():
            self._adopt()
        with self._lock:
            for job, first in replica.take_joined(set(self._messages)).items():
                self._add_job(job, first)

    def _show_uploads_again(self, sent: Mapping[str, ProgressMessage]) -> None:
        """Show again that pictures are being sent, where that is about to disappear."""
        soon = [
            entry for entry in sent.values() if entry.seconds_left() < _CHAT_ACTION_BELOW_SECONDS
        ]
        with self._lock:
            since = _now() - _CHAT_ACTION_SECONDS
            self._shown = {place: at for place, at in self._shown.items() if at > since}
            due = {(entry.chat, entry.topic) for entry in soon} - self._shown.keys()
            now = sorted(due, key=str)[:_MAX_UPDATES_PER_CHECK]
            self._shown |= dict.fromkeys(now, _now())
        for chat, topic in now:
            self._sender.post(partial(self._telegram.send_upload_action, chat, topic))

    def _show_upload(self, entry: ProgressMessage) -> None:
        with self._lock:
            self._shown[entry.chat, entry.topic] = _now()
        self._telegram.send_upload_action(entry.chat, entry.topic)

    def _update(self, sent: dict[str, ProgressMessage], remaining: Mapping[str, float]) -> None:
        off = [first for first, entry in sent.items() if entry.needs_update(remaining)]
        off.sort(key=lambda first: sent[first].error(remaining), reverse=True)
        for first in off[:_MAX_UPDATES_PER_CHECK]:
            entry = sent[first]
            before = entry.message_text()
            entry.set_estimate(remaining)
            if entry.message_text() != before:
                self._sender.post(partial(self._edit, first, entry))

    def _send(self, first: str, to: Destination, *, at_once: bool = True) -> None:
        """Send a progress message unless its photos are answered already.

        Args:
            first: the id of its first job.
            to: where it goes.
            at_once: hold the message back if the answer is expected within two seconds.
        """
        entry = self._messages[first]
        try:
            if not self._ledger.held(entry.jobs):
                self._remove(first)
                return
            entry.set_estimate(self._ledger.estimates.remaining(entry.jobs))
            if at_once and entry.estimated_seconds < _NO_MESSAGE_BELOW_SECONDS:
                with self._lock:
                    self._delayed[first] = (_now() + _NO_MESSAGE_BELOW_SECONDS, to)
                self._show_upload(entry)
                return
            # A group that became a supergroup is another chat from then on.
            entry.chat, entry.message = self._telegram.send_text(
                to, entry.message_text(), keyboard=entry.keyboard()
            )
        except Exception:
            # The photo is answered without a progress message.
            self._remove(first)
            raise
        with self._lock:
            self._save(first)
        if entry.estimated_seconds < _CHAT_ACTION_BELOW_SECONDS:
            self._show_upload(entry)

    def _edit(self, first: str, entry: ProgressMessage) -> None:
        if entry.message is not None:
            self._telegram.edit_text(
                entry.chat, entry.message, entry.message_text(), entry.keyboard()
            )
        with self._lock:
            self._save(first)

    def _delete(self, first: str, entry: ProgressMessage) -> None:
        if entry.message is not None:
            with contextlib.suppress(Rejected):  # the user has deleted it
                self._telegram.delete(entry.chat, entry.message)
        self._forget(first)

    def _forget(self, first: str | bytes) -> None:
        self._redis.hdel(keys.NOTICES, first)
        if self._replica:
            self._replica.drop(first)

    def _add_job(self, job: str, first: str) -> None:
        """Add a job to a message."""
        self._key_of[job] = first
        self._messages[first].jobs.append(job)
        self._save(first)

    def _add(self, first: str, entry: ProgressMessage) -> None:
        self._messages[first] = entry
        for key in (*entry.jobs, *filter(None, [entry.album])):
            self._key_of[key] = first

    def _remove(self, first: str) -> None:
        with self._lock:
            self._delayed.pop(first, None)
            entry = self._messages.pop(first)
            for key in (*entry.jobs, *filter(None, [entry.album])):
                self._key_of.pop(key, None)

    def _read(self, entry: str) -> ProgressMessage:
        is_plain = entry.startswith("{")  # written by a version that didn't seal
        return ProgressMessage.model_validate_json(entry if is_plain else self._seal.open(entry))

    def _save(self, first: str) -> None:
        """Save a message in Redis once it is sent; before that there is nothing to delete."""
        entry = self._messages.get(first)
        if entry and entry.message is not None:
            if self._replica:
                self._replica.keep(first)
            self._redis.hset(keys.NOTICES, first, self._seal.seal(entry.model_dump_json()))
