"""A worker process, as dramatiq starts it: `dramatiq attrai.worker:setup attrai.actors.detect`.

dramatiq calls `setup` in each worker process, imports the stage's module, and then starts to
consume. `attrai worker detect` runs the same command, with one process and a supervisor.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dramatiq
import redis
import structlog

from attrai.actors.stage import TIME_LIMIT_MS, Stage
from attrai.broker import Broker
from attrai.channels import CHANNELS, Channel
from attrai.errors import CannotStart, SettingsError
from attrai.job import Job
from attrai.logs import LogHandler
from attrai.monitoring.exporter import open_stage_metrics
from attrai.processes.heartbeat import DroppedRecords, LedgerReports
from attrai.processes.startup import await_servers, configure_logs
from attrai.processes.watchdog import GRACE_SECONDS, Watchdog
from attrai.services import (
    Services,
    make_broker,
    make_ledger,
    open_channels,
    open_redis,
    open_services,
)
from attrai.settings import Settings, load_service_settings
from attrai.storage import PhotoStore

if TYPE_CHECKING:
    from attrai.monitoring.prometheus import StageMetrics

log = structlog.get_logger(__name__)

#: How long a consumer waits for a message before it checks whether a delayed one is due, in
#: milliseconds. Telegram's rate limit delays answers by about a second, so dramatiq's 1000 would
#: be too coarse.
_CONSUMER_TIMEOUT_MS = 200
#: How many delayed messages a thread may hold, as in dramatiq.
_DELAYED_PER_THREAD = 1000


#: Returns the channels by name, opened with the settings, a client of Redis and the photo store.
ChannelsOf = Callable[[Settings, redis.Redis, PhotoStore], Mapping[str, Channel]]


def setup() -> None:
    """Make the process's broker, for dramatiq's command line."""
    start(open_channels)


def start(
    channels_of: ChannelsOf,
    *,
    time_limit_ms: int = TIME_LIMIT_MS,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Make the process's broker.

    Args:
        channels_of: returns the channels, if a stage uses them.
        time_limit_ms: how long a stage may take.
        grace_seconds: how much longer it may hang before the process ends.

    Raises:
        SystemExit: a setting or a server makes it impossible; the message says which.
    """
    try:
        settings = load_service_settings()
        log_handler = configure_logs(settings, "worker")
        await_servers(settings)
        services = open_services(settings, {})
        metrics = open_stage_metrics(settings)
    except (SettingsError, CannotStart) as error:
        sys.exit(f"attrai: {error}")
    extra: list[dramatiq.Middleware] = []
    if metrics is not None:
        services = _counting(services, metrics)
        extra.append(metrics)
    boot = Boot(services, channels_of, log_handler, time_limit_ms)
    watchdog = Watchdog(time_limit_ms, grace_seconds, log_handler.close)
    dramatiq.set_broker(make_broker(settings, [boot, watchdog, *extra]))


def _counting(services: Services, metrics: StageMetrics) -> Services:
    """Return the services with callbacks that count for Prometheus as well."""

    def on_answered(job: Job) -> None:
        services.on_answered(job)
        metrics.answered(job)

    return replace(services, on_answered=on_answered, on_forwarded=metrics.forwarded)


class Boot(dramatiq.Middleware):
    """Loads the imported stages before the process takes its first message."""

    def __init__(
        self,
        services: Services,
        channels_of: ChannelsOf,
        log_handler: LogHandler,
        time_limit_ms: int,
    ) -> None:
        self._services = services
        self._channels_of = channels_of
        self._log_handler = log_handler
        self._time_limit_ms = time_limit_ms

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Load the stages, or end the process."""
        try:
            self._boot(broker, worker)
        except (SettingsError, CannotStart) as error:
            sys.exit(f"attrai: {error}")
        except Exception:
            # dramatiq swallows what its hooks raise, except for what ends the process, and would
            # go on without the stage.
            log.critical("can't start", exc_info=True)
            sys.exit(1)

    def _boot(self, broker: Broker, worker: dramatiq.Worker) -> None:
        stages = [
            stage
            for stage in Stage.__subclasses__()
            if worker.consumer_whitelist is None or stage.name in worker.consumer_whitelist
        ]
        if not stages:
            raise CannotStart("no stage: name its module, as attrai.worker says")
        if any(stage.uses_channels for stage in stages):
            self._open_channels()
        # One thread: OpenCV and the engine use one as well, so that a process is a core. What a
        # busy worker prefetches, another one could process.
        worker.worker_threads = worker.queue_prefetch = self._services.threads
        worker.delay_prefetch = _DELAYED_PER_THREAD * worker.worker_threads
        worker.worker_timeout = _CONSUMER_TIMEOUT_MS
        for stage in stages:
            stage(self._services).declare(broker, self._time_limit_ms)
        # Exempt everything loaded so far from garbage collection: it stays.
        gc.collect()
        gc.freeze()
        settings = self._services.settings
        ledger = make_ledger(open_redis(settings, retries=0), settings)
        self._dropped = DroppedRecords(ledger, self._log_handler)
        self._reports = LedgerReports(ledger, [stage.name for stage in stages], self._dropped)

    def _open_channels(self) -> None:
        services = self._services
        client = open_redis(services.settings)
        channels = self._channels_of(services.settings, client, services.photos)
        if not channels:
            installed = ", ".join(CHANNELS.names())
            raise CannotStart(
                f"no channel is set up, of {installed}, and this stage needs one; "
                "that of Telegram needs ATTRAI_TELEGRAM_TOKEN"
            )
        self._services = replace(services, channels=channels)

    def after_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - dramatiq passes them
        """Register the process, which consumes messages now."""
        self._reports.start()

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - as above
        """Deregister the process, which takes no more messages."""
        self._reports.stop()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - as above
        """Send the last log records before dramatiq closes the stream they are written to."""
        self._services.close()
        self._log_handler.close()
        self._dropped.note()
