"""Shared fixtures: the example photo, the labelled photos, the real networks."""

from __future__ import annotations

import csv
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from attrai.faces import CascadeNetworks
from attrai.inference import Engine, open_engine
from attrai.job import Box, Face, Job, Point, job_id

pytest_plugins = [
    "testing.servers.fixtures",
    "tests.sandbox.browser",
    "tests.selection",
    "tests.reruns",
]

# No deadline, for an example as for what makes it: the duration says more about the machine than
# about the code.
settings.register_profile("attrai", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("attrai"), max_examples=20)
settings.load_profile("attrai")

# A process started in the background, or by nohup, ignores some signals, and so would the programs
# that tests start. Handled signals are reset in child processes, so a no-op handler is enough.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, lambda _number, _frame: None)

ROOT = Path(__file__).parents[1]
ASTRONAUT = ROOT / "examples" / "astronaut.jpg"
#: The MEBeauty photos. Not part of this repository: their licence allows research only.
MEBEAUTY = ROOT.parent / "shared" / "data" / "mebeauty"


class Labelled(NamedTuple):
    """A photo with the mean of its ratings."""

    path: Path
    split: str
    score: float


@pytest.fixture(scope="session")
def labelled() -> list[Labelled]:
    """Return the labelled photos, or skip the test if they are not available."""
    labels = MEBEAUTY / "labels.csv"
    if not labels.exists():
        pytest.skip(f"no labelled photos in {MEBEAUTY}")
    with labels.open(newline="") as file:
        return [
            Labelled(MEBEAUTY / row["file"], row["split"], float(row["score"]))
            for row in csv.DictReader(file)
        ]


@pytest.fixture(scope="session")
def engine() -> Engine:
    """Return the engine that is selected by default on this machine."""
    return open_engine("auto", threads=1)


@pytest.fixture(scope="session")
def networks(engine: Engine) -> CascadeNetworks:
    """Return MTCNN's real networks."""
    return CascadeNetworks.load(engine)


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    """Return the example photo, which shows one face."""
    return Image.open(ASTRONAUT).convert("RGB")


@pytest.fixture
def make_job() -> Callable[..., Job]:
    """Return a function that makes a valid job with the given changes."""

    def make(**changes: object) -> Job:
        job = Job(
            id=job_id("folder", "photo.jpg"),
            channel="folder",
            address={"picture": "photo.rated.jpg"},
            user="local",
            source="photo.jpg",
            renderer="boxes",
            admitted_at=1.0,
            queued_at=1.0,
        )
        return job.with_(**changes)

    return make


@pytest.fixture
def face() -> Face:
    """Return a face of 100 x 120 pixels."""
    points = ((35, 45), (65, 45), (50, 65), (38, 85), (62, 85))
    landmarks = tuple(Point(x, y) for x, y in points)
    return Face(box=Box(0, 0, 100, 120), landmarks=landmarks, probability=0.99)
