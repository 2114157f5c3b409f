"""Fonts: finding the files, glyphs and measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from attrai.render import text
from attrai.render.text import (
    CAP_HEIGHT,
    Style,
    Weight,
    draw_tabular,
    draw_text,
    font,
    font_file,
    tabular_width,
)

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS: list[Weight] = ["Regular", "SemiBold"]
STYLE = Style("SemiBold", 40, (255, 255, 255))


@pytest.mark.parametrize("weight", WEIGHTS)
def test_fonts_have_the_glyphs(weight: Weight) -> None:
    """Digits, the plus-minus sign, Latin and Cyrillic letters have glyphs."""
    face = font(weight, 40)
    unknown = bytes(face.getmask("\uffff"))
    for char in "0123456789.±-AzÀéßЖяЁщ":
        assert bytes(face.getmask(char)) not in (unknown, b""), char


@pytest.mark.parametrize("weight", WEIGHTS)
def test_digits_are_as_high_as_stated(weight: Weight) -> None:
    """The constant that centres digits on tags matches the font."""
    top, bottom = (font(weight, 1000).getbbox("1", anchor="ls")[side] for side in (1, 3))
    assert bottom - top == pytest.approx(1000 * CAP_HEIGHT, abs=4)


def test_fonts_are_found_in_an_installed_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fonts are loaded from `attrai/fonts` in a wheel; the error names a missing file."""
    package = tmp_path / "site-packages" / "attrai"
    (package / "fonts").mkdir(parents=True)
    monkeypatch.setattr(text, "_PACKAGE", package)
    with pytest.raises(FileNotFoundError, match=r"Inter-Regular\.otf"):
        font_file("Regular")
    (package / "fonts" / "Inter-Regular.otf").touch()
    assert font_file("Regular") == package / "fonts" / "Inter-Regular.otf"


def test_a_font_is_loaded_once_for_each_size() -> None:
    """Sizes are rounded to half a pixel, so that few fonts are kept in memory."""
    assert font("Regular", 20.1) is font("Regular", 19.9)
    assert font("Regular", 20.5) is not font("Regular", 20)
    assert font("Regular", 0.01).size == 1


def test_figures_are_equally_wide() -> None:
    """In columns a one is as wide as a zero, unlike in running text."""
    assert tabular_width("1.1", STYLE) == tabular_width("0.8", STYLE)
    assert STYLE.width("1.1") < STYLE.width("0.8")


@pytest.mark.parametrize("text", ["10.0", "1.1", "8"])
def test_figures_end_at_the_right(text: str) -> None:
    """Numbers in a column end at the same position and stand on the baseline."""
    canvas = Image.new("RGB", (200, 80))
    draw_tabular(canvas, 150, 60, text, STYLE)
    left, _, right, bottom = canvas.getbbox() or (0, 0, 0, 0)
    assert 150 - tabular_width(text, STYLE) - 1 <= left
    assert 140 <= right <= 151
    assert bottom in (60, 61)


def test_text_starts_at_the_left() -> None:
    """Running text starts at the given position."""
    canvas = Image.new("RGB", (200, 80))
    draw_text(canvas, 50, 60, "8.4", STYLE)
    left = np.asarray(canvas).max(axis=(0, 2)).nonzero()[0][0]
    assert 50 <= left <= 54
