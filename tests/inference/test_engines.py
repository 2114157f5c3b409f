"""Tests of the engines: each computes the same as the code of the networks' authors."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from PIL import Image
from safetensors import safe_open

from attrai.errors import SettingsError
from attrai.faces import CascadeNetworks, FaceFinder, Mtcnn, aligned_crops
from attrai.faces.alignment import CROP_SIDE
from attrai.faces.networks import WEIGHTS
from attrai.inference import Engine, Images, open_engine
from attrai.inference import engine as choice
from attrai.scoring import PACKAGED, ResNet34Scorer
from attrai.settings import load_settings
from bench import torchvision_shim
from tests.conftest import Labelled
from tests.scoring.age_head import VARYING, with_age_head

# Importing torch takes a second, and every test process imports every test module.
if TYPE_CHECKING:
    import torch


def needs_torch() -> None:
    """Skip the test if torch is not installed, without importing it."""
    if find_spec("torch") is None:
        pytest.skip("torch is not installed")


@pytest.fixture(scope="module", params=["torch", "openvino"])
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "torch":
        needs_torch()
    return open_engine(request.param, threads=2)


@pytest.fixture(scope="module")
def facenet_pytorch() -> ModuleType:
    """The module facenet_pytorch, whose import takes seconds."""
    needs_torch()
    torchvision_shim.make_importable()
    return import_module("facenet_pytorch")


@pytest.fixture(scope="module")
def networks(engine: Engine) -> CascadeNetworks:
    return CascadeNetworks.load(engine)


def noise(*shape: int) -> Images:
    return np.random.default_rng(4).integers(0, 256, (*shape, 3), np.uint8)


def reference(module: torch.nn.Module, images: Images, mean: float, scale: float) -> list[NDArray]:  # type: ignore[type-arg]
    """Return the outputs of the authors' module for normalised images."""
    import torch  # noqa: PLC0415 - see above

    batch = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    with torch.inference_mode():
        outputs = module.eval()((batch - mean) / scale)
    return [output.numpy() for output in outputs]


def logit(probabilities: NDArray) -> NDArray:  # type: ignore[type-arg]
    """Return the logit of a face from the probabilities of no face and of a face."""
    return np.log(probabilities[:, 1:]) - np.log(probabilities[:, :1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "theirs", "images"),
    [
        ("pnet", "PNet", noise(1, 70, 94)),
        ("rnet", "RNet", noise(19, 24, 24)),
        ("onet", "ONet", noise(5, 48, 48)),
    ],
)
def test_networks_are_those_of_facenet_pytorch(
    facenet_pytorch: ModuleType,
    networks: CascadeNetworks,
    name: str,
    theirs: str,
    images: Images,
) -> None:
    """Each network of the cascade gives the same output as facenet-pytorch's."""
    expected = reference(getattr(facenet_pytorch, theirs)(), images, 127.5, 128)
    answers = getattr(networks, name)(images)
    assert_allclose(
        answers, np.concatenate([logit(expected[-1]), *expected[:-1]], axis=1), atol=1e-3
    )


@pytest.mark.slow
def test_the_scorer_is_torchvisions_resnet34(engine: Engine) -> None:
    """Scores agree within 0.05 with torchvision's ResNet34 in single precision, ages within 1 %."""
    needs_torch()
    import torch  # noqa: PLC0415 - see above

    torchvision_shim.make_importable()
    models = import_module("torchvision.models")
    weights = with_age_head(VARYING, 30)
    tensors = {name: torch.from_numpy(w) for name, w in weights.tensors.items()}
    for part in ("weight", "bias"):
        tensors[f"fc.{part}"] = torch.cat([tensors[f"fc.{part}"], tensors.pop(f"age.{part}")])
    module = models.resnet34(num_classes=11)
    module.load_state_dict(tensors)
    crops = noise(9, CROP_SIDE, CROP_SIDE)
    mean = torch.tensor(weights.spec.mean).view(1, 3, 1, 1)
    outputs = np.stack(reference(module, crops, mean, weights.spec.scale))
    odds = np.exp(outputs[:, :10])
    expected = (odds / odds.sum(axis=1, keepdims=True)) @ np.arange(1, 11)
    values, _, ages = ResNet34Scorer.of(weights, engine).predict(crops)
    assert_allclose(values, expected, atol=0.05)
    assert_allclose(ages, outputs[:, 10], rtol=0.01, atol=0.2)


@pytest.mark.parametrize("count", [1, 3, 15, 16, 17, 33])
def test_any_number_of_images(networks: CascadeNetworks, count: int) -> None:
    """An image's output doesn't depend on the size of its batch."""
    images = noise(40, 24, 24)
    assert_allclose(networks.rnet(images[:count]), networks.rnet(images)[:count], atol=1e-4)


def test_threads_do_not_disturb_each_other(networks: CascadeNetworks) -> None:
    """Threads that call a network at the same time each get their own output."""
    images = noise(40, 48, 48)
    expected = networks.onet(images)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(networks.onet, [images[i : i + 3] for i in range(37)]))
    for i, answer in enumerate(answers):
        assert_allclose(answer, expected[i : i + 3], atol=1e-4)


@pytest.mark.slow
def test_weights_are_those_of_the_wheel(facenet_pytorch: ModuleType) -> None:
    """The packaged weights were made from the files of the installed facenet-pytorch."""
    with safe_open(WEIGHTS, framework="numpy") as file:
        metadata = file.metadata()
    folder = Path(str(facenet_pytorch.__file__)).parent / "data"
    for name in ("pnet.pt", "rnet.pt", "onet.pt"):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert metadata[f"{name} sha256"] == digest


@pytest.mark.parametrize(
    ("driver", "gpu", "chosen"),
    [(False, True, "openvino"), (True, False, "openvino"), (True, True, "torch, cuda")],
)
def test_torch_is_chosen_for_a_gpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, driver: bool, gpu: bool, chosen: str
) -> None:
    """By default torch computes if it can use a GPU, and OpenVINO otherwise."""
    needs_torch()
    monkeypatch.setattr(choice, "_NVIDIA", tmp_path if driver else tmp_path / "absent")
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)
    assert open_engine("auto", threads=1).name.startswith(chosen)


def test_openvino_tells_nobody(tmp_path: Path) -> None:
    """Starting OpenVINO loads no telemetry and leaves nothing in the home directory."""
    program = (
        "import sys; from attrai.inference import open_engine; open_engine('openvino', 1);"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path), "CI": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[-1] == "[]"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stage", ["ingest", "render", "deliver"])
def test_other_stages_need_no_engine(stage: str) -> None:
    """A stage without a network imports neither an engine nor OpenCV."""
    program = (
        f"import sys; import attrai.worker, attrai.actors.{stage};"
        "print(sorted({'torch', 'openvino', 'cv2'} & sys.modules.keys()))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["tensorflow", "onnx"])
def test_unknown_engines_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown engine is refused at startup with an error that names the variable."""
    monkeypatch.setenv("ATTRAI_ENGINE", name)
    with pytest.raises(SettingsError, match="ATTRAI_ENGINE"):
        load_settings()


def largest_differences(photos: list[Images]) -> tuple[float, float]:
    """Return the largest differences of boxes, in pixels, and scores between OpenVINO and torch."""
    needs_torch()
    engines = [open_engine("torch", 1), open_engine("openvino", 1)]
    detectors = [FaceFinder(Mtcnn(CascadeNetworks.load(e), 40), max_faces=50) for e in engines]
    scorers = [ResNet34Scorer.load(PACKAGED, each) for each in engines]
    boxes, scores = [0.0], [0.0]
    for photo in photos:
        first, second = (detector(photo).faces for detector in detectors)
        assert len(first) == len(second)
        boxes += [
            float(np.abs(np.subtract(a.box, b.box)).max())
            for a, b in zip(first, second, strict=True)
        ]
        if first:
            crops = aligned_crops(photo, first, CROP_SIDE)
            ours, theirs = (scorer.predict(crops).values for scorer in scorers)
            scores.append(float(np.abs(np.subtract(ours, theirs)).max()))
    print(f"{len(photos)} photos: boxes differ by {max(boxes):.4f} px, scores by {max(scores):.4f}")
    return max(boxes), max(scores)


def test_engines_agree_on_the_example(astronaut: Image.Image) -> None:
    """On the example photo, boxes agree within 1 pixel and scores within 0.05."""
    boxes, scores = largest_differences([np.asarray(astronaut)])
    assert boxes <= 1
    assert scores <= 0.05


@pytest.mark.slow
def test_engines_agree_on_300_photos(labelled: list[Labelled]) -> None:
    """On 300 photos, boxes agree within 1 pixel and scores within 0.05."""
    rows = random.Random(6).sample(labelled, 300)
    photos = [np.asarray(Image.open(row.path).convert("RGB")) for row in rows]
    boxes, scores = largest_differences(photos)
    assert boxes <= 1
    assert scores <= 0.05


def test_signals_after_loading() -> None:
    """A process that has loaded a network handles signals without OpenVINO's signal stack."""
    program = (
        "import ctypes;"
        "from attrai.faces import CascadeNetworks;"
        "from attrai.inference import open_engine;"
        "CascadeNetworks.load(open_engine('openvino', 1));"
        "stack = (ctypes.c_size_t * 3)();"
        "ctypes.CDLL(None).sigaltstack(None, stack);"
        "assert stack[1] & 0xFFFFFFFF == 2, list(stack);"  # SS_DISABLE
        "import os, signal; signal.signal(signal.SIGUSR1, lambda *_: print('handled'));"
        "os.kill(os.getpid(), signal.SIGUSR1)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "handled" in run.stdout
