"""What the image installs, from which hashes, and under which licences."""

from __future__ import annotations

import itertools
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT
from tests.deploy.stacks import SWARM

DOCKERFILE = (SWARM / "Dockerfile").read_text("utf-8")
LOCK = (SWARM / "requirements.lock").read_text("utf-8")
BUILD_LOCK = (SWARM / "build.lock").read_text("utf-8")
#: The extras that the image has.
EXTRAS = runpy.run_path(str(SWARM / "lock.py"))["EXTRAS"]
_PINNED = re.compile(r"([a-z0-9-]+)==(\S+) --hash=sha256:[0-9a-f]{64}")


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package in a lock."""
    comment, *lines = lock.splitlines()
    assert comment.startswith("# ")
    found = [_PINNED.fullmatch(line) for line in lines]
    return {line[1]: line[2] for line in found if line}


def canonical(name: str) -> str:
    """Return a package's name as a lock spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def applicable(lines: list[str], extras: set[str]) -> set[tuple[str, tuple[str, ...]]]:
    """Return the packages that lines of requirements name, with the extras needed of each."""
    found = set()
    for line in lines:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            found.add((canonical(requirement.name), tuple(sorted(requirement.extras))))
    return found


@pytest.mark.parametrize("lock", [LOCK, BUILD_LOCK], ids=["requirements", "build"])
def test_every_line_has_a_hash(lock: str) -> None:
    """Every package is pinned to a version and has a hash."""
    assert len(pins(lock)) == len(lock.splitlines()) - 1 > 0


def test_versions() -> None:
    """The image gets the versions that the tests run with."""
    tested = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
        if "==" in line
    )
    versions = {canonical(name): version for name, version in tested.items()}
    locked = pins(LOCK)
    assert {name: versions.get(name, locked[name]) for name in locked} == locked


def test_completeness() -> None:
    """All that attrai, its extras in the image and their packages need is locked, without torch."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [project["optional-dependencies"][extra] for extra in EXTRAS]
    waiting = applicable([*project["dependencies"], *itertools.chain(*extras)], set())
    seen: set[tuple[str, tuple[str, ...]]] = set()
    while waiting - seen:
        name, of_it = (waiting - seen).pop()
        seen.add((name, of_it))
        waiting |= applicable(requires(name) or [], set(of_it))
    names = {name for name, _ in seen}
    assert "torch" not in names
    # Debian's Python 3.11.2 needs one more.
    assert names | {"async-timeout"} == set(pins(LOCK))


def test_hashes_are_required() -> None:
    """By default nothing is installed without a hash, and attrai's build downloads nothing."""
    installs = re.findall(
        r"pip --python \S+ (?:install|wheel).+?(?=&&|\n\n| #)", DOCKERFILE, re.DOTALL
    )
    hashed = [command for command in installs if "--require-hashes" in command]
    assert ["-r build.lock" in command for command in hashed] == [True, False]
    assert "-r requirements.lock" in hashed[1]
    _, _, extra, wheel, own = installs
    (step,) = [step for step in DOCKERFILE.split("\nRUN ") if extra in step]
    assert step.startswith('if [ -n "${EXTRAS}" ]')
    assert "\nARG EXTRAS\n" in DOCKERFILE
    assert "--no-build-isolation" in wheel
    assert "--no-index" in own


def test_languages() -> None:
    """The image keeps Babel's data of all languages that the bot speaks."""
    (kept,) = re.findall(r"grep -vE '/\((.+)\)\[\._\]'", DOCKERFILE)
    spoken = {file.stem for file in (ROOT / "src/attrai/locales").glob("*.ftl")}
    assert set(kept.split("|")) == spoken | {"root"}


def test_no_setuid() -> None:
    """The stage that the image is built on clears every setuid and setgid bit, at its end."""
    base = DOCKERFILE.split("\nFROM ")[1]
    assert base.startswith("${BASE_IMAGE} AS python")
    assert base.rstrip().endswith("find / -xdev -type f -perm /6000 -exec chmod a-s {} +")
    assert "\nFROM python\n" in DOCKERFILE


def test_licences() -> None:
    """The page of licences says what the installed packages' metadata say."""
    printed = subprocess.run(
        [sys.executable, SWARM / "licences.py"], check=True, capture_output=True, text=True
    ).stdout
    assert (ROOT / "docs" / "licences.md").read_text("utf-8") == printed


@pytest.mark.parametrize(
    ("row", "licence"),
    [
        ("| pytelegrambotapi | GPL2 |", "GPL-2.0-only"),
        ("| libx265 in pillow-heif | GPL-2.0-or-later |", "GPL-2.0-or-later"),
        ("| libheif in pillow-heif | LGPL-3.0-or-later |", "LGPL-3.0-or-later"),
        ("| libavcodec in opencv-python-headless | LGPL-2.1-or-later |", "LGPL-2.1-or-later"),
        ("| certifi | MPL-2.0 |", "MPL-2.0"),
        ("weights of the scorer are for non-commercial", "LicenseRef-noncommercial-weights"),
    ],
)
def test_label(row: str, licence: str) -> None:
    """The image's label names each licence with conditions, as long as something is under it."""
    label = re.search(r'image\.licenses="([^"]+)"', DOCKERFILE)
    assert label
    page = (ROOT / "docs" / "licences.md").read_text("utf-8")
    assert (row in page) == (licence in label[1].split(" AND "))
