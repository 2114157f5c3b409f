"""Crops -> what a scorer predicts for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple

import numpy as np

from attrai.contract import Score
from attrai.inference import Images
from attrai.scoring import Scorer
from attrai.scoring.evaluation.figures import Floats
from attrai.scoring.evaluation.threads import in_threads

#: How many crops a thread scores at a time.
_AT_ONCE = 8


class Predictions(NamedTuple):
    """The predicted ratings of n faces."""

    #: Their means, shape (n,).
    values: Floats
    #: Their standard deviations, shape (n,).
    spreads: Floats


def predict(
    images: Images, scorer: Scorer, threads: int, progress: Callable[[int], None]
) -> Predictions:
    """Scores crops.

    Args:
        images: RGB, shape (n, side, side, 3).
        scorer: whose side this is.
        threads: how many of them score at once.
        progress: called with the number of crops that are done since the last call.
    """
    parts = [images[start : start + _AT_ONCE] for start in range(0, len(images), _AT_ONCE)]
    scores: list[Score] = []
    with closing(in_threads(scorer, parts, threads)) as results:
        for part in results:
            scores += part
            progress(len(part))
    return Predictions(
        np.array([score.value for score in scores]), np.array([score.spread for score in scores])
    )
