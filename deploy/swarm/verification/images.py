"""Building the images without a registry, from Debian packages and this machine's pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from verification.shell import ROOT, SWARM, ProgramFailed, docker, run

_RELEASE = "bookworm"
_TAG = "verify"
_BASE = f"attrai-base:{_TAG}"
ATTRAI, NEXT = f"attrai:{_TAG}", f"attrai:{_TAG}-next"
RABBITMQ, REDIS = f"attrai-rabbitmq:{_TAG}", f"attrai-redis:{_TAG}"
#: What the Dockerfile installs with hashes. Older checkouts have no locks.
_LOCKS = ("deploy/swarm/requirements.lock", "deploy/swarm/build.lock")
#: The files and folders that the Dockerfile copies, without wheels/.
_CONTEXT = ("pyproject.toml", "constraints.txt", "README.md", "LICENSE", "fonts", "src", *_LOCKS)
#: Not locked, unlike what every image has.
_EXTRAS = "sandbox"
#: hatchling builds attrai itself; redis needs async-timeout on Debian's Python 3.11.2, but not on
#: 3.11.3.
_BESIDES = ("hatchling", "async-timeout")


def build(folder: Path, stack: ExitStack, old: Path | None) -> None:
    """Build all images, which are deleted when `stack` is closed.

    Args:
        folder: a temporary folder.
        stack: its callbacks delete the images.
        old: the checkout that `ATTRAI` is built from, where that is not this one; `NEXT` always is.
    """
    stack.callback(_remove)
    roots = [ROOT] if old is None else [old, ROOT]
    wheels = folder / "wheels"
    with ThreadPoolExecutor() as pool:
        base = pool.submit(_base, folder / "base")
        wheels_built = pool.submit(_build_wheels, wheels, folder / "venv", roots)
        base.result()
        servers = [pool.submit(_server, name, tag) for name, tag in _SERVERS.items()]
        _builder()
        wheels_built.result()
        for number, root in enumerate(roots):
            _attrai(folder / f"context-{number}", wheels, root, NEXT if root == ROOT else ATTRAI)
        for server in servers:
            server.result()
    if old is None:
        docker("tag", NEXT, ATTRAI)


_SERVERS = {"rabbitmq": RABBITMQ, "redis": REDIS}


def _base(folder: Path) -> None:
    run("debootstrap", "--variant=minbase", _RELEASE, folder)
    # As in the registry's slim image of Debian: no documentation, no translations, and no syncing
    # after each file.
    excluded = [f"usr/share/{name}" for name in ("doc", "info", "locale", "man")]
    for name in excluded:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "etc/dpkg/dpkg.cfg.d/slim").write_text(
        "".join(f"path-exclude /{name}/*\n" for name in excluded)
        + "path-include /usr/share/doc/*/copyright\n"
    )
    (folder / "etc/apt/apt.conf.d/no-languages").write_text('Acquire::Languages "none";\n')
    (folder / "etc/dpkg/dpkg.cfg.d/unsafe-io").write_text("force-unsafe-io\n")
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


def _build_wheels(folder: Path, venv: Path, roots: Sequence[Path]) -> None:
    """Build every wheel that the images need, with this machine's pip."""
    run(sys.executable, "-m", "venv", venv)
    for root in roots:
        _wheels(folder, venv, root)


def _wheels(folder: Path, venv: Path, root: Path) -> None:
    run(
        venv / "bin/pip",
        "wheel",
        "--quiet",
        "--wheel-dir",
        folder,
        "--constraint",
        root / "constraints.txt",
        *_BESIDES,
        f"{root}[{_EXTRAS}]",
    )
    next(folder.glob("attrai-*")).unlink()  # the Dockerfile builds attrai itself
    for lock in _LOCKS:
        if (root / lock).exists():
            options = ("--quiet", "--no-deps", "--require-hashes", "--dest", folder)
            run(venv / "bin/pip", "download", *options, "--requirement", root / lock)


def _server(name: str, tag: str) -> None:
    file = (SWARM / "verification/Dockerfile").read_text()
    docker("build", "-q", "--build-arg", f"BASE_IMAGE={_BASE}", "--target", name, "-t", tag, "-",
           stdin=file)  # fmt: skip


def _builder() -> None:
    """Build what needs no wheels yet, which later builds find in the engine's cache."""
    file = (SWARM / "Dockerfile").read_text()
    docker("build", "-q", "--force-rm", "--build-arg", f"BASE_IMAGE={_BASE}", "--target", "builder",
           "-", stdin=file)  # fmt: skip


def _attrai(context: Path, wheels: Path, root: Path, tag: str) -> None:
    context.mkdir()
    shutil.copytree(wheels, context / "wheels", copy_function=os.link)
    for name in _CONTEXT:
        if (root / name).is_dir():
            shutil.copytree(
                root / name, context / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        elif (root / name).exists():
            (context / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, context / name)
    arguments = {"BASE_IMAGE": _BASE, "PIP_NO_INDEX": "1", "EXTRAS": _EXTRAS}
    options = [
        part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")
    ]
    docker("build", "-q", "--force-rm", *options, "-f", root / "deploy/swarm/Dockerfile", "-t", tag,
           context)  # fmt: skip


def _remove() -> None:
    for image in (ATTRAI, NEXT, RABBITMQ, REDIS, _BASE):
        with suppress(ProgramFailed):  # it has not been built
            docker("image", "rm", "--force", image)
    docker("image", "prune", "--force", "--filter", "label=stage=attrai-build")
