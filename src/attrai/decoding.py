"""From the bytes of a stranger to a photo that the other stages can trust.

The file's content alone decides its format. The header is judged before a pixel is decoded,
for a file of a few kB can promise gigabytes. When pixels are decoded:

    JPEG, PNG, BMP, TIFF, AVIF   by `load`
    HEIC                         by `load`, whose pixels may differ in size from the header
    WebP                         by `load`; opening reserves a canvas that stays untouched
    GIF                          by `load`; opening may fill a canvas of one byte per pixel,
                                 up to Pillow's own 179 megapixels

A decoder at work on 50 megapixels needs 200 to 800 MB, whatever is asked of it.
"""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pi_heif
from PIL import ExifTags, Image, ImageCms

from attrai.errors import BrokenImage, FileTooLarge, NotAnImage, TooManyPixels, TooSmall, UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Both add openers and change nothing else. Done here, for threads that open their first
# photo at once would race for it.
Image.init()
pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

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

#: Pillow makes an object of 300 bytes of each number in a tag: 20 MB of them take 12 seconds
#: and 700 MB in EXIF, 50 seconds and 4.5 GB as a TIFF's strips. Honest files stay far below
#: all of these. A JPEG scan, in turn, walks over the whole photo and can be 100 bytes long.
_MAX_EXIF_BYTES = 2**20
_MAX_TIFF_VALUES = 200_000
_MAX_JPEG_SEGMENTS = 5000
_MAX_JPEG_EXIFS = 16
_MAX_JPEG_SCANS = 100

_JPEG_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_TIFF_STRIPS = {273, 324}
_TIFF_SUBDIRECTORIES = {34665, 34853, 40965}
#: The types whose values Pillow keeps as one string of bytes.
_TIFF_STRINGS = {1, 2, 7}
_TIFF_SHORTS = {3, 8}

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
    with _file_at_fault(limits):
        _refuse_traps(data, formats)
        file = Image.open(BytesIO(data), formats=formats)
        _check_size(file.size, limits)
        shrink = max(1, max(file.size) // limits.max_side)
        file.draft(None, (max(1, file.width // shrink), max(1, file.height // shrink)))
        file.load()
        if file.format == "HEIF":
            _check_size(file.size, limits)
        transpose = _transpose(file)
        photo = _resizable(file)
    photo.thumbnail((limits.max_side, limits.max_side), Image.Resampling.LANCZOS, reducing_gap=3)
    if transpose is not None:
        photo = photo.transpose(transpose)
    photo = _in_srgb(_opaque(photo), file.info.get("icc_profile"))
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


def _refuse_traps(data: bytes, formats: tuple[str, ...]) -> None:
    if formats == ("JPEG",) and _is_jpeg_trap(data):
        raise BrokenImage(reason="too many segments")
    if formats == ("TIFF",) and _tiff_values(data) > _MAX_TIFF_VALUES:
        raise BrokenImage(reason="too many values in tags")


def _is_jpeg_trap(data: bytes) -> bool:
    """Whether the first picture has more segments than any camera writes."""
    segments = exifs = scans = 0
    position = 2
    while marker := _JPEG_MARKER.search(data, position):
        start = marker.end()
        if marker[0] == b"\xff\xd9":
            break
        segments += 1
        scans += marker[0] == b"\xff\xda"
        exifs += marker[0] == b"\xff\xe1" and data.startswith(b"Exif\0\0", start + 2)
        if segments > _MAX_JPEG_SEGMENTS or exifs > _MAX_JPEG_EXIFS or scans > _MAX_JPEG_SCANS:
            return True
        position = start + max(2, int.from_bytes(data[start : start + 2]))
    return False


def _tiff_values(data: bytes) -> int:
    """How many numbers Pillow would make objects of when it reads the first page's tags."""
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
    width, count_width = (8, 8) if data.startswith(b"II+") else (4, 2)  # BigTIFF or TIFF

    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    def entries(directory: int) -> Iterator[tuple[int, int, int, int]]:
        start = directory + count_width
        length = 4 + 2 * width
        end = min(start + number(directory, count_width) * length, len(data))
        for entry in islice(range(start, end, length), _MAX_TIFF_VALUES):
            yield number(entry, 2), number(entry + 2, 2), number(entry + 4, width), entry

    total = 0
    subdirectories: dict[int, int] = {}
    for tag, kind, count, entry in entries(number(width, width)):
        total += 1 + (count if kind not in _TIFF_STRINGS or tag in _TIFF_STRIPS else 0)
        if tag in _TIFF_SUBDIRECTORIES:
            length = 2 if kind in _TIFF_SHORTS else width
            subdirectories.setdefault(tag, number(entry + 4 + width, length))
    for directory in subdirectories.values():
        total += sum(
            1 + (count if kind not in _TIFF_STRINGS else 0)
            for _, kind, count, _ in entries(directory)
        )
    return total


def _transpose(file: Image.Image) -> Image.Transpose | None:
    if file.format in _UPRIGHT or len(file.info.get("exif", b"")) > _MAX_EXIF_BYTES:
        return None
    try:
        return _TRANSPOSE.get(file.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # broken EXIF, in any of many ways, costs only the orientation
        return None


def _resizable(photo: Image.Image) -> Image.Image:
    """The photo in a mode whose pixels can be averaged."""
    if photo.mode.startswith("I;16"):
        values = np.asarray(photo)
        grey = Image.fromarray((values >> 8).astype(np.uint8))
        if "transparency" in photo.info:
            opaque = values != photo.info["transparency"]
            grey.putalpha(Image.fromarray(opaque.astype(np.uint8) * np.uint8(255)))
        return grey
    mode = {"1": "L", "L": "L", "P": "RGB", "PA": "RGB", "RGB": "RGB"}.get(photo.mode)
    if mode is None:
        return photo
    if photo.has_transparency_data:
        mode += "A"
    return photo if photo.mode == mode else photo.convert(mode)


def _opaque(photo: Image.Image) -> Image.Image:
    """The photo in 8 bits, on white where it is transparent: L, RGB, CMYK or LAB."""
    if photo.mode in {"I", "F"}:
        return _stretched(photo)
    if photo.mode in {"LA", "La", "RGBA", "RGBa"}:
        photo = photo.convert(photo.mode.upper())
        colours = photo.convert(photo.mode[:-1])
        page = Image.new(colours.mode, photo.size, "white")
        page.paste(colours, mask=photo.getchannel("A"))
        return page
    return photo if photo.mode in {"L", "RGB", "CMYK", "LAB"} else photo.convert("RGB")


def _stretched(photo: Image.Image) -> Image.Image:
    # Nothing says which of these numbers is white, so that the largest has to be.
    values = np.asarray(photo, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    scaled = (values - low) * (255 / max(high - low, np.finfo(np.float32).tiny))
    return Image.fromarray(np.nan_to_num(scaled).clip(0, 255).astype(np.uint8))


def _in_srgb(photo: Image.Image, profile: Any) -> Image.Image:
    if not profile:
        return photo.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if photo.mode == "L" and source.profile.xcolor_space == "RGB ":
            photo = photo.convert("RGB")
        target = ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(photo, source, target, outputMode="RGB")
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  # a broken profile, in any of many ways, is ignored
        converted = None
    return converted or photo.convert("RGB")
