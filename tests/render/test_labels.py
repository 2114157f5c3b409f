"""Label placement: where the labels of faces go."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attrai.job import Box
from attrai.render.label_placement import Side, place_labels

if TYPE_CHECKING:
    from attrai.render.shapes import Size

AREA = Box(0, 0, 1280, 960)
LABEL = (60.0, 24.0)
#: Cell of the grid for well-separated faces, with room for a label on each side.
CELL = (256, 160)
SIDES = st.sampled_from(["above", "below"])


def shared(one: Box, other: Box) -> float:
    """The area that both boxes cover."""
    across = min(one.x2, other.x2) - max(one.x1, other.x1)
    down = min(one.y2, other.y2) - max(one.y1, other.y1)
    return max(across, 0) * max(down, 0)


def inside(label: Box, area: Box) -> bool:
    """Whether the label is entirely inside the area, up to rounding."""
    return (
        label.x1 >= area.x1 - 1e-6
        and label.y1 >= area.y1 - 1e-6
        and label.x2 <= area.x2 + 1e-6
        and label.y2 <= area.y2 + 1e-6
    )


@st.composite
def any_boxes(draw: st.DrawFn) -> list[Box]:
    """Up to 12 faces anywhere, also across the edges and on top of each other."""
    place, side = st.floats(-500, 1500), st.floats(1, 1500)
    corners = draw(st.lists(st.tuples(place, place, side, side), min_size=1, max_size=12))
    return [Box(x, y, x + width, y + height) for x, y, width, height in corners]


@st.composite
def distant_boxes(draw: st.DrawFn) -> list[Box]:
    """Faces in separate cells, at least as far apart as two labels need."""
    cells = list(itertools.product(range(5), range(6)))
    chosen = draw(st.lists(st.sampled_from(cells), min_size=1, max_size=30, unique=True))
    boxes = []
    for column, row in chosen:
        width, height = draw(st.floats(12, 120)), draw(st.floats(12, 96))
        x = column * CELL[0] + draw(st.floats(64, CELL[0] - 64 - width))
        y = row * CELL[1] + draw(st.floats(30, CELL[1] - 30 - height))
        boxes.append(Box(x, y, x + width, y + height))
    return boxes


@given(any_boxes(), SIDES)
def test_labels_are_inside_the_picture(faces: list[Box], side: Side) -> None:
    """Each face gets a label of its size, entirely inside the picture, wherever the faces are."""
    labels = place_labels(AREA, faces, [LABEL] * len(faces), side)
    assert len(labels) == len(faces)
    assert all(inside(label, AREA) for label in labels)
    assert all((label.width, label.height) == pytest.approx(LABEL) for label in labels)


@given(distant_boxes(), SIDES)
def test_labels_hide_nothing_where_there_is_room(faces: list[Box], side: Side) -> None:
    """When faces are well apart, no label covers a face or another label, and each is close."""
    labels = place_labels(AREA, faces, [LABEL] * len(faces), side)
    assert all(shared(label, face) < 1e-6 for label in labels for face in faces)
    assert all(shared(*pair) < 1e-6 for pair in itertools.combinations(labels, 2))
    near = [Box(f.x1 - 4, f.y1 - 4, f.x2 + 4, f.y2 + 4) for f in faces]
    assert all(shared(label, face) > 0 for label, face in zip(labels, near, strict=True))


@pytest.mark.parametrize(
    ("face", "side", "x", "y"),
    [
        (Box(500, 400, 600, 520), "above", 500, 400 - 24 * 1.12),
        (Box(500, 400, 600, 520), "below", 520, 520 + 24 * 0.12),
        (Box(500, -30, 600, 90), "above", 500, 90 + 24 * 0.12),
        (Box(500, 900, 600, 990), "below", 520, 900 - 24 * 1.12),
        (Box(500, 400, 520, 425), "above", 480, 400 - 24 * 1.12),
    ],
)
def test_a_label_stands_on_its_wanted_side(face: Box, side: Side, x: float, y: float) -> None:
    """A label is flush above or centred below its face, and changes sides at the picture's edge."""
    (label,) = place_labels(AREA, [face], [LABEL], side)
    assert label[:2] == pytest.approx((x, y))


@pytest.mark.parametrize("side", ["above", "below"])
def test_a_face_that_fills_the_picture_has_its_label_in_a_corner(side: Side) -> None:
    """A label that can't avoid its face goes to a corner, where it covers least."""
    (label,) = place_labels(AREA, [Box(-40, -80, 1300, 1100)], [LABEL], side)
    assert label.x1 == 0 or label.x2 == AREA.x2
    assert label.y1 == 0 or label.y2 == AREA.y2


def test_a_label_is_not_nearer_to_another_face() -> None:
    """Each label between two vertically stacked faces is nearer to its own."""
    upper, lower = Box(300, 0, 400, 120), Box(300, 160, 400, 280)
    labels = place_labels(AREA, [upper, lower], [LABEL, LABEL])
    for label, own, other in zip(labels, (upper, lower), (lower, upper), strict=True):
        assert _gap(label, own) < _gap(label, other)


def test_a_label_avoids_a_face_without_one() -> None:
    """A label covers no face without a label either, and is not nearer to it than to its own."""
    face, other = Box(500, 400, 600, 520), Box(480, 300, 620, 395)
    (alone,) = place_labels(AREA, [face], [LABEL])
    assert shared(alone, other) > 0
    (label,) = place_labels(AREA, [face], [LABEL], others=[other])
    assert shared(label, other) == shared(label, face) == 0
    assert _gap(label, face) < _gap(label, other)


def _gap(one: Box, other: Box) -> float:
    across = max(one.x1 - other.x2, other.x1 - one.x2, 0)
    down = max(one.y1 - other.y2, other.y1 - one.y2, 0)
    return float((across**2 + down**2) ** 0.5)


def test_labels_of_neighbours_share_the_room() -> None:
    """Three adjacent faces, narrower than their labels, get labels that don't overlap."""
    faces = [Box(x, 300, x + 40, 350) for x in (300, 345, 390)]
    labels = place_labels(AREA, faces, [LABEL] * 3)
    assert all(shared(*pair) == 0 for pair in itertools.combinations(labels, 2))
    assert all(shared(label, face) == 0 for label in labels for face in faces)


def test_the_same_faces_have_the_same_labels() -> None:
    """Placement is deterministic."""
    faces = [Box(x, x % 700, x + 90, x % 700 + 110) for x in range(0, 1200, 60)]
    sizes: list[Size] = [LABEL] * len(faces)
    assert place_labels(AREA, faces, sizes) == place_labels(AREA, faces, sizes)


def test_no_face_has_no_label() -> None:
    """Without faces there are no labels."""
    assert place_labels(AREA, [], []) == []


def least_work(function: Callable[[], object]) -> float:
    """The least CPU time of three calls, in seconds."""

    def work() -> float:
        started = time.thread_time()
        function()
        return time.thread_time() - started

    return min(work() for _ in range(3))


def test_fifty_labels_are_placed_in_no_time() -> None:
    """Placing labels for 50 overlapping faces takes less CPU time than adding 4 million squares."""
    faces = [Box(400 + 7 * i, 300 + 3 * i, 500 + 7 * i, 420 + 3 * i) for i in range(50)]
    yardstick = least_work(lambda: sum(number * number for number in range(1_000_000)))
    assert least_work(lambda: place_labels(AREA, faces, [LABEL] * 50)) < 4 * yardstick
