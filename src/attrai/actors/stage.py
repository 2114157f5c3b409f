"""What the five stages have in common: from a message to the next message."""

from __future__ import annotations

import math
import random
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import dramatiq
import structlog
from dramatiq.middleware import CurrentMessage, TimeLimitExceeded

from attrai.errors import INTERNAL, TIMED_OUT, TryLater, UserError
from attrai.job import STAGES, Job, StageName, Timing, UnreadableMessage
from attrai.services import Services

log = structlog.get_logger(__name__)

#: How often a stage is tried when it fails, or its worker dies, through no fault of the photo.
ATTEMPTS = 3
#: A stage that takes longer than this, in milliseconds, has failed.
TIME_LIMIT = 60_000
#: How long a second copy of a message waits, in milliseconds, while the first is delivered.
_COPY_WAITS = 5000
#: How long a job waits, in seconds, while the other side of its channel can't be reached: half
#: as long as it has been under way, within these.
_SHORTEST, _LONGEST = 1.0, 60.0


class FileGone(Exception):
    """A file of the job was deleted: another copy of the message already did this stage."""


class Stage(ABC):
    """One stage of the chain, in a process that runs it."""

    name: ClassVar[StageName]
    #: Whether the stage talks to where photos come from and answers go.
    uses_channels: ClassVar[bool] = False
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
            FileGone: there is nothing to do any more.
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

    def read(self, job: Job, name: str) -> bytes:
        """A file of the job.

        Raises:
            FileGone: there is none.
        """
        try:
            return self.services.photos.read(job.id, name)
        except FileNotFoundError as error:
            raise FileGone(name) from error

    def forward(self, job: Job) -> None:
        """Publishes the job for its next stage, then deletes what only this one needed."""
        following = "deliver" if job.failure else STAGES[STAGES.index(self.name) + 1]
        # Publishing belongs in the actor: dramatiq swallows what its hooks raise, and
        # acknowledges the message all the same (dramatiq#545).
        publish(self._broker, following, job)
        self.services.photos.delete(job.id, *self.consumes)

    def fail(self, job: Job) -> Job:
        """The job's end when this stage can't be done."""
        return job.with_(failure=INTERNAL)

    def _receive(self, message: dict[str, Any]) -> None:
        started = time.time()
        with structlog.contextvars.bound_contextvars(stage=self.name):
            try:
                job = Job.from_message(message)
                structlog.contextvars.bind_contextvars(job=job.id)
                self._process(job, started)
            except UnreadableMessage as error:
                log.error("unreadable message", reason=str(error))  # noqa: TRY400 - it is the sender's fault
                if error.ref is not None:
                    publish(self._broker, "deliver", error.ref.failed(INTERNAL))
            except dramatiq.errors.Retry:
                raise
            except (Exception, TimeLimitExceeded) as error:
                # Not the work failed but what surrounds it: the ledger, the next queue.
                log.exception("interrupted")
                raise _retry(error) from error
            finally:
                structlog.contextvars.unbind_contextvars("job")

    def _process(self, job: Job, started: float) -> None:
        start = self.services.ledger.begin(job, self.name)
        if start == "answered":
            log.info("answered already")
        elif start == "being-delivered":
            publish(self._broker, self.name, job, delay=_COPY_WAITS)
        else:
            self._run(job, start, started)

    def _run(self, job: Job, start: int, started: float) -> None:
        try:
            done = self._try(job, start)
        except FileGone as error:
            log.info("done already", file=str(error))
            return
        except TryLater as later:
            self._postpone(job, later)
            return
        waited, took = max(0.0, started - job.queued_at), max(0.0, time.time() - started)
        timing = Timing(stage=self.name, waited=waited, took=took)
        done = done.model_copy(update={"trace": (*done.trace, timing)})
        self.forward(done)
        # Last, for the next stage need not wait for it.
        self.services.on_forwarded(job, done)
        log.info("done", attempt=_attempt(), waited=waited, took=took)

    def _postpone(self, job: Job, later: TryLater) -> None:
        """Puts the job back into the queue: no worker waits, and it is no failed attempt."""
        self.services.ledger.pause(job, self.name)
        age = time.time() - job.admitted_at
        if job.failure == TIMED_OUT or age > self.services.settings.job_seconds:
            # The sweeper comes again and again; a second copy would do the same.
            log.warning("left to the sweeper", reason=str(later))
            return
        seconds = later.seconds
        if seconds is None:
            # Those that failed together should not come again together.
            seconds = random.uniform(1, 1.2) * min(max(_SHORTEST, age / 2), _LONGEST)  # noqa: S311 - no secret
        log.info("postponed", reason=str(later), seconds=seconds)
        publish(self._broker, self.name, job, delay=math.ceil(1000 * seconds))

    def _try(self, job: Job, start: int) -> Job:
        """The job after this stage's work, or with the reason why it ends here."""
        if start > ATTEMPTS:
            log.error("given up: its workers died", starts=start)
            # Giving up may kill as well.
            return self.fail(job) if start <= 2 * ATTEMPTS else job.with_(failure=INTERNAL)
        try:
            return self.work(job)
        except UserError as error:
            log.info("refused", code=error.code, details=error.details)
            return job.with_(failure=error.failure())
        except (FileGone, TryLater):
            raise
        except (Exception, TimeLimitExceeded) as error:
            attempt = _attempt()
            log.exception("failed", attempt=attempt)
            if attempt >= ATTEMPTS:
                return self.fail(job)
            self.services.ledger.pause(job, self.name)
            raise _retry(error) from error


def publish(
    broker: dramatiq.Broker, stage: StageName, job: Job, *, delay: int | None = None
) -> None:
    """Puts the job into the queue of a stage, addressed by name: its code need not be here.

    Args:
        broker: where the queue is.
        stage: whose queue it is.
        job: what the message carries.
        delay: milliseconds until the stage gets it.
    """
    message = job.to_message() | {"queued_at": time.time()}
    broker.enqueue(
        dramatiq.Message(
            queue_name=stage, actor_name=stage, args=(message,), kwargs={}, options={}
        ),
        delay=delay,
    )


def _attempt() -> int:
    """Which attempt at the current message this is, from 1."""
    message = CurrentMessage.get_current_message()
    return 1 + (message.options.get("retries", 0) if message else 0)


def _retry(error: BaseException) -> Exception:
    """What makes dramatiq try again without logging the message, which holds addresses."""
    return dramatiq.errors.Retry(type(error).__name__)
