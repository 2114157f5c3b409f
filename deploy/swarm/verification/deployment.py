"""The stack as an operator deploys it, scales it and updates it; and what kills its containers."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from verification import images, interruption
from verification.shell import SWARM, ProgramFailed, docker, run

STACK = "attrai-verify"
TOKEN = "1000:sandbox"  # noqa: S105 - the sandbox knows no other
ROLES = ("bot", "ingest", "detect", "score", "render", "deliver", "sweep")
#: What is killed; not what the test itself consists of.
SERVICES = (*ROLES, "rabbitmq", "redis")
_SECRETS = ("telegram_token", "broker_url", "redis_url", "rabbitmq_definitions", "redis_password")
_GENERATION = "verify"


class TookTooLong(TimeoutError):
    """A condition did not come true in time; the message says which."""


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> float:
    """Returns once the condition holds.

    Returns:
        The seconds that it took.

    Raises:
        TookTooLong: it did not within `seconds`.
        Interrupted: a signal came.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise TookTooLong(f"after {seconds:.0f} s: {what}")
        interruption.pause(0.5)
    return time.monotonic() - started


def deploy(folder: Path, port: int, stack: ExitStack) -> None:
    """Deploys the stack with the sandbox as Telegram; it is gone when `stack` is closed.

    Args:
        folder: gets the settings, and `received/` what a receiver of GELF gets.
        port: where the sandbox is reached from this machine.
        stack: gets what removes it all.
    """
    stack.callback(_remove)
    run(SWARM / "passwords", _GENERATION)
    docker("secret", "create", f"attrai_telegram_token_{_GENERATION}", "-", stdin=TOKEN)
    received = folder / "received"
    received.mkdir()
    settings = {
        "STACK": STACK,
        "TOKEN": _GENERATION,
        "PASSWORDS": _GENERATION,
        "ATTRAI_IMAGE": images.ATTRAI,
        "RABBITMQ_IMAGE": images.RABBITMQ,
        "REDIS_IMAGE": images.REDIS,
        "TELEGRAM_API_URL": "http://sandbox:8081",
        "GELF_URL": "tcp://gelf:12201",
        "SANDBOX_PORT": str(port),
        "RECEIVED": str(received),
    }
    env = folder / "env"
    env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    more = ("--resolve-image", "never", "-c", SWARM / "verification/stack.yml")
    run(SWARM / "deploy", *more, env={"ENV_FILE": str(env)})


def _remove() -> None:
    ours = ("--quiet", "--filter", f"label=com.docker.stack.namespace={STACK}")
    present = docker("service", "ls", "--format", "{{.Name}}").split()
    # Before RabbitMQ, for which they would wait to the end of their grace.
    if roles := {f"{STACK}_{role}" for role in ROLES} & set(present):
        docker("service", "rm", *roles)
        wait_for(lambda: not containers(*ROLES), "the workers still run", 120)
    docker("stack", "rm", STACK)
    wait_for(lambda: not docker("ps", "--all", *ours), "the containers are still there", 120)
    wait_for(lambda: not docker("network", "ls", *ours), "the networks are still there", 60)
    for volume in docker("volume", "ls", *ours).split():
        docker("volume", "rm", volume)
    present = docker("secret", "ls", "--format", "{{.Name}}").split()
    for name in {f"attrai_{secret}_{_GENERATION}" for secret in _SECRETS} & set(present):
        docker("secret", "rm", name)


def replicas() -> dict[str, str]:
    """How many replicas of each service run and shall run, as "1/1"."""
    lines = docker("stack", "services", STACK, "--format", "{{.Name}} {{.Replicas}}").splitlines()
    return {line.split()[0].removeprefix(f"{STACK}_"): line.split()[1] for line in lines if line}


def all_run() -> bool:
    """Whether every service has all its replicas, healthy."""
    return all(
        running.split("/")[0] == running.split("/")[1] != "0" for running in replicas().values()
    )


def tasks() -> list[str]:
    """A line for each task, if there are any: its state, and what went wrong with it."""
    form = "{{.Name}} {{.CurrentState}} {{.Error}}"
    try:
        return docker("stack", "ps", "--no-trunc", "--format", form, STACK).splitlines()
    except ProgramFailed:
        return []


def scale(service: str, number: int) -> None:
    """Begins to scale a service."""
    docker("service", "scale", "--detach", f"{STACK}_{service}={number}")


def update(service: str, image: str) -> None:
    """Begins a rolling update of a service."""
    docker("service", "update", "--detach", "--no-resolve-image", "--image", image,
           f"{STACK}_{service}")  # fmt: skip


def update_state(service: str) -> str:
    """Where the last update of a service is, such as "completed"."""
    status = json.loads(docker("service", "inspect", f"{STACK}_{service}"))[0].get("UpdateStatus")
    return str((status or {}).get("State", "none"))


def containers(*services: str, ended: bool = False) -> dict[str, str]:
    """The containers of services that run, or also those that ended: their ids and services."""
    form = '{{.ID}} {{.Label "com.docker.swarm.service.name"}}'
    # Not those that are created and do not run yet: they have no logs to follow.
    states = ("running", "exited") if ended else ("running",)
    options = ["--all", *(part for state in states for part in ("--filter", f"status={state}"))]
    lines = docker("ps", "--no-trunc", *options, "--format", form).splitlines()
    named = {f"{STACK}_{service}": service for service in services}
    return {line.split()[0]: named[line.split()[1]] for line in lines if line.split()[-1] in named}


class Killer(threading.Thread):
    """Kills a random container of the stack every few seconds."""

    def __init__(self, times: int, pause: float, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self._times, self._pause, self._rng = times, pause, rng
        self._ended = threading.Event()
        #: The ids of what was killed, and the Unix time at which each was.
        self.killed: dict[str, float] = {}
        self.services: list[str] = []
        #: Services that are left alone for now.
        self.spared: set[str] = set()

    def run(self) -> None:
        """Kill as often as it shall."""
        with suppress(interruption.Interrupted):
            self._kill()

    def _kill(self) -> None:
        while len(self.killed) < self._times and not self._ended.wait(self._pause):
            alive = containers(*(set(SERVICES) - self.spared))
            if not alive:
                continue
            victim = self._rng.choice(sorted(alive))
            now = time.time()
            try:
                docker("kill", victim)
            except ProgramFailed:  # it ended by itself just now
                continue
            self.killed[victim] = now
            self.services.append(alive[victim])

    def stop(self) -> None:
        """Ends it, however often it killed."""
        self._ended.set()
        self.join()
