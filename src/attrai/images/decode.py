"""Decoding of untrusted image files to photos that the other stages can trust.

The format is determined from the file's content alone. The header is checked before any pixel is
decoded, because a file of a few kB can claim gigabytes. Pixels are decoded as follows:

    JPEG, PNG, BMP, TIFF, AVIF   by `load`
    HEIC                         by `load`; the decoded size may differ from the header's
    WebP                         by `load`; opening reserves a canvas but does not touch it
    GIF                          by `load`; opening may fill a canvas of one byte per pixel,
                                 up to Pillow's own limit of 179 megapixels

What that takes of memory, and so how many pixels a file may have, is in `attrai.images.memory`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pillow_heif
from PIL import ExifTags, Image, ImageFile

from attrai.errors import BrokenImage, FileTooLarge, NotAnImage, TooManyPixels, TooSmall, UserError
from attrai.images.colours import flatten_alpha, to_srgb
from attrai.images.hostile import MAX_EXIF_BYTES, detach_metadata, is_hostile
from attrai.images.limits import Limits
from attrai.images.memory import kind_of, max_pixels_of, webp_size
from attrai.images.shrink import shrink_photo
from attrai.images.truncated import load_truncated, strip_padding
from attrai.images.unsupported import is_misread_tiff, is_raw_photo, is_unsupported

# Both calls only register openers. They run on import because threads that open their first photo
# at the same time would race.
Image.init()
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

#: Signatures at the start of a file, and the Pillow openers that may read it. A mif1 file can be
#: either AVIF or HEIF.
_SIGNATURES = {
    rb"\xff\xd8\xff": ("JPEG",),  # MPO too
    rb"\x89PNG\r\n\x1a\n": ("PNG",),
    rb"RIFF....WEBP": ("WEBP",),
    rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0": ("BMP",),  # "BM" alone may be text
    rb"II[*+]\0|MM\0[*]": ("TIFF",),  # no big-endian BigTIFF, which Pillow misreads
    rb"GIF8[79]a": ("GIF",),
    rb".{4}ftyp(avif|avis)": ("AVIF",),
    rb".{4}ftyp(mif1|msf1)": ("AVIF", "HEIF"),
    rb".{4}ftyphe[iv][cmsx]": ("HEIF",),
}

#: Formats whose decoders already apply the orientation.
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


def decode_photo(data: bytes, limits: Limits) -> Image.Image:
    """Decode an untrusted file to an upright sRGB photo without metadata.

    Args:
        data: A whole untrusted file: JPEG, PNG, WebP, BMP, TIFF, GIF, HEIC or AVIF. If it has
            several frames or pages, the first is decoded.
        limits: Limits on the file and the photo.

    Returns:
        An RGB image whose longer side has at most `limits.max_side` pixels, with white where the
        photo is transparent. A photo is shrunk if necessary but never enlarged.

    Raises:
        FileTooLarge: The file is longer than `limits.max_bytes`.
        NotAnImage: The file is in none of these formats, or in a variant that can't be decoded.
        BrokenImage: The file is damaged, lacks more than its end, or is made to exhaust its
            decoder.
        TooManyPixels: The photo has more than `limits.max_pixels`.
        TooSmall: The photo's shorter side is below `limits.min_side`.
    """
    if len(data) > limits.max_bytes:
        raise FileTooLarge(limit_mb=limits.max_bytes / 10**6)
    formats = _formats(data)
    _silence_decoders()
    data = strip_padding(data, formats)
    if not {"AVIF", "HEIF"}.isdisjoint(formats):
        data = detach_metadata(data)
    with _as_user_errors(data, formats, limits):
        if is_hostile(data, formats):
            raise BrokenImage(reason="made to exhaust its decoder")
        if formats == ("WEBP",) and (size := webp_size(data)):
            _check_size(size, limits, "WEBP")
        if formats == ("TIFF",) and is_raw_photo(data):
            raise NotAnImage(reason="a raw photo")
        if formats == ("TIFF",) and is_misread_tiff(data):
            raise NotAnImage(reason="a TIFF that would be misread")
        file = _load(data, formats, limits)
        if file.format == "HEIF":
            _check_size(file.size, limits, kind_of(file))
        transpose = None if file.format in _UPRIGHT else transpose_of(file)
        photo = shrink_photo(file, limits.max_side)
    if transpose is not None:
        photo = photo.transpose(transpose)
    photo = to_srgb(flatten_alpha(photo), file.info.get("icc_profile"))
    photo.info.clear()
    return photo


def _load(data: bytes, formats: tuple[str, ...], limits: Limits) -> ImageFile.ImageFile:
    """Return the loaded image of a file, at a smaller scale if its decoder can."""

    def open_(data: bytes) -> ImageFile.ImageFile:
        file = Image.open(BytesIO(data), formats=formats)
        _check_size(file.size, limits, kind_of(file))
        # Pillow turns a TIFF by itself, and takes an orientation from XMP where EXIF has none.
        file.info.pop("xmp", None)
        shrink = max(1, max(file.size) // limits.max_side)
        file.draft(None, (max(1, file.width // shrink), max(1, file.height // shrink)))
        return file

    file = None
    try:
        file = open_(data)
        file.load()
    except (OSError, SyntaxError):
        if file:
            file.close()  # frees its memory
        file = load_truncated(data, open_, formats[0])
        if not file:
            raise
    return file


def _formats(data: bytes) -> tuple[str, ...]:
    for signature, formats in _SIGNATURES.items():
        if re.match(signature, data, re.DOTALL):
            return formats
    raise NotAnImage


def _silence_decoders() -> None:
    # Pillow warns about oddities in untrusted files, which are to be expected. `catch_warnings`
    # is not thread-safe; adding a filter is correct whatever other threads do meanwhile.
    if warnings.filters[:1] != [_DECODER_NOISE]:
        warnings.filterwarnings("ignore", module=r"PIL\.")


@contextmanager
def _as_user_errors(data: bytes, formats: tuple[str, ...], limits: Limits) -> Iterator[None]:
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise TooManyPixels(limit_megapixels=limits.max_pixels / 10**6) from error
    except Exception as error:  # hostile bytes can make a decoder raise nearly anything
        if is_unsupported(data, formats, error):
            raise NotAnImage(reason=repr(error)) from error
        raise BrokenImage(reason=repr(error)) from error


def _check_size(size: tuple[int, int], limits: Limits, kind: str | None) -> None:
    width, height = size
    most = max_pixels_of(kind, limits.max_pixels)
    if width * height > most:
        raise TooManyPixels(limit_megapixels=most / 10**6)
    if min(size) < limits.min_side:
        raise TooSmall(limit=limits.min_side)


def transpose_of(image: Image.Image) -> Image.Transpose | None:
    """Return what turns a loaded image upright, by its EXIF alone, as browsers do.

    Pillow's `getexif` takes the orientation from XMP where EXIF has none. But programs that turn
    the pixels set EXIF's and leave XMP's as it was.
    """
    content = image.info.get("exif", b"")
    if len(content) > MAX_EXIF_BYTES:
        return None
    try:
        exif = Image.Exif()
        exif.load(content)
        return _TRANSPOSE.get(exif.get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # EXIF can be broken in many ways; only the orientation is lost
        return None
