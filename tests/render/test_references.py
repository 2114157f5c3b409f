"""The built-in renderers draw the pictures that were reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageChops

from attrai.job import Box
from attrai.render import palette, spotlight, tags, text
from attrai.render.label_placement import place_labels

from .scenes import REVIEWED, reference, rendered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: The largest allowed mean difference of a small patch of the picture, out of 255, and the side
#: of a patch in pixels. Compression causes a difference of 10, and text that another version of
#: FreeType rounds to the next pixel one of 43. A label that is missing, wrong, moved by 3 pixels
#: or in another colour causes 55 to 160. The dot of a gauge 2 pixels wide causes 30, so a change
#: to it goes unnoticed.
TOLERANCE = 48
PATCH = 12


def difference(picture: Image.Image, wanted: Image.Image) -> float:
    """The mean difference of the patch in which the pictures differ most."""
    # Halve the resolution first, to average out the noise of compression and antialiasing.
    halves = [image.convert("RGB").reduce(2) for image in (picture, wanted)]
    pixels = np.asarray(ImageChops.difference(*halves)).max(axis=2).astype(np.float32)
    return float(np.asarray(Image.fromarray(pixels).reduce(PATCH // 2)).max())


@pytest.mark.parametrize(("renderer", "scene"), REVIEWED)
def test_pictures_look_as_reviewed(renderer: str, scene: str, tmp_path: Path) -> None:
    """Each picture matches the reviewed one; `tests.render.make_references` redraws those."""
    picture = rendered(renderer, scene)
    made = tmp_path / f"{renderer}-{scene}.png"
    with Image.open(reference(renderer, scene)) as wanted:
        same = picture.size == wanted.size and difference(picture, wanted) <= TOLERANCE
        if not same:
            picture.save(made)
    assert same, f"the picture differs from {reference(renderer, scene)}: see {made}"


def _moved(places: list[Box]) -> list[Box]:
    return [*places[:-1], Box(*(side + 3 for side in places[-1]))]


def _without_one_label(monkeypatch: pytest.MonkeyPatch) -> None:
    draw, missing = tags._tag, ["10.0"]
    monkeypatch.setattr(
        tags, "_tag", lambda *tag: None if tag[2] in missing and missing.pop() else draw(*tag)
    )


def _with_one_label_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tags, "place_labels", lambda *args, **more: _moved(place_labels(*args, **more))
    )


def _in_another_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(palette, "PAPER", (255, 186, 73))


def _with_another_score(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = text.draw_text
    monkeypatch.setattr(
        tags,
        "draw_text",
        lambda canvas, x, y, said, style: draw(canvas, x, y, said.replace("10.0", "3.8"), style),
    )


@pytest.mark.parametrize("scene", ["three", "tiny"])
@pytest.mark.parametrize(
    "change", [_without_one_label, _with_one_label_moved, _in_another_colour, _with_another_score]
)
def test_a_changed_picture_is_noticed(
    scene: str, change: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label that is missing, moved, recoloured or wrong exceeds the tolerance."""
    change(monkeypatch)
    with Image.open(reference("boxes", scene)) as wanted:
        assert difference(rendered("boxes", scene), wanted) > TOLERANCE


def test_a_recoloured_gauge_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dot of another colour on the ranking's gauge exceeds the tolerance."""
    monkeypatch.setattr(palette, "ACCENT", (86, 180, 233))
    with Image.open(reference("ranking", "one")) as wanted:
        assert difference(rendered("ranking", "one"), wanted) > TOLERANCE


@pytest.mark.parametrize("scene", ["one", "fills", "three"])
def test_a_missing_score_in_the_light_is_noticed(
    scene: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A spotlight without its numbers exceeds the tolerance."""
    monkeypatch.setattr(spotlight, "draw_text", lambda *_: None)
    with Image.open(reference("spotlight", scene)) as wanted:
        assert difference(rendered("spotlight", scene), wanted) > TOLERANCE
