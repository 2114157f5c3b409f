"""The names of all exported metrics."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from attrai.job import STAGES
from attrai.monitoring.prometheus import StageMetrics, StateCollector
from tests.monitoring.test_collector import KNOWN


def exported() -> set[str]:
    """The names that a Prometheus expression may use."""
    registry = CollectorRegistry()
    StageMetrics(registry).begin(STAGES)
    registry.register(StateCollector(lambda: KNOWN, slots=1, free_share=lambda: 1.0))
    return {sample.name for metric in registry.collect() for sample in metric.samples}
