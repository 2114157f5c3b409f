"""`attrai config`, and how each command treats `.env` and misspelt names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from attrai.cli import app
from tests.conftest import ASTRONAUT


@pytest.fixture(name="env_file", autouse=True)
def env_file_in_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of an `.env` in the working directory, which does not exist yet."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".env"


def config(*arguments: str) -> Result:
    """Run `attrai config`."""
    return CliRunner().invoke(app, ["config", *arguments])


def rows(result: Result) -> dict[str, list[str]]:
    """Return the values and origins in the table, by variable."""
    lines = [line.split() for line in result.stdout.splitlines() if "ATTRAI_" in line]
    return {line[0]: line[1:] for line in lines}


def test_table(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table shows values and origins, on one line each where it is no terminal."""
    env_file.write_text("ATTRAI_DAILY=5\nATTRAI_TELEGRAM_TOKEN=1:SECRET\n")
    monkeypatch.setenv("ATTRAI_MAX_FACES", "7")
    result = config()
    shown = rows(result)
    assert (result.exit_code, result.stderr) == (0, "")
    assert shown["ATTRAI_DAILY"] == ["5", str(env_file)]
    assert shown["ATTRAI_MAX_FACES"] == ["7", "environment"]
    assert shown["ATTRAI_TELEGRAM_TOKEN"] == ["set", str(env_file)]
    assert shown["ATTRAI_GELF_URL"] == ["none", "default"]
    assert "ECRET" not in result.output


def test_wrong_and_misspelt(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All wrong values and misspelt names are listed, without a secret, and the status is 2."""
    env_file.write_text(
        "ATTRAI_MAX_FACES=many\nATTRAI_REDIS_URL=http://:SECRET@h\nATTRAI_TELEGRAM_TOKE=1:SECRET\n"
    )
    monkeypatch.setenv("ATTRAI_ADMINS", "1,SECRET,x")
    monkeypatch.setenv("ATTRAI_GROUP", "SECRET")
    result = config()
    assert result.exit_code == 2
    wrong = [line for line in result.stderr.splitlines() if "unknown" not in line]
    starts = ("ATTRAI_MAX_FACES=many: ", "ATTRAI_REDIS_URL: ", "ATTRAI_ADMINS: ")
    for line, start in zip(wrong, starts, strict=True):
        assert line.startswith(f"attrai: {start}")
    assert [line for line in result.stderr.splitlines() if "unknown" in line] == [
        "attrai: ATTRAI_GROUP: unknown; did you mean ATTRAI_GROUPS?",
        f"attrai: ATTRAI_TELEGRAM_TOKE: unknown in {env_file}; did you mean ATTRAI_TELEGRAM_TOKEN?",
    ]
    assert "ECRET" not in result.output


def test_json(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON has the same as the table, and nothing else is printed."""
    env_file.write_text("ATTRAI_MAX_FACES=many\nATTRAI_ADMINS=SECRET\n")
    monkeypatch.setenv("ATTRAI_GROUP", "SECRET")
    result = config("--json")
    assert (result.exit_code, result.stderr) == (2, "")
    seen: dict[str, Any] = json.loads(result.stdout)
    values = {setting.pop("variable"): setting for setting in seen["settings"]}
    faces = {"value": "many", "hidden": False, "origin": str(env_file)}
    assert values["ATTRAI_MAX_FACES"] == faces
    assert values["ATTRAI_ADMINS"] == {"value": None, "hidden": True, "origin": str(env_file)}
    assert [wrong["variable"] for wrong in seen["wrong"]] == ["ATTRAI_MAX_FACES", "ATTRAI_ADMINS"]
    (unknown,) = seen["unknown"]
    assert unknown == {
        "name": "ATTRAI_GROUP",
        "origin": "environment",
        "suggestion": "ATTRAI_GROUPS",
    }
    assert "ECRET" not in result.stdout


def test_an_unusable_file(env_file: Path) -> None:
    """An `.env` that can't be used is named in one line."""
    env_file.mkdir()
    result = config()
    assert (result.exit_code, result.stderr) == (2, f"attrai: {env_file}: this is no file\n")


def test_hostile_names(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would change what a terminal shows is escaped in names and values."""
    env_file.write_text("'ATTRAI_\x1b[2J'=1\nATTRAI_MAINTENANCE=a\x1b[2Jb\n")
    monkeypatch.setenv("ATTRAI_\x1b]0;x\x07\n", "1")
    result = config()
    assert "\x1b" not in result.output
    assert "\x07" not in result.output
    assert "a\\x1b[2Jb" in result.stdout
    assert len(result.stderr.splitlines()) == 2


#: Commands of the service, as their arguments of Python.
_SERVICE = {
    "worker": ["-m", "attrai", "worker", "render"],
    "dramatiq": ["-m", "dramatiq", "attrai.worker:setup", "attrai.actors.render", "-p", "1"],
    "bot": ["-m", "attrai", "bot"],
    "embedded": ["-m", "attrai", "bot", "--embedded"],
    "api": ["-m", "attrai", "api"],
    "sandbox": ["-m", "attrai", "sandbox", "--bot", "--port", "0"],
    "sweep": ["-m", "attrai", "sweep"],
    "once": ["-m", "attrai", "sweep", "--once"],
    "forward": ["-m", "attrai", "forward", "."],
    "status": ["-m", "attrai", "status"],
    "stats": ["-m", "attrai", "stats"],
    "config": ["-m", "attrai", "config"],
}


@pytest.mark.slow
@pytest.mark.parametrize("command", _SERVICE)
def test_commands_of_the_service(env_file: Path, command: str) -> None:
    """Each command of the service reads `.env`, and names a value there that is wrong."""
    env_file.write_text("ATTRAI_JOB_SECONDS=soon\n")
    run = _run(*_SERVICE[command])
    assert run.returncode != 0
    (line,) = [line for line in run.stderr.splitlines() if line.startswith("attrai: ")]
    assert line.startswith("attrai: ATTRAI_JOB_SECONDS=soon: ")


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["rate", str(ASTRONAUT), "-o", "out"],
        ["evaluate", "--data", "."],
        ["train", "--data", ".", "--folds"],
    ],
    ids=lambda command: command[0],
)
def test_commands_on_files(env_file: Path, command: list[str]) -> None:
    """Commands that may run in a stranger's folder neither read nor name the `.env` there."""
    env_file.write_text(
        "ATTRAI_MAX_FACES=many\nATTRAI_WEIGHTS=evil.safetensors\nATTRAI_LOG_LEVEL=loud\nATTRAI_X=1"
    )
    run = _run("-m", "attrai", *command)
    assert ".env" not in run.stderr
    assert "ATTRAI_" not in run.stderr
    assert run.returncode == (0 if command[0] == "rate" else 2)


@pytest.mark.slow
def test_every_start_warns() -> None:
    """A misspelt name is warned of once, by a log record of the service or a line for people."""
    variables = {"ATTRAI_GROUP": "SECRET", "ATTRAI_BROKER_URL": "amqp://h?heartbeat=soon"}
    for command in ("worker", "dramatiq", "bot", "sweep"):
        run = _run(*_SERVICE[command], **variables)
        records = [json.loads(line) for line in run.stdout.splitlines() if line[:1] == "{"]
        (warning,) = [record for record in records if record["event"] == "unknown setting"]
        named = {key: warning[key] for key in ("level", "name", "origin", "did_you_mean")}
        assert named == {
            "level": "warning",
            "name": "ATTRAI_GROUP",
            "origin": "environment",
            "did_you_mean": "ATTRAI_GROUPS",
        }
        assert "SECRET" not in run.stdout + run.stderr
    line = "attrai: ATTRAI_GROUP: unknown; did you mean ATTRAI_GROUPS?"
    for arguments in (
        ["rate", "no-such.jpg"],
        ["status"],
        ["stats"],
        ["train", "--data", ".", "--folds"],
    ):
        run = _run("-m", "attrai", *arguments, ATTRAI_GROUP="SECRET")
        assert run.stderr.splitlines().count(line) == 1
        assert "SECRET" not in run.stdout + run.stderr


def _run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments and variables in the working directory."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
