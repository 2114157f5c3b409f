"""Detection of valid files in variants of their formats that can't be decoded here.

They are not damaged, so that sending them again would not help.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable

import pillow_heif

from attrai.images.jpeg import FRAMES, Segment, segments_of
from attrai.images.tiff import SUBIFDS, Entry, TiffDirectories

# JPEG: baseline, extended and progressive, Huffman or arithmetic coding, 8 bits, 1, 3 or 4 colours.
_JPEG_PROCESSES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_JPEG_COLOURS = {1, 3, 4}

_BMP_DEPTHS = {1, 2, 4, 8, 16, 24, 32, 64}
_BMP_COMPRESSIONS = {*range(7), 11, 12, 13}
_BMP_RAW = {0, 3, 6, 11}

_SUBFILE, _WIDTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 258, 259, 262
_SAMPLES, _PLANES, _SAMPLE_FORMAT = 277, 284, 339
#: The value of `_PLANES` if each colour has a plane of its own.
_SEPARATE = 2
_DNG_VERSION = 50706
#: Photometric interpretations of what a camera's sensor saw.
_SENSOR = {32803, 34892}
#: Where the pixels are, and how many bytes there: strips, tiles, and the JPEG of an old file.
_TIFF_PIXELS = ((273, 279), (324, 325), (513, 514))
#: Compressions that Pillow's libtiff decodes: none, CCITT, LZW, JPEG, deflate, PackBits, LZMA and
#: Zstandard.
_TIFF_COMPRESSIONS = {1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000}
_TIFF_JPEGS = {6, 7}

#: Codings of a HEIC or AVIF image's pixels, and images that are put together from such.
_ITEM_CODINGS = {b"hvc1", b"av01"}
_DERIVED_ITEMS = {b"grid", b"iden", b"iovl", b"tmap"}
_ITEM = re.compile(rb"infe(?:\x02...(..)|\x03...(....))..(....)", re.DOTALL)
_PRIMARY_ITEM = re.compile(rb"pitm(?:\0...(..)|\x01...(....))", re.DOTALL)
_HEVC_PROFILE = re.compile(rb"hvcC\x01(.)", re.DOTALL)
_HEVC_PROFILES = {1, 2, 3}


def is_raw_photo(data: bytes) -> bool:
    """Return whether a TIFF holds what a camera's sensor saw, and photos only as previews of it.

    Such are DNG, CR2, NEF, ARW and other raw files.
    """
    if data[8:10] == b"CR":
        return True
    tiff = TiffDirectories(data)
    for number, entries in enumerate(tiff.all()):
        if _DNG_VERSION in entries or _value(tiff, entries, _PHOTOMETRIC) in _SENSOR:
            return True
        # The first picture is, in its own words, a smaller version of another one.
        if not number and SUBIFDS in entries and _value(tiff, entries, _SUBFILE) & 1:
            return True
    return False


def is_misread_tiff(data: bytes) -> bool:
    """Return whether a TIFF is of a variant of which Pillow makes another picture, without a word.

    Such are, with more than 8 bits for each value: uncompressed planes of colours, of which it
    reads one as all; grey whose zero is white, which it shows as a negative; and grey that it reads
    as signed or in the wrong byte order.
    """
    tiff = TiffDirectories(data)
    entries = {entry.tag: entry for entry in tiff.entries(tiff.first)}
    bits, samples, kind = (
        _value(tiff, entries, tag, 1) for tag in (_BITS, _SAMPLES, _SAMPLE_FORMAT)
    )
    compressed = _value(tiff, entries, _COMPRESSION, 1) != 1
    if bits <= 8:  # noqa: PLR2004 - of a byte
        return False
    if samples > 1:
        return _value(tiff, entries, _PLANES, 1) == _SEPARATE and not compressed
    unsigned = kind == 1
    white_is_zero = _value(tiff, entries, _PHOTOMETRIC, 1) == 0
    wrong_order = compressed and data.startswith(b"MM") and not (unsigned and bits == 16)  # noqa: PLR2004
    return white_is_zero or wrong_order or (unsigned and bits == 32)  # noqa: PLR2004


def is_unsupported(data: bytes, formats: tuple[str, ...], error: Exception) -> bool:
    """Return whether a file that was not decoded is valid but of a variant that can't be.

    Args:
        data: The whole file.
        formats: Pillow's names of the formats that the file may have.
        error: What the decoder raised.
    """
    if "JPEG" in formats:
        return is_unsupported_jpeg(data, segments_of(data))
    if "BMP" in formats:
        return "Unsupported BMP" in str(error) and _is_whole_bmp(data)
    if "TIFF" in formats:
        return _is_other_tiff(data, error)
    if not {"AVIF", "HEIF"}.isdisjoint(formats):
        return _is_other_heif(data, error)
    return False


def is_unsupported_jpeg(data: bytes, segments: Iterable[Segment]) -> bool:
    """Return whether a JPEG is of an unknown variant, by its first frame."""
    for segment in segments:
        if segment.code in FRAMES:
            try:
                bits, height, _, colours = struct.unpack_from(">BHHB", segment.content(data))
            except struct.error:
                return False
            # The height may come behind the first scan instead, in a DNL segment.
            known = segment.code in _JPEG_PROCESSES and bits == 8 and height > 0  # noqa: PLR2004
            return not known or colours not in _JPEG_COLOURS
    return False


def _is_whole_bmp(data: bytes) -> bool:
    try:
        start, header = struct.unpack_from("<LL", data, 10)
        if header == 12:  # noqa: PLR2004 - bytes of OS/2's first header
            width, height, _, depth = struct.unpack_from("<4H", data, 18)
            compression = length = 0
        else:
            width, height, _, depth, compression, length = struct.unpack_from("<llHHLL", data, 18)
    except struct.error:
        return False
    if compression in _BMP_RAW and header != 64:  # noqa: PLR2004 - OS/2's second header
        length = (width * depth + 31) // 32 * 4 * abs(height)
    known = depth in _BMP_DEPTHS | {0} and compression in _BMP_COMPRESSIONS
    return known and length > 0 and start + length <= len(data)


def _is_other_tiff(data: bytes, error: Exception) -> bool:
    tiff = TiffDirectories(data)
    entries = {entry.tag: entry for entry in tiff.entries(tiff.first)}
    starts = _pixels_of(data, tiff, entries)
    if _WIDTH not in entries or not starts:
        return False
    if "cannot identify" in str(error):
        return True
    # Compressions are known to Pillow that its libtiff can't decode.
    compression = _value(tiff, entries, _COMPRESSION, 1)
    if compression in _TIFF_JPEGS:
        return is_unsupported_jpeg(data, segments_of(data, starts[0]))
    return compression not in _TIFF_COMPRESSIONS


def _pixels_of(data: bytes, tiff: TiffDirectories, entries: dict[int, Entry]) -> list[int]:
    """Return where the parts of a directory's pixels start; nothing if the file is too short."""
    for places, sizes in _TIFF_PIXELS:
        if places in entries and sizes in entries:
            starts, lengths = tiff.values(entries[places]), tiff.values(entries[sizes])
            ends = [start + length for start, length in zip(starts, lengths, strict=False)]
            whole = len(starts) == len(lengths) and max(ends, default=0) <= len(data)
            return starts if whole else []
    return []


def _value(tiff: TiffDirectories, entries: dict[int, Entry], tag: int, default: int = 0) -> int:
    values = tiff.values(entries[tag]) if tag in entries else []
    return values[0] if values else default


def _is_other_heif(data: bytes, error: Exception) -> bool:
    reasons = f"{error} {_error_of_libheif(data)}"
    if re.search("unsupported|not implemented", reasons, re.IGNORECASE):
        return True
    items = {int.from_bytes(short or long): kind for short, long, kind in _ITEM.findall(data)}
    primary = _PRIMARY_ITEM.search(data)
    if primary and items:
        kind = items.get(int.from_bytes(primary[1] or primary[2]))
        if kind is not None and kind not in _ITEM_CODINGS | _DERIVED_ITEMS:
            return True
        if _ITEM_CODINGS.isdisjoint(items.values()):
            return True
    profile = _HEVC_PROFILE.search(data)
    return profile is not None and profile[1][0] & 31 not in _HEVC_PROFILES


def _error_of_libheif(data: bytes) -> str:
    """Return why libheif can't open a file, which Pillow doesn't pass on."""
    try:
        pillow_heif.open_heif(data)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of libheif's, only the text matters
        return str(error)
    return ""
