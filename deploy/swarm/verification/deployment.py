"""Deploying, scaling and updating the stack as an operator does, and killing its containers."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from verification import images, interruption
from verification.shell import ROOT, SWARM, ProgramFailed, docker, run

STACK = "attrai-verify"
TOKEN = "1000:sandbox"  # noqa: S105 - the sandbox knows no other
#: Where the bots wait for updates, on one of the ports that Telegram knows.
_WEBHOOK = "https://bot:8443/attrai"
ROLES = ("bot", "ingest", "detect", "score", "render", "deliver", "sweep")
SERVERS = ("rabbitmq", "redis")
#: The services to kill, without those that belong to the test itself.
SERVICES = (*ROLES, *SERVERS)
#: The first generation of passwords, and the one that replaces it.
_GENERATION, _NEXT_GENERATION = "verify", "verify-next"


class TookTooLong(TimeoutError):
    """Raised when a condition did not come true in time; the message says which."""


def wait_for(condition: Callable[[], object], what: str, seconds: float) -> float:
    """Wait until `condition` returns true.

    Returns:
        The seconds that it took.

    Raises:
        TookTooLong: `condition` was not true within `seconds`; the message contains `what`.
        Interrupted: a signal was received.
    """
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise TookTooLong(f"after {seconds:.0f} s: {what}")
        interruption.pause(1)
    return time.monotonic() - started


def deploy(folder: Path, port: int, stack: ExitStack, root: Path = ROOT) -> None:
    """Deploy the stack with the sandbox in place of Telegram, until `stack` is closed.

    Args:
        folder: where the settings are written, and in `received/` the received GELF frames.
        port: the port of this machine on which the sandbox is reachable.
        stack: its callbacks remove everything that is created here.
        root: the checkout whose stack is deployed.
    """
    stack.callback(_remove)
    run(root / "deploy/swarm/passwords", _GENERATION)
    docker("secret", "create", f"attrai_telegram_token_{_GENERATION}", "-", stdin=TOKEN)
    received = folder / "received"
    received.mkdir()
    settings = {
        "STACK": STACK,
        "TOKEN": _GENERATION,
        "PASSWORDS": _GENERATION,
        "ATTRAI_IMAGE": images.ATTRAI,
        "SANDBOX_IMAGE": images.ATTRAI,
        "RECEIVER": str(root / "deploy/swarm/verification/receiver.py"),
        "RABBITMQ_IMAGE": images.RABBITMQ,
        "REDIS_IMAGE": images.REDIS,
        "TELEGRAM_API_URL": "http://sandbox:8081",
        "GELF_URL": "tcp://gelf:12201",
        "SANDBOX_PORT": str(port),
        "RECEIVED": str(received),
    }
    env = folder / "env"
    env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    _deploy(root, env)


def can_roll(old: Path) -> bool:
    """Return whether services of the checkout `old` can be replaced one after the other.

    If this checkout has other users, all are removed and created anew, as CHANGELOG.md says.
    """
    return (old / "deploy/swarm/passwords").read_text() == (SWARM / "passwords").read_text()


def upgrade(folder: Path, old: Path) -> None:
    """Deploy this checkout's stack and image over the running ones of the checkout `old`."""
    env = folder / "env"
    _set(env, ATTRAI_IMAGE=images.NEXT)
    if not can_roll(old):
        run(SWARM / "passwords", _NEXT_GENERATION)
        _set(env, PASSWORDS=_NEXT_GENERATION)
        _remove_services(ROLES)
        _remove_services(SERVERS)
    _deploy(ROOT, env)


def offer_passwords(folder: Path) -> None:
    """Make RabbitMQ and Redis accept another generation of passwords too."""
    run(SWARM / "passwords", _NEXT_GENERATION)
    _set(folder / "env", OTHER_PASSWORDS=_NEXT_GENERATION)
    _deploy(ROOT, folder / "env")


def move_to_passwords(folder: Path) -> None:
    """Give the roles the passwords that were offered."""
    _set(folder / "env", PASSWORDS=_NEXT_GENERATION, OTHER_PASSWORDS=_GENERATION)
    _deploy(ROOT, folder / "env")


def withdraw_passwords(folder: Path) -> None:
    """Make RabbitMQ and Redis accept no other passwords any more."""
    _set(folder / "env", OTHER_PASSWORDS="")
    _deploy(ROOT, folder / "env")


def use_webhook(folder: Path) -> None:
    """Have updates sent to two bots instead of being polled by one."""
    certificate = folder / "certificate.pem"
    request = ("req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=bot",
               "-addext", "subjectAltName=DNS:bot", "-keyout", "/dev/stdout")  # fmt: skip
    key_too = docker("run", "--rm", "--entrypoint", "openssl", images.ATTRAI, *request)
    certificate.write_text(key_too)
    _set(folder / "env", WEBHOOK_URL=_WEBHOOK, BOT="2", CERTIFICATE=str(certificate))
    _deploy(ROOT, folder / "env", "-c", "webhook.yml", "-c", "verification/webhook.yml")


def _set(env: Path, **settings: str) -> None:
    """Add settings, the last of which count."""
    with env.open("a") as file:
        file.writelines(f"{name}={value}\n" for name, value in settings.items())


def _deploy(root: Path, env: Path, *options: str) -> None:
    swarm = root / "deploy/swarm"
    more = ("--resolve-image", "never", "-c", swarm / "verification/stack.yml", *options)
    run(swarm / "deploy", *more, env={"ENV_FILE": str(env)})


def _remove() -> None:
    ours = ("--quiet", "--filter", f"label=com.docker.stack.namespace={STACK}")
    # Before RabbitMQ: without it they would wait for it until their grace period ends.
    _remove_services(ROLES)
    docker("stack", "rm", STACK)
    wait_for(lambda: not docker("ps", "--all", *ours), "the containers are still there", 120)
    wait_for(lambda: not docker("network", "ls", *ours), "the networks are still there", 60)
    for volume in docker("volume", "ls", *ours).split():
        docker("volume", "rm", volume)
    generations = (f"_{_GENERATION}", f"_{_NEXT_GENERATION}")
    for name in docker("secret", "ls", "--format", "{{.Name}}").split():
        if name.startswith("attrai_") and name.endswith(generations):
            docker("secret", "rm", name)


def _remove_services(services: Sequence[str]) -> None:
    present = docker("service", "ls", "--format", "{{.Name}}").split()
    if named := {f"{STACK}_{service}" for service in services} & set(present):
        docker("service", "rm", *named)
        wait_for(lambda: not containers(*services), f"{', '.join(services)} still run", 120)


def replicas() -> dict[str, str]:
    """Return the running and the desired replicas of each service, as "1/1"."""
    lines = docker("stack", "services", STACK, "--format", "{{.Name}} {{.Replicas}}").splitlines()
    return {line.split()[0].removeprefix(f"{STACK}_"): line.split()[1] for line in lines if line}


def all_run() -> bool:
    """Return whether all replicas of every service are healthy."""
    return all(
        running.split("/")[0] == running.split("/")[1] != "0" for running in replicas().values()
    )


def tasks() -> list[str]:
    """Return a line for each task with its state and error; no lines if there is no stack."""
    form = "{{.Name}} {{.CurrentState}} {{.Error}}"
    try:
        return docker("stack", "ps", "--no-trunc", "--format", form, STACK).splitlines()
    except ProgramFailed:
        return []


def scale(service: str, number: int) -> None:
    """Start scaling a service to `number` replicas."""
    docker("service", "scale", "--detach", f"{STACK}_{service}={number}")


def update(service: str, image: str) -> None:
    """Start a rolling update of a service to `image`."""
    docker("service", "update", "--detach", "--no-resolve-image", "--image", image,
           f"{STACK}_{service}")  # fmt: skip


def update_states(services: Iterable[str]) -> dict[str, str]:
    """Return the state of each service's last update, such as "completed", or "none"."""
    found = json.loads(docker("service", "inspect", *(f"{STACK}_{name}" for name in services)))
    return {
        service["Spec"]["Name"].removeprefix(f"{STACK}_"): str(
            (service.get("UpdateStatus") or {}).get("State", "none")
        )
        for service in found
    }


def replaced(services: Collection[str], old: Collection[str]) -> bool:
    """Return whether all services are healthy without any of the containers `old` of `services`.

    That is before an update is completed: the engine watches new tasks for half a minute more.
    """
    return not set(old) & set(containers(*services)) and all_run()


def containers(*services: str, ended: bool = False) -> dict[str, str]:
    """Return the service of each running container of `services`, by container id.

    With `ended`, exited containers are included.
    """
    form = '{{.ID}} {{.Label "com.docker.swarm.service.name"}}'
    # Without containers that are created but not running yet, which have no logs to follow.
    states = ("running", "exited") if ended else ("running",)
    options = ["--all", *(part for state in states for part in ("--filter", f"status={state}"))]
    lines = docker("ps", "--no-trunc", *options, "--format", form).splitlines()
    named = {f"{STACK}_{service}": service for service in services}
    return {line.split()[0]: named[line.split()[1]] for line in lines if line.split()[-1] in named}


class Killer(threading.Thread):
    """A thread that kills a random container of the stack every `pause` seconds."""

    def __init__(self, times: int, pause: float, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self._times, self._pause, self._rng = times, pause, rng
        self._ended = threading.Event()
        #: The Unix time at which each container was killed, by container id.
        self.killed: dict[str, float] = {}
        self.services: list[str] = []
        #: Services that are not killed for now.
        self.spared: set[str] = set()

    def run(self) -> None:
        """Kill containers until `times` have been killed or the thread is stopped."""
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
            except ProgramFailed:  # the container has just ended
                continue
            self.killed[victim] = now
            self.services.append(alive[victim])

    def stop(self) -> None:
        """Stop killing, and wait for the thread to end."""
        self._ended.set()
        self.join()
