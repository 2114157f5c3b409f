"""Forwards the logs of RabbitMQ and Redis, which write them to files, to Graylog.

The files are its buffer: it reads on only when a record was sent, and notes beside them how far it
is. Neither an outage of Graylog nor a restart loses what is in them, but it may repeat the last
records.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict

from attrai.errors import SettingsError
from attrai.health import Heartbeat
from attrai.lifecycle.shutdown import Shutdown
from attrai.logs import GelfAddress
from attrai.logs.console import rendering
from attrai.logs.foreign import parse_line
from attrai.logs.graylog import DELAYS, Graylog
from attrai.logs.tail import Position, Tail
from attrai.settings import LogFormat, Settings
from attrai.storage.atomic import write_atomically

log = structlog.get_logger(__name__)

#: Seconds between looks at the files.
_POLL_SECONDS = 1.0
#: A file that is larger, in bytes, is renamed. RabbitMQ rotates its own earlier.
_ROTATE_ABOVE = 4_000_000
#: The file in the folder that says how far the others have been forwarded.
_POSITIONS = "positions.json"


def run(settings: Settings, folder: Path, shutdown: Shutdown) -> None:
    """Forward the logs in a folder until the shutdown, and print them.

    Raises:
        SettingsError: there is no Graylog.
    """
    if not settings.gelf_url:
        raise SettingsError("ATTRAI_GELF_URL is not set: there is nothing to forward logs to")
    shutdown.set_grace_period()
    address = GelfAddress.parse(settings.gelf_url)
    Forwarder(folder, address, shutdown, _printer(settings.log_format)).run()


def _printer(log_format: LogFormat) -> Callable[[EventDict], None]:
    """Return a function that prints a record, as the engine shows no log that is in a file."""
    processors = rendering(log_format, sys.stdout)

    def show(event: EventDict) -> None:
        line: Any = dict(event)
        for processor in processors:
            line = processor(None, "", line)
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    return show


class Forwarder:
    """Forwards the lines of all files *.log in a folder, each named by its service."""

    def __init__(
        self,
        folder: Path,
        address: GelfAddress,
        shutdown: Shutdown,
        on_record: Callable[[EventDict], None],
    ) -> None:
        """Continue where an earlier forwarder of the folder ended.

        Args:
            folder: where the files are, or will be.
            address: Graylog's.
            shutdown: ends `run`.
            on_record: called with each record that was sent.
        """
        self._folder = folder
        self._graylog = Graylog(address)
        self._shutdown = shutdown
        self._on_record = on_record
        self._heartbeat = Heartbeat()
        self._noted = _read_positions(folder / _POSITIONS)
        self._tails: dict[str, Tail] = {}
        self._unreadable: set[str] = set()

    def run(self) -> None:
        """Forward until the shutdown."""
        while not self._shutdown.wait(_POLL_SECONDS):
            self._heartbeat.touch()
            self.forward()
        for tail in self._tails.values():
            tail.close()
        self._graylog.disconnect()
        self._heartbeat.remove()

    def forward(self) -> None:
        """Forward what is in the files now."""
        for path in sorted(self._folder.glob("*.log")):
            if path.name not in self._tails:
                self._tails[path.name] = Tail(path, self._noted.get(path.name))
        for name, tail in self._tails.items():
            try:
                if name not in self._noted:
                    self._note(name, tail)
                while (lines := tail.read()) and self._send(lines, name.removesuffix(".log")):
                    self._note(name, tail)
                tail.rotate(_ROTATE_ABOVE)
            except OSError as error:
                if name not in self._unreadable:
                    log.warning("a log can't be forwarded", file=name, reason=str(error))
                    self._unreadable.add(name)
            else:
                self._unreadable.discard(name)

    def _send(self, lines: list[str], service: str) -> bool:
        """Send the records in the lines; return False if a shutdown was requested first."""
        for line in lines:
            event = parse_line(line, service)
            if not self._deliver(self._graylog.makePickle(event)):
                return False
            self._on_record(event)
        return True

    def _deliver(self, frame: bytes) -> bool:
        """Retry until the frame is sent; return False if a shutdown is requested first."""
        first, longest = DELAYS
        delay = first
        while not self._shutdown.requested:
            self._heartbeat.touch()
            try:
                self._graylog.send(frame)
            except OSError as error:
                self._graylog.disconnect()
                if delay == first:
                    log.warning("Graylog is unreachable", reason=str(error))
                self._shutdown.wait(delay)
                delay = min(2 * delay, longest)
            else:
                return True
        return False

    def _note(self, name: str, tail: Tail) -> None:
        """Write down how far the file has been forwarded.

        Raises:
            OSError: it can't be written.
        """
        if (position := tail.position) is not None:
            self._noted[name] = position
            write_atomically(self._folder / _POSITIONS, json.dumps(self._noted).encode())


def _read_positions(file: Path) -> dict[str, Position]:
    try:
        noted = json.loads(file.read_bytes())
        return {name: Position(*map(int, position)) for name, position in noted.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        log.warning("the logs are forwarded from their start", reason=str(error))
        return {}
