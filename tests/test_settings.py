"""Settings: read from the environment, and refused by name if invalid."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from attrai.errors import SettingsError
from attrai.settings import Settings, load_settings


def test_defaults() -> None:
    """No variable has to be set."""
    settings = load_settings()
    assert (settings.max_file_mb, settings.max_megapixels) == (20, 50)
    assert settings.weights is None
    assert 0 < settings.minimum_age < 100


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings are read from their variables, and an empty variable counts as not set."""
    weights = tmp_path / "own.safetensors"
    weights.touch()
    monkeypatch.setenv("ATTRAI_MAX_FACES", "7")
    monkeypatch.setenv("ATTRAI_WEIGHTS", str(weights))
    monkeypatch.setenv("ATTRAI_MIN_FACE_SIDE", "")
    monkeypatch.setenv("ATTRAI_MINIMUM_AGE", "17.5")
    settings = load_settings()
    assert (settings.max_faces, settings.weights, settings.min_face_side) == (7, weights, 40)
    assert settings.minimum_age == 17.5
    monkeypatch.setenv("ATTRAI_MINIMUM_AGE", "0")
    assert load_settings().minimum_age == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ATTRAI_MAX_FACES", "many"),
        ("ATTRAI_MAX_FACES", "0"),
        ("ATTRAI_MIN_FACE_SIDE", "3"),
        ("ATTRAI_WEIGHTS", "/no/such/file"),
        ("ATTRAI_MINIMUM_AGE", "-1"),
        ("ATTRAI_MINIMUM_AGE", "nan"),
        ("ATTRAI_MINIMUM_AGE", "inf"),
        ("ATTRAI_MINIMUM_AGE", "adult"),
        ("ATTRAI_LOG_LEVEL", "loud"),
        ("ATTRAI_GROUPS", "some"),
        ("ATTRAI_DAILY", "0"),
        ("ATTRAI_MAINTENANCE", "x" * 1001),
    ],
)
def test_unusable_value(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """An invalid value is reported in one line that names the variable and the value."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert variable in str(caught.value)
    assert value in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["admins", "allowed", "blocked"])
def test_ids(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """Lists are comma-separated ids from a variable or a secret file, and None if not set."""
    variable = f"ATTRAI_{name.upper()}"
    assert getattr(load_settings(), name) is None
    monkeypatch.setenv(variable, "11, -1002222")
    assert getattr(load_settings(), name) == {11, -1002222}
    assert "2222" not in repr(load_settings())
    monkeypatch.delenv(variable)
    (tmp_path / f"attrai_{name}").write_text("33\n")
    assert getattr(Settings(_secrets_dir=tmp_path), name) == {33}


@pytest.mark.parametrize(
    "written",
    ["{}", " {} ", "{}\r\n", "\ufeff{}", "'{}'", '"{}"', '\ufeff"{} "\r', "\u00a0{}"],
    ids=ascii,
)
@pytest.mark.parametrize("secret_file", [False, True])
def test_what_is_left_around_a_value(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    written: str,
    secret_file: bool,  # noqa: FBT001 - pytest passes it
) -> None:
    """Blanks, line ends, a byte order mark and quotes around a value are not part of it."""
    for name, value in (("TELEGRAM_TOKEN", "1:aB_-"), ("REDIS_URL", "redis://h"), ("ADMINS", "3")):
        if secret_file:
            (tmp_path / f"attrai_{name.lower()}").write_bytes(written.format(value).encode())
        else:
            monkeypatch.setenv(f"ATTRAI_{name}", written.format(value))
    settings = Settings(_secrets_dir=tmp_path)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == "1:aB_-"
    assert settings.redis_url.get_secret_value() == "redis://h"
    assert settings.admins == {3}


@pytest.mark.parametrize("value", ['""', "''", " ", '"', "\ufeff"], ids=ascii)
def test_an_empty_value_in_quotes(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A value that is empty once it is trimmed counts as not set."""
    monkeypatch.setenv("ATTRAI_TELEGRAM_TOKEN", value)
    assert load_settings().telegram_token is None


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("ATTRAI_BROKER_URL", "amqp://a:S[ECRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:S]ECRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:SE/CRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:12/SECRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:12?SECRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:12#SECRET@h"),
        ("ATTRAI_BROKER_URL", "amqp://a:SECRET@h:x/"),
        ("ATTRAI_BROKER_URL", "http://a:SECRET@h"),
        ("ATTRAI_BROKER_URL", "SECRET"),
        ("ATTRAI_REDIS_URL", "redis://:S[ECRET@h"),
        ("ATTRAI_REDIS_URL", "redis://:SE#CRET@h"),
        ("ATTRAI_REDIS_URL", "redis://:1/SECRET@h"),
        ("ATTRAI_REDIS_URL", "redis://:SECRET@h:70000"),
        ("ATTRAI_REDIS_URL", "redis://:SECRET@[h"),
        ("ATTRAI_REDIS_URL", "SECRET@h"),
        ("ATTRAI_PHOTOS_URL", "s3://a:S[ECRET@h"),
        ("ATTRAI_GELF_URL", "tcp://a:S[ECRET@h"),
        ("ATTRAI_TELEGRAM_API_URL", "https://a:S[ECRET@h"),
        ("ATTRAI_TELEGRAM_API_URL", "https://h/botSECRET?a"),
        ("ATTRAI_ADMINS", "11,SECRET"),
        ("ATTRAI_ALLOWED", "11,SECRET"),
        ("ATTRAI_BLOCKED", "11,SECRET"),
    ],
)
def test_a_wrong_value_that_holds_a_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, url: str
) -> None:
    """An invalid URL and an invalid list of ids are named, but not shown."""
    monkeypatch.setenv(variable, url)
    with pytest.raises(SettingsError, match=f"^{variable}: ") as caught:
        load_settings()
    shown = "".join(traceback.format_exception(caught.value))
    assert "ECRET" not in shown
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("ATTRAI_BROKER_URL", "amqps://user:p%5Bw%40@h:5671/%2Fa?heartbeat=5"),
        ("ATTRAI_REDIS_URL", "unix:///run/redis.sock?db=1"),
        ("ATTRAI_REDIS_URL", "rediss://:p'w\"@[::1]:6379/0"),
    ],
)
def test_urls_with_quoted_marks(monkeypatch: pytest.MonkeyPatch, variable: str, url: str) -> None:
    """Quoted marks, IPv6 addresses, virtual hosts, sockets and options are accepted."""
    monkeypatch.setenv(variable, url)
    load_settings()


def test_admins_in_a_secret_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret file with wrong admins is named by its variable, and its content is not shown."""
    monkeypatch.setitem(Settings.model_config, "secrets_dir", tmp_path)
    file = tmp_path / "attrai_admins"
    file.write_text("33,\n44\r\n")
    assert load_settings().admins == {33, 44}
    file.write_text("33; 123456789")
    with pytest.raises(SettingsError, match=r"^ATTRAI_ADMINS: ") as caught:
        load_settings()
    assert "123456789" not in "".join(traceback.format_exception(caught.value))


def test_a_secret_file_that_is_no_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret file in another encoding is named by its variable, and its content is not shown."""
    monkeypatch.setitem(Settings.model_config, "secrets_dir", tmp_path)
    (tmp_path / "attrai_telegram_token").write_text("1:SECRET", encoding="utf-16")
    with pytest.raises(SettingsError, match=r"^ATTRAI_TELEGRAM_TOKEN: .* UTF-8") as caught:
        load_settings()
    assert "SECRET" not in "".join(traceback.format_exception(caught.value)).replace("\0", "")


def test_a_webhook_needs_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook without the packages that it needs is refused, with how to install them."""
    monkeypatch.setenv("ATTRAI_WEBHOOK_URL", "https://bot.invalid/opensesame")
    assert load_settings().webhook_url == "https://bot.invalid/opensesame"
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(SettingsError, match=r"attrai\[webhook\]") as raised:
        load_settings()
    assert "opensesame" not in str(raised.value)
