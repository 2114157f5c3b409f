"""The Docker engine: one that is already running, or one started for the test."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from verification import interruption
from verification.shell import ProgramFailed, docker, run

_START_SECONDS, _STOP_SECONDS = 60, 60
_LABEL = "attrai"


class NoEngine(Exception):
    """Raised when no Docker engine is running and none can be started; the message says why."""


def use_engine(folder: Path, stack: ExitStack) -> None:
    """Make sure that `docker` reaches an engine in swarm mode until `stack` is closed.

    Args:
        folder: where an engine started here keeps its data.
        stack: its callbacks undo everything that is changed here.

    Raises:
        NoEngine: no engine is running and none can be started.
    """
    if not shutil.which("docker"):
        raise NoEngine("there is no program docker")
    if not _answers():
        _start(folder, stack)
    if docker("info", "--format", "{{.Swarm.LocalNodeState}}") == "inactive":
        addresses = ("--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
        docker("swarm", "init", *addresses)
        stack.callback(docker, "swarm", "leave", "--force")
    node = docker("info", "--format", "{{.Swarm.NodeID}}")
    if f"{_LABEL}:" not in docker("node", "inspect", "--format", "{{.Spec.Labels}}", node):
        docker("node", "update", "--label-add", f"{_LABEL}=true", node)
        stack.callback(docker, "node", "update", "--label-rm", _LABEL, node)


def _answers() -> bool:
    with suppress(ProgramFailed):
        return bool(docker("info", "--format", "{{.ServerVersion}}"))
    return False


def _start(folder: Path, stack: ExitStack) -> None:
    if os.geteuid() or not shutil.which("dockerd"):
        raise NoEngine("no Docker engine answers, and only root with dockerd can start one")
    _undo_network(stack)
    log = folder / "dockerd.log"
    socket = f"unix://{folder}/docker.sock"
    arguments = [f"--data-root={folder}/data", f"--exec-root={folder}/exec"]
    arguments += [f"--pidfile={folder}/dockerd.pid", f"--host={socket}"]
    with log.open("w") as output:
        engine = subprocess.Popen(  # noqa: S603 - the installed engine
            ["dockerd", *arguments],  # noqa: S607 - shutil.which has found it
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C goes to the test alone: the engine must end last
        )
    stack.callback(_stop, engine)
    os.environ["DOCKER_HOST"] = socket
    deadline = time.monotonic() + _START_SECONDS
    while not _answers():
        if engine.poll() is not None or time.monotonic() > deadline:
            raise NoEngine(f"dockerd does not start: {log.read_text()[-500:]}")
        interruption.pause(0.2)


def _stop(engine: subprocess.Popen[bytes]) -> None:
    engine.send_signal(signal.SIGTERM)
    try:
        engine.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()
    del os.environ["DOCKER_HOST"]


def _undo_network(stack: ExitStack) -> None:
    """Restore the network settings that an engine leaves behind, when `stack` is closed."""
    links = set(_links())
    rules = run("iptables-save")
    forwarding = Path("/proc/sys/net/ipv4/ip_forward")
    forwards = forwarding.read_text()

    def undo() -> None:
        for link in {"docker0", "docker_gwbridge"} & (set(_links()) - links):
            run("ip", "link", "delete", link)
        run("iptables-restore", stdin=rules)
        forwarding.write_text(forwards)

    stack.callback(undo)


def _links() -> list[str]:
    return [link.name for link in Path("/sys/class/net").iterdir()]
