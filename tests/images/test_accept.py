"""Tests of JPEGs that pass through without being decoded."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from attrai.errors import BrokenImage
from attrai.images import Limits, decode_photo
from attrai.images.accept import passthrough_jpeg
from attrai.images.codecs import pack_photo, unpack_photo


def saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """Encode an image as a file."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("progressive", [False, True])
def test_pixels_stay_and_metadata_goes(astronaut: Image.Image, progressive: bool) -> None:  # noqa: FBT001 - parametrised
    """A plain JPEG keeps its pixels but loses comments, XMP and any data after its end."""
    data = saved(astronaut, progressive=progressive, comment=b"secret", xmp=b"secret")
    assert b"secret" in data
    found = passthrough_jpeg(data + b"secret", Limits())
    assert found is not None
    content, size = found
    assert b"secret" not in content
    assert size == astronaut.size
    expected = decode_photo(data, Limits())
    assert np.array_equal(np.asarray(unpack_photo(content)), np.asarray(expected))


def rotated(image: Image.Image) -> bytes:
    """Return a JPEG with an EXIF orientation."""
    exif = Image.Exif()
    exif[274] = 6
    return saved(image, exif=exif)


def profiled(image: Image.Image) -> bytes:
    """Return a JPEG with a colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return saved(image, icc_profile=profile.tobytes())


@pytest.mark.parametrize(
    "make",
    [
        rotated,
        profiled,
        lambda image: saved(image, "PNG"),
        lambda image: saved(image.convert("L")),
        lambda image: saved(image.convert("CMYK")),
        lambda image: saved(image.resize((2000, 1000))),
        lambda image: saved(image.resize((63, 100))),
        lambda image: saved(image)[:-2],
        lambda image: saved(image)[:300],
        lambda _: b"\xff\xd8\xff\xd9",
        lambda _: b"\xff\xd8\xff\xee\xff\xff\xff\xd9",
        lambda _: b"",
    ],
)
def test_what_needs_work_is_left_to_it(
    astronaut: Image.Image, make: Callable[[Image.Image], bytes]
) -> None:
    """A file that is not plain, upright, complete and of the right size does not pass through."""
    assert passthrough_jpeg(make(astronaut), Limits()) is None


def test_damage_shows_when_it_is_decoded(astronaut: Image.Image) -> None:
    """A damaged JPEG that passes through raises `BrokenImage` in the stage that decodes it."""
    data = bytearray(saved(astronaut))
    tables = data.index(b"\xff\xc4")
    data[tables + 5 : tables + 21] = b"\xff" * 16
    found = passthrough_jpeg(bytes(data), Limits())
    assert found is not None
    with pytest.raises(BrokenImage):
        unpack_photo(found[0])


def test_photos_in_the_store_are_small() -> None:
    """A photo of noise, which compresses badly, is still stored in at most 1 MB."""
    noise = np.random.default_rng(1).integers(0, 256, (1280, 1280, 3), np.uint8)
    content = pack_photo(Image.fromarray(noise))
    assert len(content) <= 10**6
    assert unpack_photo(content).size == (1280, 1280)
