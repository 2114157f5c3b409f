"""The `spotlight` renderer: bright faces on a dimmed photo with large scores, for portraits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance

from attrai.job import Box
from attrai.render import palette, shapes
from attrai.render.gauge import DOT, draw_gauge
from attrai.render.label_placement import place_labels
from attrai.render.shapes import clip, grow, whole
from attrai.render.tags import frame_faces
from attrai.render.text import Style, draw_text, score_text, text_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attrai.job import Score, ScoredFace
    from attrai.render.shapes import Size

#: Saturation and brightness of the photo around the faces, as a share of the original.
_SATURATION = 0.55
_BRIGHTNESS = 0.34
#: Semi-axes of the lit ellipse, in face widths and heights: where the fading starts and ends.
_LIT, _DARK = 0.6, 0.95
#: Longest side in pixels at which the light mask is computed. It is then enlarged: a smooth mask
#: has no fine detail to lose.
_LIGHT_SIDE = 320

#: Text size of a score as a share of the face, for one face and for several, and its maximum as a
#: share of the picture's longer side.
_SCORE_OF_ONE_FACE = 0.3
_SCORE_OF_EACH_FACE = 0.21
_SCORE_OF_PICTURE = 1 / 9
#: Sizes and distances in a score block, in ems of the score.
_GAUGE_BELOW = 0.3
_GAUGE_HEIGHT = 0.055
_GAUGE_AT_LEAST = 1.5  # pixels
_MARGIN = 0.3
_SHADE_OPACITY = 0.72


class Spotlight:
    """Renderer that dims the photo around its faces, with scores as large as the faces allow.

    A face without a score gets a frame.
    """

    def render(self, photo: Image.Image, faces: Sequence[ScoredFace]) -> Image.Image:
        """Return the photo dimmed around its faces, with the score and a gauge for each."""
        picture = photo.convert("RGB")
        if not faces:
            return picture
        boxes = [scored.face.box for scored in faces]
        picture = Image.composite(picture, _dimmed(picture), _light(picture.size, boxes))
        share = _SCORE_OF_ONE_FACE if len(faces) == 1 else _SCORE_OF_EACH_FACE
        known = [(scored.face.box, scored.score) for scored in faces if scored.score]
        blocks = [_block(box, score, picture.size, share) for box, score in known]
        places = place_labels(
            whole(picture.size),
            [box for box, _ in known],
            [block.size for block in blocks],
            side="below",
            others=frame_faces(picture, [scored.face.box for scored in faces if scored.minor]),
        )
        for block, place in zip(blocks, places, strict=True):
            block.shade(picture, place)
        for block, place in zip(blocks, places, strict=True):
            block.draw(picture, place)
        return picture


def _dimmed(photo: Image.Image) -> Image.Image:
    grey = ImageEnhance.Color(photo).enhance(_SATURATION)
    return ImageEnhance.Brightness(grey).enhance(_BRIGHTNESS)


def _light(size: tuple[int, int], faces: Sequence[Box]) -> Image.Image:
    """Return a greyscale mask that is white on each face and fades to black around it."""
    scale = min(1.0, _LIGHT_SIDE / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    xs = ((np.arange(width) + 0.5) * size[0] / width)[None, :]
    ys = ((np.arange(height) + 0.5) * size[1] / height)[:, None]
    light = np.zeros((height, width))
    for face in faces:
        seen = clip(face, whole(size))
        reach = np.hypot(
            (xs - (seen.x1 + seen.x2) / 2) / seen.width,
            (ys - (seen.y1 + seen.y2) / 2) / seen.height,
        )
        fade = np.clip((_DARK - reach) / (_DARK - _LIT), 0, 1)
        light = np.maximum(light, fade * fade * (3 - 2 * fade))
    levels = Image.fromarray(np.rint(light * 255).astype(np.uint8))
    return levels.resize(size, Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class _Block:
    """Score block: a score, and a gauge below as wide as the score."""

    score: Score
    number: Style

    @property
    def margin(self) -> float:
        return _MARGIN * self.number.size

    @property
    def gauge_height(self) -> float:
        return max(_GAUGE_HEIGHT * self.number.size, _GAUGE_AT_LEAST)

    @property
    def size(self) -> Size:
        """Width and height in pixels, including the margin."""
        width = self.number.width(score_text(self.score))
        drop = _GAUGE_BELOW * self.number.size + (1 + DOT) / 2 * self.gauge_height
        return width + 2 * self.margin, self.number.cap_height + drop + 2 * self.margin

    def draw(self, canvas: Image.Image, place: Box) -> None:
        """Draw the block onto the box `place`."""
        left, baseline = place.x1 + self.margin, place.y1 + self.margin + self.number.cap_height
        draw_text(canvas, left, baseline, score_text(self.score), self.number)
        top = baseline + _GAUGE_BELOW * self.number.size
        bar = Box(left, top, place.x2 - self.margin, top + self.gauge_height)
        draw_gauge(canvas, bar, self.score, show_spread=False)

    def shade(self, canvas: Image.Image, place: Box) -> None:
        """Darken the background softly, since some blocks have to cover a lit face."""
        softness = 2 * self.margin
        shapes.fill(
            canvas,
            grow(place, -self.margin / 2),
            palette.INK,
            radius=softness,
            opacity=_SHADE_OPACITY,
            softness=softness,
        )


def _block(face: Box, score: Score, picture: Size, share: float) -> _Block:
    size = text_size(face, picture, share, _SCORE_OF_PICTURE)
    return _Block(score=score, number=Style("SemiBold", size, palette.PAPER))
