"""The file `.env` in the working directory: read by the service, and refused if it is unusable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attrai.env_file import find_env_file
from attrai.errors import SettingsError
from attrai.settings import load_service_settings, load_settings

_NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@contextmanager
def as_nobody() -> Iterator[None]:
    """Act as another user than the one whom the files of the test belong to."""
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture(name="folder", autouse=True)
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working directory, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_no_file() -> None:
    """Without the file the settings are the same."""
    assert find_env_file() is None
    assert load_service_settings() == load_settings()


def test_the_service_reads_it(folder: Path) -> None:
    """The service's settings are read from the file, and those of other commands are not."""
    (folder / ".env").write_text("ATTRAI_MAX_FACES=7\n")
    assert find_env_file() == folder / ".env"
    assert load_service_settings().max_faces == 7
    assert load_settings().max_faces == 50


def test_precedence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A variable takes precedence over the file unless it is empty, and the file over secrets."""
    secrets = tmp_path_factory.mktemp("secrets")
    for name in ("max_faces", "daily", "max_active", "max_pending"):
        (secrets / f"attrai_{name}").write_text("1")
    monkeypatch.setattr(
        "attrai.settings.Settings.model_config",
        {**load_settings().model_config, "secrets_dir": secrets},
    )
    (folder / ".env").write_text(
        "ATTRAI_MAX_FACES=2\nATTRAI_DAILY=2\nATTRAI_MAX_ACTIVE=2\nATTRAI_MAX_PENDING=\n"
    )
    monkeypatch.setenv("ATTRAI_MAX_FACES", "3")
    monkeypatch.setenv("ATTRAI_DAILY", "")
    settings = load_service_settings()
    assert (settings.max_faces, settings.daily) == (3, 2)
    assert (settings.max_active, settings.max_pending) == (2, 1)


def test_of_another_program(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Variables and lines for other programs do no harm and cause no warning."""
    (folder / ".env").write_text(
        "MAX_FACES=3\nLOG_LEVEL=debug\nATTRAI=x\nweights=/no/such\nsome: yaml\nX='no end\n"
        "ATTRAI_MAX_FACES=7\n"
    )
    settings = load_service_settings()
    assert (settings.max_faces, settings.log_level, settings.weights) == (7, "warning", None)
    assert caplog.records == []


def test_how_it_is_written(folder: Path) -> None:
    """A byte order mark, Windows' line ends, quotes, comments and `export` are understood."""
    (folder / ".env").write_bytes(
        b"\xef\xbb\xbfATTRAI_MAX_FACES=7\r\n# a comment\r\nexport ATTRAI_DAILY='8'\r\n"
        b'attrai_telegram_token="1:a#b" # mine\r\n'
    )
    settings = load_service_settings()
    assert (settings.max_faces, settings.daily) == (7, 8)
    assert settings.telegram_token is not None
    assert settings.telegram_token.get_secret_value() == "1:a#b"


def test_a_wrong_value(folder: Path) -> None:
    """A wrong value is named like one of the environment; how many more there are is said."""
    (folder / ".env").write_text(
        "ATTRAI_MAX_FACES=many\nATTRAI_ADMINS=11,SECRET,x\nATTRAI_GROUPS=some\n"
    )
    with pytest.raises(SettingsError, match=r"^ATTRAI_MAX_FACES=many: .*\b2 more") as caught:
        load_service_settings()
    assert "ECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"ATTRAI_TELEGRAM_TOKEN=1:SECRET\xff", "no text in UTF-8"),
        ("ATTRAI_TELEGRAM_TOKEN=1:SECRET".encode("utf-16"), "no text in UTF-8"),
        (b"#" * 1_000_001, "larger than 1 MB"),
        (b'A=1\nATTRAI_TELEGRAM_TOKEN="1:SECRET\n', "line 2 can't be read"),
    ],
)
def test_unusable_content(folder: Path, content: bytes, reason: str) -> None:
    """Content that can't be read is refused in one line with the path, and is not shown."""
    (folder / ".env").write_bytes(content)
    _refused(folder, reason)


def test_what_is_no_file(folder: Path) -> None:
    """A folder is refused, and so is a pipe, which would be waited for."""
    (folder / ".env").mkdir()
    _refused(folder, "no file")
    (folder / ".env").rmdir()
    os.mkfifo(folder / ".env")
    _refused(folder, "no file")


@needs_root
def test_of_another_user(folder: Path) -> None:
    """A file of another user is refused, even by root; one of root's own is accepted by all."""
    (folder / ".env").write_text("ATTRAI_MAX_FACES=7\n")
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & 0o001:
            parent.chmod(0o755)
    with as_nobody():
        assert load_service_settings().max_faces == 7
    os.chown(folder / ".env", 12345, 12345)
    _refused(folder, "another user")
    os.chown(folder / ".env", _NOBODY, _NOBODY)
    with as_nobody():
        assert load_service_settings().max_faces == 7


@needs_root
def test_permissions(folder: Path) -> None:
    """A file that can't be read is refused; in a folder of which nothing can, there is none."""
    (folder / ".env").write_text("ATTRAI_MAX_FACES=7\n")
    (folder / ".env").chmod(0o600)
    folder.chmod(0o755)
    with as_nobody():
        _refused(folder, "Permission denied")
    folder.chmod(0o700)
    with as_nobody():
        assert load_service_settings().max_faces == 50


def test_a_folder_that_is_gone(folder: Path) -> None:
    """In a working directory that was deleted there is no file."""
    gone = folder / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert find_env_file() is None


def _refused(folder: Path, reason: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_service_settings()
    message = str(caught.value)
    assert message.startswith(f"{folder}/.env: ")
    assert reason in message
    assert "ECRET" not in message
    assert "\n" not in message
