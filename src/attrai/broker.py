"""Starting a worker: `dramatiq attrai.broker:setup attrai.actors.detect -Q detect -t 1`.

dramatiq calls `setup` in each worker process, imports the stage's module, and starts to
consume. `attrai worker detect` spares the typing.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import dramatiq
import structlog
from redis import Redis

from attrai import logs
from attrai.boot import Boot
from attrai.channels import Channel
from attrai.contract import Job
from attrai.errors import SettingsError
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


def log_answer(job: Job) -> None:
    """Notes how a job ended."""
    log.info("answered", job=job.id, outcome=job.failure.code if job.failure else "rated")
