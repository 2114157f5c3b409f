"""What stages work with, opened from the settings: photo store, ledger, channels, broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from re import fullmatch
from typing import TYPE_CHECKING, Any

import dramatiq
import redis
import structlog
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from attrai.broker import Broker, middleware
from attrai.channels import CHANNELS, Channel
from attrai.errors import CannotStart, ChannelMissing
from attrai.job import CHANNEL_NAME, Job
from attrai.ledger import Ledger
from attrai.outages import passes
from attrai.plugins import UnusablePlugin
from attrai.settings import Settings
from attrai.storage import PhotoStore, StoreError, open_store

if TYPE_CHECKING:
    from attrai.images.isolated import IsolatedDecoder

log = structlog.get_logger(__name__)

#: How often a failed call to Redis is tried again, the pauses before that in seconds, and how many
#: seconds all of them may take: longer than a restart or a failover, shorter than the time limit of
#: a stage. The caller waits meanwhile, for it could do nothing else.
_REDIS_RETRIES, _REDIS_RETRY_MIN_SECONDS, _REDIS_RETRY_MAX_SECONDS = 30, 0.05, 2.0
_REDIS_PATIENCE_SECONDS = 40
#: A Redis that is silent for this many seconds is taken for dead.
_REDIS_TIMEOUT_SECONDS = 5


@dataclass(frozen=True)
class Services:
    """What the stages of a process work with."""

    settings: Settings
    photos: PhotoStore
    ledger: Ledger
    #: By the name in a job's `channel`.
    channels: Mapping[str, Channel]
    #: Called with every job that was answered.
    on_answered: Callable[[Job], None]
    #: How many threads of this process run stages.
    threads: int = 1
    #: Called with each job that left a stage, before and after the stage.
    on_forwarded: Callable[[Job, Job], None] = lambda _before, _after: None

    def channel(self, name: str) -> Channel:
        """Return the channel that a job names.

        Raises:
            ChannelMissing: this process doesn't have it.
        """
        try:
            return self.channels[name]
        except KeyError:
            raise ChannelMissing(f"no channel {name!r} is set up here") from None

    @cached_property
    def decoder(self) -> IsolatedDecoder:
        """The decoder of untrusted files, whose processes start when a stage first asks for it."""
        # Stages that decode nothing need not load Pillow.
        from attrai.images import limits_of  # noqa: PLC0415
        from attrai.images.isolated import IsolatedDecoder  # noqa: PLC0415

        return IsolatedDecoder(limits_of(self.settings), self.threads)

    def close(self) -> None:
        """End the processes of the decoder."""
        if "decoder" in self.__dict__:
            self.decoder.close()


def open_redis(settings: Settings, retries: int = _REDIS_RETRIES) -> redis.Redis:
    """Return a client that outlasts a restart of Redis; with `retries=0` it fails at once."""
    backoff = ExponentialBackoff(_REDIS_RETRY_MAX_SECONDS, _REDIS_RETRY_MIN_SECONDS)
    return redis.Redis.from_url(
        settings.redis_url.get_secret_value(),
        retry=PatientRetry(backoff, retries, (redis.RedisError, OSError)),
        socket_timeout=_REDIS_TIMEOUT_SECONDS,
        socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        health_check_interval=30,
    )


class PatientRetry(Retry):
    """Retries of a call to Redis after every error that may pass, for a limited time.

    redis-py retries by class, and has one class for a full disk, a missing replica and a wrong
    type. The retries of a call contain those of the connection it needs, hence the limit.
    """

    def call_with_retry(
        self,
        do: Callable[[], Any],
        fail: Callable[..., Any],
        is_retryable: Callable[[Exception], bool] | None = None,  # noqa: ARG002 - redis-py's
        with_failure_count: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> Any:
        """Return what `do` returns, or raise what it raised last."""
        deadline = time.monotonic() + _REDIS_PATIENCE_SECONDS

        def attempt() -> Any:
            try:
                return do()
            except (redis.RedisError, OSError):
                raise
            except Exception as error:  # of the parser, whose errors have all kinds of names
                raise redis.exceptions.InvalidResponse(type(error).__name__) from error

        def may_pass(error: Exception) -> bool:
            return passes(error) and time.monotonic() < deadline

        return super().call_with_retry(attempt, fail, may_pass, with_failure_count)


def open_services(settings: Settings, channels: Mapping[str, Channel]) -> Services:
    """Open what the stages of a worker work with.

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
    """Return a ledger with the limits in the settings."""
    return Ledger(
        client,
        max_active=settings.max_active,
        max_pending=settings.max_pending,
        lifetime=settings.job_seconds,
        max_daily=settings.daily,
    )


def log_answer(job: Job) -> None:
    """Log how a job ended."""
    log.info("answered", job=job.id, outcome=job.failure.code if job.failure else "rated")


def open_channels(settings: Settings, redis: redis.Redis, photos: PhotoStore) -> dict[str, Channel]:
    """Return the installed channels that the settings set up, by name.

    Raises:
        SettingsError: a setting of a channel is wrong.
        CannotStart: an installed channel can't be used.
    """
    channels = {}
    for name in CHANNELS.names():
        if not fullmatch(CHANNEL_NAME, name):
            raise UnusablePlugin(f"channel {name!r}: its name may have the letters a to z only")
        channel = CHANNELS.open_if_set_up(name, settings, redis, photos)
        if channel is not None:
            channels[name] = channel
    return channels


def open_telegram_channel(
    settings: Settings, redis: redis.Redis, _photos: PhotoStore
) -> Channel | None:
    """Return the Telegram channel if there is a token; not all stages need one.

    Raises:
        SettingsError: Telegram refuses the token.
    """
    if settings.telegram_token is None:
        return None
    # Stages that don't talk to Telegram need not load pyTelegramBotAPI.
    from attrai.telegram import open_seal, open_telegram  # noqa: PLC0415
    from attrai.telegram.channel import TelegramChannel  # noqa: PLC0415

    return TelegramChannel(open_telegram(settings, redis), open_seal(settings))


def make_broker(settings: Settings, extra: list[dramatiq.Middleware]) -> Broker:
    """Return a broker on RabbitMQ with the usual middleware and `extra`."""
    return Broker(settings.broker_url.get_secret_value(), [*middleware(), *extra])
