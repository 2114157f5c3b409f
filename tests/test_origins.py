"""Where settings come from, and the names that look misspelt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attrai.origins import ENVIRONMENT, find_unknown, read_origins
from attrai.settings import Settings
from tests.conftest import ROOT


@pytest.fixture(name="secrets")
def secret_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of secret files, which is empty."""
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setitem(Settings.model_config, "secrets_dir", folder)
    return folder


@pytest.fixture(name="env_file")
def empty_env_file(tmp_path: Path) -> Path:
    """Return the path of an `.env` that is empty."""
    file = tmp_path / ".env"
    file.touch()
    return file


def test_origins(monkeypatch: pytest.MonkeyPatch, secrets: Path, env_file: Path) -> None:
    """Each setting has the origin whose value is in force, and secrets are hidden."""
    monkeypatch.setenv("ATTRAI_MAX_FACES", " 3 ")
    monkeypatch.setenv("ATTRAI_DAILY", "")
    env_file.write_text("ATTRAI_MAX_FACES=4\nATTRAI_DAILY=5\nATTRAI_ADMINS=11\n")
    (secrets / "attrai_daily").write_text("6")
    (secrets / "attrai_broker_url").write_text("amqp://a:SECRET@h\n")
    found = {one.name: (one.value, one.origin, one.hidden) for one in read_origins(env_file)}
    assert list(found) == list(Settings.model_fields)
    assert found["max_faces"] == ("3", ENVIRONMENT, False)
    assert found["daily"] == ("5", str(env_file), False)
    assert found["admins"] == (None, str(env_file), True)
    assert found["broker_url"] == (None, f"{secrets}/attrai_broker_url", True)
    assert found["redis_url"] == ("redis://localhost:6379/0", "default", False)
    assert found["weights"] == (None, "default", False)
    settings = Settings(_env_file=env_file)
    assert (settings.max_faces, settings.daily) == (3, 5)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("ATTRAI_MAX_FACE", "ATTRAI_MAX_FACES"),
        ("attrai_max_face", "ATTRAI_MAX_FACES"),
        ("ATTRAI_TOKEN", "ATTRAI_TELEGRAM_TOKEN"),
        ("ATTRAI_TELEGRAM_TOKEN:", "ATTRAI_TELEGRAM_TOKEN"),
        ("ATRAI_TELEGRAM_TOKEN", "ATTRAI_TELEGRAM_TOKEN"),
        ("ATTRAI_QQQ", None),
    ],
)
@pytest.mark.usefixtures("secrets")
def test_misspelt(
    monkeypatch: pytest.MonkeyPatch, env_file: Path, name: str, meant: str | None
) -> None:
    """A misspelt name is found in the environment and in `.env`, with what was probably meant."""
    assert find_unknown(env_file) == []
    monkeypatch.setenv(name, "SECRET")
    env_file.write_text(f"{name}=SECRET\n")
    in_environment, in_file = find_unknown(env_file)
    assert in_environment == (name, ENVIRONMENT, meant)
    assert in_file == (name, str(env_file), meant)
    did_you_mean = f"; did you mean {meant}?" if meant else ""
    assert str(in_environment) == f"{name}: unknown{did_you_mean}"
    assert str(in_file) == f"{name}: unknown in {env_file}{did_you_mean}"


def test_misspelt_secret_files(secrets: Path) -> None:
    """A misspelt secret file is found; what is a setting's and what is none of ours is not."""
    for name in ("attrai_redis_url", "attrai_redis_ulr", "redis_url", "s3_credentials"):
        (secrets / name).touch()
    assert find_unknown(None) == [("attrai_redis_ulr", str(secrets), "attrai_redis_url")]


@pytest.mark.usefixtures("secrets")
def test_names_of_others(monkeypatch: pytest.MonkeyPatch, env_file: Path) -> None:
    """Settings in any case and variables of other programs are not taken for misspelt ones."""
    for name in (
        "attrai_max_faces",
        "TELEGRAM_TOKEN",
        "MAX_FACES",
        "LOG_LEVEL",
        "ATTRAI",
        "XTRAI_A",
    ):
        monkeypatch.setenv(name, "1")
    assert find_unknown(env_file) == []


@pytest.mark.usefixtures("secrets")
def test_variables_of_the_deployment(env_file: Path) -> None:
    """No variable that a file of the deployment has is taken for a misspelt setting."""
    texts = [
        file.read_text("utf-8")
        for file in (ROOT / "deploy").rglob("*")
        if file.is_file() and file.suffix in (".yml", ".example", ".env")
    ]
    names = {name for text in texts for name in re.findall(r"ATTRAI_[A-Z0-9_]*[A-Z0-9]", text)}
    assert "ATTRAI_IMAGE" in names
    env_file.write_text("".join(f"{name}=1\n" for name in sorted(names)))
    assert find_unknown(env_file) == []
