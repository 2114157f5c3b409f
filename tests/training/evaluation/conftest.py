"""Labelled photos for tests: one face at many brightnesses, and photos that can't be used."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from attrai_training.evaluation.labels import MIN_PHOTOS, LabelledPhoto
from tests.conftest import ASTRONAUT


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A labels.csv with enough photos of a face, one without a face, and a text file."""
    folder = tmp_path_factory.mktemp("labelled")
    example = Image.open(ASTRONAUT).crop((100, 0, 340, 260))
    lines = ["file,score,gender,ethnicity,split"]
    for number in range(MIN_PHOTOS):
        light = ImageEnhance.Brightness(example).enhance(0.5 + number / MIN_PHOTOS)
        light.save(folder / f"{number}.jpg")
        gender, split = ("female", "male")[number % 2], "train" if number < 45 else "val"
        lines.append(f"{number}.jpg,{3 + number / 20},{gender},,{split}")
    Image.new("RGB", (200, 200)).save(folder / "black.png")
    (folder / "text.jpg").write_text("no photo")
    lines += ["black.png,5,,,", "text.jpg,5,,,", "absent.jpg,5,,,"]
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture
def make_photo() -> Callable[..., LabelledPhoto]:
    """Makes a labelled photo with the given labels, whose file doesn't matter."""

    def make(score: float = 5, **labels: object) -> LabelledPhoto:
        return LabelledPhoto(Path("photo.jpg"), score, **labels)  # type: ignore[arg-type]

    return make
