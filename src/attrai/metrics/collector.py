"""What Redis and RabbitMQ hold, looked up whenever Prometheus asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from attrai.overview.snapshot import Snapshot, StageView

#: By stage: a metric's name, what it says, and where the figure is.
_OF_A_STAGE: tuple[tuple[str, str, Callable[[StageView], int | None]], ...] = (
    ("queued", "Photos that wait for a worker.", lambda stage: stage.waiting),
    ("in_work", "Photos that a worker works on.", lambda stage: stage.in_work),
    ("postponed", "Photos that wait to be tried again.", lambda stage: stage.later),
    ("workers", "Processes that live.", lambda stage: stage.workers),
)
#: Of all stages together, likewise.
_OF_ALL: tuple[tuple[str, str, Callable[[Snapshot], float | None]], ...] = (
    ("photos_in_flight", "Photos that have a slot.", lambda seen: seen.in_flight),
    ("oldest_photo_seconds", "How long the oldest of them has had it.", lambda seen: seen.oldest),
    ("eta_seconds", "Until a photo that comes now is answered.", lambda seen: seen.eta),
    ("users_at_limit", "Users who have no slot left.", lambda seen: seen.full_users),
    ("dead_letters", "Messages that were given up.", lambda seen: seen.dead_letters),
)


class StateCollector(Collector):
    """The figures that are the same wherever they are asked for, so one service shows them."""

    def __init__(self, look: Callable[[], Snapshot], slots: int) -> None:
        """A collector.

        Args:
            look: asks the servers, from several threads.
            slots: how many photos may be in flight.
        """
        self._look = look
        self._slots = slots

    def describe(self) -> list[Metric]:
        """Nothing: to register is not to ask."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Asks, and leaves out what a server that is down would have told."""
        seen = self._look()
        down = {fault.part for fault in seen.faults}
        up = GaugeMetricFamily("attrai_up", "Whether a server can be asked.", labels=["part"])
        for part in ("Redis", "RabbitMQ"):
            up.add_metric([part.lower()], part not in down)
        yield up
        for name, meaning, of in _OF_A_STAGE:
            metric = GaugeMetricFamily(f"attrai_stage_{name}", meaning, labels=["stage"])
            for stage in seen.stages:
                if (number := of(stage)) is not None:
                    metric.add_metric([stage.name], number)
            yield metric
        for name, meaning, figure in _OF_ALL:
            if (value := figure(seen)) is not None:
                yield GaugeMetricFamily(f"attrai_{name}", meaning, value=value)
        yield GaugeMetricFamily("attrai_slots", "How many photos may have one.", value=self._slots)
        if seen.dropped_logs is not None:
            # It begins anew each day, as a counter may.
            yield CounterMetricFamily(
                "attrai_dropped_log_records", "That Graylog did not get.", value=seen.dropped_logs
            )
