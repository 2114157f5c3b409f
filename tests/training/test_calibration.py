"""Tests of the calibration of scores and spreads."""

from __future__ import annotations

import numpy as np
import pytest

from attrai.scoring.ratings import moments
from attrai_training.calibration import correction

RATINGS = np.arange(1, 11)


def test_predictions_get_the_means_asked_for() -> None:
    """Scores are shifted and spreads narrowed; scores stay as far apart and in their order."""
    rng = np.random.default_rng(0)
    middles = rng.uniform(3, 8, (300, 1))
    logits = -(((RATINGS - middles) / 2.6) ** 2) / 2 + rng.normal(0, 0.2, (300, 10))
    scale, added = correction(logits, mean=5.1, spread=1.8)
    before, _ = moments(logits)
    after, spreads = moments(scale * logits + added)
    assert after.mean() == pytest.approx(5.1, abs=1e-6)
    assert spreads.mean() == pytest.approx(1.8, abs=1e-6)
    assert after.std() == pytest.approx(before.std(), abs=1e-6)
    assert np.corrcoef(before, after)[0, 1] > 0.99


def test_what_can_not_be_calibrated_stays() -> None:
    """Of faces that all get the same score, no score can be as far apart as wished."""
    scale, added = correction(np.zeros((5, 10)), mean=12.0, spread=1.8)
    assert scale == 1
    assert not added.any()
