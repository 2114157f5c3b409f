"""The scorer `onnx`: any network whose metadata say what goes in and comes out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attrai.errors import SettingsError
from attrai.faces.alignment import CROP_SIDE, TEMPLATE
from attrai.inference import Engine
from attrai.scoring import FaceScorer, WeightsError
from attrai.scoring.onnx_scorer import OnnxScorer
from attrai.settings import Settings
from tests.networks import node, write_onnx

SPEC: dict[str, Any] = {
    "version": 1,
    "side": CROP_SIDE,
    "layout": "NCHW",
    "channels": "RGB",
    "mean": [0, 0, 0],
    "scale": [255, 255, 255],
    "template": TEMPLATE.tolist(),
    "output": "moments",
    "ratings": 10,
}
#: From the means of the three channels to the mean and the spread: 1 to 10 by the first channel,
#: 0 to 4 by the last.
BY_CHANNEL = np.array([[9, 0], [0, 0], [0, 4]], np.float32), np.array([1, 0], np.float32)


def network(
    path: Path,
    weight: NDArray[np.float32] = BY_CHANNEL[0],
    bias: NDArray[np.float32] = BY_CHANNEL[1],
    *,
    batch: int | str = "n",
    **changes: Any,
) -> Path:
    """Write a network that is a linear function of the means of its input's channels."""
    spec = SPEC | changes
    side, nchw = spec["side"], spec["layout"] == "NCHW"
    shape = [batch, 3, side, side] if nchw else [batch, side, side, 3]
    nodes = [
        node("ReduceMean", "image", "means", axes=[2, 3] if nchw else [1, 2], keepdims=0),
        node("Gemm", "means weight bias", "output"),
    ]
    columns = weight.shape[1]
    constants = {"weight": weight, "bias": bias}
    return write_onnx(path, nodes, {"image": shape}, {"output": [batch, columns]}, constants, spec)


def flat(*colours: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Return crops of one colour each."""
    crops = np.empty((len(colours), CROP_SIDE, CROP_SIDE, 3), np.uint8)
    crops[:] = np.array(colours, np.uint8)[:, None, None]
    return crops


CROPS = flat((0, 9, 0), (255, 9, 255), (51, 9, 102), (102, 9, 51), (255, 9, 0))
VALUES, SPREADS = [1, 10, 2.8, 4.6, 10], [0, 4, 1.6, 0.8, 0]


def load(path: Path, engine: Engine) -> OnnxScorer:
    """Load the scorer in a file."""
    return OnnxScorer.open(Settings(scorer="onnx", weights=path), engine)


@pytest.mark.parametrize("batch", ["n", 1, 3])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_what_goes_in(tmp_path: Path, engine: Engine, layout: str, batch: int | str) -> None:
    """The network gets each face, in the order of dimensions that it wants, in any batch."""
    scorer = load(network(tmp_path / "a.onnx", layout=layout, batch=batch), engine)
    found = scorer.predict(CROPS)
    np.testing.assert_allclose(found.values, VALUES, atol=1e-3)
    np.testing.assert_allclose(found.spreads, SPREADS, atol=1e-3)
    assert found.ages is None


def test_colours_mean_and_scale(tmp_path: Path, engine: Engine) -> None:
    """Blue comes first where the metadata say so; means and scales are those of its order."""
    path = network(tmp_path / "a.onnx", channels="BGR", mean=[51, 0, 102], scale=[204, 1, 153])
    found = load(path, engine).predict(flat((102, 9, 51), (255, 9, 255), (178, 0, 153)))
    # The first channel is blue less 51, by 204; the last is red less 102, by 153.
    np.testing.assert_allclose(found.values, [1, 10, 5.5], atol=1e-3)
    np.testing.assert_allclose(found.spreads, [0, 4, 4 * 76 / 153], atol=1e-3)


def test_the_template(tmp_path: Path, engine: Engine) -> None:
    """A network that was trained with another side and tighter crops sees that part of a crop."""
    tight = (TEMPLATE - 0.25) * 2  # the middle half of a crop
    crops = flat((255, 0, 0))
    crops[:, 32:96, 32:96] = (51, 0, 102)
    path = network(tmp_path / "a.onnx", side=64, template=tight.tolist())
    found = load(path, engine).predict(crops)
    np.testing.assert_allclose(found.values, 2.8, atol=0.2)
    whole = load(network(tmp_path / "b.onnx", side=64), engine).predict(crops)
    np.testing.assert_allclose(whole.values, 1 + 9 * (0.75 + 0.25 * 0.2), atol=0.2)


@pytest.mark.parametrize("output", ["logits", "probabilities"])
def test_distributions(tmp_path: Path, engine: Engine, output: str) -> None:
    """A distribution over the ratings becomes its mean and spread, from whichever scale."""
    # Of the ratings from 1 to 5: 2 and 4, each as probable.
    odds = np.array([1e-9, 0.5, 1e-9, 0.5, 1e-9], np.float32)
    bias = np.log(odds) if output == "logits" else odds
    path = network(
        tmp_path / "a.onnx", np.zeros((3, 5), np.float32), bias, output=output, ratings=5
    )
    found = load(path, engine).predict(CROPS)
    # 3 of 1 to 5 is the middle, as 5.5 is of 1 to 10; a step of 1 becomes one of 9 / 4.
    np.testing.assert_allclose(found.values, [5.5] * 5, atol=1e-3)
    np.testing.assert_allclose(found.spreads, [2.25] * 5, atol=1e-3)


def test_ages(tmp_path: Path, engine: Engine) -> None:
    """A network that estimates ages protects minors, as every scorer does."""
    weight, bias = np.zeros((3, 3), np.float32), np.array([5, 1, 0], np.float32)
    weight[0, 2] = 100
    path = network(tmp_path / "a.onnx", weight, bias, ages=True)
    crops = flat((20, 0, 0), (60, 0, 0))
    np.testing.assert_allclose(load(path, engine).predict(crops).ages, [7.84, 23.5], atol=0.1)
    settings = Settings(scorer="onnx", weights=path, minimum_age=16)
    child, adult = FaceScorer.open(settings, engine)(crops)
    assert child is None
    assert adult is not None
    assert (adult.value, adult.spread) == (5, 1)


def test_ratings_beyond_the_scale(tmp_path: Path, engine: Engine) -> None:
    """Means and spreads that no rating allows are brought back to those that are possible."""
    path = network(
        tmp_path / "a.onnx", np.zeros((3, 2), np.float32), np.array([11, -1], np.float32)
    )
    (score,) = FaceScorer.open(Settings(scorer="onnx", weights=path), engine)(CROPS[:1])
    assert score is not None
    assert (score.value, score.spread) == (10, 0)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 2}, r"metadata attrai\.version: "),
        ({"layout": "CHWN"}, r"metadata attrai\.layout: "),
        ({"channels": "grey"}, r"metadata attrai\.channels: "),
        ({"scale": [1, 0, 1]}, r"metadata attrai\.scale\.1: "),
        ({"template": [[0.5, 0.5]]}, r"metadata attrai\.template\.1: "),
        ({"output": "rank"}, r"metadata attrai\.output: "),
        ({"ratings": 1}, r"metadata attrai\.ratings: "),
        ({"surprise": 1}, r"metadata attrai\.surprise: "),
        ({"template": (TEMPLATE / 2 + 0.25).tolist()}, "shows more of the photo than the crops"),
        ({"output": "logits"}, r"outputs \(1, 2\), not 10 each"),
        ({"ages": True}, r"outputs \(1, 2\), not 3 each"),
    ],
)
def test_wrong_metadata(
    tmp_path: Path, engine: Engine, changes: dict[str, Any], reason: str
) -> None:
    """One line names the file and what is wrong with its metadata."""
    unchanged = {"layout": "NCHW"} if "layout" in changes else {}
    path = network(tmp_path / "own.onnx", **(changes | unchanged))
    if unchanged:
        path = rewritten(path, SPEC | changes)
    with pytest.raises(WeightsError, match=reason) as caught:
        load(path, engine)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def rewritten(path: Path, spec: object) -> Path:
    """Give a network other metadata, or none."""
    import onnx  # noqa: PLC0415 - as little as possible loads it

    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {"attrai": json.dumps(spec)} if spec else {})
    onnx.save(model, str(path))
    return path


@pytest.mark.parametrize("changes", [{"side": 96}, {"layout": "NHWC"}])
def test_metadata_of_another_network(
    tmp_path: Path, engine: Engine, changes: dict[str, Any]
) -> None:
    """An input of another shape than the metadata say is named."""
    path = rewritten(network(tmp_path / "own.onnx"), SPEC | changes)
    with pytest.raises(WeightsError, match=r"own\.onnx: its input is \[\?,3,128,128\], not"):
        load(path, engine)


def test_without_metadata(tmp_path: Path, engine: Engine) -> None:
    """A network that says nothing of itself is refused."""
    path = rewritten(network(tmp_path / "own.onnx"), None)
    with pytest.raises(WeightsError, match=r"own\.onnx: its metadata lack 'attrai'"):
        load(path, engine)


def test_no_file(engine: Engine) -> None:
    """Without a file the setting is named."""
    with pytest.raises(SettingsError, match="ATTRAI_WEIGHTS is not set"):
        OnnxScorer.open(Settings(scorer="onnx"), engine)


def test_damaged_files(tmp_path: Path, engine: Engine) -> None:
    """A file that is no ONNX, or not the one of its checksum, is refused in one line."""
    path = network(tmp_path / "own.onnx")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    checksum = tmp_path / "own.onnx.sha256"
    checksum.write_text(f"{digest}  own.onnx\n")
    load(path, engine)
    checksum.write_text(f"{digest[::-1]}  own.onnx\n")
    with pytest.raises(WeightsError, match="damaged"):
        load(path, engine)
    checksum.unlink()
    path.write_bytes(b"pickle")
    with pytest.raises(WeightsError, match=r"own\.onnx: OpenVINO can't use it: .") as caught:
        load(path, engine)
    assert "\n" not in str(caught.value)
