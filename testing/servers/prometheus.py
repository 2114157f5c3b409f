"""A private Prometheus server for tests and benchmarks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from testing.servers.server import HOST, Server
from testing.waiting import PATIENCE_S


class PrometheusServer(Server):
    """A private Prometheus server that scrapes ports of this machine every second."""

    def __init__(self, pages: Mapping[str, int], rules: Path) -> None:
        """Write the configuration of a server that isn't running yet.

        Args:
            pages: the metrics port of each service, by the value of its label `service`.
            rules: a file of alerting rules to evaluate.
        """
        super().__init__("prometheus")
        targets = [
            {"targets": [f"{HOST}:{port}"], "labels": {"service": service}}
            for service, port in pages.items()
        ]
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [{"job_name": "attrai", "static_configs": targets}],
        }
        (self.folder / "prometheus.yml").write_text(json.dumps(settings))

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate a PromQL expression now, and return the labels and `value` of each series.

        Raises:
            ValueError: Prometheus rejected the expression.
        """
        answer = requests.get(
            f"http://{HOST}:{self.port}/api/v1/query", {"query": expression}, timeout=PATIENCE_S
        ).json()
        if answer["status"] != "success":
            raise ValueError(f"{expression}: {answer['error']}")
        return [
            {**series["metric"], "value": float(series["value"][1])}
            for series in answer["data"]["result"]
        ]

    def _launch(self) -> None:
        command = [self.program, "--config.file", self.folder / "prometheus.yml"]
        command += ["--storage.tsdb.path", self.folder / "data"]
        self._run([*command, "--web.listen-address", f"{HOST}:{self.port}"])

    def _accepts_login(self) -> bool:
        try:
            return requests.get(f"http://{HOST}:{self.port}/-/ready", timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False
