"""Versions of the libraries that read strangers' files, to compare with published holes."""

from __future__ import annotations

import re

import PIL
import pillow_heif
from PIL import _avif, features

#: Libraries inside Pillow's package, by their names in `PIL.features`.
_IN_PILLOW = {
    "libjpeg_turbo": "libjpeg-turbo",
    "zlib_ng": "zlib-ng",
    "libtiff": "libtiff",
    "webp": "libwebp",
    "avif": "libavif",
    "littlecms2": "Little CMS",
}


def decoder_versions() -> dict[str, str]:
    """Return the version of each library that decodes files, by its name."""
    versions = {"Pillow": PIL.__version__}
    for feature, name in _IN_PILLOW.items():
        if version := features.version(feature):
            versions[name] = version
    # These two stand in for the libraries whose versions are else those of their interfaces only.
    for replacement, feature, name in (
        ("libjpeg-turbo", "jpg", "libjpeg"),
        ("zlib-ng", "zlib", "zlib"),
    ):
        if replacement not in versions:
            versions[name] = features.version(feature) or "unknown"
    versions |= re.findall(r"(\w+) \[dec\]:([^\s,]+)", _avif.codec_versions())
    heif = pillow_heif.libheif_info()
    versions |= {"pillow-heif": pillow_heif.__version__, "libheif": heif["libheif"]}
    for name, text in heif["decoders"].items():
        found = re.search(r"\d+(\.\d+)+", text)
        versions[name] = found[0] if found else text
    return versions
