"""Tests of decoding: how untrusted files are decoded, and which are refused."""

from __future__ import annotations

import struct
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps, PngImagePlugin

from attrai.errors import (
    BrokenImage,
    FileTooLarge,
    NotAnImage,
    TooManyPixels,
    TooSmall,
    UserError,
)
from attrai.images import Limits, decode_photo
from tests.images.files import (
    FILES,
    HEIC_ROTATED,
    LIMITS,
    PORTRAIT,
    distance,
    encoded,
    portrait,
    with_exif,
)
from tests.images.profiles import P3_ICC


@pytest.mark.parametrize("name", FILES)
def test_every_format_is_read(name: str) -> None:
    """The first picture of a file of any format is decoded unchanged and upright."""
    assert distance(decode_photo(FILES[name], LIMITS), PORTRAIT) < (9 if "gif" in name else 4)


def test_threads_do_not_disturb_each_other() -> None:
    """Photos decoded by several threads at once are the same as those decoded by one thread."""

    def decode(data: bytes) -> bytes:
        return decode_photo(data, LIMITS).tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(decode, FILES.values())) == [decode(file) for file in FILES.values()]


ORIENTED: list[tuple[str, dict[str, Any]]] = [
    ("JPEG", {}),
    ("PNG", {}),
    ("WEBP", {}),
    ("AVIF", {"speed": 10}),
    ("TIFF", {}),
]
ORIENTED += [("TIFF", {"compression": "tiff_lzw"})]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("format_", "options"), ORIENTED)
def test_orientation_is_applied_once(
    format_: str, options: dict[str, Any], orientation: int
) -> None:
    """A photo stored in any of the eight orientations comes out upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    shown = ImageOps.exif_transpose(with_exif(PORTRAIT, exif))
    file = encoded(PORTRAIT, format_, exif=exif.tobytes(), **options)
    assert distance(decode_photo(file, LIMITS), shown) < 5


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"rubbish", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*" + b"\xff" * 9])
def test_broken_exif_costs_only_the_orientation(format_: str, exif: bytes) -> None:
    """A photo with unreadable EXIF is decoded without applying an orientation."""
    file = encoded(PORTRAIT, format_, exif=b"Exif\0\0" + exif)
    assert distance(decode_photo(file, LIMITS), PORTRAIT) < 4


def test_endless_exif_is_not_read() -> None:
    """EXIF larger than 1 MiB, which could take seconds to read, is ignored."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 3
    file = encoded(PORTRAIT, "PNG", exif=exif.tobytes() + bytes(2**20))
    assert distance(decode_photo(file, LIMITS), PORTRAIT) == 0


def test_a_warning_of_the_decoder_changes_nothing() -> None:
    """A file that Pillow warns about is decoded even where warnings are errors."""
    file = FILES["mpo"].replace(b"MPF\0", b"MPF\0????", 1)
    start = file.index(b"MPF\0") - 2
    length = struct.unpack_from(">H", file, start)[0]
    file = file[:start] + struct.pack(">H", length + 4) + file[start + 2 :]
    with pytest.warns(UserWarning, match="malformed MPO"):
        Image.open(BytesIO(file))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert distance(decode_photo(file, LIMITS), PORTRAIT) < 4


def test_no_metadata_survives() -> None:
    """The result has no EXIF, XMP, comments or colour profile."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Secret"
    text = PngImagePlugin.PngInfo()
    text.add_text("Secret", "Secret")
    everything: dict[str, Any] = {"exif": exif, "icc_profile": P3_ICC, "dpi": (7, 7)}
    jpeg = encoded(PORTRAIT, "JPEG", comment=b"Secret", xmp=b"<Secret>", **everything)
    webp = encoded(PORTRAIT, "WEBP", xmp=b"<Secret>", **everything)
    files = [jpeg, webp, encoded(PORTRAIT, "PNG", pnginfo=text, **everything)]
    files += [encoded(PORTRAIT, "TIFF", **everything), HEIC_ROTATED, FILES["mpo"]]
    for file in files:
        photo = decode_photo(file, LIMITS)
        assert not photo.info
        assert not photo.getexif()
        for format_ in ("PNG", "JPEG"):
            assert encoded(photo, format_) == encoded(Image.fromarray(np.asarray(photo)), format_)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((300, 200), (128, 85)),
        ((200, 300), (85, 128)),
        ((1500, 1000), (128, 85)),
        ((128, 70), (128, 70)),
        ((64, 64), (64, 64)),
        ((9000, 65), (128, 1)),
        ((65, 9000), (1, 128)),
    ],
)
def test_a_photo_is_shrunk_and_never_enlarged(
    format_: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """The longer side has at most `max_side` pixels; the shorter one is scaled, to at least 1."""
    file = encoded(portrait(size), format_)
    shrunk = decode_photo(file, Limits(max_side=128))
    tolerance = 12 if 1 in expected else 8
    fair = portrait(size).resize(expected, Image.Resampling.LANCZOS)
    assert distance(shrunk, fair) < tolerance


def test_transparency_does_not_bleed_when_shrunk() -> None:
    """The colours of invisible pixels leave no fringe on a shrunk photo."""
    picture = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 201, 400))
    shrunk = decode_photo(encoded(picture, "PNG"), Limits(max_side=100))
    assert shrunk.getextrema() == ((255, 255),) * 3


REFUSED = {
    "nothing": (b"", NotAnImage),
    "text": (b"BMW is a maker of cars, and this is no photo at all.", NotAnImage),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NotAnImage),
    "ico": (encoded(PORTRAIT, "ICO"), NotAnImage),
    "video": (b"\0\0\0\x20ftypisom" + bytes(99), NotAnImage),
    "cut jpeg": (FILES["jpeg"][:3000], BrokenImage),
    "start of a png": (FILES["png"][:20], BrokenImage),
    "small photo": (encoded(portrait((200, 63)), "PNG"), TooSmall),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_useless_file_is_refused(name: str) -> None:
    """A file without a usable photo is refused with the error whose message its sender gets."""
    file, error = REFUSED[name]
    with pytest.raises(UserError) as caught:
        decode_photo(file, LIMITS)
    assert type(caught.value) is error


def test_a_refusal_names_its_limit() -> None:
    """A refusal's details hold the limit that its message mentions."""
    file = FILES["jpeg"]
    with pytest.raises(FileTooLarge) as too_large:
        decode_photo(file, Limits(max_bytes=len(file) - 1))
    assert too_large.value.details == {"limit_mb": (len(file) - 1) / 10**6}
    with pytest.raises(TooManyPixels) as too_many:
        decode_photo(file, Limits(max_pixels=240 * 320 - 1))
    assert too_many.value.details == {"limit_megapixels": 0.076799}
    with pytest.raises(TooSmall) as too_small:
        decode_photo(file, Limits(min_side=241))
    assert too_small.value.details == {"limit": 241}
    assert decode_photo(file, Limits(len(file), 240 * 320, 240)).size == (240, 320)


def test_garbage_behind_a_jpeg_is_no_harm() -> None:
    """A JPEG with data appended, as in motion photos, is decoded."""
    assert distance(decode_photo(FILES["jpeg"] + b"\xff\xda" * 5000, LIMITS), PORTRAIT) < 4
