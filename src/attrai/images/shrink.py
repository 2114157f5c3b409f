"""Shrinking of large photos without a second copy of them in memory."""

from __future__ import annotations

import math

from PIL import Image

from attrai.images.colours import to_resizable

#: Pixels that are converted at a time.
_STRIP_PIXELS = 2**21
#: How far the filter reaches, in pixels of the result, and one more for its rounding.
_REACH = 4
#: Modes that are resized as they are, if no colour is transparent.
_PLAIN_MODES = {"L", "RGB", "CMYK", "LAB", "I", "F"}


def shrink_photo(photo: Image.Image, max_side: int) -> Image.Image:
    """Return the photo in a mode whose pixels can be averaged, at most `max_side` wide and high.

    The photo is converted and shrunk strip by strip, since all of it converted would take several
    times the memory.
    """
    scale = max(photo.size) / max_side
    if scale <= 1:
        return to_resizable(photo)
    width, height = (max(1, round(side / scale)) for side in photo.size)
    plain = photo.mode in _PLAIN_MODES and not photo.has_transparency_data
    # A photo that needs no conversion is one strip.
    rows = height if plain else max(1, int(_STRIP_PIXELS / (photo.width * scale)))
    strips = [
        (top, _shrunk_strip(photo, width, height, range(top, min(top + rows, height))))
        for top in range(0, height, rows)
    ]
    if len(strips) == 1:
        return strips[0][1]
    result = Image.new(strips[0][1].mode, (width, height))
    for top, strip in strips:
        result.paste(strip, (0, top))
    return result


def _shrunk_strip(photo: Image.Image, width: int, height: int, rows: range) -> Image.Image:
    """Return some rows of the photo shrunk to `width` x `height`."""
    scale = photo.height / height
    start, stop = rows.start * scale, rows.stop * scale
    # The filter reads beyond the strip, so that no seams are seen.
    first = max(0, math.floor(start - _REACH * scale))
    last = min(photo.height, math.ceil(stop + _REACH * scale))
    if (first, last) != (0, photo.height):
        photo = photo.crop((0, first, photo.width, last))
    strip = to_resizable(photo)
    if strip.mode in {"LA", "RGBA"}:
        # Colours of transparent pixels must not bleed into their neighbours.
        strip = strip.convert({"LA": "La", "RGBA": "RGBa"}[strip.mode])
    return strip.resize(
        (width, len(rows)),
        Image.Resampling.LANCZOS,
        (0, start - first, photo.width, min(stop - first, photo.height)),
        reducing_gap=3,
    )
