"""The actor around each stage: from a message to the next message."""

from __future__ import annotations

import math
import random
import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import dramatiq
import structlog
from dramatiq.middleware import CurrentMessage, TimeLimitExceeded

from attrai.broker import PutBack
from attrai.errors import (
    INTERNAL,
    ChannelMissing,
    FetchFailed,
    TryLater,
    Unconfirmed,
    UserError,
)
from attrai.job import STAGES, Job, StageName, Timing, UnknownVersion, UnreadableMessage
from attrai.ledger import Start
from attrai.outages import OUTAGES, is_outage
from attrai.services import Services

log = structlog.get_logger(__name__)

#: How often a stage is tried before the job fails, when it raises or its worker dies.
ATTEMPTS = 3
#: A stage that takes longer fails, in milliseconds.
TIME_LIMIT_MS = 60_000
#: What interrupts a stage apart from its work: an outage, or the time limit while it waits for one.
INTERRUPTIONS: tuple[type[BaseException], ...] = (*OUTAGES, TimeLimitExceeded)
#: How many seconds pass until a job that an outage interrupted goes back into its queue.
_OUTAGE_PAUSE_SECONDS = 1.0
#: How long a second copy of a message is delayed while the first is being delivered.
_COPY_DELAY_MS = 5000
#: For how long a job of another version waits for a worker that can process it, before its user is
#: told that something went wrong: longer than all services take to be updated, in seconds.
VERSION_PATIENCE_SECONDS = 600
#: For how long a job waits for a worker that has its channel, in seconds: an operator who forgot to
#: install it, or its token, should notice within a day. After that nothing of the job is kept.
CHANNEL_PATIENCE_SECONDS = 24 * 3600
#: Bounds of how long a job is delayed while its channel can't be reached: half its age.
_POSTPONE_MIN_SECONDS, _POSTPONE_MAX_SECONDS = 1.0, 60.0


class FileGone(Exception):
    """A file of the job is gone: another copy of its message has already been through the stage."""


class Stage(ABC):
    """One stage, in a process that runs it.

    A subclass names the stage and says what it does with a job.
    """

    name: ClassVar[StageName]
    #: Whether the stage fetches or delivers.
    uses_channels: ClassVar[bool] = False
    #: Files of a job that are deleted after this stage.
    consumes: ClassVar[tuple[str, ...]] = ()

    def __init__(self, services: Services) -> None:
        """Load what the stage needs, once per process."""
        self.services = services

    @abstractmethod
    def work(self, job: Job) -> Job:
        """Process the job and return it with what was found.

        Raises:
            UserError: the job ends here, and its user is told why.
            TryLater: the stage is to be tried again later.
            FileGone: another copy of the message was faster.
        """

    def declare(self, broker: dramatiq.Broker, time_limit_ms: int = TIME_LIMIT_MS) -> None:
        """Declare a dramatiq actor and a queue, both called as the stage."""
        self._broker = broker
        declare = dramatiq.actor(
            broker=broker,
            actor_name=self.name,
            queue_name=self.name,
            max_retries=ATTEMPTS - 1,
            time_limit=time_limit_ms,
        )
        declare(self._receive)

    def read(self, job: Job, name: str) -> bytes:
        """Return a file of the job.

        Raises:
            FileGone: there is none.
        """
        try:
            return self.services.photos.read(job.id, name)
        except FileNotFoundError as error:
            raise FileGone(name) from error

    def forward(self, job: Job) -> None:
        """Publish the job to its next stage, then delete what only this stage needed."""
        following = "deliver" if job.failure else STAGES[STAGES.index(self.name) + 1]
        # Inside the actor, not in a hook of a middleware: dramatiq swallows what hooks raise and
        # acknowledges the message all the same (dramatiq#545).
        publish(self._broker, following, job)
        self.services.photos.delete(job.id, *self.consumes)

    def fail(self, job: Job) -> Job:
        """Return the job as it ends when this stage keeps failing."""
        return job.with_(failure=INTERNAL)

    def _receive(self, message: dict[str, Any]) -> None:
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(stage=self.name):
            try:
                job = self._read(message)
                if job is not None:
                    structlog.contextvars.bind_contextvars(job=job.id)
                    self._process(job, started)
            except dramatiq.errors.Retry:
                raise
            except INTERRUPTIONS as error:
                # Not the stage's work failed but the ledger or the next queue: RabbitMQ delivers
                # the message again, to this worker or another one.
                log.warning("interrupted by an outage", reason=type(error).__name__)
                time.sleep(_OUTAGE_PAUSE_SECONDS)
                raise PutBack(type(error).__name__) from error
            except Exception as error:
                log.exception("interrupted")
                raise _retry(error) from error
            finally:
                structlog.contextvars.unbind_contextvars("job")

    def _read(self, message: dict[str, Any]) -> Job | None:
        """Return the job in a message, or None if another worker is to process or answer it."""
        try:
            return Job.from_message(message)
        except UnreadableMessage as error:
            if isinstance(error, UnknownVersion) and self._set_aside(message, error):
                return None
            log.error("unreadable message", reason=str(error))  # noqa: TRY400 - it is the sender's fault
            if error.ref is not None:
                publish(self._broker, "deliver", error.ref.failed(INTERNAL))
        return None

    def _set_aside(self, message: dict[str, Any], error: UnknownVersion) -> bool:
        """Leave a message to a worker of its version; return False if there has been none."""
        if error.ref is None:
            return False
        waiting = self.services.ledger.set_aside(error.ref, self.name, message)
        if waiting is None:
            log.info("answered already", job=error.ref.id)
            return True
        if waiting > VERSION_PATIENCE_SECONDS:
            return False
        seconds = _postponed_by(waiting)
        log.warning("set aside", job=error.ref.id, reason=str(error), seconds=seconds)
        _enqueue(self._broker, self.name, message, delay=math.ceil(1000 * seconds))
        return True

    def _process(self, job: Job, started: float) -> None:
        start = self.services.ledger.begin(job, self.name)
        if start == "answered":
            log.info("answered already")
            # A stage that was at work while its user cancelled the job has left some.
            self.services.photos.delete_job(job.id)
        elif start == "being-delivered":
            publish(self._broker, self.name, job, delay=_COPY_DELAY_MS)
        else:
            self._run(job, start, started)

    def _run(self, job: Job, start: Start, started: float) -> None:
        try:
            self._work_and_forward(job, start, started)
        except INTERRUPTIONS:
            # An outage is no crash, even if it comes three times.
            self.services.ledger.pause(job, self.name)
            raise

    def _work_and_forward(self, job: Job, start: Start, started: float) -> None:
        try:
            done = self._try(job, start.number)
        except FileGone as error:
            log.info("done already", file=str(error))
            return
        except TryLater as later:
            if not isinstance(later, ChannelMissing) or start.age < CHANNEL_PATIENCE_SECONDS:
                self._postpone(job, start, later)
                return
            log.error("given up", reason=str(later))  # noqa: TRY400 - nothing to trace
            done = job.with_(failure=INTERNAL)
        waited, took = start.waited, time.monotonic() - started
        timing = Timing(stage=self.name, waited=waited, took=took)
        done = done.model_copy(update={"trace": (*done.trace, timing)})
        self.forward(done)
        # Last, so that the next stage does not wait for it.
        self.services.on_forwarded(job, done)
        log.info("done", attempt=_attempt(), waited=waited, took=took)

    def _postpone(self, job: Job, start: Start, later: TryLater) -> None:
        """Put the job back into the queue for later, which does not count as a failed attempt."""
        self.services.ledger.pause(job, self.name)
        if isinstance(later, Unconfirmed):
            job = job.with_(unconfirmed_sends=job.unconfirmed_sends + 1)
        elif isinstance(later, FetchFailed):
            job = job.with_(failed_fetches=job.failed_fetches + 1)
        if start.overdue and self.services.ledger.holds(job.id):
            # The sweeper publishes it again later; a second copy would do the same.
            log.warning("left to the sweeper", reason=str(later))
            return
        seconds = later.seconds
        if seconds is None:
            seconds = _postponed_by(start.age)
        # That a channel is missing is for the operator to mend.
        tell = log.warning if isinstance(later, ChannelMissing) else log.info
        tell("postponed", reason=str(later), seconds=seconds)
        publish(self._broker, self.name, job, delay=math.ceil(1000 * seconds))

    def _try(self, job: Job, start: int) -> Job:
        """Return the job after the stage's work, or with the failure that ends it."""
        if start > ATTEMPTS:
            log.error("failed: its workers died", starts=start)
            # `fail` may kill the worker too.
            return self.fail(job) if start <= 2 * ATTEMPTS else job.with_(failure=INTERNAL)
        try:
            return self.work(job)
        except UserError as error:
            log.info("refused", code=error.code, details=error.details)
            return job.with_(failure=error.failure())
        except (FileGone, TryLater):
            raise
        except (Exception, TimeLimitExceeded) as error:
            if is_outage(error):
                raise
            attempt = _attempt()
            log.exception("failed", attempt=attempt)
            if attempt >= ATTEMPTS:
                return self.fail(job)
            self.services.ledger.pause(job, self.name)
            raise _retry(error) from error


def publish(
    broker: dramatiq.Broker, stage: StageName, job: Job, *, delay: int | None = None
) -> None:
    """Publish the job to a stage's queue by name, so that the stage's code need not be imported.

    Args:
        broker: to publish on.
        stage: the name of the queue and the actor.
        job: the content of the message.
        delay: milliseconds until the stage gets it.
    """
    _enqueue(broker, stage, job.to_message() | {"queued_at": time.time()}, delay=delay)


def _enqueue(
    broker: dramatiq.Broker, stage: StageName, message: dict[str, Any], *, delay: int | None
) -> None:
    broker.enqueue(
        dramatiq.Message(
            queue_name=stage, actor_name=stage, args=(message,), kwargs={}, options={}
        ),
        delay=delay,
    )


def _postponed_by(age: float) -> float:
    """Return for how many seconds to postpone a job, at random, so that jobs spread.

    Args:
        age: for how many seconds the job has been on its way, or has been set aside.
    """
    seconds = min(max(_POSTPONE_MIN_SECONDS, age / 2), _POSTPONE_MAX_SECONDS)
    return random.uniform(1, 1.2) * seconds  # noqa: S311 - no secret


def _attempt() -> int:
    """Return the number of the attempt at the current message, from 1."""
    message = CurrentMessage.get_current_message()
    return 1 + (message.options.get("retries", 0) if message else 0)


def _retry(error: BaseException) -> Exception:
    """Return the exception that makes dramatiq retry without logging the message's addresses."""
    return dramatiq.errors.Retry(type(error).__name__)
