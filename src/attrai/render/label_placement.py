"""Finds a place for the label of each face.

A label wants to stand close to its face, wholly inside the picture, on no face and on no other
label. Each gets a fixed set of candidate places; the cheapest one wins, label by label, over a
few rounds. So the result depends on nothing but the input, and 50 faces take milliseconds.
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

#: The side of the face where a label stands if nothing speaks against it.
Side = Literal["above", "below"]

_ROUNDS = 4
#: How far from its face a label may go, in label heights.
_RINGS = (0.12, 0.7, 1.4)
#: Costs. Touching a face or a label at all costs more than any place further away does.
_TOUCHES = 1.6
#: For a label that lies wholly on a face, on its oval, on a label.
_HIDES_FACE = 4.0
_HIDES_OVAL = 8.0
_HIDES_LABEL = 12.0
_PER_HEIGHT_AWAY = 0.6
#: A label nearer to another face would be taken for the label of that one.
_NEARER_TO_ANOTHER = 0.4
#: Just enough to decide between equals.
_PER_RANK = 0.0005
#: The oval of a face leaves the corners of its box free: as a share of width and height.
_OVAL = 0.6
#: Overlaps below this share of a label are rounding.
_NOTHING = 1e-6


def place_labels(
    area: Box, faces: Sequence[Box], sizes: Sequence[Size], side: Side = "above"
) -> list[Box]:
    """A box inside `area` for the label of each face, in the order of the faces.

    Args:
        area: where labels may stand; no label may be larger than it.
        faces: what a label should not cover, in pixels of the picture.
        sizes: width and height of each face's label in pixels.
        side: where a label stands if nothing speaks against it.
    """
    if not faces:
        return []
    visible = [clip(face, area) for face in faces]
    candidates = np.array(
        [list(_candidates(area, *pair, side)) for pair in zip(visible, sizes, strict=True)],
        dtype=np.float64,
    )
    costs = _standing_costs(candidates, np.array(visible, dtype=np.float64))
    chosen = np.zeros((len(faces), 4))
    for _ in range(_ROUNDS):
        before = chosen.copy()
        for i, places in enumerate(candidates):
            chosen[i] = 0  # a label is not in its own way
            hidden = _overlap(places, chosen) / _areas(places)[:, None]
            crowding = (_HIDES_LABEL * hidden + _TOUCHES * (hidden > _NOTHING)).sum(axis=1)
            chosen[i] = places[np.argmin(costs[i] + crowding)]
        if np.array_equal(before, chosen):
            break
    return [Box(*map(float, place)) for place in chosen]


def _candidates(area: Box, face: Box, size: Size, side: Side) -> Iterator[Box]:
    """Indices for one label, the most wanted first, all inside `area`."""
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
    for y in (top, bottom):  # a face that fills the picture hides least in its corners
        for x in (left, right):
            yield _inside(area, x, y, size)


def _inside(area: Box, x: float, y: float, size: Size) -> Box:
    """A label of `size` at the place in `area` that is nearest to `x`, `y`."""
    width, height = size
    x = max(area.x1, min(x, area.x2 - width))
    y = max(area.y1, min(y, area.y2 - height))
    return Box(x, y, x + width, y + height)


def _standing_costs(candidates: Floats, faces: Floats) -> Floats:
    """What each candidate of each face costs, whatever the other labels do."""
    count, options, _ = candidates.shape
    flat = candidates.reshape(-1, 4)
    label_areas = _areas(flat)[:, None]
    margins = (faces[:, 2:] - faces[:, :2]) * (1 - _OVAL) / 2
    hidden = _overlap(flat, faces) / label_areas
    costs = _HIDES_FACE * hidden + _TOUCHES * (hidden > _NOTHING)
    for axis in (0, 1):  # a box across and a box down are close to the oval of the face
        bars = faces.copy()
        bars[:, axis] += margins[:, axis]
        bars[:, axis + 2] -= margins[:, axis]
        costs += _HIDES_OVAL * _overlap(flat, bars) / label_areas
    total: Floats = costs.sum(axis=1).reshape(count, options)
    gaps = _gaps(flat, faces).reshape(count, options, count)
    own = np.take_along_axis(gaps, np.arange(count)[:, None, None], axis=2)
    total += _NEARER_TO_ANOTHER * (gaps < own - _NOTHING).any(axis=2)
    total += _PER_HEIGHT_AWAY * own[..., 0] / (candidates[..., 3] - candidates[..., 1])
    return total + _PER_RANK * np.arange(options)


def _gaps(boxes: Floats, others: Floats) -> Floats:
    """The distance of each box to each of the others, 0 where they touch."""
    across, down = (
        np.maximum(
            others[:, axis] - boxes[:, axis + 2, None], boxes[:, axis, None] - others[:, axis + 2]
        )
        for axis in (0, 1)
    )
    gaps: Floats = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
    return gaps


def _overlap(boxes: Floats, others: Floats) -> Floats:
    """The area that each box shares with each of the others."""
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
