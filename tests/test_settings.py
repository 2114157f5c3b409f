"""Settings: read from the environment, and refused by name if invalid."""

from __future__ import annotations

from pathlib import Path

import pytest

from attrai.errors import SettingsError
from attrai.settings import Settings, load_settings


def test_defaults() -> None:
    """No variable has to be set."""
    settings = load_settings()
    assert (settings.max_file_mb, settings.max_megapixels) == (20, 50)
    assert settings.weights is None


def test_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Settings are read from their variables, and an empty variable counts as not set."""
    weights = tmp_path / "own.safetensors"
    weights.touch()
    monkeypatch.setenv("ATTRAI_MAX_FACES", "7")
    monkeypatch.setenv("ATTRAI_WEIGHTS", str(weights))
    monkeypatch.setenv("ATTRAI_MIN_FACE_SIDE", "")
    settings = load_settings()
    assert (settings.max_faces, settings.weights, settings.min_face_side) == (7, weights, 40)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ATTRAI_MAX_FACES", "many"),
        ("ATTRAI_MAX_FACES", "0"),
        ("ATTRAI_MIN_FACE_SIDE", "3"),
        ("ATTRAI_WEIGHTS", "/no/such/file"),
        ("ATTRAI_LOG_LEVEL", "loud"),
        ("ATTRAI_ADMINS", "ann"),
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


def test_admins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Admins are comma-separated ids from a variable or a secret file, and None if not set."""
    assert load_settings().admins is None
    monkeypatch.setenv("ATTRAI_ADMINS", "11, 22")
    assert load_settings().admins == {11, 22}
    assert "22" not in repr(load_settings())
    monkeypatch.delenv("ATTRAI_ADMINS")
    (tmp_path / "attrai_admins").write_text("33\n")
    assert Settings(_secrets_dir=tmp_path).admins == {33}
