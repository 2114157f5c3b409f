"""Batches of files: bounded work, each file's own failure, and an end in the middle."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from attrai.lifecycle.shutdown import Shutdown
from attrai.pipeline import Pipeline
from attrai.rating.batch import rate_files
from attrai.rating.paths import Task
from attrai.render import load_renderer
from attrai.settings import Settings
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    """The pipeline with the packaged networks."""
    return Pipeline(Settings(), threads=1)


class Stuck:
    """A renderer that waits until it is released, and counts the photos."""

    def __init__(self) -> None:
        self.drawn = 0
        self.begun, self.released = threading.Event(), threading.Event()

    def render(self, photo: Any, faces: Any) -> Any:
        self.drawn += 1
        self.begun.set()
        assert self.released.wait(PATIENCE_S)
        return photo


def tasks_in(folder: Path, count: int) -> list[Task]:
    """Return tasks for the example, each with a picture of its own."""
    return [Task(ASTRONAUT, folder / f"{number}.rated.jpg") for number in range(count)]


def test_the_same_photo_many_times(tmp_path: Path, pipeline: Pipeline) -> None:
    """A photo that is asked for several times is rated as often."""
    renderer = load_renderer("boxes")
    results = list(rate_files(tasks_in(tmp_path, 7), pipeline, renderer, Shutdown(), threads=2))
    assert sorted(str(result.target) for result in results) == sorted(map(str, tmp_path.iterdir()))
    assert {result.failure for result in results} == {None}


def test_a_renderer_that_fails(tmp_path: Path, pipeline: Pipeline) -> None:
    """A fault of ours ends one photo, not the batch."""

    class Broken:
        def render(self, photo: Any, faces: Any) -> Any:
            raise RuntimeError("out of paint")

    results = rate_files(tasks_in(tmp_path, 2), pipeline, Broken(), Shutdown(), threads=1)
    assert [result.failure and result.failure.code for result in results] == ["internal"] * 2


def test_a_shutdown_finishes_what_is_being_rated(tmp_path: Path, pipeline: Pipeline) -> None:
    """The photos in the threads get their pictures, and no other photo is begun."""
    shutdown, renderer = Shutdown(), Stuck()
    batch = rate_files(tasks_in(tmp_path, 9), pipeline, renderer, shutdown, threads=1)

    def interrupt() -> None:
        assert renderer.begun.wait(PATIENCE_S)
        shutdown.request()
        renderer.released.set()

    interrupter = threading.Thread(target=interrupt)
    interrupter.start()
    assert len(list(batch)) <= 1
    interrupter.join()
    assert renderer.drawn == len(list(tmp_path.iterdir())) < 9
