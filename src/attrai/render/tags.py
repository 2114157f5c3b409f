"""Frames around faces, and short texts on tags beside them.

The `boxes` and `ranking` renderers use both, and `spotlight` the frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrai.render import palette, shapes
from attrai.render.label_placement import place_labels
from attrai.render.shapes import clip, grow, whole
from attrai.render.text import Style, draw_text, line_width, text_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from attrai.job import Box
    from attrai.render.shapes import Size

#: Text size as a share of the face, and its maximum as a share of the picture's longer side.
_TEXT_OF_FACE = 0.16
_TEXT_OF_PICTURE = 1 / 24
#: Padding, height and corner radius of a tag, in ems of its text.
_PADDING = 0.42
_HEIGHT = 1.5
_RADIUS = 0.28
_HAIRLINE_OPACITY = 0.55


def mark_faces(
    canvas: Image, faces: Sequence[Box], texts: Sequence[str], *, untagged: Sequence[Box] = ()
) -> None:
    """Draw a frame around each face, and its text on a tag close to it, onto `canvas`.

    The faces in `untagged` get nothing but the frame.
    """
    picture = whole(canvas.size)
    others = frame_faces(canvas, untagged)
    frames = frame_faces(canvas, faces)
    styles = [
        Style(
            "SemiBold", text_size(face, canvas.size, _TEXT_OF_FACE, _TEXT_OF_PICTURE), palette.INK
        )
        for face in faces
    ]
    widest = max((line_width(face, canvas.size) for face in faces), default=0)
    places = place_labels(
        grow(picture, -min(widest, min(canvas.size) / 16)),
        frames,
        [_tag_size(text, style) for text, style in zip(texts, styles, strict=True)],
        others=others,
    )
    for place, text, style in zip(places, texts, styles, strict=True):
        _tag(canvas, place, text, style)


def frame_faces(canvas: Image, faces: Sequence[Box]) -> list[Box]:
    """Draw a frame around each face onto `canvas`, and return the frames' outer edges."""
    edges = []
    for face in faces:
        width = line_width(face, canvas.size)
        frame = clip(grow(face, width / 2), grow(whole(canvas.size), -width))
        _frame(canvas, frame, width)
        edges.append(grow(frame, width / 2))
    return edges


def _frame(canvas: Image, frame: Box, width: float) -> None:
    radius = 2 * width
    hairline = max(1.0, width / 3)
    shapes.stroke(
        canvas,
        frame,
        palette.INK,
        width=width + 2 * hairline,
        radius=radius,
        opacity=_HAIRLINE_OPACITY,
    )
    shapes.stroke(canvas, frame, palette.PAPER, width=width, radius=radius)


def _tag_size(text: str, style: Style) -> Size:
    height = _HEIGHT * style.size
    return max(style.width(text) + 2 * _PADDING * style.size, height), height


def _tag(canvas: Image, place: Box, text: str, style: Style) -> None:
    radius = _RADIUS * style.size
    hairline = max(1.0, style.size / 20)
    shapes.fill(
        canvas,
        grow(place, hairline),
        palette.INK,
        radius=radius + hairline,
        opacity=_HAIRLINE_OPACITY,
    )
    shapes.fill(canvas, place, palette.PAPER, radius=radius)
    x = (place.x1 + place.x2 - style.width(text)) / 2
    draw_text(canvas, x, (place.y1 + place.y2 + style.cap_height) / 2, text, style)
