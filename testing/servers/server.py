"""The base class of the private servers, and helpers for ports and processes."""

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
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil

from testing.waiting import PATIENCE_S

HOST = "127.0.0.1"
INSTALL = "apt-get install --no-install-recommends rabbitmq-server redis-server chromium prometheus"
#: Debian's folder of the actual programs. Its wrappers in /usr/sbin run only as user rabbitmq.
RABBITMQ_BIN = "/usr/lib/rabbitmq/bin"


def find_program(name: str) -> str:
    """Return the path of the program `name`.

    Raises:
        FileNotFoundError: it is not installed; the message says how to install it.
    """
    path = os.pathsep.join((RABBITMQ_BIN, os.environ.get("PATH", os.defpath)))
    found = shutil.which(name, path=path)
    if found is None:
        raise FileNotFoundError(f"{name} is not installed: {INSTALL}")
    return found


def reserve_ports(count: int) -> list[socket.socket]:
    """Return `count` sockets, each of which holds a free port until it is closed.

    Connections to the port are refused until a server listens on it. Any server can that sets
    SO_REUSEADDR, as all of ours do; but nobody else who looks for a free port gets this one, also
    while the server is stopped.

    The ports are below the range of ephemeral ports, of which a client could get one as its own.

    Raises:
        OSError: there are too few free ports.
    """
    held: list[socket.socket] = []
    for port in random.sample(range(10_000, 32_768), 1_000):
        holder = socket.socket()
        try:
            holder.bind((HOST, port))
        except OSError:
            holder.close()
            continue
        # Only now: with it, the port of another holder would have passed for a free one.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.append(holder)
        if len(held) == count:
            return held
    for holder in held:
        holder.close()
    raise OSError(f"fewer than {count} free ports")


def port_of(holder: socket.socket) -> int:
    """Return the port that a socket is bound to."""
    port: int = holder.getsockname()[1]
    return port


@contextlib.contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Yield `count` ports that refuse connections unless servers of the caller's listen on them."""
    held = reserve_ports(count)
    try:
        yield [port_of(holder) for holder in held]
    finally:
        for holder in held:
            holder.close()


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a port that refuses connections unless a server of the caller's listens on it."""
    with reserved_ports(1) as (port,):
        yield port


def listening(port: int) -> bool:
    """Return whether something accepts connections on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def is_gone(process: psutil.Process) -> bool:
    """Return whether a process has ended.

    A zombie counts as ended, because a container's process 1 may never reap it.
    """
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_stopped(thread: Path) -> bool:
    """Return whether a thread is stopped by a signal, or has ended."""
    try:
        return (thread / "stat").read_text().rpartition(") ")[2].startswith("T")
    except OSError:
        return True


class Server(ABC):
    """A server program with a private folder, ports and password. Base class of all servers."""

    def __init__(self, name: str, ports: int = 1) -> None:
        """Reserve what the server needs, without starting it.

        Args:
            name: the name of the program.
            ports: how many ports it listens on; the first one is that for its clients.
        """
        self.program = find_program(name)
        self.name = name
        self._held_ports = reserve_ports(ports)
        self.ports = [port_of(holder) for holder in self._held_ports]
        self.port = self.ports[0]
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
        """Return every process of this server: those started here, and their descendants."""
        family: list[psutil.Process] = []
        for started in self._started:
            with contextlib.suppress(psutil.NoSuchProcess):
                parent = psutil.Process(started.pid)
                family += [parent, *parent.children(recursive=True)]
        return family

    def start(self) -> None:
        """Start the server unless it is running, and return once it accepts a login."""
        if self._started and self._started[-1].poll() is None:
            return
        self.kill()  # the remaining processes of a server that crashed
        try:
            self._launch()
            self._wait_until(self._accepts_login)
        except BaseException:
            self.close()
            raise

    def stop(self) -> None:
        """Stop the server cleanly, as an administrator would."""
        family = self.processes()
        if self._started:
            self._started[-1].terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._started[-1].wait(PATIENCE_S)
        self._end(family)

    def kill(self) -> None:
        """Kill the server's processes, as a power cut would. Its data are kept."""
        self._end(self.processes())

    def restart(self) -> None:
        """Stop the server cleanly, and start it with the same ports and data."""
        self.stop()
        self.start()

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Stop the server's process while the context is open, so that it says nothing."""
        server = psutil.Process(self.pid)
        server.suspend()
        try:
            # On a busy machine its threads go on until the first of them gets the signal.
            states = Path("/proc", str(server.pid), "task")
            while any(not _is_stopped(thread) for thread in states.iterdir()):
                time.sleep(0.005)
            yield
        finally:
            server.resume()

    def close(self) -> None:
        """Kill the server's processes, delete its folder, and give its ports back."""
        self.kill()
        for holder in self._held_ports:
            holder.close()
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
                    start_new_session=True,  # Ctrl-C goes to the tests, which then stop the server
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
