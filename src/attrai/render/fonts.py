"""The fonts that travel with attrai: Inter, in two weights, with Latin and Cyrillic."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

Weight = Literal["Regular", "SemiBold"]

_PACKAGE = Path(__file__).resolve().parents[1]
_SIZES_PER_PIXEL = 2


def font_file(weight: Weight) -> Path:
    """Where Inter in this weight lies.

    A wheel carries the fonts as `attrai/fonts`; a checkout keeps them in the repository's
    `fonts`, beside `src`.

    Raises:
        FileNotFoundError: in neither place, so the installation is broken.
    """
    name = f"Inter-{weight}.otf"
    places = (_PACKAGE / "fonts", _PACKAGE.parents[1] / "fonts")
    for place in places:
        if (place / name).is_file():
            return place / name
    raise FileNotFoundError(f"no {name} in {' or '.join(map(str, places))}")


def font(weight: Weight, size: float) -> ImageFont.FreeTypeFont:
    """Inter in this weight at `size` pixels per em, rounded to half a pixel, at least 1."""
    return _load(weight, max(_SIZES_PER_PIXEL, round(size * _SIZES_PER_PIXEL)))


@lru_cache(maxsize=128)
def _load(weight: Weight, steps: int) -> ImageFont.FreeTypeFont:
    # Basic layout, because libraqm is missing from some builds of Pillow and spaces text
    # differently; numbers need none of what it adds.
    return ImageFont.truetype(
        font_file(weight), steps / _SIZES_PER_PIXEL, layout_engine=ImageFont.Layout.BASIC
    )
