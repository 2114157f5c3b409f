"""Tests that pictures of every kind are re-encoded as Telegram's apps do it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from telegram_sandbox.errors import UnreadablePicture
from telegram_sandbox.pictures import encode_sizes
from tests.sandbox.conftest import picture


def _encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _largest(data: bytes) -> Image.Image:
    return Image.open(BytesIO(encode_sizes(data)[-1].data))


@pytest.mark.parametrize("kind", ["AVIF", "BMP", "GIF", "HEIF", "JPEG", "PNG", "TIFF", "WEBP"])
def test_every_format_of_the_apps_is_read(kind: str) -> None:
    """A picture in any format becomes an RGB JPEG of its size."""
    photo = _largest(picture(400, 300, kind))
    assert (photo.format, photo.mode, photo.size) == ("JPEG", "RGB", (400, 300))


@pytest.mark.parametrize(
    ("make", "colour"),
    [
        (lambda: Image.new("RGBA", (8, 8), (0, 0, 0, 0)), (255, 255, 255)),
        (lambda: Image.fromarray(np.full((8, 8), 0x8000, np.uint16)), (128, 128, 128)),
        (lambda: Image.new("P", (8, 8)), (0, 0, 0)),
    ],
    ids=["transparent", "16 bits", "palette"],
)
def test_every_mode_keeps_its_colours(
    make: Callable[[], Image.Image], colour: tuple[int, int, int]
) -> None:
    """Transparent pixels become white, and other pixels keep their brightness."""
    assert _largest(_encoded(make())).getpixel((4, 4)) == pytest.approx(colour, abs=2)


def test_colour_profiles_are_applied() -> None:
    """A picture is converted to sRGB by its profile, and a broken profile is ignored."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = Image.new("LAB", (8, 8), (128, 128, 128))
    applied = _largest(_encoded(grey, "TIFF", icc_profile=lab)).getpixel((4, 4))
    assert applied == pytest.approx((119, 119, 119), abs=3)
    broken = _encoded(Image.new("RGB", (8, 8), "red"), icc_profile=b"broken")
    assert _largest(broken).getpixel((4, 4)) == pytest.approx((254, 0, 0), abs=2)


@pytest.mark.parametrize("kind", ["HEIF", "JPEG", "PNG", "WEBP"])
def test_truncated_files_are_unreadable(kind: str) -> None:
    """A file that ends early raises the package's own error."""
    data = picture(kind=kind)
    with pytest.raises(UnreadablePicture):
        encode_sizes(data[: len(data) // 2])
