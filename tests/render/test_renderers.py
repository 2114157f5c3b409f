"""Properties of every built-in renderer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from attrai.job import Box, ScoredFace
from attrai.render import load_renderer

from .scenes import SCENES, cut, scored

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
    return photo, [
        scored(
            Box(x * width, y * height, (x + across) * width, (y + down) * height),
            draw(st.floats(1, 10)),
            draw(st.floats(0, 4.5)),
        )
        for x, y, across, down in boxes
    ]


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
