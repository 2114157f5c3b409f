"""The renderer registry: loading by name, and broken plug-ins."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from attrai.render import (
    Renderer,
    UnknownRenderer,
    UnusableRenderer,
    load_renderer,
    renderer_names,
)
from tests.packages import make_package

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
class Sketch:
    def render(self, photo, faces):
        return photo.copy()

class Failing:
    def __init__(self):
        raise RuntimeError("no pencil\\nand no paper")

class Mute:
    pass
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third-party package with one good renderer and several broken ones."""
    renderers = {name.lower(): name for name in ("Sketch", "Missing", "Failing", "Mute")}
    renderers["elsewhere"] = "no_such_module:Sketch"
    package = make_package(tmp_path, "plugin_of_a_test", CODE, renderers=renderers)
    monkeypatch.syspath_prepend(package)


@pytest.mark.parametrize("name", ["boxes", "ranking", "spotlight"])
def test_the_built_in_renderers_are_there(name: str) -> None:
    """Each built-in renderer is listed and can be loaded, and is loaded once."""
    assert name in renderer_names()
    renderer = load_renderer(name)
    assert isinstance(renderer, Renderer)
    assert load_renderer(name) is renderer


@pytest.mark.usefixtures("plugins")
def test_a_plugin_of_others_is_found() -> None:
    """An installed package adds a renderer without a change to attrai."""
    assert "sketch" in renderer_names()
    assert type(load_renderer("sketch")).__name__ == "Sketch"


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize("name", ["missing", "elsewhere", "failing", "mute"])
def test_a_broken_plugin_is_named_in_one_line(name: str) -> None:
    """A broken renderer is listed like the others; loading it fails with an error that names it."""
    assert {name, "boxes"} <= set(renderer_names())
    with pytest.raises(UnusableRenderer, match=name) as caught:
        load_renderer(name)
    assert "\n" not in str(caught.value)
    assert isinstance(load_renderer("boxes"), Renderer)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """The error for an unknown name is one line with the known names."""
    with pytest.raises(UnknownRenderer, match=r"no renderer 'oils'; .*boxes.*ranking") as caught:
        load_renderer("oils")
    assert "\n" not in str(caught.value)


def test_rendering_needs_no_heavy_import() -> None:
    """The built-in renderers load without torch, cv2 or dramatiq."""
    code = (
        "import sys; from attrai.render import load_renderer\n"
        "for name in ('boxes', 'ranking', 'spotlight'): load_renderer(name)\n"
        "print(*{'torch', 'cv2', 'dramatiq'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
