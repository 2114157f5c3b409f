"""The process of the HTTP interface: alone, or with all stages."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from typing import NamedTuple

from redis import Redis, RedisError

from attrai.actors.intake import Intake
from attrai.api.channel import NAME, ApiChannel
from attrai.api.keys import ApiKeys, keys_in
from attrai.api.photos import Photos
from attrai.api.results import Results
from attrai.api.server import ApiServer
from attrai.broker import Broker, middleware
from attrai.errors import CannotStart, SettingsError
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import LogHandler
from attrai.monitoring.queues import Queues, RabbitQueues, Unreachable
from attrai.processes.heartbeat import DroppedRecords, LoopHeartbeat
from attrai.processes.startup import await_servers
from attrai.services import log_answer, make_ledger, open_redis
from attrai.settings import Settings
from attrai.storage import PhotoStore, StoreError, UnlinkedStore, open_store

#: How long a request waits for a server that is away: its client may ask again. Retries of a call
#: to Redis, and seconds for RabbitMQ.
_REDIS_RETRIES, _RABBITMQ_SECONDS = 3, 2.0


class _Parts(NamedTuple):
    """What is served, and by what."""

    keys: ApiKeys | None
    redis: Redis
    intake: Intake
    store: PhotoStore
    queues: Queues
    #: Whether results are lost when this process ends, so that it waits until they are there.
    embedded: bool = False


def run(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    listener: socket.socket,
) -> None:
    """Serve until the shutdown, with the stages in other processes.

    Args:
        settings: where the servers are, and the limits.
        shutdown: ends the server once the requests in progress are answered.
        on_ready: called with the address once requests are answered.
        log_handler: counts the log records that were dropped.
        listener: where to serve.

    Raises:
        SettingsError: there is no API key, or an unusable one.
        CannotStart: a server refuses the connection for good, or the photo store can't be used.
    """
    keys = keys_in(settings)
    if not keys:
        raise SettingsError(
            "ATTRAI_API_KEYS is not set; only `attrai api --embedded` on this machine needs none"
        )
    await_servers(settings)
    try:
        store = open_store(settings.photos_url)
    except StoreError as error:
        raise CannotStart(f"ATTRAI_PHOTOS_URL: {error}") from error
    redis = open_redis(settings, retries=_REDIS_RETRIES)
    url = settings.broker_url.get_secret_value()
    broker = Broker(url, middleware(), patience_seconds=_RABBITMQ_SECONDS)
    intake = Intake(broker, make_ledger(redis, settings))
    parts = _Parts(ApiKeys(keys), redis, intake, store, RabbitQueues(url))
    _serve(settings, shutdown, on_ready, log_handler, listener, parts)


def run_embedded(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    listener: socket.socket,
    threads: int,
) -> None:
    """Serve until the shutdown, with all stages in this process, on `threads` threads.

    Requests that wait for results are answered before it ends; other results are lost.

    Raises:
        SettingsError: there is no API key although others can reach the address, or an unusable
            one.
    """
    from attrai.monitoring.queues import EmbeddedQueues  # noqa: PLC0415 - beside its use
    from attrai.processes.embedded import (  # noqa: PLC0415 - loads engines
        embedded_chain,
        embedded_redis,
        sweeping,
    )

    keys = keys_in(settings)
    address = listener.getsockname()[0]
    if not keys and not ipaddress.ip_address(address).is_loopback:
        raise SettingsError(
            f"ATTRAI_API_KEYS is not set, and others can reach {address}; without keys only "
            "127.0.0.1 is served"
        )
    redis = embedded_redis()
    ledger = make_ledger(redis, settings)
    with closing(UnlinkedStore()) as store, ExitStack() as stack:
        channels = {NAME: ApiChannel(store, Results(redis, ledger, store))}
        chain = stack.enter_context(
            embedded_chain(settings, ledger, channels, log_answer, threads=threads, photos=store)
        )
        stack.enter_context(sweeping(chain, ledger))
        queues = EmbeddedQueues(chain.broker.queues)
        accepted = ApiKeys(keys) if keys else None
        parts = _Parts(accepted, redis, chain.intake, store, queues, embedded=True)
        _serve(settings, shutdown, on_ready, log_handler, listener, parts)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        CannotStart: it can't.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise CannotStart(f"can't listen on {host}:{port}: {error.strerror}") from None


def _serve(
    settings: Settings,
    shutdown: Shutdown,
    on_ready: Callable[[str], None],
    log_handler: LogHandler,
    listener: socket.socket,
    parts: _Parts,
) -> None:
    heartbeat, dropped = LoopHeartbeat(), DroppedRecords(parts.intake.ledger, log_handler)

    def on_heartbeat() -> None:
        heartbeat.touch()
        dropped.note()

    def is_ready() -> bool:
        with suppress(RedisError, Unreachable):
            return bool(parts.redis.ping()) and bool(parts.queues.depths())
        return False

    photos = Photos(parts.redis, parts.intake, parts.store)
    server = ApiServer(photos, parts.keys, settings.max_file_mb, is_ready, on_heartbeat)
    shutdown.set_grace_period(lambda: server.in_progress > 0)
    name, number = listener.getsockname()[:2]
    try:
        with server.running(listener, hurry=not parts.embedded):
            on_ready(f"http://{f'[{name}]' if ':' in name else name}:{number}")
            shutdown.wait()
    finally:
        heartbeat.remove()
