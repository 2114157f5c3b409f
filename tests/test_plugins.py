"""Plug-ins: whatever is wrong with one, one line names it; the others stay usable."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from attrai.errors import CannotStart, SettingsError
from attrai.job import Failure, Job
from attrai.plugins import Plugins, UnknownPlugin, UnusablePlugin
from attrai.processes.embedded import embedded_redis
from attrai.services import open_channels
from attrai.settings import Settings
from attrai.storage import UnlinkedStore
from tests.packages import make_package

CODE = """
from attrai.errors import CannotStart, SettingsError

class Teapot:
    colour = "white"
    def pour(self, cups):
        return cups

class Chipped:
    colour = "white"

class Colourless:
    def pour(self, cups):
        return cups

def shatters():
    raise RuntimeError("in a thousand\\npieces")

def misread():
    raise SettingsError("TEA_LEAVES: there are none")

def stays_shut():
    raise CannotStart("the lid is stuck")

def absent():
    return None

number = 5
"""


class Pot(Protocol):
    colour: str

    def pour(self, cups: int) -> int: ...


POTS = Plugins("pot", "attrai.pots", Pot)


@pytest.fixture
def pots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages with one good plug-in and many broken ones."""
    names = ("Teapot", "Chipped", "Colourless", "shatters", "misread", "stays_shut", "absent")
    entries = {name.lower(): name for name in (*names, "number", "nothing")}
    entries["elsewhere"] = "no_such_module:Teapot"
    first = make_package(
        tmp_path / "first", "pots_of_a_test", CODE, pots=entries | {"twin": "Teapot"}
    )
    second = make_package(tmp_path / "second", "twins_of_a_test", CODE, pots={"twin": "Teapot"})
    monkeypatch.syspath_prepend(first)
    monkeypatch.syspath_prepend(second)


@pytest.mark.usefixtures("pots")
def test_a_plugin_is_opened() -> None:
    """A registered class is called, and what it returns is the plug-in."""
    assert POTS.open("teapot").pour(3) == 3
    assert "teapot" in POTS.names()


@pytest.mark.usefixtures("pots")
@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("chipped", r"pots_of_a_test:Chipped\) has no `pour`"),
        ("colourless", "has no `colour`"),
        ("shatters", "can't be loaded: RuntimeError: in a thousand pieces"),
        ("absent", "is None when it is opened"),
        ("number", "can't be loaded: TypeError"),
        ("nothing", "can't be loaded: AttributeError"),
        ("elsewhere", "can't be loaded: ModuleNotFoundError"),
        ("twin", "registered more than once: pots_of_a_test:Teapot and twins_of_a_test:Teapot"),
    ],
)
def test_a_broken_plugin(name: str, problem: str) -> None:
    """A plug-in that can't be used is listed, and one line names it and says why."""
    assert name in POTS.names()
    with pytest.raises(UnusablePlugin, match=problem) as caught:
        POTS.open(name)
    assert str(caught.value).startswith(f"pot '{name}' ")
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("pots")
@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("misread", SettingsError, "TEA_LEAVES: there are none"),
        ("stays_shut", CannotStart, "the lid is stuck"),
    ],
)
def test_what_a_plugin_says_itself(name: str, error: type[Exception], said: str) -> None:
    """A plug-in's own word on a setting, or why it can't work, is passed on as it is."""
    with pytest.raises(error) as caught:
        POTS.open(name)
    assert str(caught.value) == said


@pytest.mark.usefixtures("pots")
def test_an_unknown_plugin() -> None:
    """An unknown name is answered with the known ones, in one line."""
    with pytest.raises(UnknownPlugin, match=r"no pot 'kettle'; there are absent, chipped, "):
        POTS.open("kettle")


class Letterbox:
    """A channel."""

    def __init__(self, *opened_with: object) -> None:
        self.opened_with = opened_with

    def fetch(self, job: Job, max_bytes: int) -> bytes:
        return b""

    def deliver(self, job: Job, picture: bytes) -> None: ...

    def send_failure(self, job: Job, failure: Failure) -> None: ...


def not_set_up(*_: object) -> None: ...


def test_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channels are opened with what they need; one that the settings don't set up is left out."""
    entries = {"letterbox": f"{__name__}:Letterbox", "pigeons": f"{__name__}:not_set_up"}
    monkeypatch.syspath_prepend(make_package(tmp_path, "channels_of_a_test", "", channels=entries))
    settings, redis = Settings(), embedded_redis()
    with closing(UnlinkedStore()) as photos:
        channels = open_channels(settings, redis, photos)
    assert list(channels) == ["letterbox"]
    letterbox = channels["letterbox"]
    assert isinstance(letterbox, Letterbox)
    assert letterbox.opened_with == (settings, redis, photos)


@pytest.mark.parametrize("name", ["Letterbox", "letter-box", "letterbox2", "lëtterbox"])
def test_a_channel_with_another_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A channel whose name a job can't have is refused, by its name."""
    entries = {name: f"{__name__}:Letterbox"}
    monkeypatch.syspath_prepend(make_package(tmp_path, "channels_of_a_test", "", channels=entries))
    with (
        closing(UnlinkedStore()) as photos,
        pytest.raises(UnusablePlugin, match=f"channel '{name}': its name"),
    ):
        open_channels(Settings(), embedded_redis(), photos)


def test_telegram_is_loaded_when_it_is_set_up() -> None:
    """A process that opens its channels without a token doesn't load what talks to Telegram."""
    code = (
        "import sys; from attrai.channels import CHANNELS\n"
        "from attrai.services import open_channels; from attrai.settings import Settings\n"
        "assert 'telegram' in CHANNELS.names()\n"
        "assert 'telegram' not in open_channels(Settings(), None, None)\n"
        "print(*{'telebot', 'attrai.telegram'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
