"""Reading the stack files as the Docker engine does, without an engine."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from attrai.job import STAGES
from tests.conftest import ROOT

SWARM = ROOT / "deploy" / "swarm"
#: The services that run attrai.
ROLES = ("bot", *STAGES, "sweep")
#: Those who have a user in RabbitMQ and Redis.
USERS = ("bot", "api", *STAGES, "sweep")
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")


def load(name: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return a stack file with variables replaced by values, their defaults, or nothing."""
    given = variables or {}
    text = (SWARM / name).read_text("utf-8")
    filled = _VARIABLE.sub(lambda match: given.get(match["name"], match["default"] or ""), text)
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def services(*names: str) -> dict[str, dict[str, Any]]:
    """Return the services of stack files by name; later files replace services of earlier ones."""
    return {key: service for name in names for key, service in load(name)["services"].items()}


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as "75s"."""
    assert re.fullmatch(r"\d+s", duration)
    return int(duration[:-1])


def fake_docker(folder: Path) -> Path:
    """Return a folder for PATH with a `docker` that records arguments, environment and secrets."""
    program = folder / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >>{folder}/calls\n'
        f"env >{folder}/environment\n"
        f'[ "$1 $2" != "secret create" ] || cat >"{folder}/$3"\n'
    )
    program.chmod(0o755)
    return program.parent
