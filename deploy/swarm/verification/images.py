"""Building the images without a registry, from Debian packages and this machine's pip."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from verification.shell import ROOT, SWARM, ProgramFailed, docker, run

_RELEASE = "bookworm"
_TAG = "verify"
_BASE = f"attrai-base:{_TAG}"
ATTRAI, NEXT = f"attrai:{_TAG}", f"attrai:{_TAG}-next"
RABBITMQ, REDIS = f"attrai-rabbitmq:{_TAG}", f"attrai-redis:{_TAG}"
#: The files and folders that the Dockerfile copies, without wheels/.
_CONTEXT = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "fonts", "src")
_EXTRAS = "s3,sandbox"
#: hatchling builds attrai itself; redis needs async-timeout on Debian's Python 3.11.2, but not on
#: 3.11.3.
_BESIDES = ("hatchling", "async-timeout")


def build(folder: Path, stack: ExitStack) -> None:
    """Build all images, which are deleted when `stack` is closed."""
    stack.callback(_remove)
    context = folder / "context"
    context.mkdir()
    with ThreadPoolExecutor() as pool:
        base = pool.submit(_base, folder / "base")
        wheels = pool.submit(_wheels, context / "wheels", folder / "venv")
        base.result()
        servers = [pool.submit(_server, name, tag) for name, tag in _SERVERS.items()]
        wheels.result()
        _attrai(context)
        for server in servers:
            server.result()
    docker("tag", ATTRAI, NEXT)


_SERVERS = {"rabbitmq": RABBITMQ, "redis": REDIS}


def _base(folder: Path) -> None:
    run("debootstrap", "--variant=minbase", _RELEASE, folder)
    for unneeded in ("var/cache/apt/archives", "var/lib/apt/lists"):
        shutil.rmtree(folder / unneeded)
    with subprocess.Popen(  # noqa: S603 - see below
        ["docker", "import", "-", _BASE],  # noqa: S607 - the engine's own client
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as importing:
        assert importing.stdin is not None  # noqa: S101 - by PIPE
        with importing.stdin as pipe, tarfile.open(fileobj=pipe, mode="w|") as archive:
            archive.add(folder, ".")
    shutil.rmtree(folder)


def _wheels(folder: Path, venv: Path) -> None:
    """Build every wheel that the image needs, with this machine's pip."""
    run(sys.executable, "-m", "venv", venv)
    run(
        venv / "bin/pip",
        "wheel",
        "--quiet",
        "--wheel-dir",
        folder,
        "--constraint",
        ROOT / "constraints.txt",
        *_BESIDES,
        f"{ROOT}[{_EXTRAS}]",
    )
    next(folder.glob("attrai-*")).unlink()  # the Dockerfile builds attrai itself


def _server(name: str, tag: str) -> None:
    file = (SWARM / "verification/Dockerfile").read_text()
    docker("build", "-q", "--build-arg", f"BASE_IMAGE={_BASE}", "--target", name, "-t", tag, "-",
           stdin=file)  # fmt: skip


def _attrai(context: Path) -> None:
    for name in _CONTEXT:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / name, context)
    arguments = {"BASE_IMAGE": _BASE, "PIP_NO_INDEX": "1", "EXTRAS": _EXTRAS}
    options = [
        part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")
    ]
    docker("build", "-q", "--force-rm", *options, "-f", SWARM / "Dockerfile", "-t", ATTRAI, context)


def _remove() -> None:
    for image in (ATTRAI, NEXT, RABBITMQ, REDIS, _BASE):
        with suppress(ProgramFailed):  # it has not been built
            docker("image", "rm", "--force", image)
    docker("image", "prune", "--force", "--filter", "label=stage=attrai-build")
