"""The commands to which `bench.signals` sends signals, and how to see that each is working."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from telegram_sandbox import Sandbox, running
from testing.faults import ROOT
from testing.servers import RabbitServer, RedisServer
from tests.telegram.served import TOKEN

ASTRONAUT = ROOT / "examples/astronaut.jpg"
#: Commands that need no RabbitMQ and no Redis.
WITHOUT_SERVERS = {
    *("rate", "poller", "bot --embedded", "sandbox", "sandbox --bot", "train", "evaluate")
}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Command:
    """Command line to test, and how to recognise that it is working."""

    arguments: list[str]
    #: Returns whether the command is working, given the trial's folder, the process and its output.
    #: For a command that finishes on its own: whether it has ended.
    is_ready: Callable[[Path, subprocess.Popen[str], str], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    signals: tuple[signal.Signals, ...] = SIGNALS
    #: Called with the folder of each trial before it starts.
    prepare: Callable[[Path], None] = lambda _: None
    #: Number of signals, unless set on the command line.
    count: int = 20


def _says(text: str) -> Callable[[Path, subprocess.Popen[str], str], bool]:
    return lambda _folder, _process, output: text in output


def _beats(folder: Path, _process: subprocess.Popen[str], _output: str) -> bool:
    return any((folder / "temporary").glob("attrai-health-*/*"))


def _has_ended(_folder: Path, process: subprocess.Popen[str], _output: str) -> bool:
    return process.poll() is not None


def _photos(folder: Path, count: int) -> None:
    (folder / "photos").mkdir()
    for number in range(count):
        (folder / "photos" / f"{number}.jpg").symlink_to(ASTRONAUT)


def _labelled(folder: Path) -> None:
    """Write labelled photos for training; the ratings are meaningless."""
    _photos(folder, 60)
    rows = [f"{number}.jpg,{3 + number / 20}" for number in range(60)]
    (folder / "photos/labels.csv").write_text("\n".join(["file,score", *rows]))


def start_servers(stack: ExitStack) -> dict[str, str]:
    """Start the servers that workers need, and return the settings that point to them."""
    return {
        "ATTRAI_BROKER_URL": stack.enter_context(RabbitServer()).url,
        "ATTRAI_REDIS_URL": stack.enter_context(RedisServer()).url,
        "ATTRAI_PHOTOS_URL": f"file://{stack.enter_context(tempfile.TemporaryDirectory())}",
    }


def commands(stack: ExitStack, servers: Mapping[str, str]) -> dict[str, Command]:
    """Return the commands, which use these servers and a sandbox.

    The sandbox runs until the stack is closed.
    """
    sandbox = Sandbox(TOKEN)
    url = stack.enter_context(running(sandbox))
    telegram = {"ATTRAI_TELEGRAM_API_URL": url, "ATTRAI_TELEGRAM_TOKEN": sandbox.token}
    rate = ["attrai", "rate", "{folder}/photos", "-o", "{folder}/out", "--json"]
    data = ["--data", "{folder}/photos"]
    train = ["attrai", "train", *data, "--out", "{folder}/w.safetensors", "--cache", "{folder}/c"]
    photos = sandbox.user(1)
    photos.send_text("/help")

    def ask(_: Path) -> None:
        photos.send_text("/help")

    return {
        "rate": Command(
            rate,
            _has_ended,
            signals=(*SIGNALS, signal.SIGKILL),
            prepare=lambda folder: _photos(folder, 20),
            count=200,
        ),
        "poller": Command(["bench.signals_poller", url], _says("polling"), prepare=ask, count=300),
        "bot": Command(["attrai", "bot"], _says("Listening"), {**telegram, **servers}, prepare=ask),
        "bot --embedded": Command(
            ["attrai", "bot", "--embedded"], _says("Listening"), telegram, prepare=ask
        ),
        "sandbox": Command(["attrai", "sandbox", "--port", "0"], _says("Open")),
        "sandbox --bot": Command(["attrai", "sandbox", "--port", "0", "--bot"], _says("Listening")),
        "worker": Command(["attrai", "worker", "render"], _beats, servers),
        "sweep": Command(["attrai", "sweep"], _beats, servers),
        "train": Command(train, _says("Learning: 1"), prepare=_labelled),
        "evaluate": Command(["attrai", "evaluate", *data], _has_ended, prepare=_labelled),
        "status --watch": Command(["attrai", "status", "--watch", "--json"], _says("{"), servers),
    }
