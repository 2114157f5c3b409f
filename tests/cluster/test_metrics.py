"""The metrics of a real chain, as scraped by a real Prometheus."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from attrai.actors.stage import TIME_LIMIT_MS
from attrai.job import STAGES, Job
from testing.servers import PrometheusServer, RabbitServer, RedisServer
from testing.servers.fixtures import require
from testing.servers.server import reserved_port, reserved_ports
from testing.waiting import PATIENCE_S, wait_for
from tests.cluster.conftest import Cluster
from tests.cluster.test_start import start_worker
from tests.deploy.test_monitoring import RULES, dashboard_expressions, rules

pytestmark = pytest.mark.servers

PORT = "ATTRAI_METRICS_PORT"
#: The only labels allowed; `le` is the label of histogram buckets.
LABELS = {"stage", "outcome", "part", "le"}


class Watched(NamedTuple):
    """A chain with all its workers and its sweeper, and the Prometheus that scrapes them."""

    cluster: Cluster
    ports: dict[str, int]
    prometheus: PrometheusServer

    def page(self, service: str) -> str:
        """Return the metrics page of a service."""
        answer = requests.get(f"http://127.0.0.1:{self.ports[service]}/metrics", timeout=PATIENCE_S)
        answer.raise_for_status()
        return answer.text

    def value(self, expression: str) -> float | None:
        """Return the value of a PromQL expression that yields at most one series."""
        found = self.prometheus.query(expression)
        return found[0]["value"] if found else None

    def health(self) -> dict[str, str]:
        """Return whether each rule can be evaluated: "ok", or "unknown" until that was tried."""
        page = f"http://127.0.0.1:{self.prometheus.port}/api/v1/rules"
        (group,) = requests.get(page, timeout=PATIENCE_S).json()["data"]["groups"]
        return {rule["name"]: rule["health"] for rule in group["rules"]}

    def await_value(self, expression: str, value: float) -> None:
        """Wait until an expression has a value in Prometheus."""
        wait_for(
            lambda: self.value(expression) == value,
            f"{expression} is not {value}, see {self.cluster.folder}",
        )

    def await_figures(self, expression: str) -> None:
        """Wait until an expression yields data, except for alerts, of which there may be none."""
        wait_for(
            lambda: bool(self.prometheus.query(expression)) or "ALERTS" in expression,
            f"nothing is known of {expression}",
        )


@pytest.fixture
def watched(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Return a running chain that Prometheus scrapes every second."""
    require("prometheus")
    services = (*STAGES, "sweep")
    with reserved_ports(len(services)) as reserved:
        ports = dict(zip(services, reserved, strict=True))
        for stage in STAGES:
            monkeypatch.setenv(PORT, str(ports[stage]))
            cluster.start(stage)
        sweeper = start_worker("sweep", **{PORT: str(ports["sweep"])})
        try:
            with PrometheusServer(ports, RULES) as prometheus:
                seen = Watched(cluster, ports, prometheus)
                seen.await_value("sum(up)", len(services))
                yield seen
        finally:
            sweeper.terminate()
            sweeper.communicate(timeout=PATIENCE_S)


def work_through(cluster: Cluster, folder: Path) -> list[Job]:
    """Process three photos and a broken file, and return their jobs."""
    broken = folder / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff\xe0 broken")
    jobs = [cluster.submit(cluster.job(number)) for number in range(3)]
    jobs.append(cluster.submit(cluster.job(3, broken)))
    for job in jobs:
        cluster.wait_for_answer(job)
    return jobs


@pytest.mark.slow
def test_prometheus_reads_a_chain(watched: Watched, tmp_path: Path) -> None:
    """Every metric of the stages and of the whole system reaches Prometheus."""
    jobs = work_through(watched.cluster, tmp_path)
    expected = {
        'attrai_answers_total{outcome="rated"}': 3,
        'attrai_answers_total{outcome="refused"}': 1,
        'attrai_stage_photos_total{stage="ingest", outcome="refused"}': 1,
        'attrai_stage_photos_total{stage="score", outcome="done"}': 3,
        'attrai_stage_work_seconds_count{stage="detect"}': 3,
        'attrai_stage_wait_seconds_count{stage="deliver"}': 4,
        'sum(attrai_answer_seconds_count{service="deliver"})': 4,
        "sum(attrai_stage_workers)": 5,
        "min(attrai_up)": 1,
        "sum(attrai_stage_queued)": 0,
        "attrai_photos_in_flight": 0,
        "attrai_dead_letters": 0,
        "attrai_dropped_log_records_total": 0,
        "attrai_slots": watched.cluster.settings.max_pending,
    }
    for expression, value in expected.items():
        watched.await_value(expression, value)
    took = watched.value('attrai_stage_work_seconds_sum{stage="detect"}')
    assert took is not None
    assert 0 < took < 3 * TIME_LIMIT_MS / 1000

    for expression in dashboard_expressions():
        watched.await_figures(expression.replace("$__rate_interval", "1m"))
    # Unknown until a rule is evaluated for the first time, and without that none can fire.
    healthy = {rule["alert"]: "ok" for rule in rules()}
    wait_for(lambda: watched.health() == healthy, "a rule can't be evaluated")
    firing = watched.prometheus.query('ALERTS{alertstate="firing"}')
    # The volume is this machine's, which may be nearly full.
    assert {alert["alertname"] for alert in firing} <= {"PhotosVolumeFull"}

    told = "".join(watched.page(service) for service in watched.ports)
    names = re.findall(r'(\w+)="', told)
    assert set(names) <= LABELS
    for job in jobs:
        assert all(secret not in told for secret in (job.id, job.user, str(job.address["chat"])))


def test_a_stage_that_ends(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a stage's last worker ends, Prometheus shows it and how many photos are queued."""
    watched.cluster.workers["score"].stop()
    job = watched.cluster.submit(watched.cluster.job(1))
    watched.await_value('attrai_stage_workers{stage="score"}', 0)
    watched.await_value('attrai_stage_queued{stage="score"}', 1)
    watched.await_value("attrai_photos_in_flight", 1)
    # Pending for a minute, and then firing.
    watched.await_value('max(ALERTS{alertname="StageWithoutWorkers", stage="score"})', 1)
    monkeypatch.setenv(PORT, str(watched.ports["score"]))
    watched.cluster.start("score")
    assert watched.cluster.wait_for_answer(job) == ["picture"]


@pytest.fixture
def port() -> Iterator[int]:
    """Reserve a port for a page of metrics."""
    with reserved_port() as port:
        yield port


def test_servers_that_hang(
    cluster: Cluster, rabbit_server: RabbitServer, redis_server: RedisServer, port: int
) -> None:
    """While a server hangs or is down, the sweeper reports which before a scrape times out."""
    sweeper = start_worker("sweep", **{PORT: str(port)})

    slowest = 0.0

    def up() -> dict[str, str]:
        nonlocal slowest
        began = time.monotonic()
        page = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE_S).text
        slowest = max(slowest, time.monotonic() - began)
        return dict(re.findall(r'attrai_up\{part="(\w+)"\} (\d)', page))

    def shows(redis: str, rabbitmq: str) -> bool:
        with suppress(requests.ConnectionError):  # it doesn't listen yet
            return up() == {"redis": redis, "rabbitmq": rabbitmq}
        return False

    def await_page(redis: str, rabbitmq: str) -> None:
        # Not on the first page: a server that was stopped or is busy may be late with an answer.
        wait_for(lambda: shows(redis, rabbitmq), f"not redis {redis}, rabbitmq {rabbitmq}")

    try:
        await_page("1", "1")
        # Prometheus's scrape timeout, plus many times the seconds that the page takes normally.
        before_it_gives_up = 10 + 20 * slowest
        for server, expected in ((redis_server, "01"), (rabbit_server, "10")):
            with server.hanging():
                await_page(*expected)
        redis_server.stop()
        await_page("0", "1")
        assert slowest < before_it_gives_up
        redis_server.start()
        await_page("1", "1")
    finally:
        sweeper.kill()
        sweeper.communicate(timeout=PATIENCE_S)
    assert cluster.ledger.in_flight() == 0


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("command", [("worker", "render"), ("sweep",)])
def test_a_taken_port(command: tuple[str, ...], redis_server: RedisServer) -> None:
    """A metrics port that is already in use ends the process with a line that names the setting."""
    process = start_worker(*command, **{PORT: str(redis_server.port)})
    output, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode != 0
    assert f"attrai: ATTRAI_METRICS_PORT: can't listen on {redis_server.port}" in output
