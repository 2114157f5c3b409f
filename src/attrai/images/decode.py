"""From the bytes of a stranger to a photo that the other stages can trust.

The file's content alone decides its format. The header is judged before a pixel is decoded,
for a file of a few kB can promise gigabytes. When pixels are decoded:

    JPEG, PNG, BMP, TIFF, AVIF   by `load`
    HEIC                         by `load`, whose pixels may differ in size from the header
    WebP                         by `load`; opening reserves a canvas that stays untouched
    GIF                          by `load`; opening may fill a canvas of one byte per pixel,
                                 up to Pillow's own 179 megapixels

Of 50 megapixels a JPEG needs 30 MB, for it is decoded at a smaller scale; the others need
200 to 450 MB and WebP 800 MB.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image

from attrai.errors import BrokenImage, FileTooLarge, NotAnImage, TooManyPixels, TooSmall, UserError
from attrai.images.colours import in_srgb, opaque, resizable
from attrai.images.hostile import MAX_EXIF_BYTES, is_hostile, without_metadata

# Both add openers and change nothing else. Done here, for threads that open their first
# photo at once would race for it.
Image.init()
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

#: How a file begins, and the openers that may read it. A mif1 file is either of the two.
_SIGNATURES = {
    rb"\xff\xd8\xff": ("JPEG",),  # MPO too
    rb"\x89PNG\r\n\x1a\n": ("PNG",),
    rb"RIFF....WEBP": ("WEBP",),
    rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0": ("BMP",),  # some texts begin with "BM"
    rb"II[*+]\0|MM\0[*]": ("TIFF",),  # Pillow misreads the big-endian BigTIFF
    rb"GIF8[79]a": ("GIF",),
    rb".{4}ftyp(avif|avis)": ("AVIF",),
    rb".{4}ftyp(mif1|msf1)": ("AVIF", "HEIF"),
    rb".{4}ftyphe[iv][cmsx]": ("HEIF",),
}

#: Their decoders turn the photo upright by themselves.
_UPRIGHT = {"HEIF", "TIFF"}

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_DECODER_NOISE: object = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


@dataclass(frozen=True)
class Limits:
    """What a photo may be, and how large it is handed on."""

    #: Of the file; 20 MB in the decimal sense of the text that names it.
    max_bytes: int = 20 * 10**6
    #: Width times height; Pillow refuses more than 179 megapixels whatever stands here.
    max_pixels: int = 50 * 10**6
    #: The least for the shorter side, in pixels.
    min_side: int = 64
    #: The most for the longer side of the result, in pixels.
    max_side: int = 1280


def decode_photo(data: bytes, limits: Limits) -> Image.Image:
    """The upright photo in RGB and sRGB, on white where it is transparent, without metadata.

    Args:
        data: a whole file, by anyone: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC or AVIF. Of
            several frames or pages it is the first that counts.
        limits: a photo within them is never enlarged.

    Returns:
        An image whose longer side has at most `limits.max_side` pixels.

    Raises:
        FileTooLarge: the file is longer than `limits.max_bytes`.
        NotAnImage: the file is in none of these formats.
        BrokenImage: the file is damaged, ends too early, or is made to exhaust us.
        TooManyPixels: the photo has more than `limits.max_pixels`.
        TooSmall: the photo's shorter side is below `limits.min_side`.
    """
    if len(data) > limits.max_bytes:
        raise FileTooLarge(limit_mb=limits.max_bytes / 10**6)
    formats = _formats(data)
    _silence_decoders()
    if not {"AVIF", "HEIF"}.isdisjoint(formats):
        data = without_metadata(data)
    with _file_at_fault(limits):
        if is_hostile(data, formats):
            raise BrokenImage(reason="made to exhaust its decoder")
        file = Image.open(BytesIO(data), formats=formats)
        _check_size(file.size, limits)
        shrink = max(1, max(file.size) // limits.max_side)
        file.draft(None, (max(1, file.width // shrink), max(1, file.height // shrink)))
        file.load()
        if file.format == "HEIF":
            _check_size(file.size, limits)
        transpose = _transpose(file)
        photo = resizable(file)
    photo.thumbnail((limits.max_side, limits.max_side), Image.Resampling.LANCZOS, reducing_gap=3)
    if transpose is not None:
        photo = photo.transpose(transpose)
    photo = in_srgb(opaque(photo), file.info.get("icc_profile"))
    photo.info.clear()
    return photo


def _formats(data: bytes) -> tuple[str, ...]:
    for signature, formats in _SIGNATURES.items():
        if re.match(signature, data, re.DOTALL):
            return formats
    raise NotAnImage


def _silence_decoders() -> None:
    # Pillow warns of what strangers' files contain, which is not news. `catch_warnings` is
    # unsafe among threads; a filter of our own stays correct whatever others do meanwhile.
    if warnings.filters[:1] != [_DECODER_NOISE]:
        warnings.filterwarnings("ignore", module=r"PIL\.")


@contextmanager
def _file_at_fault(limits: Limits) -> Iterator[None]:
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(limits) from error
    except Exception as error:  # hostile bytes make a decoder raise nearly anything
        raise BrokenImage(reason=repr(error)) from error


def _too_many_pixels(limits: Limits) -> TooManyPixels:
    return TooManyPixels(limit_megapixels=limits.max_pixels / 10**6)


def _check_size(size: tuple[int, int], limits: Limits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        raise _too_many_pixels(limits)
    if min(size) < limits.min_side:
        raise TooSmall(limit=limits.min_side)


def _transpose(file: Image.Image) -> Image.Transpose | None:
    if file.format in _UPRIGHT or len(file.info.get("exif", b"")) > MAX_EXIF_BYTES:
        return None
    try:
        return _TRANSPOSE.get(file.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # broken EXIF, in any of many ways, costs only the orientation
        return None
