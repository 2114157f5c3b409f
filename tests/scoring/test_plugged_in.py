"""Scorers that are plugged in: one that can't score is found when it is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from attrai.inference import Engine
from attrai.plugins import UnusablePlugin
from attrai.scoring import FaceScorer, Predictions
from attrai.settings import Settings
from tests.packages import make_package

CODE = """
from attrai.scoring import Predictions

class Fair:
    def __init__(self, settings, engine):
        self.settings = settings

    def predict(self, crops):
        ages = crops[:, 0, 0, 0]
        return Predictions([7] * len(crops), [1] * len(crops), ages)

class Generous(Fair):
    def predict(self, crops):
        return Predictions([11], [1])

class Stuttering(Fair):
    def predict(self, crops):
        return Predictions([7, 7], [1])

class Confused(Fair):
    def predict(self, crops):
        raise RuntimeError("which way\\nis up?")

class Mute(Fair):
    predict = None
"""


@pytest.fixture(autouse=True)
def _scorers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's package with one good scorer and several bad ones."""
    names = ("Fair", "Generous", "Stuttering", "Confused", "Mute")
    scorers = {name.lower(): name for name in names}
    monkeypatch.syspath_prepend(make_package(tmp_path, "scorers_of_a_test", CODE, scorers=scorers))


def test_minors_are_protected_from_any_scorer(engine: Engine) -> None:
    """Whoever wrote the scorer, a face that looks younger than the minimum gets no score."""
    scorer = FaceScorer.open(Settings(scorer="fair", minimum_age=16), engine)
    crops = np.zeros((3, 128, 128, 3), np.uint8)
    crops[:, 0, 0, 0] = 15, 16, 40
    child, *adults = scorer(crops)
    assert child is None
    assert [score.value for score in adults if score] == [7, 7]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("generous", "ValidationError: .*less than or equal to 10"),
        ("stuttering", "ValueError: "),
        ("confused", "RuntimeError: which way is up"),
        ("mute", "TypeError: "),
    ],
)
def test_a_scorer_that_cant_score(engine: Engine, name: str, reason: str) -> None:
    """One line names the scorer and what it did on its trial."""
    with pytest.raises(UnusablePlugin, match=f"scorer '{name}' can't score: {reason}") as caught:
        FaceScorer.open(Settings(scorer=name), engine)
    assert "\n" not in str(caught.value)


class Forgetful:
    """A scorer that scores the first face only."""

    def predict(self, crops: NDArray[np.uint8]) -> Predictions:
        return Predictions(np.array([5.0]), np.array([1.0]))


def test_a_score_for_each_face() -> None:
    """Too few scores are no scores of the first faces."""
    scorer = FaceScorer(Forgetful())
    assert len(scorer(np.zeros((1, 128, 128, 3), np.uint8))) == 1
    with pytest.raises(ValueError, match="1 scores for 2 faces"):
        scorer(np.zeros((2, 128, 128, 3), np.uint8))
