"""Tests of the scorer, its weights file, and the whole path from photo to score."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from attrai.faces import CascadeNetworks, FaceFinder, Mtcnn, aligned_crops
from attrai.faces.alignment import CROP_SIDE
from attrai.images import Limits, decode_photo
from attrai.inference import Engine, FloatArray
from attrai.scoring import PACKAGED, FaceScorer, ResNet34Scorer
from attrai.scoring.weights_file import WeightsError
from tests.conftest import Labelled


@pytest.fixture(scope="module")
def scorer(engine: Engine) -> FaceScorer:
    """The scorer with the packaged weights."""
    return FaceScorer(ResNet34Scorer.load(PACKAGED, engine))


@given(arrays(np.float32, (3, 10), elements=st.floats(-1000, 1000, width=32)))
def test_score_and_spread_are_those_of_the_distribution(logits: FloatArray) -> None:
    """Score and spread are the mean and standard deviation of the softmax, for any logits."""
    scores = FaceScorer(ResNet34Scorer(lambda _: logits, 10))(np.zeros((3, 2, 2, 3), np.uint8))
    ratings = np.arange(1, 11)
    for score, row in zip(scores, logits.astype(float), strict=True):
        assert score is not None
        weights = np.exp(row - row.max())
        mean = np.average(ratings, weights=weights)
        spread = np.sqrt(np.average((ratings - mean) ** 2, weights=weights))
        assert score.value == pytest.approx(mean)
        assert score.spread == pytest.approx(spread, abs=1e-6)


def test_batch_scores_each_face_by_itself(scorer: FaceScorer) -> None:
    """A face's score does not depend on the faces it shares a batch with."""
    rng = np.random.default_rng(5)
    crops = rng.integers(0, 256, (3, CROP_SIDE, CROP_SIDE, 3), np.uint8)
    together = scorer(crops)
    for crop, score in zip(crops, together, strict=True):
        (alone,) = scorer(crop[None])
        assert alone is not None
        assert score is not None
        assert alone.value == pytest.approx(score.value, abs=1e-3)
        assert alone.spread == pytest.approx(score.spread, abs=1e-3)


def repackage(path: Path, metadata: dict[str, str] | None, *, drop: str = "") -> Path:
    """Write a copy of the packaged weights with other metadata or without a tensor."""
    tensors = load_file(PACKAGED)
    tensors.pop(drop, None)
    save_file(tensors, path, metadata=metadata)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")
    return path


def packaged_spec() -> dict[str, object]:
    """Return the specification in the packaged weights' metadata."""
    with safe_open(PACKAGED, framework="numpy") as file:
        return json.loads(file.metadata()["attrai"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"side": 224}, "other crops"),
        ({"template": [[0.3, 0.3]] * 5}, "other crops"),
        ({"architecture": "resnet18"}, r"attrai\.architecture"),
        ({"scale": 0}, r"attrai\.scale"),
        ({"surprise": 1}, r"attrai\.surprise"),
    ],
)
def test_other_specifications_are_refused(
    tmp_path: Path, changes: dict[str, object], reason: str, engine: Engine
) -> None:
    """Weights for other crops or another network are refused with an error that names the field."""
    metadata = {"attrai": json.dumps({**packaged_spec(), **changes})}
    with pytest.raises(WeightsError, match=reason):
        ResNet34Scorer.load(repackage(tmp_path / "own.safetensors", metadata), engine)


def test_foreign_files_are_refused(tmp_path: Path, engine: Engine) -> None:
    """Weights without a specification, without a tensor or without a checksum are refused."""
    own = tmp_path / "own.safetensors"
    with pytest.raises(WeightsError, match="metadata"):
        ResNet34Scorer.load(repackage(own, None), engine)
    metadata = {"attrai": json.dumps(packaged_spec())}
    with pytest.raises(WeightsError, match=r"bn1\.bias"):
        ResNet34Scorer.load(repackage(own, metadata, drop="bn1.bias"), engine)
    (tmp_path / "own.safetensors.sha256").unlink()
    with pytest.raises(WeightsError, match="sha256"):
        ResNet34Scorer.load(own, engine)


def test_damaged_files_are_refused(tmp_path: Path, engine: Engine) -> None:
    """A file with one changed byte, or that is not a safetensors file, is refused."""
    own = repackage(tmp_path / "own.safetensors", {"attrai": json.dumps(packaged_spec())})
    content = bytearray(own.read_bytes())
    content[-1] ^= 1
    own.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged"):
        ResNet34Scorer.load(own, engine)
    own.write_bytes(b"pickle")
    checksum = tmp_path / "own.safetensors.sha256"
    for digest, reason in ((hashlib.sha256(b"pickle").hexdigest(), "header"), ("", "no checksum")):
        checksum.write_text(digest)
        with pytest.raises(WeightsError, match=reason):
            ResNet34Scorer.load(own, engine)


@pytest.mark.slow
def test_whole_pipeline_agrees_with_the_raters(
    labelled: list[Labelled], networks: CascadeNetworks, scorer: FaceScorer
) -> None:
    """Scores of the val photos, from decoding to scoring, follow their ratings.

    The weights have learnt these photos, so this shows that faces are found and cut as they were in
    training, and not how well people are rated whom they haven't seen.
    """
    detector = FaceFinder(Mtcnn(networks, 40), max_faces=50)
    predicted, rated = [], []
    for row in labelled:
        if row.split != "val":
            continue
        photo: NDArray[np.uint8] = np.asarray(decode_photo(row.path.read_bytes(), Limits()))
        faces = detector(photo).faces
        if not faces:
            continue
        largest = max(faces, key=lambda face: face.box.width * face.box.height)
        (score,) = scorer(aligned_crops(photo, [largest], CROP_SIDE))
        assert score is not None
        predicted.append(score.value)
        rated.append(row.score)
    correlation = np.corrcoef(predicted, rated)[0, 1]
    error = np.abs(np.subtract(predicted, rated)).mean()
    print(f"{len(rated)} photos: PC {correlation:.3f}, MAE {error:.3f}")
    assert len(rated) >= 215
    assert correlation >= 0.83
    assert error <= 0.54


def test_example_is_scored(
    astronaut: Image.Image, networks: CascadeNetworks, scorer: FaceScorer
) -> None:
    """The example photo keeps its score; landmarks off by half a pixel change it by 0.1."""
    photo = np.asarray(astronaut)
    faces = FaceFinder(Mtcnn(networks, 40), max_faces=1)(photo).faces
    (score,) = scorer(aligned_crops(photo, faces, CROP_SIDE))
    assert score is not None
    assert score.value == pytest.approx(5.45, abs=0.15)
    assert score.spread == pytest.approx(1.92, abs=0.1)
