"""compose.yml does on one machine what stack.yml does; its settings and passwords."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from attrai.job import STAGES
from attrai.settings import Settings
from tests.conftest import ROOT
from tests.deploy.stacks import SWARM, USERS, load, services

DEPLOY = ROOT / "deploy"
COMPOSE = load("../compose.yml")
#: stack.yml is last because it defines ingest and deliver in full.
STACK = services("api.yml", "stack.yml")
#: What a service has in common with that of the stack.
_SAME = {
    "command",
    "environment",
    "healthcheck",
    "hostname",
    "image",
    "logging",
    "read_only",
    "cap_drop",
    "stop_grace_period",
    "user",
}
#: Settings that compose.yml makes itself, or that need a file or port of the machine.
_NOT_OFFERED = {
    "broker_url",
    "redis_url",
    "photos_url",
    "gelf_url",
    "metrics_port",
    "weights",
    "webhook_url",
    "webhook_port",
    "webhook_cert",
    "webhook_key",
}
#: The variables in .env.example, with those that are commented out.
EXAMPLE = dict(
    re.findall(r"^#?([A-Z_]+)=(.*)$", (DEPLOY / ".env.example").read_text("utf-8"), re.MULTILINE)
)
TEXT = (DEPLOY / "compose.yml").read_text("utf-8")


@pytest.fixture(params=STACK, name="name")
def each_name(request: pytest.FixtureRequest) -> str:
    """Return the name of each service of the stack in turn."""
    name: str = request.param
    return name


def test_services() -> None:
    """It has the services of the stack, and the one that makes their passwords."""
    assert set(COMPOSE["services"]) == set(STACK) | {"passwords"}


def test_same(name: str) -> None:
    """A service has the command, health check, user and grace period that it has in the stack."""
    here, there = COMPOSE["services"][name], STACK[name]
    kept = _SAME - ({"environment", "image"} if name in USERS else set())
    assert {key: here.get(key) for key in kept} == {key: there.get(key) for key in kept}
    assert here["security_opt"] == ["no-new-privileges:true"]
    assert here["restart"] == "unless-stopped"


def test_image() -> None:
    """All roles have one image, which is built by the service that they all depend on."""
    known = COMPOSE["services"]
    assert {known[name]["image"] for name in (*USERS, "passwords")} == {"attrai"}
    assert {known[name]["pull_policy"] for name in USERS} == {"never"}
    assert [name for name in known if "build" in known[name]] == ["passwords"]
    build = known["passwords"]["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert (context, context / build["dockerfile"]) == (ROOT, SWARM / "Dockerfile")


@pytest.mark.parametrize("name", STAGES)
def test_replicas(name: str) -> None:
    """The stages can be replicated by the variables that do so in the stack."""
    variables = {"DETECT": "3"}
    replicas = load("stack.yml", variables)["services"][name]["deploy"]["replicas"]
    assert str(load("../compose.yml", variables)["services"][name]["scale"]) == replicas


def test_limits(name: str) -> None:
    """A service has the limits that it has in the stack."""
    limits = STACK[name]["deploy"]["resources"]["limits"]
    here = COMPOSE["services"][name]
    found = {"cpus": str(here["cpus"]), "memory": here["mem_limit"], "pids": here["pids_limit"]}
    assert found == limits


def test_volumes(name: str) -> None:
    """A service has the volumes that it has in the stack, and its own secrets, read-only."""
    volumes = COMPOSE["services"][name]["volumes"]
    added = {"/run/secrets", *(config["target"] for config in STACK[name].get("configs", []))}
    kept = [volume for volume in volumes if volume["target"] not in added]
    assert kept == STACK[name]["volumes"]
    assert all(volume["read_only"] for volume in volumes if volume not in kept)
    (source,) = (volume["source"] for volume in volumes if volume["target"] == "/run/secrets")
    assert source == f"secrets-{name}"


def test_configuration() -> None:
    """RabbitMQ and Redis have the configuration that they have in the stack."""
    configs = load("stack.yml")["configs"]
    for name in ("rabbitmq", "redis"):
        wanted = {
            (config["target"], SWARM / configs[config["source"]]["file"])
            for config in STACK[name]["configs"]
        }
        assert wanted == {
            (volume["target"], DEPLOY / volume["source"])
            for volume in COMPOSE["services"][name]["volumes"]
            if volume["type"] == "bind"
        }


def test_networks(name: str) -> None:
    """A service reaches what it does in the stack, apart from Graylog, and no other machine it."""
    assert set(COMPOSE["services"][name]["networks"]) == set(STACK[name]["networks"]) - {"logs"}
    assert COMPOSE["networks"]["queues"] == {"internal": True}
    ports = {key: service.get("ports", []) for key, service in COMPOSE["services"].items()}
    assert {key: value for key, value in ports.items() if value} == {"api": ["127.0.0.1:8000:8000"]}


def test_secrets(name: str) -> None:
    """The token and the API's keys are given to whom the stack gives them, and no other secret."""
    variables = set(COMPOSE["services"][name].get("environment", {}))
    files = [STACK, load("api.yml")["services"]]
    secrets = {
        secret["target"].upper()
        for file in files
        for secret in file.get(name, {}).get("secrets", [])
    }
    known = {f"ATTRAI_{field.upper()}" for field, of in Settings.model_fields.items()
             if "SecretStr" in str(of.annotation)}  # fmt: skip
    assert variables & known == secrets & {"ATTRAI_TELEGRAM_TOKEN", "ATTRAI_API_KEYS"}


def test_passwords_service() -> None:
    """Passwords are made where nothing else is reached, for each service, before any starts."""
    service = COMPOSE["services"]["passwords"]
    assert service["network_mode"] == "none"
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    made = {volume["source"]: volume["target"] for volume in service["volumes"]}
    assert made.pop("./swarm/passwords") == "/passwords"
    assert made == {f"secrets-{name}": f"/secrets/{name}" for name in STACK}
    completed = {"passwords": {"condition": "service_completed_successfully"}}
    for name in STACK:
        after = ["rabbitmq", "redis"] if name in USERS else completed
        assert COMPOSE["services"][name]["depends_on"] == after


def bot_alone(of: dict[str, dict[str, Any]], role: str) -> set[str]:
    """Return the variables that the bot has and another role does not."""
    return set(of["bot"]["environment"]) - set(of[role]["environment"])


def test_settings() -> None:
    """Every setting can be given in .env, apart from those that compose.yml makes itself."""
    offered: set[str] = set()
    for name in USERS:
        offered |= set(COMPOSE["services"][name]["environment"])
    for others in set(USERS) - {"bot", "api"}:
        assert bot_alone(COMPOSE["services"], others) >= bot_alone(STACK, others)
    known = {f"ATTRAI_{name.upper()}" for name in set(Settings.model_fields) - _NOT_OFFERED}
    assert offered == known


def test_example() -> None:
    """The example has known variables with their defaults, the token first and alone required."""
    assert next(iter(EXAMPLE)) == "ATTRAI_TELEGRAM_TOKEN"
    assert re.findall(r"\$\{(\w+):\?", TEXT) == ["ATTRAI_TELEGRAM_TOKEN"]
    filled = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", TEXT))
    settings = {key for key in EXAMPLE if key.startswith("ATTRAI_")}
    offered = set(re.findall(r"^ +(ATTRAI_\w+):", TEXT, re.MULTILINE))
    assert settings <= offered
    others = {key for key in EXAMPLE if not key.startswith(("ATTRAI_", "COMPOSE_"))}
    assert others == {key for key in filled if not key.startswith("ATTRAI_")} - {
        "RABBITMQ_IMAGE",
        "REDIS_IMAGE",
    }
    defaults = {key: filled.get(key, "") for key in settings | others}
    assert {key: EXAMPLE[key] for key in defaults} == defaults


@pytest.fixture(name="folder")
def secrets_folder(tmp_path: Path) -> Path:
    """Return a folder with one for each service, in which passwords were made."""
    for name in STACK:
        (tmp_path / name).mkdir()
    make_passwords(tmp_path)
    return tmp_path


def make_passwords(folder: Path) -> None:
    """Do what the service that makes passwords does."""
    subprocess.run([SWARM / "passwords", "--files", folder], check=True)


def made(folder: Path) -> dict[str, str]:
    """Return the content of each file of passwords, by its path in the folder."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_passwords(folder: Path) -> None:
    """Servers and clients get the same users and passwords, each client only its own."""
    files = made(folder)
    definitions = json.loads(files.pop("rabbitmq/rabbitmq_definitions_1.json"))
    known = {user["name"]: user["password"] for user in definitions["users"]}
    acl = [line.split() for line in files.pop("redis/redis_users_1").splitlines()]
    brokers = [urlsplit(files.pop(f"{role}/attrai_broker_url")) for role in USERS]
    ledgers = [urlsplit(files.pop(f"{role}/attrai_redis_url")) for role in USERS]
    assert files == {}
    assert {url.username: url.password for url in brokers} == known
    assert {user: password for _, user, _, password, *_ in acl} == {
        url.username: f">{url.password}" for url in ledgers
    }
    assert set(known) == {f"{role}-1" for role in USERS}
    passwords = {url.password for url in brokers + ledgers}
    assert len(passwords) == 2 * len(USERS)
    assert all(password is not None and len(password) == 32 for password in passwords)


def test_passwords_are_kept(folder: Path) -> None:
    """Later starts change no password."""
    before = made(folder)
    make_passwords(folder)
    assert made(folder) == before


def test_passwords_that_were_cut_short(folder: Path) -> None:
    """A start that was killed as it wrote is completed by the next one."""
    before = made(folder)
    (folder / "detect/attrai_broker_url").write_text("amqp://detect-1:abc")
    for cut in ("score/attrai_redis_url", "redis/redis_users_1"):
        (folder / cut).unlink()
    make_passwords(folder)
    after = made(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert set(before) == set(after)
    assert changed == {
        "detect/attrai_broker_url",
        "rabbitmq/rabbitmq_definitions_1.json",
        "score/attrai_redis_url",
        "redis/redis_users_1",
    }


@pytest.mark.parametrize("program", ["docker compose", "docker-compose"])
@pytest.mark.parametrize("more", [(), ("swarm/verification/compose.yml",)])
def test_compose_reads_it(tmp_path: Path, program: str, more: tuple[str, ...]) -> None:
    """Docker Compose, new and old, accepts the file and takes settings from .env."""
    command = program.split()
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]}")
    if subprocess.run([*command, "version"], capture_output=True, check=False).returncode:
        pytest.skip(f"there is no {program}")
    env = tmp_path / "env"
    example = (DEPLOY / ".env.example").read_text("utf-8")
    env.write_text(example.replace("_TOKEN=", "_TOKEN=1000:sandbox") + "SANDBOX_PORT=8081\n"
                   "ATTRAI_IMAGE=attrai\nATTRAI_MAX_FACES=7\nDETECT=3\n")  # fmt: skip
    files = [part for name in ("compose.yml", *more) for part in ("--file", str(DEPLOY / name))]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [*command, *files, "--env-file", str(env), "config"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"ATTRAI_MAX_FACES: '?\"?7", done.stdout)
    assert "1000:sandbox" in done.stdout


def test_one_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide runs the bot in one container as the acceptance test does."""
    monkeypatch.syspath_prepend(SWARM)
    from verification.composition import EMBEDDED  # noqa: PLC0415 - after syspath_prepend

    guide = (DEPLOY / "README.md").read_text("utf-8")
    assert f"{EMBEDDED} \\\n      attrai bot --embedded\n" in guide


def test_guide() -> None:
    """The guide names only services that there are."""
    guide = (DEPLOY / "README.md").read_text("utf-8")
    named = re.findall(r"docker compose (?:logs --follow|exec|restart) (\w+)", guide)
    assert named
    assert set(named) <= set(COMPOSE["services"])
