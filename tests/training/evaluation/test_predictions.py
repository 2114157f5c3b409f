"""Tests of predictions: each crop's score, in the order of the crops."""

from __future__ import annotations

import numpy as np

from attrai.job import Score
from attrai.scoring import Scorer
from attrai_training.evaluation import predict


def test_each_crop_has_its_score() -> None:
    """On several threads each crop gets its own score and spread, and none is left out."""
    brightness = np.arange(50, dtype=np.uint8)
    images = np.broadcast_to(brightness[:, None, None, None], (50, 4, 4, 3))

    def logits(crops: np.ndarray) -> np.ndarray:
        """All probability on ratings 1 and 10, with more on 10 the brighter the crop."""
        share = np.clip(crops[:, 0, 0, 0] / 50, 1e-9, None)
        others = np.full((len(crops), 8), -100.0)
        return np.column_stack([np.log(1 - share), others, np.log(share)])

    told: list[int] = []
    values, spreads = predict(images, Scorer(logits, 10), 3, told.append)
    share = brightness / 50
    np.testing.assert_allclose(values, 1 + 9 * share, atol=1e-6)
    np.testing.assert_allclose(spreads, 9 * np.sqrt(share * (1 - share)), atol=1e-3)
    assert sum(told) == 50
    assert Score(value=values[0], spread=spreads[0])
