"""The `boxes` renderer: a box for each face, and its score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrai.render.tags import mark_faces
from attrai.render.text import score_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

    from attrai.job import ScoredFace


class Boxes:
    """Renderer that draws a bounding box and a score for each face."""

    def render(self, photo: Image, faces: Sequence[ScoredFace]) -> Image:
        """Return a copy of the photo with a frame and the score at each face."""
        picture = photo.convert("RGB")
        mark_faces(
            picture,
            [scored.face.box for scored in faces if scored.score],
            [score_text(scored.score) for scored in faces if scored.score],
            untagged=[scored.face.box for scored in faces if scored.minor],
        )
        return picture
