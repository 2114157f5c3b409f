"""Tests of orientation: EXIF's alone counts, as in browsers."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

import attrai
from attrai.images import accept_photo, decode_photo
from attrai.images.codecs import unpack_photo
from tests.conftest import ASTRONAUT
from tests.images.files import LIMITS, PORTRAIT, distance, encoded

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def png(photo: Image.Image) -> bytes:
    """Return a PNG with XMP."""
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return encoded(photo, "PNG", pnginfo=text)


def heic(photo: Image.Image) -> bytes:
    """Return a HEIC with XMP."""
    buffer = BytesIO()
    # pillow-heif would turn the photo, and save its XMP without an orientation.
    xmp = XMP.replace(b'Orientation="6"', b'Orientation="0"')
    options = {"quality": 90, "enc_params": {"preset": "ultrafast"}}
    pillow_heif.from_pillow(photo).save(buffer, xmp=xmp, **options)
    return buffer.getvalue().replace(xmp, XMP)


WITH_XMP: dict[str, Callable[[Image.Image], bytes]] = {
    "jpeg": lambda photo: encoded(photo, "JPEG", quality=90, xmp=XMP),
    "progressive": lambda photo: encoded(photo, "JPEG", quality=90, xmp=XMP, progressive=True),
    "png": png,
    "webp": lambda photo: encoded(photo, "WEBP", quality=90, xmp=XMP),
    "tiff": lambda photo: encoded(photo, "TIFF", tiffinfo={700: XMP}),
    "tiff in lzw": lambda photo: encoded(
        photo, "TIFF", tiffinfo={700: XMP}, compression="tiff_lzw"
    ),
    "avif": lambda photo: encoded(photo, "AVIF", quality=90, xmp=XMP, speed=10),
    "heic": heic,
}


@pytest.mark.parametrize("scale", [1, 6])
@pytest.mark.parametrize("name", WITH_XMP)
def test_xmp_has_no_say(name: str, scale: int) -> None:
    """A photo whose XMP alone has an orientation stays as it is, shrunk or not."""
    file = WITH_XMP[name](PORTRAIT.resize((240 * scale, 320 * scale)))
    assert b'tiff:Orientation="6"' in file
    content, size = accept_photo(file, LIMITS)
    expected = PORTRAIT if scale == 1 else PORTRAIT.resize((960, 1280))
    assert size == expected.size
    assert distance(unpack_photo(content), expected) < 6


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "PNG", "TIFF"])
def test_exif_overrules_xmp(format_: str) -> None:
    """A photo is turned as its EXIF says, whatever its XMP says."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    options = {"tiffinfo": {700: XMP, 274: 3}} if format_ == "TIFF" else {"exif": exif, "xmp": XMP}
    file = encoded(PORTRAIT, format_, **options)
    assert distance(decode_photo(file, LIMITS), ImageOps.flip(ImageOps.mirror(PORTRAIT))) < 5


def test_an_image_of_pillow_is_turned_by_exif_alone() -> None:
    """`attrai.rate` treats an opened file as it treats the file's bytes."""
    with Image.open(ASTRONAUT) as photo:
        upright = WITH_XMP["jpeg"](photo)
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        sideways = encoded(photo.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)
    for file in (upright, sideways):
        rated = attrai.rate(Image.open(BytesIO(file)))
        (scored,) = rated.faces
        assert scored.face.box == pytest.approx((180, 59, 269, 173), abs=8)
