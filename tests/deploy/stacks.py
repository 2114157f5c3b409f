"""The stack's files as the engine reads them, without an engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

SWARM = ROOT / "deploy" / "swarm"
_VARIABLE = re.compile(r"\$\{\w+(?::-(?P<default>[^}]*)|:\?[^}]*)?\}")


def load(name: str) -> dict[str, Any]:
    """A stack file with the defaults of its variables filled in, and nothing for the others."""
    text = (SWARM / name).read_text("utf-8")
    filled = _VARIABLE.sub(lambda match: match["default"] or "", text)
    loaded: dict[str, Any] = yaml.safe_load(filled)
    return loaded


def services(*names: str) -> dict[str, dict[str, Any]]:
    """The services of stack files."""
    return {key: service for name in names for key, service in load(name)["services"].items()}


def seconds(duration: str) -> int:
    """A duration such as 75s."""
    assert re.fullmatch(r"\d+s", duration)
    return int(duration[:-1])


def fake_docker(folder: Path) -> Path:
    """A folder for PATH with a `docker` that keeps what it is called with, and secrets."""
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
