"""Colour conversion: from any mode and colour space of a file to 8-bit RGB in sRGB."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms


def to_resizable(photo: Image.Image) -> Image.Image:
    """Convert a photo to a mode whose pixels can be averaged."""
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


def flatten_alpha(photo: Image.Image) -> Image.Image:
    """Convert a photo to 8 bits, in L, RGB, CMYK or LAB, with white where it is transparent."""
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
    # The file doesn't say which value is white, so the largest is taken as white.
    values = np.asarray(photo, dtype=np.float64)
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low
    return Image.fromarray((values * (255 / (high - low or 1))).astype(np.uint8))


def to_srgb(photo: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert an opaque photo to sRGB, using the ICC profile from its file.

    Args:
        photo: The photo in L, RGB, CMYK or LAB.
        profile: The profile. None, or one that can't be used, leaves the values as they are.
    """
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
    except Exception:  # noqa: BLE001  # a profile can be broken in many ways; each is ignored
        converted = None
    return converted or photo.convert("RGB")
