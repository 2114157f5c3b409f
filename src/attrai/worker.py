"""Starting a worker: `dramatiq attrai.worker:setup attrai.actors.detect -Q detect -t 1`.

dramatiq calls `setup` in each worker process, imports the stage's module, and starts to
consume. `attrai worker detect` spares the typing.

What a worker process does besides its messages: as it boots, and as it ends.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import dramatiq
import structlog

from attrai.actors.stage import Stage
from attrai.broker import Broker
from attrai.channels import Channel
from attrai.errors import CannotStart, SettingsError
from attrai.job import Job
from attrai.logs import LogHandler
from attrai.monitoring.exporter import open_stage_metrics
from attrai.processes.heartbeat import DroppedRecords, WorkerHeartbeat
from attrai.processes.startup import await_servers, configure_logs
from attrai.services import Services, make_broker, open_channels, open_services
from attrai.settings import Settings, load_settings

if TYPE_CHECKING:
    from attrai.monitoring.prometheus import StageMetrics

log = structlog.get_logger(__name__)


def setup() -> None:
    """Makes the broker of this process, for dramatiq's command line."""
    start(open_channels)


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

    return replace(services, on_answered=answered, on_forwarded=metrics.forwarded)


#: How long a consumer waits for a message, in milliseconds, before it looks whether a delayed one
#: is due. Telegram's rate delays answers by about a second, so dramatiq's 1000 is too coarse.
_TURN_MS = 200


class Boot(dramatiq.Middleware):
    """Makes the imported stages ready before the process takes its first message."""

    def __init__(self, services: Services, log_handler: LogHandler) -> None:
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
            raise CannotStart("name the stage by -Q, and its module: see attrai.worker")
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
        self._heartbeat = WorkerHeartbeat(self._services.ledger, names, self._dropped)
        broker.on_consumer_turn = self._heartbeat.record

    def before_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - dramatiq passes them
        """Tells the others that this process takes nothing more."""
        self._heartbeat.stop()

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - as above
        """Sends the last records; dramatiq then closes what they would be written to."""
        self._log_handler.close()
        self._dropped.note()


def _queues(worker: dramatiq.Worker) -> set[str]:
    return worker.consumer_whitelist or set()
