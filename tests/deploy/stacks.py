"""Reading the stack files as the Docker engine does, without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

SWARM = ROOT / "deploy" / "swarm"
_VARIABLE = re.compile(r"\$\{\w+(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")


def load(name: str) -> dict[str, Any]:
    """Return a stack file with its variables replaced by their defaults, or by nothing."""
    text = (SWARM / name).read_text("utf-8")
    filled = _VARIABLE.sub(lambda match: match["default"] or "", text)
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
