"""The operator's scripts, with a fake `docker` that records its calls."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.deploy.stacks import SWARM, USERS, fake_docker, services


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `docker` is the fake."""
    return os.environ | {"PATH": f"{fake_docker(tmp_path)}:{os.environ['PATH']}"}


def test_passwords(tmp_path: Path, environment: dict[str, str]) -> None:
    """Servers and clients get the same users and passwords, and only through secrets."""
    subprocess.run([SWARM / "passwords", "7"], env=environment, check=True)
    made = {file.name: file.read_text() for file in tmp_path.glob("attrai_*_7")}
    definitions = json.loads(made.pop("attrai_rabbitmq_definitions_7"))
    known = {user["name"]: user["password"] for user in definitions["users"]}
    acl = [line.split() for line in made.pop("attrai_redis_users_7").splitlines()]
    brokers = [urlsplit(made.pop(f"attrai_broker_url_{role}_7")) for role in USERS]
    ledgers = [urlsplit(made.pop(f"attrai_redis_url_{role}_7")) for role in USERS]
    assert made == {}
    assert [url.username for url in brokers] == [f"{role}-7" for role in USERS]
    assert {url.username: url.password for url in brokers} == known
    assert {user: password for _, user, _, password, *_ in acl} == {
        url.username: f">{url.password}" for url in ledgers
    }
    passwords = {url.password for url in brokers + ledgers}
    assert len(passwords) == 2 * len(USERS)
    assert all(password is not None and len(password) == 32 for password in passwords)
    seen = (tmp_path / "calls").read_text() + (tmp_path / "environment").read_text()
    assert not any(str(password) in seen for password in passwords)


def test_only(tmp_path: Path, environment: dict[str, str]) -> None:
    """Other generations' secrets and users are deleted, and no other secret."""
    secrets = "attrai_broker_url_1 attrai_redis_password_1 attrai_redis_users_2"
    secrets += " attrai_broker_url_bot_3 attrai_telegram_token_1 attrai_s3_credentials_1"
    (tmp_path / "bin" / "docker").write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>{tmp_path}/calls\n'
        'case "$*" in\n'
        "*mine_rabbitmq*) echo 0123 ;;\n"
        f"'secret ls'*) printf '%s\\n' {secrets} ;;\n"
        r"*list_users*) printf 'attrai\t[]\nbot-2\t[]\nbot-3\t[]\n' ;;"
        "\nesac\n"
    )
    subprocess.run(
        [SWARM / "passwords", "--only", "3"], env=environment | {"STACK": "mine"}, check=True
    )
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call for call in calls if "rm" in call.split()] == [
        f"secret rm attrai_{name}" for name in ("broker_url_1", "redis_password_1", "redis_users_2")
    ]
    assert [call for call in calls if "delete_user" in call] == [
        f"exec 0123 rabbitmqctl delete_user {user}" for user in ("attrai", "bot-2")
    ]


def test_deploy(tmp_path: Path, environment: dict[str, str]) -> None:
    """The name of a config changes with its content, so that a change is deployed."""
    folder = tmp_path / "swarm"
    shutil.copytree(SWARM, folder, ignore=shutil.ignore_patterns("verification"))
    (folder / ".env").write_text("ATTRAI_IMAGE=attrai:1\nSTACK=mine\n")

    def deploy() -> dict[str, str]:
        subprocess.run([folder / "deploy", "-c", "graylog.yml"], env=environment, check=True)
        lines = (tmp_path / "environment").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    before = deploy()
    assert before["ATTRAI_IMAGE"] == "attrai:1"
    assert re.fullmatch("[0-9a-f]{12}", before["REDIS_CONF"])
    call = (tmp_path / "calls").read_text().split()
    assert call[:2] == ["stack", "deploy"]
    assert call[-5:] == ["-c", "stack.yml", "-c", "graylog.yml", "mine"]
    with (folder / "redis.conf").open("a") as file:
        file.write("# changed\n")
    after = deploy()
    assert "other-passwords.yml" not in (tmp_path / "calls").read_text()
    with (folder / ".env").open("a") as file:
        file.write("OTHER_PASSWORDS=2\n")
    assert deploy()["OTHER_PASSWORDS"] == "2"
    call = (tmp_path / "calls").read_text().splitlines()[-1]
    assert call.endswith("-c stack.yml -c other-passwords.yml -c graylog.yml mine")
    assert after["REDIS_CONF"] != before["REDIS_CONF"]
    assert after["RABBITMQ_CONF"] == before["RABBITMQ_CONF"]


def test_pin(tmp_path: Path, environment: dict[str, str]) -> None:
    """The images that this node has are named with their digests, and others stay as they are."""
    folder = tmp_path / "swarm"
    shutil.copytree(SWARM, folder, ignore=shutil.ignore_patterns("verification"))
    (folder / ".env").write_text(
        "ATTRAI_IMAGE=registry.example:5000/attrai:2\nLOG_LEVEL=info\nREDIS_IMAGE=redis:8\n"
    )
    (tmp_path / "bin" / "docker").write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        "*format*attrai:2) echo attrai@sha256:0; echo registry.example:5000/attrai@sha256:1 ;;\n"
        "*format*rabbitmq:*) echo rabbitmq@sha256:2 ;;\n"
        "*attrai:2|*rabbitmq:*|*redis:8) ;;\n"
        "*) exit 1 ;;\n"
        "esac\n"
    )

    def pin() -> tuple[dict[str, str], str]:
        done = subprocess.run(
            [folder / "pin"], env=environment, check=True, capture_output=True, text=True
        )
        lines = (folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines), done.stderr

    default = services("stack.yml")["rabbitmq"]["image"]
    pinned = {
        "ATTRAI_IMAGE": "registry.example:5000/attrai:2@sha256:1",
        "LOG_LEVEL": "info",
        "RABBITMQ_IMAGE": f"{default}@sha256:2",
        "REDIS_IMAGE": "redis:8",
    }
    said = "redis:8 has no digest: it was neither pulled from a registry nor pushed to one\n"
    assert pin() == (pinned, said)
    assert pin() == (pinned, said)


def test_context() -> None:
    """The build context holds exactly the files that the Dockerfile copies."""
    sent = set(
        re.findall(r"^!(.+)$", (SWARM / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    )
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (SWARM / "Dockerfile").read_text(), re.MULTILINE)
    assert {name.rstrip("*") for line in copied for name in line.split()} == sent
