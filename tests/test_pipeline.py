"""The pipeline as Python calls it, and as the stages do the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import pytest
from PIL import Image

import attrai
from attrai.errors import FileTooLarge, NoFace, NotAnImage, SourceUnreadable
from attrai.faces import CascadeNetworks, FaceFinder, Mtcnn, crop_faces
from attrai.inference import Engine
from attrai.job import Job
from attrai.ledger import Ledger
from attrai.processes.embedded import embedded_chain, embedded_redis
from attrai.scoring import ResNet34Scorer
from attrai.settings import Settings
from testing.folder_channel import TARGET, FolderChannel
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT, MEBEAUTY
from tests.scoring.age_head import VARYING, with_age_head, written


def test_a_photo_in_every_form() -> None:
    """A path, bytes and an image of Pillow's have the same face and nearly the same score."""
    with Image.open(ASTRONAUT) as image:
        forms = [attrai.rate(form) for form in (str(ASTRONAUT), ASTRONAUT.read_bytes(), image)]
    first = forms[0]
    assert first.size == first.picture.size == (512, 512)
    for rated in forms:
        (scored,) = rated.faces
        assert scored.score is not None
        assert first.faces[0].score is not None
        assert scored.face.box == pytest.approx(first.faces[0].face.box, abs=2)
        assert scored.score.value == pytest.approx(first.faces[0].score.value, abs=0.1)
        assert [timing.stage for timing in rated.trace] == ["ingest", "detect", "score", "render"]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "F", "1"])
def test_an_image_of_any_mode(mode: str) -> None:
    """An image of Pillow's is rated whatever its mode, upright and brought down in size."""
    with Image.open(ASTRONAUT) as image:
        grey = image.convert("L").resize((2000, 2000))
        if mode == "I;16":
            converted = grey.convert("I").point(lambda value: value * 257).convert("I;16")
        else:
            converted = grey.convert(mode)
    rated = attrai.rate(converted)
    assert rated.size == (1280, 1280)
    assert len(rated.faces) == 1


def test_what_is_no_photo_or_has_no_face(tmp_path: Path) -> None:
    """Errors for users come as exceptions."""
    with pytest.raises(NotAnImage):
        attrai.rate(b"text")
    with pytest.raises(NoFace):
        attrai.rate(Image.new("RGB", (100, 100)))
    with pytest.raises(SourceUnreadable, match="no such file"):
        attrai.rate(tmp_path / "absent.jpg")


def test_no_more_of_a_file_is_read_than_its_limit(tmp_path: Path) -> None:
    """A file without end and a pipe without a writer are refused at once."""
    endless = tmp_path / "endless.jpg"
    with endless.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(FileTooLarge):
        attrai.rate(endless)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(SourceUnreadable, match="not a regular file"):
        attrai.rate(tmp_path / "pipe.jpg")


def test_the_networks_are_loaded_once_for_all_threads() -> None:
    """Several first calls at once wait for one pipeline, and later ones use it too."""
    code = (
        "import gc, sys; from concurrent.futures import ThreadPoolExecutor\n"
        "import attrai; from attrai.faces import FaceFinder; from attrai.settings import Settings\n"
        "settings, other = Settings(), Settings(max_faces=7)\n"
        "count = lambda: sum(isinstance(each, FaceFinder) for each in gc.get_objects())\n"
        "loaded = []\n"
        "first = FaceFinder.__init__\n"
        "def init(self, *args, **options):\n"
        "    loaded.append(1); first(self, *args, **options)\n"
        "FaceFinder.__init__ = init\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    list(pool.map(lambda _: attrai.rate(sys.argv[1], settings=settings), range(4)))\n"
        "print(len(loaded), count())\n"
        "attrai.rate(sys.argv[1], settings=other)\n"
        "gc.collect(); print(len(loaded), count())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ASTRONAUT)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "1", "2", "1"]


def through_the_queues(job: Job, picture: Path, settings: Settings) -> Job:
    """Return the job as it is answered, with its picture in a file."""
    answers: SimpleQueue[Job] = SimpleQueue()
    ledger = Ledger(embedded_redis(), max_active=1, max_pending=1, lifetime=600)
    channels = {"folder": FolderChannel()}
    with embedded_chain(settings, ledger, channels, answers.put, threads=1) as chain:
        chain.intake.submit(job.with_(address={TARGET: str(picture)}))
        return answers.get(timeout=PATIENCE_S)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_the_stages_find_the_same(turns: int, tmp_path: Path, make_job: Callable[..., Job]) -> None:
    """A photo that goes through the queues has the same faces and scores, whichever way up."""
    source = tmp_path / "photo.png"
    with Image.open(ASTRONAUT) as image:
        image.crop((0, 0, 512, 400)).rotate(90 * turns, expand=True).save(source)
    job = through_the_queues(make_job(source=str(source)), tmp_path / "picture.jpg", Settings())
    rated = attrai.rate(source)
    assert rated.size == rated.picture.size == (512, 400)
    assert len(rated.faces) == 1
    with Image.open(tmp_path / "picture.jpg") as picture:
        assert picture.size == (512, 400)
        assert np.abs(np.asarray(picture, float) - np.asarray(rated.picture, float)).mean() < 3
    assert (rated.size, rated.faces, rated.faces_found) == (
        job.size,
        job.scored_faces,
        job.faces_found,
    )


@pytest.mark.parametrize("name", ["353", "845", "33"])
def test_the_packaged_weights_know_a_child(name: str) -> None:
    """Of an astronaut and a small child, who doesn't exist, only the first gets a number."""
    child = MEBEAUTY.parent / "omi" / "young" / "crops" / f"{name}.jpg"
    if not child.exists():
        pytest.skip(f"no {child}")
    photo = Image.new("RGB", (1024, 512))
    for left, path in ((0, ASTRONAUT), (512, child)):
        with Image.open(path) as image:
            photo.paste(image.resize((512, 512)), (left, 0))
    rated = attrai.rate(photo)
    assert [face.minor for face in rated.faces] == [False, True]
    assert [face.score is None for face in rated.faces] == [False, True]


def test_an_adult_with_a_child(
    tmp_path: Path, make_job: Callable[..., Job], networks: CascadeNetworks, engine: Engine
) -> None:
    """Of two faces the one that looks too young has no score, in Python and through the queues."""
    source = tmp_path / "photo.png"
    with Image.open(ASTRONAUT) as image:
        photo = Image.new("RGB", (1024, 512))
        photo.paste(image, (0, 0))
        photo.paste(image.point(lambda value: 150 + value * 0.4), (512, 0))
    photo.save(source)
    weights = with_age_head(VARYING, 0)
    found = crop_faces(np.asarray(photo), FaceFinder(Mtcnn(networks, 40), max_faces=9))
    ages = ResNet34Scorer.of(weights, engine).predict(found.crops).ages
    assert ages is not None
    assert len(ages) == 2
    assert abs(ages[0] - ages[1]) > 1  # far more than rounding and compression cause
    weights = with_age_head(VARYING, 16 - ages.mean())
    path = written(weights, tmp_path / "own.safetensors")
    settings = Settings(weights=path, minimum_age=16)

    rated = attrai.rate(source, settings=settings)
    assert [face.minor for face in rated.faces] == (ages < ages.mean()).tolist()
    assert [face.minor for face in rated.faces].count(True) == 1
    job = through_the_queues(make_job(source=str(source)), tmp_path / "picture.jpg", settings)
    assert job.failure is None
    assert job.scored_faces == rated.faces
    assert job.to_message()["version"] == 2
    off = settings.model_copy(update={"minimum_age": 0})
    assert not any(face.minor for face in attrai.rate(source, settings=off).faces)
