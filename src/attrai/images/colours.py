"""From any mode and colour space that a file may have to 8-bit RGB in sRGB."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageCms


def resizable(photo: Image.Image) -> Image.Image:
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


def opaque(photo: Image.Image) -> Image.Image:
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
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low
    return Image.fromarray((values * (255 / (high - low or 1))).astype(np.uint8))


def in_srgb(photo: Image.Image, profile: bytes | None) -> Image.Image:
    """The opaque photo as RGB, by the ICC profile that came with it."""
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
