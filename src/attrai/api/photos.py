"""Photos of the HTTP interface's clients: admitted, found, fetched and deleted."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from http import HTTPStatus
from typing import NamedTuple

import structlog
from redis import Redis

from attrai.actors.intake import Intake
from attrai.api.channel import NAME, UPLOAD
from attrai.api.keys import Client
from attrai.api.problems import GONE, IN_PROGRESS, NOT_FOUND, REUSED, Problem
from attrai.api.results import KEPT_SECONDS, Results
from attrai.job import Job
from attrai.ledger import Admission, Ledger, keys
from attrai.outages import OUTAGES
from attrai.storage import PhotoStore

log = structlog.get_logger(__name__)

#: Seconds after which the photo of a request that was cut off by a kill is deleted, and its
#: `Idempotency-Key` may be used again.
_UPLOAD_SECONDS, _CLAIM_SECONDS = 300, 30
#: What servers and the photo store raise.
_FAULTS: tuple[type[Exception], ...] = (*OUTAGES, OSError)
#: The key in a job's address that tells which request it is from.
_REQUEST = "request"


class Found(NamedTuple):
    """A photo of a client."""

    job: Job
    #: Whether its result is there.
    done: bool
    #: The estimated seconds until it is.
    eta: float = 0.0


class Photos:
    """Photos of clients. Its methods wait for servers, and are called from several threads."""

    def __init__(self, redis: Redis, intake: Intake, store: PhotoStore) -> None:
        self._redis = redis
        self._intake = intake
        self._ledger: Ledger = intake.ledger
        self._store = store
        self._results = Results(redis, intake.ledger, store)

    def admit(
        self, client: Client, photo: bytes, renderer: str, locale: str, key: str | None
    ) -> Found:
        """Store a photo and admit its job.

        Args:
            client: whose photo it is.
            photo: its file.
            renderer: draws the result.
            locale: the language of the failure, if there is one and nobody asks for another.
            key: names the photo, if the client may send it again; it is admitted once.

        Raises:
            Problem: the photo is not admitted.
            redis.RedisError, OSError, dramatiq.errors.BrokerConnectionError: an outage. The photo
                is not admitted; one with a key may have been, and has to be sent again.
        """
        now = time.time()
        job = Job(
            id=secrets.token_hex(16) if key is None else client.job(key),
            channel=NAME,
            address={_REQUEST: _fingerprint(client, photo, renderer)},
            user=client.user,
            locale=locale,
            source=UPLOAD,
            renderer=renderer,
            admitted_at=now,
            queued_at=now,
        )
        if key is None:
            self._submit(job, photo, repeatable=False)
        else:
            with self._claim(job):
                if known := self.find(client, job.id):
                    return self._again(job, known)
                self._submit(job, photo, repeatable=True)
        return Found(job, done=False, eta=self._ledger.estimates.eta())

    def _again(self, job: Job, known: Found) -> Found:
        """Return the photo that an earlier request with the same key has admitted."""
        if known.job.address != job.address:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                REUSED,
                "This Idempotency-Key was used for another photo or renderer.",
            )
        if not known.done:
            # Perhaps the earlier request was cut off before it published the job.
            self._intake.submit(job)
        return known

    @contextmanager
    def _claim(self, job: Job) -> Iterator[None]:
        """Keep other requests with the same key away."""
        key = keys.API_UPLOAD + job.id
        if not self._redis.set(key, 1, nx=True, ex=_CLAIM_SECONDS):
            raise Problem(
                HTTPStatus.CONFLICT,
                IN_PROGRESS,
                "Another request with this Idempotency-Key is in progress.",
                retry_after=1,
            )
        try:
            yield
        finally:
            with suppress(*OUTAGES):  # it expires
                self._redis.delete(key)

    def _submit(self, job: Job, photo: bytes, *, repeatable: bool) -> None:
        """Store a photo and admit its job.

        Args:
            job: the job.
            photo: its file.
            repeatable: whether the client may send the same job again.
        """
        # First, so that whatever a kill leaves is deleted in time.
        self._ledger.expire_files(job.id, _UPLOAD_SECONDS)
        try:
            self._store.write(job.id, UPLOAD, photo)
            admission = self._intake.submit(job)
        except _FAULTS:
            if not repeatable:
                # It may have a slot and no message, or a message that nobody confirmed.
                self._give_up(job.id)
            raise
        log.info("received", job=job.id, user=job.user, admission=admission)
        if admission not in ("admitted", "repeated"):
            self._store.delete_job(job.id)
            raise self._refusal(job, admission)

    def _give_up(self, id_: str) -> None:
        """Undo an admission as far as the servers can be reached; the sweeper does the rest."""
        with suppress(*OUTAGES):
            self._ledger.cancel([id_])
        with suppress(OSError):
            self._store.delete_job(id_)

    def _refusal(self, job: Job, admission: Admission) -> Problem:
        """Return why a photo was not admitted."""
        reached = self._intake.limit_reached(admission, job.user)
        if reached is None:
            return Problem(
                HTTPStatus.GONE,
                GONE,
                "The photo of this Idempotency-Key was answered or cancelled, and is gone.",
            )
        overall = admission == "busy"
        status = HTTPStatus.SERVICE_UNAVAILABLE if overall else HTTPStatus.TOO_MANY_REQUESTS
        return Problem(
            status, admission, values=reached.details(job.locale), retry_after=reached.seconds
        )

    def find(self, client: Client, id_: str) -> Found | None:
        """Return a photo of a client, or None if there is none of this id."""
        # In this order: a result is there before its job is no longer in flight.
        ticket = self._ledger.admitted(id_)
        if ticket is None:
            found = self._results.find(id_)
            if found is None or found.user != client.user:
                return None
            return Found(found, done=True)
        if ticket.user != client.user:
            return None
        return Found(ticket, done=False, eta=self._ledger.estimates.remaining([id_]).get(id_, 0.0))

    def unfinished(self, ids: list[str]) -> set[str]:
        """Return those of the photos that are still being processed."""
        return self._ledger.held(ids)

    def picture(self, id_: str) -> bytes | None:
        """Return the picture of a photo whose result is there, unless it was fetched meanwhile."""
        return self._results.picture(id_)

    def forget(self, id_: str) -> None:
        """Delete a result, which was fetched."""
        self._results.delete(id_)

    def delete(self, client: Client, id_: str) -> None:
        """Delete a result, or cancel a photo that is not answered yet.

        Raises:
            Problem: there is no such photo, or its answer is being prepared at this moment.
        """
        found = self.find(client, id_)
        if found is None:
            raise not_found()
        if found.done:
            self._results.delete(id_)
        elif self._ledger.cancel([id_]):
            self._store.delete_job(id_)
        elif self._ledger.holds(id_):
            raise Problem(
                HTTPStatus.CONFLICT,
                IN_PROGRESS,
                "The result is being stored. Ask again to delete it.",
                retry_after=1,
            )
        else:
            self._results.delete(id_)


def not_found() -> Problem:
    """Return that there is no such photo, or no longer."""
    return Problem(
        HTTPStatus.NOT_FOUND,
        NOT_FOUND,
        f"There is no such photo. A result is kept until it is fetched, at most {KEPT_SECONDS} s.",
    )


def _fingerprint(client: Client, photo: bytes, renderer: str) -> str:
    """Return what tells requests of a client apart, and tells others nothing."""
    digest = blake2b(photo, digest_size=16, key=client.secret.encode()[:64])
    digest.update(renderer.encode())
    return digest.hexdigest()
