"""The detect stage turns a photo that is on its side, and may do so any number of times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attrai.actors.detect import Detect
from attrai.images.codecs import pack_photo, unpack_crops, unpack_photo
from attrai.job import Job
from attrai.ledger import Ledger
from attrai.processes.embedded import embedded_redis
from attrai.services import Services
from attrai.settings import Settings
from attrai.storage import CROPS, PHOTO, VolumeStore


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Detect]:
    """Yield the stage on a photo store of its own."""
    ledger = Ledger(embedded_redis(), max_active=1, max_pending=1, lifetime=600)
    services = Services(Settings(), VolumeStore(tmp_path), ledger, {}, lambda _: None)
    with closing(services):
        yield Detect(services)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_redelivered_message_does_the_same(
    turns: int, stage: Detect, make_job: Callable[..., Job], astronaut: Image.Image
) -> None:
    """A photo that was turned stays as it is when its message comes again."""
    photos = stage.services.photos
    upright = astronaut.crop((0, 0, 512, 400))
    turned = upright.rotate(90 * turns, expand=True)
    job = make_job(size=turned.size)
    photos.write(job.id, PHOTO, pack_photo(turned))
    # The worker dies between writing the photo and publishing the job, which then is as it was.
    first = stage.work(job)
    photo = photos.read(job.id, PHOTO)
    assert unpack_photo(photo).size == upright.size
    assert np.abs(np.asarray(unpack_photo(photo), float) - np.asarray(upright)).mean() < 3
    again = stage.work(job)
    assert photos.read(job.id, PHOTO) == photo
    assert len(unpack_crops(photos.read(job.id, CROPS))) == 1
    for done in (first, again):
        assert (done.size, done.faces_found, len(done.faces)) == (upright.size, 1, 1)
    assert again.faces[0].box == pytest.approx(first.faces[0].box, abs=5)


def test_an_upright_photo_is_not_written_again(
    stage: Detect, make_job: Callable[..., Job], astronaut: Image.Image
) -> None:
    """The stage leaves the photo that ingest wrote, to the byte."""
    photo = pack_photo(astronaut)
    job = make_job(size=astronaut.size)
    stage.services.photos.write(job.id, PHOTO, photo)
    assert stage.work(job).size == astronaut.size
    assert stage.services.photos.read(job.id, PHOTO) == photo
