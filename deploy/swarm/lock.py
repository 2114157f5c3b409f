# ruff: noqa: INP001 - a script
"""Write requirements.lock and build.lock: what the image installs, each with its hash.

Run it with Python 3.11 on Linux x86-64, as in the image, after a change of constraints.txt:

    python3 deploy/swarm/lock.py

The hashes are those of the wheels that pip chooses there, so an image for another platform needs
locks that were made on it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_SWARM = Path(__file__).parent
_ROOT = _SWARM.parents[1]
#: The extras of attrai that the image has.
EXTRAS = ("api", "charts", "metrics", "s3", "socks", "webhook")
#: redis needs it on Debian's Python 3.11.2, but not on 3.11.3.
_BESIDES = ("async-timeout",)


def main() -> None:
    """Write both files."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))
    needed = [*project["project"]["dependencies"], *_BESIDES]
    for extra in EXTRAS:
        needed += project["project"]["optional-dependencies"][extra]
    _write(_SWARM / "requirements.lock", "the image", needed)
    _write(_SWARM / "build.lock", "the build of attrai", project["build-system"]["requires"])


def _write(lock: Path, what: str, needed: Sequence[str]) -> None:
    lines = [f"# The packages of {what}. Made by lock.py."]
    for package in _resolve(needed):
        name = package["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
        digest = package["download_info"]["archive_info"]["hashes"]["sha256"]
        lines.append(f"{name}=={package['metadata']['version']} --hash=sha256:{digest}")
    lock.write_text("\n".join([lines[0], *sorted(lines[1:])]) + "\n", "utf-8")


def _resolve(needed: Sequence[str]) -> list[dict[str, Any]]:
    """Return what pip would install, in the form of its report."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run"]
        command += ["--ignore-installed", "--only-binary", ":all:", "--report", str(report)]
        command += ["-c", str(_ROOT / "constraints.txt"), *needed]
        subprocess.run(command, check=True)  # noqa: S603 - this Python's own pip
        installed: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["install"]
    return installed


if __name__ == "__main__":
    main()
