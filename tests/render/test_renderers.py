"""Properties of every built-in renderer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from attrai.job import Box, ScoredFace
from attrai.render import load_renderer, palette

from .scenes import SCENES, cut, minor, scored

NAMES = ["boxes", "ranking", "spotlight"]
EXTREMES = [(64, 64), (1280, 8), (8, 1280), (1280, 960), (960, 1280), (1280, 300), (65, 701)]


@st.composite
def photos_with_faces(draw: st.DrawFn) -> tuple[Image.Image, list[ScoredFace]]:
    """A plain photo of any shape with up to 50 faces of any size, anywhere."""
    size = draw(st.sampled_from(EXTREMES) | st.tuples(st.integers(8, 400), st.integers(64, 400)))
    photo = Image.new("RGB", size, draw(st.sampled_from(["white", "black", "grey"])))
    start, side = st.floats(-0.7, 1.7), st.floats(0.005, 2)
    boxes = draw(st.lists(st.tuples(start, start, side, side), max_size=50))
    width, height = size
    faces = [
        scored(
            Box(x * width, y * height, (x + across) * width, (y + down) * height),
            draw(st.floats(1, 10)),
            draw(st.floats(0, 4.5)),
        )
        for x, y, across, down in boxes
    ]
    return photo, [minor(face) if draw(st.booleans()) else face for face in faces]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(case=photos_with_faces())
def test_any_photo_is_rendered(name: str, case: tuple[Image.Image, list[ScoredFace]]) -> None:
    """Any photo with any faces yields an RGB picture and stays unchanged."""
    photo, faces = case
    before = photo.copy()
    picture = load_renderer(name).render(photo, faces)
    assert picture.mode == "RGB"
    assert picture is not photo
    assert photo.tobytes() == before.tobytes()
    assert picture.width >= photo.width
    assert picture.height >= photo.height


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", EXTREMES)
def test_fifty_faces_fit(name: str, size: tuple[int, int]) -> None:
    """Fifty faces are drawn on a photo of any shape, and the picture's size stays within bounds."""
    width, height = size[0] / 10, size[1] / 5
    faces = [
        scored(Box(x * width, y * height, (x + 0.6) * width, (y + 0.6) * height))
        for y in range(5)
        for x in range(10)
    ]
    picture = load_renderer(name).render(Image.new("RGB", size), faces)
    assert max(picture.size) <= 1.5 * max(*size, 700)


@pytest.mark.parametrize("name", NAMES)
def test_a_box_may_be_far_larger_than_the_photo_or_miss_it(name: str) -> None:
    """A box far larger than the photo is cut to it, and one outside it is drawn at its edge."""
    faces = [scored(Box(-1e6, -1e6, 1e6, 1e6)), scored(Box(500, -90, 560, -20))]
    picture = load_renderer(name).render(Image.new("RGB", (300, 200), "grey"), faces)
    assert ImageChops.difference(
        picture.crop((0, 0, 300, 200)), Image.new("RGB", (300, 200), "grey")
    ).getbbox()


@pytest.mark.parametrize("name", NAMES)
def test_without_a_face_the_picture_is_a_copy(name: str) -> None:
    """Without faces the picture is a copy of the photo."""
    photo = SCENES["one"]().photo
    picture = load_renderer(name).render(photo, [])
    assert picture is not photo
    assert picture.tobytes() == photo.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_threads_share_a_renderer(name: str) -> None:
    """A renderer draws the same in several threads as in one."""
    renderer = load_renderer(name)
    scenes = [SCENES[scene]() for scene in ("one", "three", "tiny", "edges")]
    alone = [renderer.render(scene.photo, scene.faces).tobytes() for scene in scenes]
    with ThreadPoolExecutor(4) as threads:
        together = threads.map(lambda scene: renderer.render(scene.photo, scene.faces), scenes * 3)
    assert [picture.tobytes() for picture in together] == alone * 3


def test_the_lit_face_stays_as_it_is() -> None:
    """The spotlight leaves the middle of a face unchanged and darkens areas far from it."""
    scene = SCENES["one"]()
    picture = load_renderer("spotlight").render(scene.photo, scene.faces)
    box = scene.faces[0].face.box
    middle = tuple(
        round(side)
        for side in (
            box.x1 + box.width / 4, box.y1 + box.height / 4,
            box.x2 - box.width / 4, box.y2 - box.height / 4,
        )
    )  # fmt: skip
    assert picture.crop(middle).tobytes() == scene.photo.crop(middle).tobytes()
    far = (0, 0, 60, 60)
    assert np.asarray(picture.crop(far)).mean() < 0.5 * np.asarray(scene.photo.crop(far)).mean()


def test_the_ranking_keeps_the_photo_and_sorts_by_score() -> None:
    """The panel's first row shows the face with the highest score."""
    photo = Image.new("RGB", (400, 300))
    photo.paste("red", (20, 20, 100, 120))
    photo.paste("blue", (200, 20, 280, 120))
    faces = [scored(Box(20, 20, 100, 120), 4.0), scored(Box(200, 20, 280, 120), 9.0)]
    picture = load_renderer("ranking").render(photo, faces)
    panel = np.asarray(picture.crop((0, 300, *picture.size))).astype(int)
    red = panel[..., 0] - panel[..., 2] > 200
    blue = panel[..., 2] - panel[..., 0] > 200
    assert red.any()
    assert tuple(np.argwhere(blue)[0]) < tuple(np.argwhere(red)[0])


@pytest.mark.parametrize("ground", ["white", "black", "#7f7f7f", "#ffba49"])
@pytest.mark.parametrize("name", NAMES)
def test_labels_are_readable_on_any_ground(name: str, ground: str) -> None:
    """A face's label contains both dark and bright pixels on any background."""
    photo = Image.new("RGB", (400, 300), ground)
    face = scored(Box(150, 100, 250, 220))
    picture = load_renderer(name).render(photo, [face]).convert("L")
    below = name == "spotlight"
    around = np.asarray(picture.crop((130, 225, 270, 290) if below else (140, 75, 190, 100)))
    assert around.max() > 230
    assert around.min() < 80


def test_text_and_lines_follow_the_size_of_the_face() -> None:
    """The label of a larger face on the same photo is larger."""
    drawn = []
    for side in (60, 240):
        photo = Image.new("RGB", (800, 600), "grey")
        box = Box(300, 200, 300 + side, 200 + side)
        picture = load_renderer("boxes").render(photo, [scored(box)])
        above = ImageChops.difference(photo, picture).crop((0, 0, 800, 195)).getbbox()
        assert above is not None
        drawn.append(above[3] - above[1])
    assert drawn[1] > 1.5 * drawn[0]


def test_a_photo_in_grey_is_rendered() -> None:
    """A greyscale photo yields an RGB picture."""
    scene = cut(Box(0, 0, 512, 512), (128, 128))
    for name in NAMES:
        assert load_renderer(name).render(scene.photo.convert("L"), scene.faces).mode == "RGB"


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are drawn."""
    texts: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def record(
        self: ImageDraw.ImageDraw, place: tuple[float, float], text: str, **how: Any
    ) -> None:
        texts.append(text)
        draw(self, place, text, **how)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", record)
    return texts


#: Two faces on a photo of 400 x 300 pixels.
LEFT, RIGHT = Box(60, 100, 140, 200), Box(240, 100, 320, 200)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("face", [LEFT, RIGHT])
def test_a_minor_among_others(name: str, face: Box, drawn: list[str]) -> None:
    """A minor's face adds no text and no gauge to those of the others, but a frame."""
    photo = Image.new("RGB", (400, 300), "grey")
    adult = scored(LEFT if face == RIGHT else RIGHT, 6.5, 1.5)
    renderer = load_renderer(name)
    alone = renderer.render(photo, [adult])
    expected = sorted(drawn)
    drawn.clear()
    faces = sorted([minor(scored(face)), adult], key=lambda each: each.face.box)
    picture = renderer.render(photo, faces)
    assert sorted(drawn) == expected != []
    assert picture.size == alone.size
    assert has_frame(picture, face)
    for colour in (palette.ACCENT, palette.ACCENT_DIM):
        assert count(picture, colour) == pytest.approx(count(alone, colour), abs=30)
        assert count(picture.crop(tuple(map(round, grown(face)))), colour) == 0


@pytest.mark.parametrize("name", NAMES)
def test_only_minors(name: str, drawn: list[str]) -> None:
    """If all faces look like minors', the picture is the photo with frames and nothing else."""
    photo = Image.new("RGB", (400, 300), "grey")
    picture = load_renderer(name).render(photo, [minor(scored(LEFT)), minor(scored(RIGHT))])
    assert drawn == []
    assert picture.size == photo.size
    assert all(has_frame(picture, face) for face in (LEFT, RIGHT))
    assert count(picture, palette.ACCENT) == 0


def test_a_minor_has_no_rank() -> None:
    """The panel is the one that the other faces have without the minor's."""
    scene = SCENES["three"]()
    renderer = load_renderer("ranking")
    first, second, third = scene.faces
    others = renderer.render(scene.photo, [first, third])
    picture = renderer.render(scene.photo, [first, minor(second), third])
    panel = (0, scene.photo.height, *picture.size)
    assert picture.crop(panel).tobytes() == others.crop(panel).tobytes()


def has_frame(picture: Image.Image, face: Box) -> bool:
    """Whether there is a bright line along each edge of the face."""
    bright = np.asarray(picture).min(axis=2) > 240
    x1, y1, x2, y2 = (round(side) for side in face)
    rows, columns = slice(y1 + 10, y2 - 10), slice(x1 + 10, x2 - 10)
    sides = [bright[rows, x - 4 : x + 4].any(axis=1).all() for x in (x1, x2)]
    return all([*sides, *(bright[y - 4 : y + 4, columns].any(axis=0).all() for y in (y1, y2))])


def grown(face: Box) -> Box:
    """The face with its surroundings, in which a label would be."""
    return Box(face.x1 - 50, face.y1 - 60, face.x2 + 50, face.y2 + 60)


def count(picture: Image.Image, colour: tuple[int, int, int]) -> int:
    """How many pixels have exactly this colour."""
    return int((np.asarray(picture) == colour).all(axis=2).sum())
