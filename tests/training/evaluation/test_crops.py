"""Tests of crops: cut as the service does, failures reported, cached in a folder."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attrai.faces import CascadeNetworks, FaceFinder, Mtcnn, aligned_crops
from attrai.faces.alignment import CROP_SIDE
from attrai.images.codecs import pack_photo, unpack_photo
from attrai.settings import Settings
from attrai_training.errors import LabelsError
from attrai_training.evaluation import Crops, CropShape, LabelledPhoto, load_crops, read_labels
from attrai_training.evaluation.crops import cropper, in_threads
from testing.waiting import PATIENCE_S
from tests.conftest import ASTRONAUT

SHAPE = CropShape(64)


def load(
    photos: Sequence[LabelledPhoto], cache: Path | None = None, shape: CropShape = SHAPE
) -> tuple[Crops, list[int]]:
    """Load the crops, and record the progress that was reported."""
    told: list[int] = []
    crops = load_crops(photos, shape, Settings(), threads=2, cache=cache, progress=told.append)
    return crops, told


@pytest.fixture(scope="module")
def photos(folder: Path) -> list[LabelledPhoto]:
    """The rows that read_labels finds usable; two of the photos have no detectable face."""
    return read_labels(folder)[0]


def test_photos_without_a_crop_are_named(photos: list[LabelledPhoto]) -> None:
    """Faceless and unreadable photos are reported by row, kind and reason; others are kept."""
    crops, told = load(photos)
    assert [photo.path.name for photo in crops.kept] == [f"{n}.jpg" for n in range(50)]
    assert crops.images.shape == (50, 64, 64, 3)
    brightness = crops.images[:45:5].mean(axis=(1, 2, 3))
    assert (np.diff(brightness) > 0).all()  # each photo has its own crop
    assert [(problem.row, Path(problem.file).name, problem.kind) for problem in crops.problems] == [
        (52, "black.png", "no face"),
        (53, "text.jpg", "unreadable photo"),
    ]
    assert "isn't an image" in crops.problems[1].reason
    assert sum(told) == len(told) == len(photos)


def test_crops_are_those_of_the_stages(networks: CascadeNetworks, tmp_path: Path) -> None:
    """The crop of a photo that ingest re-encodes equals what detect cuts from the new encoding."""
    photo = Image.open(ASTRONAUT).convert("RGB")
    photo.save(tmp_path / "photo.png")
    crop = cropper(Settings(), CropShape(CROP_SIDE), 1)(tmp_path / "photo.png")
    forwarded = np.asarray(unpack_photo(pack_photo(photo)))
    faces = FaceFinder(Mtcnn(networks, 40), max_faces=50)(forwarded).faces
    np.testing.assert_array_equal(crop, aligned_crops(forwarded, faces, CROP_SIDE)[0])


@pytest.mark.parametrize("order", [1, -1])
def test_the_largest_face_is_taken(astronaut: Image.Image, tmp_path: Path, order: int) -> None:
    """Of several faces the largest is cropped, wherever it is."""
    face = astronaut.crop((120, 20, 330, 230))
    darker = Image.eval(face.resize((120, 120)), lambda value: value // 2)
    together = Image.new("RGB", (420, 210))
    left, right = (face, darker)[::order]
    together.paste(left, (0, 0))
    together.paste(right, (left.width, 0))
    for name, photo in ("alone", face), ("together", together):
        photo.save(tmp_path / f"{name}.png")
    files = [tmp_path / "alone.png", tmp_path / "together.png"]
    alone, largest = (np.asarray(cropper(Settings(), SHAPE, 1)(file), float) for file in files)
    assert np.abs(alone - largest).mean() < 10


def test_a_photo_that_has_gone(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    """A photo that disappears before it is cropped is reported as unreadable."""
    gone = LabelledPhoto(tmp_path / "gone.jpg", 5, row=99)
    crops, _ = load([*photos, gone], tmp_path / "cache")
    problem = crops.problems[-1]
    assert (problem.row, problem.kind) == (99, "unreadable photo")
    assert "no such file" in problem.reason
    assert len(crops.kept) == 50


def test_too_few_faces(photos: list[LabelledPhoto]) -> None:
    """When too few photos have a face, the error counts the problems."""
    with pytest.raises(LabelsError, match=r"^49 usable photos.* 1 no face \(row 52: "):
        load(photos[1:])


def test_crops_are_cut_once(
    photos: list[LabelledPhoto], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second time, crops and problems come from the cache, even if the labels have changed."""
    cut, _ = load(photos, tmp_path / "new" / "cache")
    monkeypatch.setattr("attrai_training.evaluation.crops.cropper", None)
    relabelled = [LabelledPhoto(photo.path, 1.5, row=7) for photo in photos]
    kept, told = load(relabelled, tmp_path / "new" / "cache")
    np.testing.assert_array_equal(kept.images, cut.images)
    assert [photo.score for photo in kept.kept] == [1.5] * 50
    assert [(p.kind, p.reason) for p in kept.problems] == [(p.kind, p.reason) for p in cut.problems]
    assert told == [len(photos)]


@pytest.fixture(scope="module")
def cached(
    photos: list[LabelledPhoto], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Crops, Path]:
    """The crops, and their cache file."""
    folder = tmp_path_factory.mktemp("cached")
    crops, _ = load(photos, folder)
    (file,) = folder.iterdir()
    return crops, file


@pytest.mark.parametrize("damage", ["shortened", "changed", "emptied", "replaced"])
def test_damaged_files_are_made_anew(
    photos: list[LabelledPhoto], cached: tuple[Crops, Path], tmp_path: Path, damage: str
) -> None:
    """A damaged cache file is ignored and replaced."""
    cut, kept = cached
    file, whole = tmp_path / kept.name, kept.read_bytes()
    middle = len(whole) // 2
    changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    file.write_bytes(
        {"shortened": whole[:-9], "changed": changed, "emptied": b"", "replaced": b"x" * 99}[damage]
    )
    again, told = load(photos, tmp_path)
    np.testing.assert_array_equal(again.images, cut.images)
    assert len(told) == len(photos)
    assert file.read_bytes() == whole
    assert list(tmp_path.iterdir()) == [file]


def test_other_crops_have_another_file(
    photos: list[LabelledPhoto],
    cached: tuple[Crops, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another side, margin, photo or file version makes another cache file."""
    cache = tmp_path / "cache"
    cache.mkdir()
    shutil.copy(cached[1], cache)
    wider, _ = load(photos, cache, CropShape(64, 0.25))
    assert wider.images.shape == (50, 96, 96, 3)
    other = Path(shutil.copy(photos[1].path, tmp_path))
    load([LabelledPhoto(other, 5), *photos[1:]], cache)
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr("attrai_training.evaluation.crops._VERSION", 0)
    load(photos, cache)
    assert len(list(cache.iterdir())) == 4


def test_an_interrupted_run_leaves_nothing(photos: list[LabelledPhoto], tmp_path: Path) -> None:
    """When interrupted, cutting stops soon and leaves no partial cache file."""
    seen = []

    def interrupt(count: int) -> None:
        seen.append(count)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_crops(photos, SHAPE, Settings(), threads=1, cache=tmp_path, progress=interrupt)
    assert seen == [1]
    assert list(tmp_path.iterdir()) == []


def test_results_come_in_order() -> None:
    """A late result holds back those after it."""
    second_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert second_done.wait(PATIENCE_S)
        elif item == 1:
            second_done.set()
        return item * item

    assert list(in_threads(work, range(5), 2)) == [0, 1, 4, 9, 16]


def test_no_more_work_after_closing() -> None:
    """When closed early, items that were started are finished and the rest are not started."""
    begun: list[int] = []
    leave = threading.Semaphore(0)

    def work(item: int) -> int:
        begun.append(item)
        if item:
            assert leave.acquire(timeout=PATIENCE_S)
        return item

    results = in_threads(work, range(400), 2)
    assert next(results) == 0
    closing = threading.Thread(target=results.close)
    closing.start()
    # Closing waits for the two items that have started; if it were broken it would wait for all.
    while closing.is_alive():
        leave.release()
        closing.join(0.05)
    assert len(begun) < 400
