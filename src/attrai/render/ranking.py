"""The `ranking` renderer: numbered faces, and a panel that ranks them by score.

`layout_panel` decides where the panel goes and how its rows are arranged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from attrai.job import Box
from attrai.render import palette, shapes
from attrai.render.gauge import draw_gauge
from attrai.render.shapes import clip, whole
from attrai.render.tags import mark_faces
from attrai.render.text import (
    Style,
    draw_tabular,
    draw_text,
    score_text,
    spread_text,
    tabular_width,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Largest and smallest height of a row, as a share of the photo's longer side and with a minimum
#: in pixels.
_TALLEST_ROW, _TALLEST_AT_LEAST = 1 / 14, 52
_LOWEST_ROW, _LOWEST_AT_LEAST = 1 / 32, 30
#: Share of the photo's shorter side (or of half the longer side, if that is more) that the panel
#: may add to the picture. It may add more only once its rows have the smallest height.
_MOST = 0.45
#: Width of a column, and padding around the rows, in row heights.
_COLUMN_WIDTH = 4.3
_PADDING = 0.3


@dataclass(frozen=True)
class Panel:
    """Layout of a photo and a panel of equal rows, filled column by column, in whole pixels."""

    #: Size of the whole picture, photo and panel together.
    width: int
    height: int
    #: The upper left corners of the photo and of the panel's first row.
    photo: tuple[int, int]
    first: tuple[int, int]
    row_height: int
    column_width: int
    rows: int

    def row(self, index: int) -> tuple[int, int]:
        """Return the upper left corner of the row at `index`, counted from 0."""
        column, line = divmod(index, self.rows)
        x, y = self.first
        return x + column * self.column_width, y + line * self.row_height


def layout_panel(width: int, height: int, count: int) -> Panel:
    """Return the best layout of a panel with `count` rows for a photo of this size.

    The panel goes below the photo or to its right, whichever makes the smaller and less elongated
    picture. Its rows are as high as possible while the photo still dominates.

    Args:
        width: of the photo in pixels.
        height: of the photo in pixels.
        count: number of rows, at least 1.
    """
    longer = max(width, height)
    lowest = round(max(longer * _LOWEST_ROW, _LOWEST_AT_LEAST))
    tallest = round(max(longer * _TALLEST_ROW, _TALLEST_AT_LEAST))
    most = _MOST * max(min(width, height), longer / 2)
    for row_height in range(tallest, lowest - 1, -1):
        panels = [
            panel
            for panel in _panels(width, height, count, row_height)
            if (panel.width == width and panel.height <= height + most)
            or (panel.height == height and panel.width <= width + most)
        ]
        if panels:
            return min(panels, key=_bulk)
    return min(_panels(width, height, count, lowest), key=_bulk)


def _bulk(panel: Panel) -> int:
    return panel.width * panel.height * max(panel.width, panel.height)


def _panels(width: int, height: int, count: int, row_height: int) -> Iterator[Panel]:
    """Yield the layouts with rows of this height: below and to the right, for each column count."""
    padding = round(_PADDING * row_height)
    column_width = round(_COLUMN_WIDTH * row_height)
    for columns in range(1, count + 1):
        rows = math.ceil(count / columns)
        across, down = columns * column_width, rows * row_height
        wide = max(width, across + 2 * padding)
        yield Panel(
            width=wide,
            height=height + down + 2 * padding,
            photo=((wide - width) // 2, 0),
            first=((wide - across) // 2, height + padding),
            row_height=row_height,
            column_width=column_width,
            rows=rows,
        )
        high = max(height, down + 2 * padding)
        yield Panel(
            width=width + across + 2 * padding,
            height=high,
            photo=(0, (high - height) // 2),
            first=(width + padding, (high - down) // 2),
            row_height=row_height,
            column_width=column_width,
            rows=rows,
        )


if TYPE_CHECKING:
    from collections.abc import Sequence

    from attrai.job import Score, ScoredFace

#: Positions and sizes of the elements of a row, in row heights.
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
#: Extra area that a thumbnail shows around the face, as a share of the face's longer side.
_SURROUNDINGS = 0.3


class Ranking:
    """Renderer that numbers the faces and ranks them by score in a panel.

    Faces with equal scores are ranked from left to right. A face without a score has no rank.
    """

    def render(self, photo: Image.Image, faces: Sequence[ScoredFace]) -> Image.Image:
        """Return the photo with numbered faces and a panel below it or to its right."""
        original = photo.convert("RGB")
        ranked = sorted(
            ((scored.face.box, scored.score) for scored in faces if scored.score),
            key=lambda pair: -pair[1].value,
        )
        boxes = [box for box, _ in ranked]
        marked = original.copy()
        mark_faces(
            marked,
            boxes,
            [str(rank) for rank in range(1, len(ranked) + 1)],
            untagged=[scored.face.box for scored in faces if scored.minor],
        )
        if not ranked:
            return marked
        panel = layout_panel(*photo.size, len(ranked))
        rows = _Rows(panel.row_height, [score for _, score in ranked])
        picture = Image.new("RGB", (panel.width, panel.height), palette.INK)
        for index, box in enumerate(boxes):
            thumbnail = _thumbnail(original, box, rows.thumbnail)
            rows.draw(picture, panel.row(index), index, thumbnail)
        picture.paste(marked, panel.photo)
        return picture


class _Rows:
    """Rows of a panel, each with rank, thumbnail, score, spread and gauge."""

    def __init__(self, height: int, scores: Sequence[Score]) -> None:
        self._height = height
        self._scores = scores
        self._rank = Style("Regular", _RANK_SIZE * height, palette.MUTED)
        self._number = Style("SemiBold", _SCORE_SIZE * height, palette.PAPER)
        self._spread = Style("Regular", _SPREAD_SIZE * height, palette.MUTED)
        self._widest = max(tabular_width(score_text(score), self._number) for score in scores)
        self.thumbnail = round(_THUMBNAIL * height)

    def draw(
        self, canvas: Image.Image, corner: tuple[int, int], index: int, thumbnail: Image.Image
    ) -> None:
        """Draw the row at `index`, with its upper left corner at `corner`."""
        left, top = corner
        height, score = self._height, self._scores[index]
        middle = top + (height + self._rank.cap_height) / 2
        draw_tabular(canvas, left + _RANK_RIGHT * height, middle, str(index + 1), self._rank)

        place = (
            left + round(_THUMBNAIL_LEFT * height),
            top + (height - thumbnail.height) // 2,
        )
        round_corners = shapes.mask(thumbnail.size, _THUMBNAIL_RADIUS * height)
        canvas.paste(thumbnail, place, round_corners)

        numbers, baseline = left + _NUMBERS_LEFT * height, top + _BASELINE * height
        right = numbers + self._widest
        draw_tabular(canvas, right, baseline, score_text(score), self._number)
        spread_left = right + _SPREAD_GAP * height
        draw_text(canvas, spread_left, baseline, spread_text(score), self._spread)
        bar_top = top + _GAUGE_TOP * height
        bar_right = left + _NUMBERS_RIGHT * height
        bar = Box(numbers, bar_top, bar_right, bar_top + _GAUGE_HEIGHT * height)
        draw_gauge(canvas, bar, score, show_spread=True)


def _thumbnail(photo: Image.Image, face: Box, side: int) -> Image.Image:
    """Return the face and some of its surroundings as a square of `side` pixels."""
    seen = clip(face, whole(photo.size))
    reach = min(max(seen.width, seen.height) * (1 + _SURROUNDINGS), *photo.size) / 2
    x = min(max((seen.x1 + seen.x2) / 2, reach), photo.width - reach)
    y = min(max((seen.y1 + seen.y2) / 2, reach), photo.height - reach)
    box = clip(Box(x - reach, y - reach, x + reach, y + reach), whole(photo.size))
    return photo.resize((side, side), Image.Resampling.LANCZOS, box)
