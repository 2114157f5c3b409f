"""Starting a worker: `dramatiq attrai.broker:setup attrai.actors.detect -Q detect -t 1`.

dramatiq calls `setup` in each worker process, imports the stage's module, and starts to
consume. `attrai worker detect` spares the typing.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import dramatiq
import structlog
from redis import Redis

from attrai import logs
from attrai.actors.stage import Stage
from attrai.channels import Channel
from attrai.contract import Job, StageName
from attrai.dropped import DroppedRecords
from attrai.errors import SettingsError
from attrai.health import Pulse
from attrai.ledger import Ledger
from attrai.metrics.opening import open_stage_metrics
from attrai.middleware import middleware
from attrai.photos import StoreError, open_store
from attrai.rabbitmq import Broker, hide_messages
from attrai.servers import CannotStart, await_servers
from attrai.services import Services, open_redis
from attrai.settings import Settings, load_settings

if TYPE_CHECKING:
    from attrai.metrics.stage import StageMetrics

log = structlog.get_logger(__name__)

#: Seconds between a worker's signs of life.
_BEAT_SECONDS = 5
#: How long a consumer waits for a message, in milliseconds, before it looks whether a delayed one
#: is due. Telegram's rate delays answers by about a second, so dramatiq's 1000 is too coarse.
_TURN_MS = 200


def setup() -> None:
    """Makes the broker of this process, for dramatiq's command line."""
    start(open_channels)


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Telegram, for those processes that have its token: not all need it.

    Raises:
        SettingsError: Telegram refuses the token.
    """
    if settings.telegram_token is None:
        return {}
    # Keeps pyTelegramBotAPI out of the stages that don't talk to Telegram.
    from attrai.channels.telegram import NAME, TelegramChannel  # noqa: PLC0415
    from attrai.telegram import open_telegram  # noqa: PLC0415

    return {NAME: TelegramChannel(open_telegram(settings, open_redis(settings)))}


def start(channels_of: Callable[[Settings], Mapping[str, Channel]]) -> None:
    """Makes a broker whose stages know these channels the one of this process.

    Raises:
        SystemExit: the settings or a server don't allow it, with a line that says why.
    """
    try:
        settings = load_settings()
        log_handler = configure_logs(settings, "worker")
        await_servers(settings)
        services = open_services(settings, channels_of(settings))
        metrics = open_stage_metrics(settings)
    except (SettingsError, CannotStart) as error:
        sys.exit(f"attrai: {error}")
    extra: list[dramatiq.Middleware] = []
    if metrics is not None:
        services = _counted(services, metrics)
        extra.append(metrics)
    dramatiq.set_broker(make_broker(settings, [Boot(services, log_handler), *extra]))


def _counted(services: Services, metrics: StageMetrics) -> Services:
    """The services, with what they tell told to the metrics as well."""

    def answered(job: Job) -> None:
        services.on_answered(job)
        metrics.answered(job)

    return replace(services, on_answered=answered, on_handed_on=metrics.handed_on)


def configure_logs(settings: Settings, service: str) -> logs.LogHandler:
    """Sends this process's records where the settings say, without the passwords in them.

    Raises:
        CannotStart: the URL of Graylog is unusable.
    """
    urls = (settings.broker_url, settings.redis_url)
    passwords = [urlsplit(url.get_secret_value()).password for url in urls]
    secrets = [unquote(password) for password in passwords if password]
    if settings.telegram_token is not None:
        secrets.append(settings.telegram_token.get_secret_value())
    # dramatiq's command line silences pika, whose warnings are worth as much as any.
    logging.getLogger("pika").setLevel(logging.WARNING)
    # It would write each request's URL, with chats and captions.
    logging.getLogger("urllib3").setLevel(logging.INFO)
    try:
        handler = logs.configure(
            settings.log_level,
            # dramatiq replaces sys.stdout by a pipe that ends in stderr.
            sys.__stdout__ or sys.stdout,
            service=service,
            gelf_url=settings.gelf_url,
            secrets=secrets,
        )
    except ValueError as error:
        raise CannotStart(f"ATTRAI_GELF_URL: {error}") from error
    handler.addFilter(hide_messages)
    return handler


def make_broker(settings: Settings, extra: list[dramatiq.Middleware]) -> Broker:
    """RabbitMQ with the chain's middleware and some more."""
    return Broker(settings.broker_url.get_secret_value(), [*middleware(), *extra])


def open_services(settings: Settings, channels: Mapping[str, Channel]) -> Services:
    """What the stages of a worker work with.

    Raises:
        CannotStart: the photo store can't be used.
    """
    try:
        photos = open_store(settings.photos_url)
    except StoreError as error:
        raise CannotStart(f"ATTRAI_PHOTOS_URL: {error}") from error
    return Services(
        settings=settings,
        photos=photos,
        ledger=make_ledger(open_redis(settings), settings),
        channels=channels,
        on_answered=log_answer,
    )


def make_ledger(redis: Redis, settings: Settings) -> Ledger:
    """A ledger with the limits that the settings name."""
    return Ledger(
        redis,
        max_active=settings.max_active,
        max_pending=settings.max_pending,
        lifetime=settings.job_seconds,
    )


class Boot(dramatiq.Middleware):
    """Makes the imported stages ready before the process takes its first message."""

    def __init__(self, services: Services, log_handler: logs.LogHandler) -> None:
        self._services = services
        self._log_handler = log_handler

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Loads the stages; ends the process when that fails."""
        try:
            self._boot(broker, worker)
        except Exception:
            # dramatiq would go on without the stage: it swallows what its hooks raise, but
            # for what ends the process.
            log.critical("can't start", exc_info=True)
            sys.exit(1)

    def _boot(self, broker: Broker, worker: dramatiq.Worker) -> None:
        stages = [stage for stage in Stage.__subclasses__() if stage.name in _queues(worker)]
        if not stages:
            raise CannotStart("name the stage by -Q, and its module: see attrai.broker")
        if not self._services.channels and any(stage.uses_channels for stage in stages):
            raise CannotStart("ATTRAI_TELEGRAM_TOKEN is not set: this stage talks to Telegram")
        # No more than is in work: what a busy worker holds back another could begin.
        worker.queue_prefetch = worker.worker_threads
        worker.worker_timeout = _TURN_MS
        for stage in stages:
            stage(self._services).declare(broker)
        # What is loaded by now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        self._dropped = DroppedRecords(self._services.ledger, self._log_handler)
        names = [stage.name for stage in stages]
        self._life = SignsOfLife(self._services.ledger, names, self._dropped)
        broker.on_consumer_turn = self._life.beat

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - dramatiq passes them
        """Tells the others that this process takes nothing more."""
        self._life.stop()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - as above
        """Sends the last records; dramatiq then closes what they would be written to."""
        self._log_handler.close()
        self._dropped.note()


def _queues(worker: dramatiq.Worker) -> set[str]:
    return worker.consumer_whitelist or set()


class SignsOfLife:
    """Says in the ledger and to health checks that this process consumes."""

    def __init__(
        self, ledger: Ledger, stages: Sequence[StageName], dropped: DroppedRecords
    ) -> None:
        self._ledger = ledger
        self._stages = stages
        self._dropped = dropped
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._pulse = Pulse()
        self._next = 0.0
        # The thread that consumes outlives the call of `stop` by about a second.
        self._lock = threading.Lock()
        self.beat()

    def beat(self) -> None:
        """Called often; says it every few seconds."""
        with self._lock:
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _BEAT_SECONDS
                for stage in self._stages:
                    self._ledger.beat(stage, self._name)
                self._dropped.note()
                self._pulse.beat()

    def stop(self) -> None:
        """Says that the process ends in order, and nothing more."""
        with self._lock:
            self._next = math.inf
            for stage in self._stages:
                self._ledger.leave(stage, self._name)
            self._pulse.stop()


def log_answer(job: Job) -> None:
    """Notes how a job ended."""
    log.info("answered", job=job.id, outcome=job.failure.code if job.failure else "rated")
