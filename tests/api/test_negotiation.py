"""Which language and which kind of answer a client prefers, and which keys are usable."""

from __future__ import annotations

import pytest

from attrai.api.keys import ApiKeys, keys_in
from attrai.api.problems import accepted_locale
from attrai.api.routes import _prefers_picture
from attrai.errors import NoFace, SettingsError
from attrai.locales import text
from attrai.settings import Settings
from tests.api.conftest import Door


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("de-AT, en;q=0.9", "de"),
        ("xx, fr;q=0.1", "fr"),
        ("en;q=0.5, pl;q=0.6", "pl"),
        ("es;q=0", "en"),
        ("es;q=rubbish", "en"),
        ("*, de;q=0.1", "de"),
        ("zh-Hant-TW", "zh"),
    ],
)
def test_languages(header: str | None, locale: str) -> None:
    """Errors are in the preferred language that there is."""
    assert accepted_locale(header) == locale


@pytest.mark.parametrize(
    ("accept", "picture"),
    [
        ("*/*", True),
        ("image/*", True),
        ("image/jpeg, application/json", True),
        ("application/json", False),
        ("application/json, */*", True),
        ("application/json, */*;q=0.8", False),
        ("image/*;q=0.2, image/jpeg;q=0.9, application/json;q=0.5", True),
        ("*/*, image/jpeg;q=0", False),
    ],
)
def test_kinds(accept: str, *, picture: bool) -> None:
    """The most specific range counts; without a preference the answer is the picture."""
    assert _prefers_picture(accept) is picture


def test_the_language_of_a_photo(door: Door) -> None:
    """A failure is told in the photo's language, unless whoever asks wants another."""
    id_ = door.sent(params={"locale": "it"}, headers={"Accept-Language": "pl"})
    door.process(id_, NoFace().failure())
    for header, locale in ((None, "it"), ("xx", "it"), ("tr", "tr")):
        headers = {"Accept-Language": header} if header else {}
        problem = door.ask("GET", f"/v1/photos/{id_}", headers=headers).json()["problem"]
        assert problem["detail"] == text("no-face", locale)


def test_usable_keys() -> None:
    """Keys are separated by commas or lines, and each is somebody else."""
    one, two = "1" * 16, "2" * 16
    found = keys_in(Settings.model_validate({"api_keys": f" {one},\n{two}\n"}))
    assert found == [one, two]
    keys = ApiKeys(found)
    clients = [keys.client(f"Bearer {key}") for key in found]
    assert None not in clients
    assert len({client.user for client in clients if client}) == 2
    assert not any(key in repr(vars(keys)) for key in found)
    assert keys.client(f"bearer {one}") == clients[0]
    assert keys.client(one) is None
    assert keys_in(Settings()) == []


@pytest.mark.parametrize("key", ["1" * 15, "ключ-ключ-ключ-ключ"])
def test_unusable_keys(key: str) -> None:
    """A key that can be guessed, or can't be sent, is refused without being repeated."""
    with pytest.raises(SettingsError, match="ATTRAI_API_KEYS") as raised:
        keys_in(Settings.model_validate({"api_keys": f"{'1' * 16},{key}"}))
    assert key not in str(raised.value)
