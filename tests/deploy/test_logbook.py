"""How the acceptance test compares logged records with received ones."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.stacks import SWARM

CONTAINER = "0123456789abcdef"
#: Unix time of the first record, in seconds.
START = 1_700_000_000


@pytest.fixture(name="logbook")
def logbook_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module `logbook`, which is not part of an installed package."""
    monkeypatch.syspath_prepend(SWARM)
    from verification import logbook  # noqa: PLC0415 - after syspath_prepend

    return logbook


@pytest.fixture(name="log")
def written_log(tmp_path: Path) -> Path:
    """Return a folder with the log of a container: three records, one second apart."""
    log = tmp_path / "logs"
    log.mkdir()
    events = [
        {"timestamp": f"2023-11-14T22:13:{20 + second}Z", "event": f"record {second}"}
        for second in range(3)
    ]
    lines = ["not one of ours", *map(json.dumps, events)]
    (log / CONTAINER).write_text("\n".join(lines) + "\n")
    return log


def frames(tmp_path: Path, *numbers: int) -> Path:
    """Write the receiver's file with some of the three records, and return its path."""
    file = tmp_path / "frames"
    messages = [
        {
            "version": "1.1",
            "host": CONTAINER[:12],
            "short_message": f"record {number}",
            "timestamp": float(START + number),
            "level": 6,
        }
        for number in numbers
    ]
    file.write_bytes(b"".join(json.dumps(message).encode() + b"\0" for message in messages))
    return file


@pytest.mark.parametrize(
    ("came", "killed_after", "missing"),
    [
        ((0, 1, 2), None, ([], [])),
        ((0, 2), None, (["record 1"], [])),
        ((0, 1), 2.5, ([], ["record 2"])),
        ((0, 2), 2.5, (["record 1"], [])),
    ],
)
def test_missing(
    logbook: ModuleType,
    log: Path,
    tmp_path: Path,
    came: tuple[int, ...],
    killed_after: float | None,
    missing: tuple[list[str], list[str]],
) -> None:
    """A record that did not arrive is lost, unless its container was killed right after it."""
    killed = {} if killed_after is None else {CONTAINER: START + killed_after}
    received = logbook.arrived(frames(tmp_path, *came))
    found = logbook.missing(logbook.Followers(log), received, killed)
    assert found.total == 3
    assert ([line.text for line in found.lost], [line.text for line in found.excused]) == missing


def test_invalid(logbook: ModuleType, tmp_path: Path) -> None:
    """A frame that is not a GELF message is reported."""
    file = tmp_path / "frames"
    file.write_bytes(b'{"version": "1.0"}\0')
    assert len(logbook.arrived(file).invalid) == 1
