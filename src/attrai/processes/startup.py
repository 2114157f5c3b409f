"""What every process of a deployment does first: configures logging, and waits for its servers."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies

import pika
import redis
import structlog

from attrai import logs
from attrai.broker import hide_messages
from attrai.env_file import find_env_file
from attrai.errors import CannotStart
from attrai.ledger import keys
from attrai.origins import find_unknown
from attrai.outages import (
    OUTAGES,
    RABBITMQ_REFUSALS,
    REDIS_REFUSALS,
    passes,
    rabbitmq_reason,
    redis_reason,
)
from attrai.settings import Settings

log = structlog.get_logger(__name__)

#: Seconds between attempts to reach a server that is not up yet.
_RETRY_MIN_SECONDS, _RETRY_MAX_SECONDS = 0.5, 10.0
#: Errors of a server that is not up yet.
_NOT_UP: tuple[type[Exception], ...] = (*OUTAGES, OSError)

#: The only policy of Redis that deletes no admitted job.
_NO_EVICTION = "noeviction"


def await_servers(settings: Settings) -> None:
    """Wait until RabbitMQ and Redis can be used.

    Raises:
        CannotStart: a server refuses the connection for good.
    """
    broker_url = settings.broker_url.get_secret_value()
    redis_url = settings.redis_url.get_secret_value()
    _await("RabbitMQ", lambda: _try_rabbitmq(broker_url), rabbitmq_reason)
    _await("Redis", lambda: _try_redis(redis_url), redis_reason)


def _await(server: str, attempt: Callable[[], None], reason_of: Callable[[Exception], str]) -> None:
    pause = _RETRY_MIN_SECONDS
    while True:
        try:
            attempt()
        except _NOT_UP as error:
            reason = reason_of(error)
            log.warning("not up yet", server=server, reason=reason, next_try_seconds=pause)
            time.sleep(pause)
            pause = min(2 * pause, _RETRY_MAX_SECONDS)
        else:
            return


def _try_rabbitmq(url: str) -> None:
    try:
        parameters = pika.URLParameters(url)
        pika.BlockingConnection(parameters).close()
    except RABBITMQ_REFUSALS as error:
        raise CannotStart(
            "ATTRAI_BROKER_URL: RabbitMQ refuses this user, password or virtual host"
        ) from error
    except (ValueError, TypeError) as error:
        # The error may quote a part of the password.
        raise CannotStart("ATTRAI_BROKER_URL: pika can't read this URL") from error


def _try_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.set(keys.PROBE, 1, ex=1)
            _check_eviction(client)
    except REDIS_REFUSALS as error:
        raise CannotStart("ATTRAI_REDIS_URL: Redis refuses this user or password") from error
    except redis.ResponseError as error:
        if passes(error):  # a failover, a full memory or disk
            raise
        raise CannotStart(f"ATTRAI_REDIS_URL: {error}") from error
    except ValueError as error:  # may quote a part of the password, as above
        raise CannotStart("ATTRAI_REDIS_URL: redis-py can't read this URL") from error


def _check_eviction(client: redis.Redis) -> None:
    try:
        policy = client.info("memory").get("maxmemory_policy", _NO_EVICTION)
    except redis.exceptions.NoPermissionError:
        return  # left to the operator
    if policy != _NO_EVICTION:
        raise CannotStart(
            f"ATTRAI_REDIS_URL: this Redis may forget photos when its memory is full: set "
            f"maxmemory-policy to {_NO_EVICTION} instead of {policy}"
        )


def configure_logs(settings: Settings, service: str) -> logs.LogHandler:
    """Configure logging from the settings, and keep their passwords out of all records.

    The first records name settings that look misspelt.

    Raises:
        CannotStart: the URL of Graylog is unusable.
        SettingsError: `.env` can't be used.
    """
    urls = [url.get_secret_value() for url in (settings.broker_url, settings.redis_url)]
    secrets = [password for url in (*urls, *getproxies().values()) for password in _passwords(url)]
    if settings.telegram_token is not None:
        secrets.append(settings.telegram_token.get_secret_value())
    if settings.api_keys is not None:
        secrets += re.split(r"[,\s]+", settings.api_keys.get_secret_value())
    # dramatiq's command line silences pika, whose warnings are worth as much as any.
    logging.getLogger("pika").setLevel(logging.WARNING)
    # Except where it also raises what it logs: a failed connection alone would be seven records.
    logging.getLogger("pika.adapters").setLevel(logging.CRITICAL)
    # It would write each request's URL, with chats and captions.
    logging.getLogger("urllib3").setLevel(logging.INFO)
    try:
        handler = logs.configure(
            settings.log_level,
            # dramatiq replaces sys.stdout by a pipe that ends in stderr.
            sys.__stdout__ or sys.stdout,
            service=service,
            log_format=settings.log_format,
            gelf_url=settings.gelf_url,
            secrets=secrets,
        )
    except ValueError as error:
        raise CannotStart(f"ATTRAI_GELF_URL: {error}") from error
    handler.addFilter(hide_messages)
    logs.log_uncaught()
    for name, origin, suggestion in find_unknown(find_env_file()):
        log.warning("unknown setting", name=name, origin=origin, did_you_mean=suggestion)
    return handler


def _passwords(url: str) -> set[str]:
    """Return the password in a URL, as it is there and as it is meant."""
    try:
        password = urlsplit(url if "://" in url else f"//{url}").password
    except ValueError:  # of a proxy, whose variable is checked where it is used
        return set()
    return {password, unquote(password)} if password else set()
