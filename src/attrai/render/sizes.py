"""Text sizes and line widths that follow the face and suit the picture.

All in pixels. A picture is shown as wide as the screen, whatever its pixels, so what is
legible is a share of its longer side.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrai.render.geometry import clip, whole

if TYPE_CHECKING:
    from attrai.contract import Box
    from attrai.render.geometry import Size

#: No text is smaller than this, unless the picture itself is.
_LEGIBLE = 11.0


def legible(picture: Size) -> float:
    """The smallest text size for a picture."""
    return min(max(_LEGIBLE, max(picture) / 80), _fitting(picture))


def text_size(face: Box, picture: Size, share: float, most: float) -> float:
    """The size of a face's text: `share` of the face.

    At least legible, at most the share `most` of the picture's longer side, and always so that
    a number fits into the picture.
    """
    size = min(share * face_size(face, picture), most * max(picture))
    return min(max(size, legible(picture)), _fitting(picture))


def line_width(face: Box, picture: Size) -> float:
    """The width of the line around a face."""
    return min(max(face_size(face, picture) / 60, 1.5, max(picture) / 640), max(picture) / 240 + 1)


def face_size(face: Box, picture: Size) -> float:
    """The side of a square as large as the visible part of the face."""
    seen = clip(face, whole(picture))
    return math.sqrt(seen.width * seen.height)


def _fitting(picture: Size) -> float:
    # The widest label, a score and its spread in equal size, is 5.1 ems wide.
    return min(picture) / 5.2
