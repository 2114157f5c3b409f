"""Running compose.yml, and the bot alone, as an operator of one machine does."""

from __future__ import annotations

import os
import secrets
import signal
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from verification import deployment, images
from verification.deployment import TOKEN
from verification.engine import NoEngine
from verification.inspection import OUTSIDE
from verification.shell import ROOT, SWARM, ProgramFailed, docker, inspect, run

_SERVICES = {*deployment.SERVICES, "api"}
_PROJECT = "attrai-verify-compose"
_ALONE, _SANDBOX = "attrai-verify-embedded", "attrai-verify-sandbox"
_LABEL = "com.docker.compose"
_MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade"
_API_KEY = secrets.token_hex(16)
_JPEG = b"\xff\xd8\xff"
_ENDED_BY_SIGTERM = 128 + signal.SIGTERM
#: How README.md runs the whole service in one container.
EMBEDDED = "--read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges"


def compose_program() -> tuple[str, ...]:
    """Return how Docker Compose is called here: version 2 of it, or the older program.

    Raises:
        NoEngine: it is not installed.
    """
    for program in (("docker", "compose"), ("docker-compose",)):
        with suppress(ProgramFailed, FileNotFoundError):
            run(*program, "version")
            return program
    raise NoEngine("there is no docker compose")


class Composition:
    """The services of compose.yml, with the sandbox in place of Telegram."""

    def __init__(self, folder: Path, sandbox_port: int, api_port: int) -> None:
        """Prepare to run them.

        Args:
            folder: where the settings are written.
            sandbox_port: the port of this machine on which the sandbox is to be reachable.
            api_port: the port of this machine on which the HTTP interface is to be reachable.
        """
        self._program = compose_program()
        self._api_port = api_port
        self._env = folder / "compose.env"
        settings = {
            "COMPOSE_PROJECT_NAME": _PROJECT,
            "ATTRAI_TELEGRAM_TOKEN": TOKEN,
            "ATTRAI_TELEGRAM_API_URL": "http://sandbox:8081",
            "ATTRAI_IMAGE": images.NEXT,
            "RABBITMQ_IMAGE": images.RABBITMQ,
            "REDIS_IMAGE": images.REDIS,
            "SANDBOX_PORT": str(sandbox_port),
            "COMPOSE_PROFILES": "api",
            "ATTRAI_API_KEYS": _API_KEY,
            "API_PORT": str(api_port),
        }
        self._env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def up(self) -> None:
        """Start what does not run."""
        self._compose("up", "--detach", "--no-build")

    def restart(self, *services: str) -> None:
        """Stop services, and start them again."""
        self._compose("restart", *services)

    def down(self) -> None:
        """Remove the services and all their data."""
        self._compose("down", "--volumes")

    def _compose(self, *arguments: str) -> None:
        files = (ROOT / "deploy/compose.yml", SWARM / "verification/compose.yml")
        options = [part for file in files for part in ("--file", file)]
        # The older program is written in Python too.
        run(*self._program, *options, "--env-file", self._env, *arguments, env={"PYTHONPATH": ""})

    def healthy(self) -> bool:
        """Return whether every service is healthy."""
        form = f'{{{{.Label "{_LABEL}.service"}}}} {{{{.Status}}}}'
        states = docker("ps", *_OURS, "--format", form).splitlines()
        return {state.split()[0] for state in states if "(healthy)" in state} == _SERVICES

    def running(self) -> dict[str, str]:
        """Return the service of each running container, by container id."""
        form = f'{{{{.ID}}}} {{{{.Label "{_LABEL}.service"}}}}'
        lines = docker("ps", "--no-trunc", *_OURS, "--format", form).splitlines()
        return {line.split()[0]: line.split()[1] for line in lines if line.split()[1] in _SERVICES}

    def crash(self, service: str) -> None:
        """Kill a service's process: the engine restarts no container that it was told to kill."""
        (container,) = (name for name, of in self.running().items() if of == service)
        os.kill(inspect(container)[0]["State"]["Pid"], signal.SIGKILL)

    def rate(self, photo: bytes) -> list[str]:
        """Send a photo over HTTP; return a line if its picture doesn't come back."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._api_port}/v1/photos?wait=60",
            photo,
            {"Content-Type": "image/jpeg", "Authorization": f"Bearer {_API_KEY}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:  # noqa: S310 - as above
                content = answer.read()
        except OSError as error:
            return [str(error)]
        return [] if content.startswith(_JPEG) else [repr(content[:200])]

    def left(self) -> list[str]:
        """Return a line for each container, volume and network that there is of the project."""
        kinds = (("container", "--all"), ("volume",), ("network",))
        return [
            f"{kind} {name}"
            for kind, *options in kinds
            for name in docker(kind, "ls", *options, "--quiet", *_OURS).split()
        ]


_OURS = ("--filter", f"label={_LABEL}.project={_PROJECT}")


def limits_of_containers(running: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return the limits with which containers were made, by service: cores, bytes, processes."""
    asked = {}
    for container in inspect(*running):
        limits = container["HostConfig"]
        asked[running[container["Id"]]] = {
            "cores": limits["NanoCpus"] / 1e9,
            "memory": limits["Memory"],
            "processes": limits["PidsLimit"],
        }
    return asked


def wrong_networks(running: Mapping[str, str]) -> list[str]:
    """Return a line for each container that is wrongly on a network with, or without, a way out.

    The engine lets nothing out of internal networks, though some of its versions give a default
    route to containers there. What leaves one without masquerading gets no answer.
    """
    problems = []
    for container in inspect(*running):
        service = running[container["Id"]]
        attached = container["NetworkSettings"]["Networks"].values()
        networks = inspect(*(network["NetworkID"] for network in attached))
        goes_out = any(
            not network["Internal"] and network["Options"].get(_MASQUERADE) != "false"
            for network in networks
        )
        if goes_out != (service in OUTSIDE):
            problems.append(f"{service} is on {[network['Name'] for network in networks]}")
    return problems


def run_embedded(port: int, stack: ExitStack) -> None:
    """Run the bot with all stages in one container until `stack` is closed.

    Args:
        port: the port of this machine on which the sandbox is reachable.
        stack: its callbacks remove both containers.
    """
    stack.callback(docker, "rm", "--force", "--volumes", _SANDBOX)
    anywhere = "0.0.0.0"  # noqa: S104 - in its container
    docker("run", "--detach", "--name", _SANDBOX, "--publish", f"127.0.0.1:{port}:8081",
           images.NEXT, "sandbox", "--host", anywhere, "--port", "8081")  # fmt: skip
    stack.callback(docker, "rm", "--force", "--volumes", _ALONE)
    settings = {"TOKEN": TOKEN, "API_URL": "http://127.0.0.1:8081"}
    variables = (f"--env=ATTRAI_TELEGRAM_{name}={value}" for name, value in settings.items())
    docker("run", "--detach", "--name", _ALONE, "--network", f"container:{_SANDBOX}", *variables,
           *EMBEDDED.split(), images.NEXT, "bot", "--embedded")  # fmt: skip


def stop_embedded() -> list[str]:
    """Tell the bot that runs alone to stop; return a line if it ended in another way."""
    docker("stop", "-t", "75", _ALONE)
    status = inspect(_ALONE)[0]["State"]["ExitCode"]
    return [] if status == _ENDED_BY_SIGTERM else [f"exit status {status}"]
