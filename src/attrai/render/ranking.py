"""Numbered faces on the photo and a panel that ranks them by their score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from attrai.contract import Box
from attrai.render import palette, shapes
from attrai.render.gauge import draw_gauge
from attrai.render.geometry import clip, whole
from attrai.render.panel import lay_out
from attrai.render.tags import mark_faces
from attrai.render.text import (
    Style,
    draw_figures,
    draw_text,
    figures_width,
    score_text,
    spread_text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attrai.contract import Score, ScoredFace

#: Places in a row and sizes of what stands there, in row heights.
_RANK_RIGHT = 0.62
_RANK_SIZE = 0.34
_THUMBNAIL_LEFT = 0.85
_THUMBNAIL = 0.8
_THUMBNAIL_RADIUS = 0.16
_NUMBERS_LEFT = 1.95
_NUMBERS_RIGHT = 4.0
_SCORE_SIZE = 0.42
_SPREAD_SIZE = 0.3
_SPREAD_GAP = 0.1
_BASELINE = 0.48
_GAUGE_TOP = 0.69
_GAUGE_HEIGHT = 0.07
#: How much of its surroundings a thumbnail shows around the face, in face sizes.
_SURROUNDINGS = 0.3


class Ranking:
    """Numbered boxes and a panel sorted by score; faces of equal score from left to right."""

    def render(self, photo: Image.Image, faces: Sequence[ScoredFace]) -> Image.Image:
        """The photo with a number at each face, and the panel to its right or below it."""
        marked = photo.convert("RGB")
        if not faces:
            return marked
        ranked = sorted(faces, key=lambda scored: -scored.score.value)
        panel = lay_out(*photo.size, len(ranked))
        rows = _Rows(panel.row_height, [scored.score for scored in ranked])
        picture = Image.new("RGB", (panel.width, panel.height), palette.INK)
        for index, scored in enumerate(ranked):
            thumbnail = _thumbnail(marked, scored.face.box, rows.thumbnail)
            rows.draw(picture, panel.row(index), index, thumbnail)
        mark_faces(
            marked,
            [scored.face.box for scored in ranked],
            [str(rank) for rank in range(1, len(ranked) + 1)],
        )
        picture.paste(marked, panel.photo)
        return picture


class _Rows:
    """The rows of a panel: rank, thumbnail, score, spread and gauge."""

    def __init__(self, height: int, scores: Sequence[Score]) -> None:
        self._height = height
        self._scores = scores
        self._rank = Style("Regular", _RANK_SIZE * height, palette.MUTED)
        self._number = Style("SemiBold", _SCORE_SIZE * height, palette.PAPER)
        self._spread = Style("Regular", _SPREAD_SIZE * height, palette.MUTED)
        self._widest = max(figures_width(score_text(score), self._number) for score in scores)
        self.thumbnail = round(_THUMBNAIL * height)

    def draw(
        self, canvas: Image.Image, corner: tuple[int, int], index: int, thumbnail: Image.Image
    ) -> None:
        """Draws the row of the score with this index from `corner` rightwards and down."""
        left, top = corner
        height, score = self._height, self._scores[index]
        middle = top + (height + self._rank.cap_height) / 2
        draw_figures(canvas, left + _RANK_RIGHT * height, middle, str(index + 1), self._rank)

        place = (
            left + round(_THUMBNAIL_LEFT * height),
            top + (height - thumbnail.height) // 2,
        )
        round_corners = shapes.mask(thumbnail.size, _THUMBNAIL_RADIUS * height)
        canvas.paste(thumbnail, place, round_corners)

        numbers, baseline = left + _NUMBERS_LEFT * height, top + _BASELINE * height
        right = numbers + self._widest
        draw_figures(canvas, right, baseline, score_text(score), self._number)
        spread_left = right + _SPREAD_GAP * height
        draw_text(canvas, spread_left, baseline, spread_text(score), self._spread)
        bar_top = top + _GAUGE_TOP * height
        bar_right = left + _NUMBERS_RIGHT * height
        bar = Box(numbers, bar_top, bar_right, bar_top + _GAUGE_HEIGHT * height)
        draw_gauge(canvas, bar, score)


def _thumbnail(photo: Image.Image, face: Box, side: int) -> Image.Image:
    """The face with some of its surroundings, as a square picture."""
    seen = clip(face, whole(photo.size))
    reach = min(max(seen.width, seen.height) * (1 + _SURROUNDINGS), *photo.size) / 2
    x = min(max((seen.x1 + seen.x2) / 2, reach), photo.width - reach)
    y = min(max((seen.y1 + seen.y2) / 2, reach), photo.height - reach)
    box = clip(Box(x - reach, y - reach, x + reach, y + reach), whole(photo.size))
    return photo.resize((side, side), Image.Resampling.LANCZOS, box)
