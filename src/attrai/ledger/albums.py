"""The albums in flight: which of their photos are ready, and who answers them together.

Telegram sends each photo of an album on its own, so each is a job of its own. Once the answer to
one is ready, its message joins the album. The message that finds all photos ready claims the album,
and with it the others are answered. Their own messages stay in the queue and come back later: they
find their jobs answered, or answer them themselves if that message's worker has died.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, cast

from redis import Redis

from attrai.errors import TIMED_OUT
from attrai.job import Job, UnreadableMessage
from attrai.ledger.scripts import load_script


class Wait(NamedTuple):
    """The album is not ready, or another worker answers it: look again later."""

    seconds: float


class Together(NamedTuple):
    """The album was claimed, and these photos are to be answered together."""

    #: The number of each in the album, from 1, and its job; in order.
    ready: Sequence[tuple[int, Job]]
    #: The number of times that the answer was sent without a word whether it arrived.
    unconfirmed_sends: int


class Albums:
    """The albums in flight. Each operation may be repeated."""

    def __init__(self, redis: Redis, lifetime: int) -> None:
        """Open the albums in Redis.

        Args:
            redis: The Redis that holds the ledger.
            lifetime: Seconds after which a job is overdue.
        """
        self._lifetime = lifetime
        self._join, self._release, self._leave = (
            cast("Callable[..., Any]", redis.register_script(load_script(name)))
            for name in ("join", "release", "leave")
        )

    def join(self, job: Job, album: str) -> Together | Wait | None:
        """Record that the answer to a job is ready, and claim its album if that is ready.

        A claim ends with `Ledger.finish` or `release`, or some time after its worker died.

        Returns:
            None if the job is to be answered alone.
        """
        timed_out = job.failure is not None and job.failure.code == TIMED_OUT.code
        message = json.dumps(job.to_message())
        args = [job.id, album, message, int(timed_out), self._lifetime]
        kind, *details = (part.decode() for part in self._join(args=args))
        if kind == "wait":
            return Wait(float(details[0]))
        if kind == "alone":
            return None
        count, *entries = details
        try:
            jobs = [Job.from_message(json.loads(found)) for found in entries[1::2]]
        except UnreadableMessage:  # of a newer version
            self.release(job, album, "alone")
            return None
        return Together(list(zip(map(int, entries[::2]), jobs, strict=True)), int(count))

    def release(
        self, job: Job, album: str, note: Literal["unconfirmed", "alone"] | None = None
    ) -> None:
        """Undo the claim that `join` made for a job.

        Args:
            job: the job.
            album: its album.
            note: "unconfirmed" if the answer was sent without a word whether it arrived, "alone" if
                each photo is to be answered alone.
        """
        self._release(args=[job.id, album, note or ""])

    def leave(self, job: Job, album: str) -> bool:
        """Take a job out of its album, or return False while another worker answers the album."""
        return bool(self._leave(args=[job.id, album]))
