"""The renderer protocol, and the registry of installed renderers."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

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


#: The entry point group under which packages register renderers.
GROUP = "attrai.renderers"


class UnknownRenderer(Exception):
    """No renderer has this name; the message is one line that lists the known names."""


class UnusableRenderer(Exception):
    """A renderer can't be loaded; the message is one line that names its plug-in."""


def renderer_names() -> list[str]:
    """Return the names of the installed renderers in alphabetical order, without loading any."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


@cache
def load_renderer(name: str) -> Renderer:
    """Load and return the renderer registered as `name`, the same one each time.

    It is kept, since looking through the installed packages takes longer than to draw.

    Raises:
        UnknownRenderer: no installed package registers this name.
        UnusableRenderer: the registered object fails to load or is not a `Renderer`.
    """
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise UnknownRenderer(f"no renderer {name!r}; there are {', '.join(renderer_names())}")
    try:
        renderer = found.load()()
    except Exception as error:  # third-party code may raise anything
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnusableRenderer(
            f"renderer {name!r} ({found.value}) can't be loaded: {problem}"
        ) from error
    if not isinstance(renderer, Renderer):
        raise UnusableRenderer(f"renderer {name!r} ({found.value}) has no method `render`")
    return renderer
