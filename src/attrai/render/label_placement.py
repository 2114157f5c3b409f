"""Placement of labels next to faces.

A label should be close to its face and inside the picture, and should cover neither a face nor
another label. Each label has a fixed list of candidate boxes. Over a few rounds each label in
turn moves to its cheapest candidate. The result depends only on the input, and placing 50
labels takes milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from attrai.job import Box
from attrai.render.shapes import Size, clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: The preferred side of the face for its label.
Side = Literal["above", "below"]

_ROUNDS = 4
#: Distances between a label and its face to try, in label heights.
_RINGS = (0.12, 0.7, 1.4)
#: Cost of touching a face or another label at all: more than moving away ever costs.
_TOUCHES = 1.6
#: Costs of covering a face, the oval inside its box, or another label with the whole label.
_HIDES_FACE = 4.0
_HIDES_OVAL = 8.0
_HIDES_LABEL = 12.0
#: Cost of the distance to the label's own face, per label height.
_PER_HEIGHT_AWAY = 0.6
#: Cost of being nearer to another face, whose label it would seem to be.
_NEARER_TO_ANOTHER = 0.4
#: Cost per position in the candidate list: just enough to break ties.
_PER_RANK = 0.0005
#: Size of the oval that approximates a face without the corners of its box, as a share of the
#: box's width and height.
_OVAL = 0.6
#: Overlaps below this share of a label are treated as rounding errors.
_NOTHING = 1e-6


def place_labels(
    area: Box,
    faces: Sequence[Box],
    sizes: Sequence[Size],
    side: Side = "above",
    *,
    others: Sequence[Box] = (),
) -> list[Box]:
    """Place one label for each face and return their boxes in the order of the faces.

    Args:
        area: the box that labels must stay inside; no label may be larger than it.
        faces: the boxes that labels should not cover, in pixels of the picture.
        sizes: width and height of each face's label in pixels.
        side: the preferred side of the face.
        others: boxes of faces without a label, which labels should not cover either.
    """
    if not faces:
        return []
    visible = [clip(face, area) for face in faces]
    candidates = np.array(
        [list(_candidates(area, *pair, side)) for pair in zip(visible, sizes, strict=True)],
        dtype=np.float64,
    )
    obstacles = [*visible, *(clip(face, area) for face in others)]
    costs = _static_costs(candidates, np.array(obstacles, dtype=np.float64))
    chosen = np.zeros((len(faces), 4))
    for _ in range(_ROUNDS):
        before = chosen.copy()
        for i, places in enumerate(candidates):
            chosen[i] = 0  # a label must not avoid its own previous box
            hidden = _overlap(places, chosen) / _areas(places)[:, None]
            crowding = (_HIDES_LABEL * hidden + _TOUCHES * (hidden > _NOTHING)).sum(axis=1)
            chosen[i] = places[np.argmin(costs[i] + crowding)]
        if np.array_equal(before, chosen):
            break
    return [Box(*map(float, place)) for place in chosen]


def _candidates(area: Box, face: Box, size: Size, side: Side) -> Iterator[Box]:
    """Yield candidate boxes for one label, all inside `area`, the preferred ones first."""
    width, height = size
    left, right = face.x1, face.x2 - width
    middle = (left + right) / 2
    top, bottom = face.y1, face.y2 - height
    centre = (top + bottom) / 2
    for ring in _RINGS:
        away = ring * height
        above, below = face.y1 - height - away, face.y2 + away
        before, after = face.x1 - width - away, face.x2 + away
        flush = side == "above" and width <= face.width
        columns = (left, middle, right) if flush else (middle, left, right)
        rows = (above, below) if side == "above" else (below, above)
        around = [
            *((x, y) for y in rows for x in columns),
            *((x, y) for y in (top, bottom, centre) for x in (after, before)),
            *((x, y) for y in rows for x in (left - width / 2, right + width / 2)),
            *((x, y) for y in rows for x in (before, after)),
        ]
        for x, y in around:
            yield _inside(area, x, y, size)
    for y in (top, bottom):  # in the corners a label covers least of a face that fills the picture
        for x in (left, right):
            yield _inside(area, x, y, size)


def _inside(area: Box, x: float, y: float, size: Size) -> Box:
    """Return a box of `size` inside `area`, as near as possible to the corner (`x`, `y`)."""
    width, height = size
    x = max(area.x1, min(x, area.x2 - width))
    y = max(area.y1, min(y, area.y2 - height))
    return Box(x, y, x + width, y + height)


def _static_costs(candidates: Floats, faces: Floats) -> Floats:
    """Return the cost of each candidate regardless of the other labels, as (labels, candidates).

    The first of the faces are those of the labels.
    """
    count, options, _ = candidates.shape
    flat = candidates.reshape(-1, 4)
    label_areas = _areas(flat)[:, None]
    margins = (faces[:, 2:] - faces[:, :2]) * (1 - _OVAL) / 2
    hidden = _overlap(flat, faces) / label_areas
    costs = _HIDES_FACE * hidden + _TOUCHES * (hidden > _NOTHING)
    for axis in (0, 1):  # two crossed bars approximate the oval of the face
        bars = faces.copy()
        bars[:, axis] += margins[:, axis]
        bars[:, axis + 2] -= margins[:, axis]
        costs += _HIDES_OVAL * _overlap(flat, bars) / label_areas
    total: Floats = costs.sum(axis=1).reshape(count, options)
    gaps = _gaps(flat, faces).reshape(count, options, len(faces))
    own = np.take_along_axis(gaps, np.arange(count)[:, None, None], axis=2)
    total += _NEARER_TO_ANOTHER * (gaps < own - _NOTHING).any(axis=2)
    total += _PER_HEIGHT_AWAY * own[..., 0] / (candidates[..., 3] - candidates[..., 1])
    return total + _PER_RANK * np.arange(options)


def _gaps(boxes: Floats, others: Floats) -> Floats:
    """Return the distance in pixels from each box to each of the others; 0 where they touch."""
    across, down = (
        np.maximum(
            others[:, axis] - boxes[:, axis + 2, None], boxes[:, axis, None] - others[:, axis + 2]
        )
        for axis in (0, 1)
    )
    gaps: Floats = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    return gaps


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """Return the area in square pixels that each box shares with each of the others."""
    across, down = (
        np.minimum(boxes[:, axis + 2, None], others[:, axis + 2])
        - np.maximum(boxes[:, axis, None], others[:, axis])
        for axis in (0, 1)
    )
    shared: Floats = np.maximum(across, 0) * np.maximum(down, 0)
    return shared


def _areas(boxes: Floats) -> Floats:
    areas: Floats = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return areas
