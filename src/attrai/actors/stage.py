"""What the five stages have in common: from a message to the next message."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import dramatiq
import structlog
from dramatiq.middleware import CurrentMessage, TimeLimitExceeded

from attrai.channels import Channel
from attrai.contract import STAGES, Job, StageName, Timing, UnreadableMessage
from attrai.errors import INTERNAL, UserError
from attrai.ledger import Ledger
from attrai.photos import PhotoStore
from attrai.settings import Settings

log = structlog.get_logger(__name__)

#: How often a stage is tried when it fails through no fault of the photo.
ATTEMPTS = 3
#: A stage that takes longer than this, in milliseconds, has failed.
TIME_LIMIT = 60_000


@dataclass(frozen=True)
class Services:
    """What stages work with; made once per process and passed in."""

    settings: Settings
    photos: PhotoStore
    ledger: Ledger
    #: By the name that a job's `channel` gives.
    channels: Mapping[str, Channel]
    #: Called with every job whose answer is out.
    on_answered: Callable[[Job], None]


class Stage(ABC):
    """One stage of the chain, in a process that runs it."""

    name: ClassVar[StageName]
    #: Files of a job that no later stage needs.
    consumes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, services: Services) -> None:
        """Loads what the stage needs, once per process."""
        self.services = services

    @abstractmethod
    def work(self, job: Job) -> Job:
        """Does the stage's work; the job comes back with what was found.

        Raises:
            UserError: the job can't go on, and its user is told why.
        """

    def declare(self, broker: dramatiq.Broker) -> None:
        """Makes the stage an actor of its own name on a queue of its own name."""
        self._broker = broker
        declare = dramatiq.actor(
            broker=broker,
            actor_name=self.name,
            queue_name=self.name,
            max_retries=ATTEMPTS - 1,
            time_limit=TIME_LIMIT,
        )
        declare(self._receive)

    def _receive(self, message: dict[str, Any]) -> None:
        started = time.time()
        try:
            job = Job.from_message(message)
        except UnreadableMessage as error:
            self._answer_unreadable(error)
            return
        with structlog.contextvars.bound_contextvars(job=job.id, stage=self.name):
            done = self._try(job)
            timing = Timing(
                stage=self.name,
                waited=max(0.0, started - job.queued_at),
                took=max(0.0, time.time() - started),
            )
            # Publishing belongs in the actor: dramatiq swallows what its hooks raise, and
            # acknowledges the message all the same (dramatiq#545).
            self.hand_on(done.with_(trace=(*done.trace, timing)))

    def _try(self, job: Job) -> Job:
        """The job after this stage's work, or with the reason why it ends here."""
        try:
            return self.work(job)
        except UserError as error:
            log.info("refused", code=error.code, details=error.details)
            return job.with_(failure=error.failure())
        except (Exception, TimeLimitExceeded) as error:
            attempt = _attempt()
            log.exception("failed", attempt=attempt)
            if attempt < ATTEMPTS:
                # Unlike any other exception this one is not logged with the message, which
                # holds addresses.
                raise dramatiq.errors.Retry(type(error).__name__) from error
            return job.with_(failure=INTERNAL)

    def hand_on(self, job: Job) -> None:
        """Publishes the job for its next stage, then deletes what only this one needed."""
        following = STAGES[STAGES.index(self.name) + 1]
        publish(self._broker, "deliver" if job.failure else following, job)
        self.services.photos.delete(job.id, *self.consumes)

    def _answer_unreadable(self, error: UnreadableMessage) -> None:
        log.error("unreadable message", reason=str(error), stage=self.name)
        if error.ticket is not None:
            now = time.time()
            apology = Job(
                **error.ticket.model_dump(),
                source="",
                renderer="",
                admitted_at=now,
                queued_at=now,
                failure=INTERNAL,
            )
            publish(self._broker, "deliver", apology)


def publish(broker: dramatiq.Broker, stage: StageName, job: Job) -> None:
    """Puts the job into the queue of a stage, addressed by name: its code need not be here."""
    message = job.with_(queued_at=time.time()).to_message()
    broker.enqueue(
        dramatiq.Message(queue_name=stage, actor_name=stage, args=(message,), kwargs={}, options={})
    )


def _attempt() -> int:
    """Which attempt at the current message this is, from 1."""
    message = CurrentMessage.get_current_message()
    return 1 + (message.options.get("retries", 0) if message else 0)
