"""Checks of the running containers against the state of the kernel and the engine."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from verification.deployment import ROLES, SERVICES, STACK, TOKEN, containers
from verification.shell import docker, inspect, run

#: The services that need access to the internet.
OUTSIDE = {"bot", "ingest", "deliver"}
_CGROUPS = Path("/sys/fs/cgroup")


def limits_of_services() -> dict[str, dict[str, float]]:
    """Return the limits of each service of the stack: cores, bytes, processes."""
    asked = {}
    for service in SERVICES:
        spec = json.loads(docker("service", "inspect", f"{STACK}_{service}"))[0]["Spec"]
        limits = spec["TaskTemplate"]["Resources"]["Limits"]
        asked[service] = {
            "cores": limits["NanoCPUs"] / 1e9,
            "memory": limits["MemoryBytes"],
            "processes": limits["Pids"],
        }
    return asked


def limits_not_in_force(
    running: Mapping[str, str], asked: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Return a line for each container whose cgroup doesn't have the limits of its service.

    Args:
        running: the service of each container, by container id.
        asked: the limits of each service.
    """
    problems = []
    for container, pid, service in _processes_one(running):
        try:
            found = _limits(pid)
        except FileNotFoundError:
            continue  # it has ended meanwhile
        if found != asked[service]:
            problems.append(f"{service} {container[:12]}: {found} instead of {asked[service]}")
    return problems


def _limits(pid: int) -> dict[str, float]:
    """Return the limits of a process's control group (cgroup v1 or v2): cores, bytes, processes."""
    groups = {}
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        groups.update(dict.fromkeys(controllers.split(","), path.lstrip("/")))
    if "memory" in groups:
        cpu, memory, pids = (_CGROUPS / name / groups[name] for name in ("cpu", "memory", "pids"))
        quota, period = (cpu / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
        cores = int(quota.read_text()) / int(period.read_text())
        limit = memory / "memory.limit_in_bytes"
    else:
        group = pids = _CGROUPS / groups[""]
        quota_us, period_us = (group / "cpu.max").read_text().split()
        cores = _number(quota_us) / float(period_us)
        limit = group / "memory.max"
    return {
        "cores": cores,
        "memory": _number(limit.read_text()),
        "processes": _number((pids / "pids.max").read_text()),
    }


def _number(limit: str) -> float:
    return math.inf if limit.strip() == "max" else float(limit)


def exposed_secrets(secrets: Iterable[str]) -> list[str]:
    """Return a line for each place outside the secrets' files where a secret can be read."""
    sought = {secret.encode() for secret in secrets}
    ours = f"label=com.docker.stack.namespace={STACK}"
    services = docker("service", "ls", "--quiet", "--filter", ours).split()
    tasks = docker("stack", "ps", "--quiet", "--no-trunc", STACK).split()
    all_containers = docker("ps", "--all", "--quiet", "--no-trunc", "--filter", ours).split()
    configs = docker("config", "ls", "--quiet", "--filter", ours).split()
    problems = []
    for thing in inspect(*services, *tasks, *all_containers, *configs):
        text = json.dumps(thing).encode()
        if any(secret in text for secret in sought):
            problems.append(f"docker inspect {thing['ID' if 'ID' in thing else 'Id']}")
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is a kernel thread
            group = (process / "cgroup").read_text()
            inside = any(container in group for container in all_containers)
            # Outside the containers, the sandbox's token is not a secret.
            known = set() if inside else {TOKEN.encode()}
            for part in ("environ", "cmdline"):
                content = (process / part).read_bytes()
                if any(secret in content for secret in sought - known):
                    problems.append(str(process / part))
    return problems


def secret_values() -> set[str]:
    """Return the passwords and the token, read from the containers' secrets."""
    values = set()
    for _, pid, _ in _processes_one(containers("ingest", "rabbitmq", "redis")):
        folder = Path(f"/proc/{pid}/root/run/secrets")
        for file in folder.iterdir():
            text = file.read_text().strip()
            if file.name.startswith("rabbitmq_definitions"):
                values |= {user["password"] for user in json.loads(text)["users"]}
            elif file.name.startswith("redis_users"):
                values |= {word[1:] for word in text.split() if word.startswith(">")}
            else:
                values.add(urlsplit(text).password or text)
    return values


def wrong_ways_out(running: Mapping[str, str]) -> list[str]:
    """Return a line for each container that wrongly has, or lacks, a default route."""
    problems = []
    for _, pid, service in _processes_one(running):
        with suppress(FileNotFoundError):
            routes = Path(f"/proc/{pid}/net/route").read_text().splitlines()[1:]
            goes_out = any(route.split()[1] == "00000000" for route in routes)
            if goes_out != (service in OUTSIDE):
                problems.append(f"{service} {'has' if goes_out else 'lacks'} a way out")
    return problems


def unconfined(running: Mapping[str, str]) -> list[str]:
    """Return a line for each container that has or may get more rights than it needs.

    It must neither be root nor have capabilities, nor be able to write to its root, and the roles'
    image must have no file that runs as another user.
    """
    problems = []
    for container, pid, service in _processes_one(running):
        with suppress(FileNotFoundError):
            status = dict(
                line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            )
            if status["Uid"].split()[1] == "0" or int(status["CapBnd"], 16):
                problems.append(f"{service} is root or may become it")
            if not os.statvfs(f"/proc/{pid}/root").f_flag & os.ST_RDONLY:
                problems.append(f"{service} {container[:12]} may write to its root")
            if service in ROLES:
                found = run("find", f"/proc/{pid}/root/", "-xdev", "-type", "f", "-perm", "/6000")
                problems += [f"{service} has the setuid file {file}" for file in found.split()]
    return problems


def _processes_one(running: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield the container id, process id and service of each running container's first process."""
    known: list[dict[str, Any]] = inspect(*running)
    for container in known:
        if pid := container["State"]["Pid"]:
            yield container["Id"], pid, running[container["Id"]]
