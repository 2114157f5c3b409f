"""The stack files: resource limits, health checks, privileges, networks and secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from attrai.actors.stage import TIME_LIMIT_MS
from attrai.job import STAGES
from tests.deploy.stacks import ROLES, SWARM, load, seconds, services

#: stack.yml is last because it defines the roles in full; monitoring.yml only adds to them.
ALL = services("monitoring.yml", "graylog.yml", "stack.yml")


@pytest.fixture(params=ALL, name="service")
def each_service(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return each service of the stack, of Graylog and of monitoring in turn."""
    return ALL[request.param]


def test_roles() -> None:
    """The bot, every stage and the sweeper each have a service that runs them."""
    commands = {name: ALL[name]["command"] for name in ROLES}
    stages = {stage: ["worker", stage] for stage in STAGES}
    assert commands == {"bot": ["bot"], **stages, "sweep": ["sweep"]}


def test_bounds(service: dict[str, Any]) -> None:
    """Every service has limits for CPU, memory, processes and logs, and a health check."""
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_recovery(service: dict[str, Any]) -> None:
    """Every service is restarted however it ends, and a failed update is rolled back."""
    deploy = service["deploy"]
    assert deploy["restart_policy"]["condition"] == "any"
    assert deploy["update_config"]["failure_action"] == "rollback"


def test_addresses(service: dict[str, Any]) -> None:
    """No service has a virtual IP, which would drop idle connections."""
    assert service["deploy"]["endpoint_mode"] == "dnsrr"
    assert all(port["mode"] == "host" for port in service.get("ports", []))


def test_privileges() -> None:
    """No service has capabilities, and all but OpenSearch have a read-only root file system."""
    assert all(service["cap_drop"] == ["ALL"] for service in ALL.values())
    assert [name for name, service in ALL.items() if not service.get("read_only")] == ["opensearch"]


def test_networks() -> None:
    """Only the bot, ingest, deliver and the services with web pages are on external networks."""
    files = [load(name) for name in ("stack.yml", "graylog.yml", "monitoring.yml")]
    networks = {key: network for file in files for key, network in file["networks"].items()}
    outside = {name for name, network in networks.items() if not network.get("internal")}
    reach = {name: outside & set(service["networks"]) for name, service in ALL.items()}
    assert {name: found for name, found in reach.items() if found} == {
        "bot": {"internet"},
        "ingest": {"internet"},
        "deliver": {"internet"},
        "graylog": {"web"},
        "grafana": {"web"},
    }


def test_cores() -> None:
    """A replica of detect or score has one core, so that every photo gets the same share."""
    for stage in ("detect", "score"):
        assert ALL[stage]["deploy"]["resources"]["limits"]["cpus"] == "1"


def test_updates() -> None:
    """A stage's new worker starts before the old one stops, but there are never two bots."""
    orders = {name: ALL[name]["deploy"]["update_config"]["order"] for name in ROLES}
    assert orders.pop("bot") == "stop-first"
    assert set(orders.values()) == {"start-first"}
    assert ALL["bot"]["deploy"]["replicas"] == 1


def test_webhook() -> None:
    """With a webhook there may be several bots, and a new one starts before the old one ends."""
    url = "https://bot.invalid/"
    (bot,) = load("webhook.yml", {"WEBHOOK_URL": url, "BOT": "2"})["services"].values()
    assert bot["environment"] == {"ATTRAI_WEBHOOK_URL": url}
    assert bot["deploy"].pop("replicas") == "2"
    order = {"order": "start-first"}
    assert bot["deploy"] == {"update_config": order, "rollback_config": order}


def test_api() -> None:
    """The HTTP interface is a service like others, and ingest and deliver have its keys too."""
    file = load("api.yml", {"API": "2"})
    api = file["services"].pop("api")
    assert api["command"][0] == "api"
    assert api["deploy"]["replicas"] == "2"
    bot = ALL["bot"]
    for part in ("read_only", "cap_drop", "stop_grace_period", "logging", "healthcheck"):
        assert api[part] == bot[part]
    for part in ("endpoint_mode", "restart_policy", "placement"):
        assert api["deploy"][part] == bot["deploy"][part]
    assert set(api["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert api["deploy"]["update_config"]["failure_action"] == "rollback"
    assert "ports" not in api
    assert file["networks"]["api"]["internal"]
    servers = {"attrai_broker_url", "attrai_redis_url"}
    assert {secret["target"] for secret in api["secrets"]} == servers | {"attrai_api_keys"}
    assert file["services"] == {
        stage: {"secrets": [api["secrets"][-1]]} for stage in ("ingest", "deliver")
    }


def test_grace() -> None:
    """Every role's grace period is longer than a stage's time limit."""
    for name in ROLES:
        assert seconds(ALL[name]["stop_grace_period"]) * 1000 > TIME_LIMIT_MS


def test_secrets() -> None:
    """The token, the passwords and URLs that contain passwords are secrets, not variables."""
    for name, service in ALL.items():
        for variable, value in (service.get("environment") or {}).items():
            secret = any(word in variable for word in ("TOKEN", "PASSWORD", "SECRET"))
            assert not secret or value.startswith("/run/secrets/"), (name, variable)
            assert "@" not in str(value), (name, variable)
    given = {name: {secret["target"] for secret in ALL[name]["secrets"]} for name in ROLES}
    servers = {"attrai_broker_url", "attrai_redis_url"}
    telegram = servers | {"attrai_telegram_token"}
    assert given == {
        name: telegram if name in ("bot", "ingest", "deliver") else servers for name in ROLES
    }


def test_users() -> None:
    """Each role has its own user in RabbitMQ and in Redis, of the generation that is in use."""
    known = load("stack.yml")["secrets"]
    for name in ROLES:
        for kind in ("broker_url", "redis_url"):
            (source,) = (
                secret["source"]
                for secret in ALL[name]["secrets"]
                if secret["target"] == f"attrai_{kind}"
            )
            assert known[source]["name"] == f"attrai_{kind}_{name}_1"


def test_two_generations() -> None:
    """Which of two generations the roles use makes no difference to RabbitMQ and Redis."""

    def secrets(passwords: str, other: str) -> list[set[tuple[str, str]]]:
        variables = {"PASSWORDS": passwords, "OTHER_PASSWORDS": other}
        files = [load(name, variables) for name in ("stack.yml", "other-passwords.yml")]
        return [
            {
                (file["secrets"][secret["source"]]["name"], secret["target"])
                for file in files
                for secret in file["services"][server]["secrets"]
            }
            for server in ("rabbitmq", "redis")
        ]

    assert secrets("1", "2") == secrets("2", "1")
    assert [len(found) for found in secrets("1", "2")] == [2, 2]


def test_encrypted() -> None:
    """With encrypted.yml, every network between services is encrypted and otherwise the same."""
    names = ("stack.yml", "graylog.yml", "monitoring.yml", "webhook.yml", "api.yml")
    files = [load(name) for name in names]
    internal = {
        key: network
        for file in files
        for key, network in file["networks"].items()
        if network.get("internal")
    }
    assert load("encrypted.yml")["networks"] == {
        key: network | {"driver_opts": {"encrypted": ""}} for key, network in internal.items()
    }


def test_versions(service: dict[str, Any]) -> None:
    """Third-party images are pinned to a version; the operator chooses attrai's image."""
    image = service["image"]
    assert image is None or image.rpartition(":")[2].removeprefix("v")[0].isdigit()


@pytest.mark.parametrize(
    "more",
    [
        (),
        ("graylog.yml",),
        ("monitoring.yml",),
        ("s3.yml", "graylog.yml", "monitoring.yml"),
        ("verification/stack.yml",),
        ("other-passwords.yml",),
        ("graylog.yml", "monitoring.yml", "encrypted.yml"),
        ("webhook.yml", "monitoring.yml"),
        ("webhook.yml", "encrypted.yml"),
        ("api.yml", "graylog.yml"),
        ("api.yml", "webhook.yml", "encrypted.yml"),
    ],
)
def test_engine_reads_it(more: tuple[str, ...]) -> None:
    """Docker's client accepts the stack files, alone and combined."""
    if not shutil.which("docker"):
        pytest.skip("there is no docker client")
    command = ["docker", "stack", "config"]
    if subprocess.run([*command, "--help"], capture_output=True, check=False).returncode:
        pytest.skip("this docker client is older than 25 and does not know `stack config`")
    files = [part for name in ("stack.yml", *more) for part in ("-c", name)]
    variables = {
        "ATTRAI_IMAGE": "attrai:1",
        "OTHER_PASSWORDS": "2",
        "SANDBOX_IMAGE": "attrai:1",
        "SANDBOX_PORT": "8081",
        "WEBHOOK_URL": "https://bot.invalid/",
        "RECEIVED": "/received",
        "RECEIVER": str(SWARM / "verification/receiver.py"),
    }
    done = subprocess.run(
        [*command, *files],
        cwd=SWARM,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
