"""Tests of faces that look like a minor's: they leave the scorer without a score."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from attrai.faces.alignment import CROP_SIDE
from attrai.inference import Engine, FloatArray, Images
from attrai.scoring import FaceScorer, ResNet34Scorer, ScorerWeights
from attrai.scoring.weights_file import WeightsError
from attrai.settings import Settings
from tests.scoring.age_head import CONSTANT, VARYING, with_age_head, without_age_head, written


@pytest.fixture(scope="module")
def crops() -> Images:
    """Six crops of noise, each brighter than the one before."""
    noise = np.random.default_rng(7).integers(0, 128, (6, CROP_SIDE, CROP_SIDE, 3))
    return (noise + np.arange(0, 126, 21)[:, None, None, None]).astype(np.uint8)


@pytest.fixture(scope="module")
def plain(engine: Engine) -> ResNet34Scorer:
    """The scorer whose weights have no age head."""
    return ResNet34Scorer.of(without_age_head(), engine)


def of_ages(*ages: float, minimum: float) -> list[bool]:
    """Return whether faces of these apparent ages get a score."""
    outputs = np.zeros((len(ages), 11), np.float32)
    outputs[:, 10] = ages
    scorer = FaceScorer(ResNet34Scorer(lambda _: outputs, 10), minimum)
    scores = scorer(np.zeros((len(ages), 2, 2, 3), np.uint8))
    return [score is not None for score in scores]


def test_the_minimum_age() -> None:
    """A face gets a score from the minimum age on, and none if its age is no number."""
    assert of_ages(15.9, 16, 16.1, 80, minimum=16) == [False, True, True, True]
    assert of_ages(-3, 0, float("nan"), float("inf"), minimum=1) == [False, False, False, True]


def test_no_minimum_age() -> None:
    """With a minimum of 0 every face gets a score."""
    assert of_ages(-3, 0, 5, float("nan"), minimum=0) == [True] * 4


def test_an_age_head_changes_no_score(plain: ResNet34Scorer, crops: Images, engine: Engine) -> None:
    """The ages come with the same scores as without the head, which tell nothing of them."""
    aged = ResNet34Scorer.of(with_age_head(CONSTANT, 12), engine)
    values, spreads, ages = aged.predict(crops)
    expected = plain.predict(crops)
    np.testing.assert_allclose(values, expected.values, atol=1e-3)
    np.testing.assert_allclose(spreads, expected.spreads, atol=1e-3)
    np.testing.assert_allclose(ages, [12] * 6, rtol=0.01)
    assert expected.ages is None


def test_each_face_by_its_own_age(crops: Images, engine: Engine) -> None:
    """Faces that look younger than the minimum get None, at their places among the others."""
    weights = with_age_head(VARYING, 0)
    values, spreads, ages = ResNet34Scorer.of(weights, engine).predict(crops)
    assert ages is not None
    middle = float(np.sort(ages)[2:4].mean())
    weights = with_age_head(VARYING, 40 - middle)
    scores = FaceScorer(ResNet34Scorer.of(weights, engine), minimum_age=40)(crops)
    assert [score is None for score in scores] == (ages < middle).tolist()
    assert scores.count(None) == 3
    for score, value, spread in zip(scores, values, spreads, strict=True):
        if score:
            assert (score.value, score.spread) == pytest.approx((value, spread), abs=1e-3)


def test_the_setting_decides(tmp_path: Path, crops: Images, engine: Engine) -> None:
    """The scorer that a service opens withholds scores below ATTRAI_MINIMUM_AGE."""
    path = written(with_age_head(CONSTANT, 12), tmp_path / "own.safetensors")
    for minimum, withheld in ((13, 6), (11, 0), (0, 0)):
        settings = Settings(weights=path, minimum_age=minimum)
        assert FaceScorer.open(settings, engine)(crops).count(None) == withheld
        assert len(ResNet34Scorer.open(settings, engine).predict(crops).values) == 6


def test_without_an_age_head(
    tmp_path: Path, crops: Images, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """Weights of version 1 score every face; the log says so, if there is a minimum age."""
    path = written(without_age_head(), tmp_path / "own.safetensors")
    with caplog.at_level(logging.WARNING, "attrai.scoring"):
        FaceScorer.open(Settings(weights=path, minimum_age=0), engine)
        assert caplog.messages == []
        scorer = FaceScorer.open(Settings(weights=path, minimum_age=16), engine)
        assert None not in scorer(crops)
        assert None not in scorer(crops)
    (message,) = caplog.messages
    assert "estimates no ages" in message
    caplog.clear()
    path = written(with_age_head(CONSTANT, 12), tmp_path / "aged.safetensors")
    with caplog.at_level(logging.WARNING, "attrai.scoring"):
        FaceScorer.open(Settings(weights=path, minimum_age=16), engine)
    assert caplog.messages == []


WRONG_WEIGHTS: list[tuple[str, FloatArray | None]] = [
    ("age.weight", None),
    ("age.bias", None),
    ("age.weight", np.zeros((1, 511), np.float32)),
    ("age.weight", np.zeros(512, np.float32)),
    ("age.weight", np.zeros((2, 512), np.float32)),
    ("age.bias", np.zeros((1, 1), np.float32)),
]


@pytest.mark.parametrize(("name", "instead"), WRONG_WEIGHTS)
def test_a_damaged_age_head_is_refused(
    tmp_path: Path, name: str, instead: FloatArray | None, engine: Engine
) -> None:
    """Weights of version 2 whose age head is missing or of another shape are refused by name."""
    weights = with_age_head(CONSTANT, 12)
    tensors = {key: value for key, value in weights.tensors.items() if key != name}
    if instead is not None:
        tensors[name] = instead
    path = written(ScorerWeights(weights.spec, tensors), tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match=rf"own\.safetensors: .*{name}"):
        ResNet34Scorer.load(path, engine)


def test_a_later_version_is_refused(tmp_path: Path, engine: Engine) -> None:
    """Weights of a version that this release doesn't know are refused."""
    weights = with_age_head(CONSTANT, 12)
    later = ScorerWeights(weights.spec.model_copy(update={"version": 3}), weights.tensors)
    path = written(later, tmp_path / "own.safetensors")
    with pytest.raises(WeightsError, match=r"attrai\.version"):
        ResNet34Scorer.load(path, engine)
