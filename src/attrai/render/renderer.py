"""The renderer protocol, and the registry of installed renderers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrai.plugins import Plugins, UnknownPlugin, UnusablePlugin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from attrai.job import ScoredFace


@runtime_checkable
class Renderer(Protocol):
    """Protocol of a renderer, which draws the result of a job.

    A renderer is created without arguments and shared by several threads. To add one, write such a
    class in a package of your own and register it under the entry point group `attrai.renderers`.
    """

    def render(self, photo: Image, faces: Sequence[ScoredFace]) -> Image:
        """Return a new RGB picture of `photo` and its `faces`; leave the photo unchanged.

        `faces` holds 0 to 50 faces from left to right, with boxes in pixels of the photo that end
        at its edges. A face without a score looks like a minor's: draw no number for it, and leave
        it out of any ranking or choice. The picture may be larger than the photo. Without faces it
        is a copy of the photo.
        """
        ...


class UnknownRenderer(UnknownPlugin):
    """No renderer has this name; the message is one line that lists the known names."""


class UnusableRenderer(UnusablePlugin):
    """A renderer can't be loaded; the message is one line that names its plug-in."""


RENDERERS = Plugins(
    "renderer",
    "attrai.renderers",
    Renderer,  # type: ignore[type-abstract]  # nobody creates it
    UnknownRenderer,
    UnusableRenderer,
)


def renderer_names() -> list[str]:
    """Return the names of the installed renderers in alphabetical order, without loading any."""
    return RENDERERS.names()


@cache
def load_renderer(name: str) -> Renderer:
    """Load and return the renderer registered as `name`, the same one each time.

    It is kept, since looking through the installed packages takes longer than to draw.

    Raises:
        UnknownRenderer: no installed package registers this name.
        UnusableRenderer: the registered object fails to load or is not a `Renderer`.
    """
    return RENDERERS.open(name)
