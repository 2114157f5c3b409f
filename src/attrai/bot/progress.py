"""The message that says how long a photo will take: sent, kept true, taken back."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import cast

from pydantic import BaseModel
from redis import Redis

from attrai.bot.sender import BackgroundSender
from attrai.job import Job
from attrai.ledger import Ledger
from attrai.locales import duration, text
from attrai.telegram import Rejected, Telegram, chat_pace
from attrai.telegram.channel import address_of

#: Where progress are kept for a bot that is started again: a hash, by their first job.
_KEY = "attrai:notices"
#: Seconds between checks of what was promised.
_CHECK_SECONDS = 5.0
#: A promise is mended when it is off by more than so many seconds and this share of itself.
_OFF_SECONDS, _OFF_SHARE = 10.0, 0.5
#: So many are mended at most at a check: the rate of messages is for answers.
_MENDED = 10
#: What is promised within so many seconds is shown as being sent, too.
_SOON_SECONDS = 5.0
#: What is promised within so many seconds needs no words: they would only hold the answer up, for
#: a chat gets a message a second. When it takes longer after all they are sent.
_AT_ONCE_SECONDS = 2.0
#: How often taking a notice back is tried.
_TRIES = 5


class _ProgressMessage(BaseModel):
    """What a chat was told of a photo, or of the photos of an album."""

    chat: int
    locale: str
    album: str | None
    jobs: list[str]
    #: The number of our message; none until it is sent.
    message: int | None = None
    #: How many seconds were promised, and when, in Unix time.
    promised: float = 0
    at: float = 0

    def promise(self, remaining: Mapping[str, float]) -> None:
        """Promises the time until the last of the jobs is answered."""
        self.promised, self.at = self.estimate(remaining), time.time()

    def error(self, remaining: Mapping[str, float]) -> float:
        """By how many seconds the promise is off by now."""
        return abs(self.estimate(remaining) - self._left())

    def _left(self) -> float:
        return max(0.0, self.promised - (time.time() - self.at))

    def estimate(self, remaining: Mapping[str, float]) -> float:
        """Seconds until the last of the jobs is answered."""
        open_jobs = [remaining[job] for job in self.jobs if job in remaining]
        # Their answers go out one after another, the first of them after this message.
        return max([*open_jobs, len(open_jobs) * chat_pace(self.chat)])

    def is_off(self, remaining: Mapping[str, float]) -> bool:
        """Whether what was promised is far from true by now."""
        return self.error(remaining) > max(_OFF_SECONDS, _OFF_SHARE * self._left())

    def words(self) -> str:
        """The message's text."""
        wait = duration(self.promised, self.locale)
        return text("in-work", self.locale, photos=len(self.jobs), wait=wait)


def _now() -> float:
    return time.monotonic()


class ProgressMessages:
    """All progress that stand. Only one bot may have them."""

    def __init__(
        self, redis: Redis, telegram: Telegram, ledger: Ledger, sender: BackgroundSender
    ) -> None:
        self._redis = redis
        self._telegram = telegram
        self._ledger = ledger
        self._sender = sender
        self._lock = threading.Lock()
        self._new: list[tuple[str, int]] = []
        #: Those that may turn out unnecessary: until when, and the message to reply to.
        self._held_back: dict[str, tuple[float, int]] = {}
        self._next_check = 0.0
        #: By their first job, as in Redis.
        self._standing: dict[str, _ProgressMessage] = {}
        #: The first job of the notice that a job or an album belongs to.
        self._first_of: dict[str, str] = {}
        saved = cast("dict[bytes, bytes]", redis.hgetall(_KEY))
        for first, notice in saved.items():
            self._stand(first.decode(), _ProgressMessage.model_validate_json(notice))

    @property
    def pending(self) -> bool:
        """Whether somebody was told something that has to be taken back, or is about to be."""
        with self._lock:
            return bool(self._standing)

    def announce(self, job: Job, album: str | None) -> None:
        """Has `send_new` say that the job is in work: once, and with the rest of its album."""
        with self._lock:
            if job.id in self._first_of:
                return
            if album in self._first_of:
                first = self._first_of[job.id] = self._first_of[album]
                self._standing[first].jobs.append(job.id)
                self._save(first)
            else:
                chat, message = address_of(job)
                notice = _ProgressMessage(chat=chat, locale=job.locale, album=album, jobs=[job.id])
                self._stand(job.id, notice)
                self._new.append((job.id, message))

    def send_new(self) -> None:
        """Sends what was announced since the last call, without waiting for it."""
        for first, reply_to in self._new:
            self._sender.post(partial(self._send, first, reply_to))
        self._new.clear()

    def look(self) -> None:
        """Takes back what is answered by now, and mends what is no longer true."""
        with self._lock:
            sent = {first: n for first, n in self._standing.items() if n.message is not None}
            due = [first for first, (until, _) in self._held_back.items() if until <= _now()]
            overdue = [(first, self._held_back.pop(first)[1]) for first in due]
        for first, reply_to in overdue:
            self._sender.post(partial(self._send, first, reply_to, at_once=False))
        held = self._ledger.held([job for notice in sent.values() for job in notice.jobs])
        for first in [first for first, notice in sent.items() if held.isdisjoint(notice.jobs)]:
            self._fall(first)
            self._sender.post(partial(self._take_back, first, sent.pop(first)), tries=_TRIES)
        if sent and _now() >= self._next_check:
            self._next_check = _now() + _CHECK_SECONDS
            self._mend(sent, self._ledger.remaining(sorted(held)))

    def _mend(self, sent: dict[str, _ProgressMessage], remaining: Mapping[str, float]) -> None:
        off = [first for first, notice in sent.items() if notice.is_off(remaining)]
        off.sort(key=lambda first: sent[first].error(remaining), reverse=True)
        for first in off[:_MENDED]:
            notice = sent[first]
            before = notice.words()
            notice.promise(remaining)
            if notice.words() != before:
                self._sender.post(partial(self._edit, first, notice))

    def _send(self, first: str, reply_to: int, *, at_once: bool = True) -> None:
        """Sends a notice, unless an answer is there or, `at_once`, will be in a moment."""
        notice = self._standing[first]
        try:
            if not self._ledger.held(notice.jobs):
                self._fall(first)
                return
            notice.promise(self._ledger.remaining(notice.jobs))
            if at_once and notice.promised < _AT_ONCE_SECONDS:
                with self._lock:
                    self._held_back[first] = (_now() + _AT_ONCE_SECONDS, reply_to)
                self._telegram.say_busy(notice.chat)
                return
            notice.message = self._telegram.send_text(
                notice.chat, notice.words(), reply_to=reply_to
            )
        except Exception:
            # The answer will come without it.
            self._fall(first)
            raise
        with self._lock:
            self._save(first)
        if notice.promised < _SOON_SECONDS:
            self._telegram.say_busy(notice.chat)

    def _edit(self, first: str, notice: _ProgressMessage) -> None:
        if notice.message is not None:
            self._telegram.edit_text(notice.chat, notice.message, notice.words())
        with self._lock:
            self._save(first)

    def _take_back(self, first: str, notice: _ProgressMessage) -> None:
        if notice.message is not None:
            with contextlib.suppress(Rejected):  # the user was faster
                self._telegram.delete(notice.chat, notice.message)
        self._redis.hdel(_KEY, first)

    def _stand(self, first: str, notice: _ProgressMessage) -> None:
        self._standing[first] = notice
        for key in (*notice.jobs, *filter(None, [notice.album])):
            self._first_of[key] = first

    def _fall(self, first: str) -> None:
        with self._lock:
            self._held_back.pop(first, None)
            notice = self._standing.pop(first)
            for key in (*notice.jobs, *filter(None, [notice.album])):
                del self._first_of[key]

    def _save(self, first: str) -> None:
        """Notes in Redis what was sent; until then there is nothing to take back."""
        notice = self._standing.get(first)
        if notice and notice.message is not None:
            self._redis.hset(_KEY, first, notice.model_dump_json())
