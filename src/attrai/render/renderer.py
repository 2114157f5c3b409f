"""What every renderer offers, built in or not.

Finds renderers by name among the installed packages.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from attrai.job import ScoredFace


@runtime_checkable
class Renderer(Protocol):
    """Draws the result of a job. It is made without arguments and used by several threads.

    To add one, write such a class in a package of your own and register it there under the
    entry point group `attrai.renderers`.
    """

    def render(self, photo: Image, faces: Sequence[ScoredFace]) -> Image:
        """A new RGB picture of `photo` and its `faces`; the photo itself stays as it is.

        `faces` holds 0 to 50 faces from left to right, in pixels of the photo. The picture may
        be larger than the photo. Without a face it is a copy of the photo.
        """
        ...


#: The entry point group that a package registers its renderers under.
GROUP = "attrai.renderers"


class UnknownRenderer(Exception):
    """No renderer has this name; the message is one line that lists the names there are."""


class UnusableRenderer(Exception):
    """A renderer can't be loaded; the message is one line that names its plug-in."""


def renderer_names() -> list[str]:
    """The names of the installed renderers in alphabetical order; none is loaded for it."""
    return sorted({entry.name for entry in entry_points(group=GROUP)})


def load_renderer(name: str) -> Renderer:
    """The renderer registered as `name`.

    Raises:
        UnknownRenderer: no installed package registers this name.
        UnusableRenderer: what is registered fails to load or is no `Renderer`.
    """
    found = next(iter(entry_points(group=GROUP, name=name)), None)
    if found is None:
        raise UnknownRenderer(f"no renderer {name!r}; there are {', '.join(renderer_names())}")
    try:
        renderer = found.load()()
    except Exception as error:  # a third party's code may raise anything
        problem = " ".join(f"{type(error).__name__}: {error}".split())
        raise UnusableRenderer(
            f"renderer {name!r} ({found.value}) can't be loaded: {problem}"
        ) from error
    if not isinstance(renderer, Renderer):
        raise UnusableRenderer(f"renderer {name!r} ({found.value}) has no method `render`")
    return renderer
