"""Tests of colour conversion: any mode and colour space becomes RGB in sRGB."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageOps

from attrai.images import decode_photo
from tests.images.files import (
    LIMITS,
    PORTRAIT,
    distance,
    encoded,
)
from tests.images.profiles import CMYK_ICC, GREY_ICC, P3, P3_ICC, SRGB

GREY = PORTRAIT.convert("L")
ALPHA = Image.linear_gradient("L").resize(PORTRAIT.size)
CLEAR = PORTRAIT.copy()
CLEAR.putalpha(ALPHA)
ON_WHITE = Image.composite(PORTRAIT, Image.new("RGB", PORTRAIT.size, "white"), ALPHA)
GREY_CLEAR = GREY.copy()
GREY_CLEAR.putalpha(ALPHA)
BAND = Image.new("L", PORTRAIT.size)  # the left half is made transparent below
BAND.paste(200, (120, 0, 240, 320))
BITS = BAND.convert("1", dither=Image.Dither.NONE)
HALF = Image.new("L", PORTRAIT.size, "white")
HALF.paste(200, (120, 0, 240, 320))
GREY_16 = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 257)
BAND_16 = Image.fromarray(np.asarray(BAND).astype(np.uint16) * 257)
FLOATS = Image.fromarray(np.asarray(GREY, dtype=np.float32) * 3 - 7)
HOLES = Image.fromarray(np.where(np.asarray(HALF) == 255, np.nan, 0).astype(np.float32))
BLACK = Image.new("L", PORTRAIT.size)
MODES: dict[str, tuple[Callable[[], bytes], Image.Image, float]] = {
    "grey": (partial(encoded, GREY, "JPEG", quality=90), GREY, 3),
    "alpha": (partial(encoded, CLEAR, "PNG"), ON_WHITE, 1),
    "alpha in webp": (partial(encoded, CLEAR, "WEBP", lossless=True), ON_WHITE, 1),
    "alpha in avif": (partial(encoded, CLEAR, "AVIF", quality=90), ON_WHITE, 4),
    "grey and alpha": (partial(encoded, GREY_CLEAR, "PNG"), ON_WHITE.convert("L"), 1),
    "palette": (partial(encoded, PORTRAIT.quantize(256), "PNG"), PORTRAIT, 9),
    "clear colour of a palette": (
        partial(encoded, BAND.convert("P"), "GIF", transparency=0),
        HALF,
        0,
    ),
    "alpha of a palette": (
        partial(encoded, BAND.convert("P"), "PNG", transparency=b"\0\xff"),
        HALF,
        0,
    ),
    "clear grey": (partial(encoded, BAND, "PNG", transparency=0), HALF, 0),
    "clear colour": (partial(encoded, BAND.convert("RGB"), "PNG", transparency=(0, 0, 0)), HALF, 0),
    "1 bit": (partial(encoded, BITS, "PNG"), BAND.point(lambda v: 255 * (v > 0)), 0),
    "clear bit": (
        partial(encoded, BITS, "PNG", transparency=0),
        Image.new("L", PORTRAIT.size, "white"),
        0,
    ),
    "16 bits": (partial(encoded, GREY_16, "PNG"), GREY, 0),
    "16 bits in tiff": (partial(encoded, GREY_16, "TIFF"), GREY, 0),
    "clear 16 bits": (partial(encoded, BAND_16, "PNG", transparency=0), HALF, 0),
    "32 bits": (
        partial(encoded, GREY_16.convert("I"), "TIFF"),
        ImageOps.autocontrast(GREY),
        1,
    ),
    "floats": (partial(encoded, FLOATS, "TIFF"), ImageOps.autocontrast(GREY), 1),
    "no numbers": (partial(encoded, HOLES, "TIFF"), BLACK, 0),
    "cmyk": (partial(encoded, PORTRAIT.convert("CMYK"), "JPEG", quality=90), PORTRAIT, 4),
    "cmyk in tiff": (partial(encoded, PORTRAIT.convert("CMYK"), "TIFF"), PORTRAIT, 1),
    "lab": (partial(encoded, PORTRAIT.convert("LAB"), "TIFF"), PORTRAIT, 3),
    "ycbcr": (partial(encoded, PORTRAIT.convert("YCbCr"), "TIFF", compression="jpeg"), PORTRAIT, 4),
    "ycbcr in raw tiff": (partial(encoded, PORTRAIT.convert("YCbCr"), "TIFF"), PORTRAIT, 3),
}


@pytest.mark.parametrize("name", MODES)
def test_every_kind_of_pixel_becomes_rgb_on_white(name: str) -> None:
    """Grey, palette, CMYK, LAB, deep and transparent pixels keep their appearance in RGB."""
    encode, expected, tolerance = MODES[name]
    assert distance(decode_photo(encode(), LIMITS), expected) <= tolerance


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_wide_gamut_becomes_srgb(format_: str) -> None:
    """Values in Display P3 become the more saturated colours that they stand for in sRGB."""
    numbers = (190, 110, 100)
    light = ((np.array(numbers) / 255) ** 2.2) @ P3 @ np.linalg.inv(SRGB)
    expected = 255 * (1.055 * light ** (1 / 2.4) - 0.055)
    assert expected[0] > 198
    file = encoded(Image.new("RGB", (64, 64), numbers), format_, icc_profile=P3_ICC)
    assert np.allclose(np.asarray(decode_photo(file, LIMITS))[9, 9], expected, atol=4)


def test_profiles_of_grey_and_of_inks_are_used() -> None:
    """Linear grey becomes brighter, and cyan of a printer with grey inks becomes grey."""
    grey = encoded(Image.new("L", (64, 64), 55), "PNG", icc_profile=GREY_ICC)
    assert decode_photo(grey, LIMITS).getpixel((9, 9)) == pytest.approx((128,) * 3, abs=3)
    cyan = Image.new("CMYK", (64, 64), (255, 0, 0, 0))
    for format_ in ("JPEG", "TIFF"):
        file = encoded(cyan, format_, icc_profile=CMYK_ICC)
        assert decode_photo(file, LIMITS).getpixel((9, 9)) == pytest.approx((186,) * 3, abs=8)


def test_a_colour_profile_on_a_grey_photo_is_used() -> None:
    """A grey photo with an RGB profile, as some programs write it, is converted too."""
    file = encoded(Image.new("L", (64, 64), 20), "PNG", icc_profile=P3_ICC)
    red, green, blue = np.asarray(decode_photo(file, LIMITS))[9, 9]
    assert 10 < red == green == blue < 20


@pytest.mark.parametrize("profile", [b"rubbish", P3_ICC[:300], CMYK_ICC, GREY_ICC])
def test_an_unusable_profile_is_ignored(profile: bytes) -> None:
    """A profile that is broken or for another colour space leaves the values as they are."""
    file = encoded(PORTRAIT, "PNG", icc_profile=profile)
    assert distance(decode_photo(file, LIMITS), PORTRAIT) == 0
