"""The metrics of the service's state, which the sweeper serves."""

from __future__ import annotations

import dataclasses

import pytest
from prometheus_client import CollectorRegistry

from attrai.job import STAGES
from attrai.monitoring.prometheus import StateCollector
from attrai.monitoring.snapshot import Fault, Snapshot
from tests.monitoring.states import snapshot, stage

#: A snapshot with all parts up.
KNOWN = dataclasses.replace(
    snapshot(*(dataclasses.replace(stage(name, 7, 3), in_work=2, later=1) for name in STAGES)),
    in_flight=12,
    oldest=4.5,
    users_at_limit=2,
    eta=6.5,
    dead_letters=1,
    dropped_logs=8,
)


def figures(seen: Snapshot, free: float | None = None) -> dict[tuple[str, str], float]:
    """Values exported for a snapshot, by metric name and the value of its only label, if any."""
    registry = CollectorRegistry()
    registry.register(StateCollector(lambda: seen, 5000, lambda: free))
    return {
        (sample.name, "".join(sample.labels.values())): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }


@pytest.mark.parametrize("name", STAGES)
def test_stages(name: str) -> None:
    """Each stage exports its queue, its jobs being processed and its workers."""
    found = figures(KNOWN)
    values = ("queued", "in_work", "postponed", "workers")
    assert [found[f"attrai_stage_{value}", name] for value in values] == [7, 2, 1, 3]


def test_all() -> None:
    """Values that belong to no stage are exported once."""
    found = figures(KNOWN)
    assert found["attrai_photos_in_flight", ""] == 12
    assert found["attrai_oldest_photo_seconds", ""] == 4.5
    assert found["attrai_eta_seconds", ""] == 6.5
    assert found["attrai_users_at_limit", ""] == 2
    assert found["attrai_dead_letters", ""] == 1
    assert found["attrai_dropped_log_records_total", ""] == 8
    assert found["attrai_slots", ""] == 5000
    assert found["attrai_up", "redis"] == found["attrai_up", "rabbitmq"] == 1


def test_a_part_that_is_down() -> None:
    """Unknown values are left out instead of exported as zero, and the part is reported as down."""
    no_queues = [dataclasses.replace(one, waiting=None, in_work=None) for one in KNOWN.stages]
    seen = dataclasses.replace(
        KNOWN,
        stages=tuple(no_queues),
        dead_letters=None,
        faults=(Fault("RabbitMQ", "connection refused"),),
    )
    found = figures(seen)
    assert (found["attrai_up", "redis"], found["attrai_up", "rabbitmq"]) == (1, 0)
    assert found["attrai_stage_workers", "detect"] == 3
    absent = {"attrai_stage_queued", "attrai_stage_in_work", "attrai_dead_letters"}
    assert not absent & {name for name, _ in found}


@pytest.mark.parametrize("free", [None, 0.0, 0.25])
def test_free_space(free: float | None) -> None:
    """The free share of the photos' volume is exported, if they are on one."""
    assert figures(KNOWN, free).get(("attrai_photos_free_ratio", "")) == free
