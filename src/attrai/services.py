"""What stages work with: the photo store, the ledger, the channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from attrai.channels import Channel
from attrai.contract import Job
from attrai.ledger import Ledger
from attrai.photos import PhotoStore
from attrai.settings import Settings

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
    on_handed_on: Callable[[Job, Job], None] = lambda _before, _after: None


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
