"""Where the ranking's panel goes and how its rows share it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Height of a row as a share of the photo's longer side, and in pixels at least.
_TALLEST_ROW, _TALLEST_AT_LEAST = 1 / 14, 52
_LOWEST_ROW, _LOWEST_AT_LEAST = 1 / 32, 30
#: How much the panel may add to a photo of this side, while its rows can still be lower.
_MOST = 0.45
#: Width of a column, and the space around all rows, in row heights.
_COLUMN_WIDTH = 4.3
_PADDING = 0.3


@dataclass(frozen=True)
class Panel:
    """A picture with a panel of equal rows, filled column by column; all in whole pixels."""

    #: Size of the picture, photo and panel together.
    width: int
    height: int
    #: The upper left corners of the photo and of the panel's first row.
    photo: tuple[int, int]
    first: tuple[int, int]
    row_height: int
    column_width: int
    rows: int

    def row(self, index: int) -> tuple[int, int]:
        """The upper left corner of the row with this index, counted from 0."""
        column, line = divmod(index, self.rows)
        x, y = self.first
        return x + column * self.column_width, y + line * self.row_height


def lay_out(width: int, height: int, count: int) -> Panel:
    """The panel for `count` rows, at least one, beside a photo of this size.

    It stands below the photo or to its right, whichever makes the better picture: small, and
    not long. Its rows are as high as they can be while the photo remains the main thing.
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
    """Every panel with rows of this height."""
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
