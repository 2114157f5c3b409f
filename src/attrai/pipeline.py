"""A photo's way as one plain function, without a queue.

The five stages in `attrai.actors` do the same one after another, each in a process of its own:
they call the functions that are called here, and hand their results on by way of the photo store.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from attrai.faces import FaceFinder, crop_faces
from attrai.images import accept_photo, limits_of
from attrai.images.codecs import unpack_photo
from attrai.images.colours import to_resizable
from attrai.images.decode import transpose_of
from attrai.images.files import read_photo
from attrai.inference import open_engine
from attrai.job import ScoredFace, StageName, Timing, pair_scores
from attrai.render import Renderer, load_renderer
from attrai.scoring import FaceScorer
from attrai.settings import Settings, load_settings


@dataclass(frozen=True)
class RatedPhoto:
    """What is known of a photo once it is rated."""

    #: Width and height in pixels, once upright and brought down to the largest side.
    size: tuple[int, int]
    #: From left to right, in pixels of the photo of that size. The score of a face that looks like
    #: a minor's is None.
    faces: tuple[ScoredFace, ...]
    #: How many faces there were; more than `faces` holds when there were too many.
    faces_found: int
    #: The photo with boxes and scores, as the renderer drew it; RGB.
    picture: Image.Image
    #: How long each step took.
    trace: tuple[Timing, ...]


class Pipeline:
    """Rates photos, in as many threads at once as it was made for."""

    def __init__(self, settings: Settings, *, threads: int = 1) -> None:
        """Load the networks.

        Raises:
            CannotStart: the detector, the scorer or its weights are unusable.
        """
        engine = open_engine(settings.engine, threads)
        self.limits = limits_of(settings)
        self._finder = FaceFinder.open(settings, engine)
        self._scorer = FaceScorer.open(settings, engine)

    def __call__(self, data: bytes, renderer: Renderer) -> RatedPhoto:
        """Rate the photo in the bytes of a file of any supported format.

        Raises:
            UserError: it is no photo within the limits, or has no face.
        """
        trace: list[Timing] = []
        with timed("ingest", trace):
            content, _ = accept_photo(data, self.limits)
        with timed("detect", trace):
            found = crop_faces(np.asarray(unpack_photo(content)), self._finder)
        with timed("score", trace):
            scores = self._scorer(found.crops)
        with timed("render", trace):
            scored = pair_scores(found.faces, scores)
            photo = Image.fromarray(found.photo)
            picture = renderer.render(photo, scored).convert("RGB")
        return RatedPhoto(photo.size, scored, found.found, picture, tuple(trace))


def rate(
    photo: bytes | str | Path | Image.Image,
    *,
    renderer: str = "boxes",
    settings: Settings | None = None,
) -> RatedPhoto:
    """Find the faces on a photo, score each from 1 to 10, and draw the result.

    The networks are loaded by the first call, and kept until a call with other settings. May be
    called from several threads.

    Args:
        photo: a file's bytes or path, in any supported format, or an image of Pillow's.
        renderer: the name of an installed renderer.
        settings: by default those of the environment, `ATTRAI_*`.

    Raises:
        UserError: the file can't be read, or is no photo within the limits, or has no face. Its
            `code` says which.
        UnknownRenderer: no installed package has a renderer of this name.
        SettingsError: a variable of the environment holds an unusable value.
    """
    pipeline = _pipeline(settings or load_settings())
    if isinstance(photo, Image.Image):
        data = _encode(photo, pipeline.limits.max_side)
    else:
        limit = pipeline.limits.max_bytes
        data = photo if isinstance(photo, bytes) else read_photo(Path(photo), limit)
    return pipeline(data, load_renderer(renderer))


def _pipeline(settings: Settings) -> Pipeline:
    # `lru_cache` alone would let two first calls load the networks twice.
    with _loading:
        return _latest_pipeline(settings)


_loading = Lock()
_latest_pipeline = lru_cache(maxsize=1)(Pipeline)


def _encode(image: Image.Image, max_side: int) -> bytes:
    """Return the image as an uncompressed file no larger than it is rated at."""
    image.load()
    transpose = transpose_of(image)
    image = to_resizable(image).copy()
    image.thumbnail((max_side, max_side), Image.Resampling.LANCZOS, reducing_gap=3)
    if transpose is not None:
        image = image.transpose(transpose)
    file = BytesIO()
    image.save(file, "TIFF", icc_profile=image.info.get("icc_profile"))
    return file.getvalue()


@contextmanager
def timed(stage: StageName, trace: list[Timing]) -> Iterator[None]:
    """Add to `trace` how long the block took."""
    started = time.perf_counter()
    yield
    trace.append(Timing(stage=stage, waited=0, took=time.perf_counter() - started))
