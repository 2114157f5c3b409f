"""Prometheus and Grafana as configured by monitoring.yml, with their rules and dashboard."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from attrai.job import STAGES
from testing.servers.fixtures import require
from tests.conftest import ROOT
from tests.deploy.stacks import SWARM, load, services
from tests.monitoring.names import exported

RULES = SWARM / "prometheus-rules.yml"
RULE_TESTS = ROOT / "tests" / "deploy" / "prometheus-rules-test.yml"
DASHBOARD = json.loads((SWARM / "grafana-dashboard.json").read_text("utf-8"))
STACK = services("monitoring.yml")
MEASURED = {*STAGES, "sweep"}
#: Metrics that Prometheus itself provides.
_ITS_OWN = {"up", "ALERTS"}
#: Keywords and labels in the PromQL expressions. Names before a parenthesis are functions.
_WORDS = {"sum", "by", "le", "on", "and", "stage", "outcome", "alertname", "absent"}


def rules() -> list[dict[str, Any]]:
    """Return the alerting rules."""
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return list(group["rules"])


def dashboard_expressions() -> list[str]:
    """Return the PromQL expressions of the dashboard's panels."""
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def metrics_in(expression: str) -> set[str]:
    """Return the names of the metrics in a PromQL expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", expression)
    return set(re.findall(r"\b[a-zA-Z_]\w*\b(?!\s*\()", bare)) - _WORDS


@pytest.mark.parametrize(
    "expression", [*dashboard_expressions(), *(one["expr"] for one in rules())]
)
def test_names(expression: str) -> None:
    """Every metric that a panel or an alert uses is exported."""
    asked = metrics_in(expression)
    assert asked
    assert asked <= exported() | _ITS_OWN


def test_rules_are_valid(tmp_path: Path) -> None:
    """Prometheus's promtool accepts its configuration and the rules."""
    shutil.copy(RULES, tmp_path / "rules.yml")
    shutil.copy(SWARM / "prometheus.yml", tmp_path)
    promtool = require("promtool")
    done = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_fire_when_they_should() -> None:
    """Each alert fires in its case after its delay, and in no other case."""
    promtool = require("promtool")
    done = subprocess.run(
        [promtool, "test", "rules", RULE_TESTS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = yaml.safe_load(RULE_TESTS.read_text("utf-8"))["tests"]
    expectations = [test for case in cases for test in case.get("alert_rule_test", [])]
    fired = {test["alertname"] for test in expectations if test.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in rules()}


def test_rules_say_what_is_wrong() -> None:
    """Each alert has a severity and a summary that is a sentence."""
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"]["summary"].endswith(".")


def test_what_is_read() -> None:
    """Prometheus scrapes every service that has metrics, at its metrics port."""
    (job,) = load("prometheus.yml")["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]
    assert set(discovery["names"]) == {f"tasks.{name}" for name in MEASURED}
    assert {name for name in STACK if name in services("stack.yml")} == MEASURED
    for name in MEASURED:
        assert STACK[name]["environment"] == {"ATTRAI_METRICS_PORT": str(discovery["port"])}
        assert set(STACK[name]["networks"]) & set(STACK["prometheus"]["networks"])


def test_files_are_where_they_are_looked_for() -> None:
    """Each file is mounted where Prometheus and Grafana look for it."""
    configs = load("monitoring.yml")["configs"]
    placed = {
        config["target"]: SWARM / configs[config["source"]]["file"]
        for name in ("prometheus", "grafana")
        for config in STACK[name]["configs"]
    }
    assert all(file.is_file() for file in placed.values())
    assert f"--config.file={next(iter(placed))}" in STACK["prometheus"]["command"]
    (rule_file,) = load("prometheus.yml")["rule_files"]
    assert placed[f"/etc/prometheus/{rule_file}"] == RULES
    home = STACK["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert placed[home] == SWARM / "grafana-dashboard.json"
    (provider,) = load("grafana-folder.yml")["providers"]
    assert Path(home).parent == Path(provider["options"]["path"])


def test_hashes() -> None:
    """`deploy` sets the hash in each config's name to that of the config's file."""
    script = (SWARM / "deploy").read_text("utf-8")
    hashes = dict(re.findall(r"^(\w+)=\$\(hash (.+)\)$", script, re.MULTILINE))
    text = (SWARM / "monitoring.yml").read_text("utf-8")
    files = re.findall(r"file: \./(\S+)\n\s+name: \"\w+_\$\{(\w+):-0\}\"", text)
    assert len(files) == len(load("monitoring.yml")["configs"])
    assert [hashes.get(variable) for _, variable in files] == [file for file, _ in files]


def test_panels() -> None:
    """Each panel has a title, a description and the only data source, and overlaps no other."""
    (source,) = load("grafana-source.yml")["datasources"]
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["description"].endswith(".")
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert {one["uid"] for one in sources} == {source["uid"]}
        place = panel["gridPos"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not squares & taken
        taken |= squares
    assert max(x for x, _ in taken) == 23
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_reach() -> None:
    """Prometheus scrapes over a network of its own, and only Grafana publishes a port."""
    networks = load("monitoring.yml")["networks"]
    on = {
        network: {name for name, service in STACK.items() if network in service["networks"]}
        for network in networks
    }
    assert on == {
        "metrics": MEASURED | {"prometheus"},
        "charts": {"prometheus", "grafana"},
        "web": {"grafana"},
    }
    assert [name for name, service in STACK.items() if service.get("ports")] == ["grafana"]
