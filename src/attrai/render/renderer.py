"""What every renderer offers, built in or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from attrai.contract import ScoredFace


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
