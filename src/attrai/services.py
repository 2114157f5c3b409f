"""What stages work with: the photo store, the ledger, the channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dramatiq
import redis
import structlog
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from attrai.broker import Broker, middleware
from attrai.channels import Channel
from attrai.errors import CannotStart
from attrai.job import Job
from attrai.ledger import Ledger
from attrai.settings import Settings
from attrai.storage import PhotoStore, StoreError, open_store

log = structlog.get_logger(__name__)

#: A call to Redis that fails is tried again, up to so often and so many seconds apart: longer
#: than a restart takes. Meanwhile the caller waits, for it could do nothing else.
_TRIES, _SHORTEST, _LONGEST = 20, 0.05, 2.0
#: Seconds after which a silent Redis counts as gone.
_SILENCE = 5


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
    #: How many threads of this process run stages.
    threads: int = 1
    #: Called with each job that left a stage, as it came and as it left.
    on_forwarded: Callable[[Job, Job], None] = lambda _before, _after: None


def open_redis(settings: Settings, tries: int = _TRIES) -> redis.Redis:
    """A client that outlasts a restart of its server, if it may try that often."""
    return redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        retry=Retry(ExponentialBackoff(cap=_LONGEST, base=_SHORTEST), tries),
        retry_on_error=[
            redis.exceptions.ConnectionError,
            redis.exceptions.TimeoutError,
            redis.exceptions.BusyLoadingError,
        ],
        socket_timeout=_SILENCE,
        socket_connect_timeout=_SILENCE,
        health_check_interval=30,
    )


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


def make_ledger(client: redis.Redis, settings: Settings) -> Ledger:
    """A ledger with the limits that the settings name."""
    return Ledger(
        client,
        max_active=settings.max_active,
        max_pending=settings.max_pending,
        lifetime=settings.job_seconds,
    )


def log_answer(job: Job) -> None:
    """Notes how a job ended."""
    log.info("answered", job=job.id, outcome=job.failure.code if job.failure else "rated")


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Telegram, for those processes that have its token: not all need it.

    Raises:
        SettingsError: Telegram refuses the token.
    """
    if settings.telegram_token is None:
        return {}
    # Keeps pyTelegramBotAPI out of the stages that don't talk to Telegram.
    from attrai.telegram import open_telegram  # noqa: PLC0415
    from attrai.telegram.channel import NAME, TelegramChannel  # noqa: PLC0415

    return {NAME: TelegramChannel(open_telegram(settings, open_redis(settings)))}


def make_broker(settings: Settings, extra: list[dramatiq.Middleware]) -> Broker:
    """RabbitMQ with the chain's middleware and some more."""
    return Broker(settings.broker_url.get_secret_value(), [*middleware(), *extra])
