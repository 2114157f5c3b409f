"""A Prometheus of our own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from testing.servers.server import HOST, Server, free_ports


class PrometheusServer(Server):
    """A private Prometheus that reads pages of this machine every second."""

    def __init__(self, pages: Mapping[str, int], rules: Path) -> None:
        """A Prometheus.

        Args:
            pages: the port of each service, which becomes its label `service`.
            rules: a file of rules to evaluate.
        """
        super().__init__("prometheus", *free_ports(1))
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
        """What an expression yields now: its labels and its value, for each series.

        Raises:
            ValueError: it is no expression.
        """
        answer = requests.get(
            f"http://{HOST}:{self.port}/api/v1/query", {"query": expression}, timeout=10
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
        except requests.ConnectionError:
            return False
