"""The operator's two scripts, with a fake `docker` that records its calls."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.deploy.stacks import SWARM, fake_docker


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which `docker` is the fake."""
    return os.environ | {"PATH": f"{fake_docker(tmp_path)}:{os.environ['PATH']}"}


def test_passwords(tmp_path: Path, environment: dict[str, str]) -> None:
    """Servers and clients get the same passwords, and only through secrets."""
    subprocess.run([SWARM / "passwords", "7"], env=environment, check=True, timeout=30)
    made = {file.name: file.read_text() for file in tmp_path.glob("attrai_*_7")}
    broker = urlsplit(made["attrai_broker_url_7"])
    definitions = json.loads(made["attrai_rabbitmq_definitions_7"])
    (user,) = definitions["users"]
    assert (broker.username, broker.password) == (user["name"], user["password"])
    redis = urlsplit(made["attrai_redis_url_7"])
    assert made["attrai_redis_password_7"] == f"requirepass {redis.password}\n"
    assert len({broker.password, redis.password}) == 2
    assert all(len(url.password or "") == 32 for url in (broker, redis))
    seen = (tmp_path / "calls").read_text() + (tmp_path / "environment").read_text()
    assert not any(str(url.password) in seen for url in (broker, redis))


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
    assert after["REDIS_CONF"] != before["REDIS_CONF"]
    assert after["RABBITMQ_CONF"] == before["RABBITMQ_CONF"]


def test_context() -> None:
    """The build context holds exactly the files that the Dockerfile copies."""
    sent = set(
        re.findall(r"^!(.+)$", (SWARM / "Dockerfile.dockerignore").read_text(), re.MULTILINE)
    )
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (SWARM / "Dockerfile").read_text(), re.MULTILINE)
    assert {name.rstrip("*") for line in copied for name in line.split()} == sent
