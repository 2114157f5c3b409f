"""Prometheus metrics: counts of the workers, the state of the service, and the page with both.

`StageMetrics` counts how long photos wait for a stage, how long the stage takes and how they end.
`StateCollector` reads the state from Redis and RabbitMQ on each scrape. `serve` publishes a
registry over HTTP on all interfaces, without a login.

At import prometheus_client checks whether processes share their counts, so import this module
only after `attrai.monitoring.exporter.share`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any
from wsgiref.simple_server import WSGIServer

import dramatiq
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from attrai.errors import CANCELLED, OUTCOMES, CannotStart, outcome_of
from attrai.job import STAGES, Job
from attrai.monitoring.snapshot import Snapshot, StageView

#: Upper bounds of buckets in seconds: of work, which times out after a minute; of waiting; and of
#: the total until the answer, which includes the 10 s that the alert asks for. A photo fails after
#: half an hour.
_WORK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)
_ANSWER = (0.25, 0.5, 1, 1.5, 2, 3, 5, 7.5, 10, 15, 30, 60, 300, 1800)

#: How jobs are answered. To those that are cancelled nothing is sent, and no worker counts them.
_ANSWERS = tuple(outcome for outcome in OUTCOMES if outcome != CANCELLED)
#: Outcome in a stage of a photo that passes it; for one that fails there it is one of `_ANSWERS`.
_DONE = "done"


class StageMetrics(dramatiq.Middleware):
    """Middleware that counts for one process; every call takes microseconds and never raises."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._work = Histogram(
            "attrai_stage_work_seconds",
            "How long a stage worked on a photo that it passed on.",
            ["stage"],
            buckets=_WORK,
            registry=registry,
        )
        self._wait = Histogram(
            "attrai_stage_wait_seconds",
            "How long such a photo waited in the stage's queue.",
            ["stage"],
            buckets=_WAIT,
            registry=registry,
        )
        self._handled = Counter(
            "attrai_stage_photos",
            "Photos that left a stage, by outcome: done, or why they stopped there.",
            ["stage", "outcome"],
            registry=registry,
        )
        self._withheld = Counter(
            "attrai_faces_withheld",
            "Faces that got no score, as they look like a minor's.",
            registry=registry,
        )
        self._retried = Counter(
            "attrai_stage_retries",
            "Failed attempts of a stage that are retried.",
            ["stage"],
            registry=registry,
        )
        self._answered = Counter(
            "attrai_answers", "Answers sent to users.", ["outcome"], registry=registry
        )
        self._seconds = Histogram(
            "attrai_answer_seconds",
            "Time from admission to answer, without internal failures.",
            buckets=_ANSWER,
            registry=registry,
        )

    def before_worker_boot(self, broker: Any, worker: Any) -> None:  # noqa: ARG002 - dramatiq passes it
        """Start each count at zero, since Prometheus sees no increase in one that starts at 1."""
        self.begin(broker.actors)

    def begin(self, stages: Collection[str]) -> None:
        """Start the counts of these stages at zero, as `before_worker_boot` does."""
        for stage in STAGES:
            if stage in stages:
                self._work.labels(stage)
                self._wait.labels(stage)
                self._retried.labels(stage)
                for outcome in (_DONE, *_ANSWERS[1:]):
                    self._handled.labels(stage, outcome)
        if "deliver" in stages:
            for outcome in _ANSWERS:
                self._answered.labels(outcome)

    def after_process_message(
        self,
        broker: Any,  # noqa: ARG002 - as above
        message: Any,
        *,
        result: Any = None,  # noqa: ARG002 - as above
        exception: BaseException | None = None,
    ) -> None:
        """Count a message that returns to its queue."""
        if exception is not None:
            self._retried.labels(message.queue_name).inc()

    def forwarded(self, before: Job, after: Job) -> None:
        """Count a job that left a stage.

        Args:
            before: the job as it entered the stage.
            after: the job as it left; the last entry of its trace is this stage's.
        """
        timing = after.trace[-1]
        self._work.labels(timing.stage).observe(timing.took)
        self._wait.labels(timing.stage).observe(timing.waited)
        here = after.failure if after.failure != before.failure else None
        self._handled.labels(timing.stage, outcome_of(here.code) if here else _DONE).inc()
        if timing.stage == "score":
            self._withheld.inc(after.scores.count(None))

    def answered(self, job: Job) -> None:
        """Count an answer that was delivered."""
        outcome = outcome_of(job.failure.code if job.failure else "rated")
        self._answered.labels(outcome).inc()
        if outcome != "failed":
            # Jobs that the sweeper fails don't say how long they took.
            self._seconds.observe(job.seconds)


#: Metrics of each stage: name, help text and how to read the value.
_STAGE_GAUGES: tuple[tuple[str, str, Callable[[StageView], int | None]], ...] = (
    ("queued", "Photos waiting for a worker.", lambda stage: stage.waiting),
    ("in_work", "Photos being processed.", lambda stage: stage.in_work),
    ("postponed", "Photos waiting to be retried.", lambda stage: stage.later),
    ("workers", "Live worker processes.", lambda stage: stage.workers),
)
#: Metrics of the whole service: name, help text and how to read the value.
_SERVICE_GAUGES: tuple[tuple[str, str, Callable[[Snapshot], float | None]], ...] = (
    ("photos_in_flight", "Photos admitted and not answered yet.", lambda seen: seen.in_flight),
    (
        "oldest_photo_seconds",
        "Time since the oldest of them was admitted.",
        lambda seen: seen.oldest,
    ),
    ("eta_seconds", "Estimated time until a photo sent now is answered.", lambda seen: seen.eta),
    (
        "users_at_limit",
        "Users with as many photos in flight as allowed.",
        lambda seen: seen.users_at_limit,
    ),
    ("dead_letters", "Messages that failed for good.", lambda seen: seen.dead_letters),
)


class StateCollector(Collector):
    """Collector of metrics that are the same in every process, so only one process serves them."""

    def __init__(
        self, look: Callable[[], Snapshot], slots: int, free_share: Callable[[], float | None]
    ) -> None:
        """Create a collector.

        Args:
            look: takes a snapshot from the servers; called from several threads.
            slots: the limit of photos in flight.
            free_share: returns which share of the photos' volume is free; None without a volume.
        """
        self._look = look
        self._slots = slots
        self._free_share = free_share

    def describe(self) -> list[Metric]:
        """Return nothing, so that registering the collector doesn't query the servers."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Query the servers and yield the metrics, without those of a server that is down."""
        seen = self._look()
        down = {fault.part for fault in seen.faults}
        up = GaugeMetricFamily("attrai_up", "Whether a server can be reached.", labels=["part"])
        for part in ("Redis", "RabbitMQ"):
            up.add_metric([part.lower()], part not in down)
        yield up
        for name, meaning, of in _STAGE_GAUGES:
            metric = GaugeMetricFamily(f"attrai_stage_{name}", meaning, labels=["stage"])
            for stage in seen.stages:
                if (number := of(stage)) is not None:
                    metric.add_metric([stage.name], number)
            yield metric
        for name, meaning, figure in _SERVICE_GAUGES:
            if (value := figure(seen)) is not None:
                yield GaugeMetricFamily(f"attrai_{name}", meaning, value=value)
        yield GaugeMetricFamily(
            "attrai_slots", "Maximum number of photos in flight.", value=self._slots
        )
        if (free := self._free_share()) is not None:
            yield GaugeMetricFamily(
                "attrai_photos_free_ratio", "Free share of the photos' volume.", value=free
            )
        if seen.dropped_logs is not None:
            # It restarts at zero each day, as a counter may.
            yield CounterMetricFamily(
                "attrai_dropped_log_records",
                "Log records that Graylog did not get.",
                value=seen.dropped_logs,
            )


def serve(port: int, registry: CollectorRegistry) -> WSGIServer:
    """Serve a registry over HTTP from a daemon thread.

    Raises:
        CannotStart: the port is taken or not permitted.
    """
    try:
        server, _ = start_http_server(port, registry=registry)
    except OSError as error:
        reason = f"can't listen on {port}: {error.strerror}"
        raise CannotStart(f"ATTRAI_METRICS_PORT: {reason}") from error
    return server
