"""A server program that tests start for themselves: what RabbitMQ and Redis share."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psutil

HOST = "127.0.0.1"
INSTALL = "apt-get install --no-install-recommends rabbitmq-server redis-server chromium prometheus"
#: RabbitMQ takes 4 to 6 s on two cores; much more means that the machine is stuck.
PATIENCE_S = 90.0
#: Where Debian keeps what its wrapper in /usr/sbin runs as the user rabbitmq only.
RABBITMQ_BIN = "/usr/lib/rabbitmq/bin"


def find_program(name: str) -> str:
    """The path of the program `name`, or an error that says how to install it."""
    path = os.pathsep.join((RABBITMQ_BIN, os.environ.get("PATH", os.defpath)))
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: {INSTALL}")
    return found


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens.

    They lie below those that the system gives to outgoing connections: a client that calls a
    stopped server again and again would else take its port one day, and talk to itself.
    """
    ports: list[int] = []
    for port in random.sample(range(10_000, 32_768), 1_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise OSError(f"fewer than {count} free ports")


def listening(port: int) -> bool:
    """Whether someone accepts connections on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def is_gone(process: psutil.Process) -> bool:
    """Whether a process has ended; a zombie has, and a container's process 1 may never bury it."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Server(ABC):
    """A server program with a folder of its own; the base of both."""

    def __init__(self, name: str, port: int) -> None:
        self.program = find_program(name)
        self.name = name
        self.port = port
        self.password = secrets.token_hex(16)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{name}-"))
        self._started: list[subprocess.Popen[bytes]] = []  # the server itself is the last
        atexit.register(self.close)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        return self._started[-1].pid

    def processes(self) -> list[psutil.Process]:
        """Every process of this server: those started here, and their children."""
        family: list[psutil.Process] = []
        for started in self._started:
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = psutil.Process(started.pid)
                family += [parent, *parent.children(recursive=True)]
        return family

    def start(self) -> None:
        """Start, unless it runs, and return when it accepts a login."""
        if self._started and self._started[-1].poll() is None:
            return
        self.kill()  # what is left of a server that died by itself
        try:
            self._launch()
            self._wait_until(self._accepts_login)
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """End it as an administrator would."""
        family = self.processes()
        if self._started:
            self._started[-1].terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started[-1].wait(PATIENCE_S)
        self._end(family)

    def kill(self) -> None:
        """End it as a power cut would; its data stay."""
        self._end(self.processes())

    def restart(self) -> None:
        """Stop and start, with the same ports and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Leave nothing behind: neither a process nor the folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    @abstractmethod
    def _launch(self) -> None: ...

    @abstractmethod
    def _accepts_login(self) -> bool: ...

    def _run(self, command: Sequence[str | Path], env: dict[str, str] | None = None) -> None:
        with (self.folder / "output").open("ab") as output:
            self._started.append(
                subprocess.Popen(
                    command,
                    cwd=self.folder,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,  # Ctrl-C is for the tests, which then end it
                )
            )

    def _wait_until(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not ready():
            if self._started[-1].poll() is not None or time.monotonic() > deadline:
                logs = [self.folder / "output", *self.folder.glob("log/*.log")]
                tails = [log.read_text(errors="replace")[-2_000:] for log in logs]
                raise RuntimeError("\n".join([f"{self.name} did not start", *tails]))
            time.sleep(0.02)

    def _end(self, family: list[psutil.Process]) -> None:
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for started in self._started:
            started.wait()
        self._started.clear()
        while not all(map(is_gone, family)):
            time.sleep(0.005)
