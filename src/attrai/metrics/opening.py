"""From ATTRAI_METRICS_PORT to a page that Prometheus can read."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING

from attrai.metrics.shared import is_first, share
from attrai.servers import CannotStart
from attrai.settings import Settings

if TYPE_CHECKING:
    from attrai.metrics.stage import StageMetrics


def open_stage_metrics(settings: Settings) -> StageMetrics | None:
    """Starts to count, and to show what all processes of this service counted; None when off.

    Raises:
        CannotStart: the port can't be had, or the package is missing.
    """
    port = _port(settings)
    if port is None:
        return None
    folder = share()
    # Only now: when it is imported it looks whether processes share what they count.
    from prometheus_client import CollectorRegistry  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    from attrai.metrics.server import serve  # noqa: PLC0415
    from attrai.metrics.stage import StageMetrics  # noqa: PLC0415

    # dramatiq would have a process of its own answer, which stays away when RabbitMQ comes half a
    # minute late; a thread of a worker answers as long as there is a worker.
    if is_first(folder):
        everything = CollectorRegistry()
        MultiProcessCollector(everything, path=str(folder))
        serve(port, everything)
    return StageMetrics(CollectorRegistry())


def open_state_metrics(settings: Settings) -> None:
    """Shows from now on what Redis and RabbitMQ hold, if the settings want it.

    Raises:
        CannotStart: as above, or the address of Redis is unusable.
    """
    port = _port(settings)
    if port is None:
        return
    from prometheus_client import CollectorRegistry  # noqa: PLC0415 - an extra

    from attrai.broker import make_ledger  # noqa: PLC0415 - which opens a worker's metrics
    from attrai.metrics.collector import StateCollector  # noqa: PLC0415
    from attrai.metrics.server import serve  # noqa: PLC0415
    from attrai.overview.queues import RabbitQueues  # noqa: PLC0415
    from attrai.overview.snapshot import take  # noqa: PLC0415
    from attrai.services import open_redis  # noqa: PLC0415

    try:
        redis = open_redis(settings, tries=0)
    except ValueError as error:  # it may quote a part of the password
        raise CannotStart("ATTRAI_REDIS_URL is no URL of a Redis") from error
    ledger = make_ledger(redis, settings)
    queues = RabbitQueues(settings.broker_url.get_secret_value())
    # While RabbitMQ is away it would say so in ten records a scrape; attrai_up says it.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    registry = CollectorRegistry()
    registry.register(StateCollector(lambda: take(redis, ledger, queues), settings.max_pending))
    serve(port, registry)


def _port(settings: Settings) -> int | None:
    """Where to listen; None for nowhere."""
    if settings.metrics_port is not None and find_spec("prometheus_client") is None:
        raise CannotStart("ATTRAI_METRICS_PORT needs more: pip install 'attrai[metrics]'")
    return settings.metrics_port
