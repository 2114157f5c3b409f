"""The scorer `onnx`: any network in an ONNX file whose metadata say what goes in and comes out.

The metadata have one key, "attrai", whose value is `OnnxSpec` as JSON. OpenVINO computes the
network, whatever the engine of the others is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray
from openvino.preprocess import ColorFormat, PrePostProcessor
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from attrai.errors import SettingsError
from attrai.faces.alignment import CROP_SIDE, TEMPLATE, fit_similarity
from attrai.inference import Engine, FloatArray, Images, Network
from attrai.inference.openvino_engine import OpenVinoEngine, OpenVinoNetwork
from attrai.scoring.ratings import Floats, moments, moments_of
from attrai.scoring.scorer import Predictions
from attrai.scoring.weights_file import (
    METADATA_KEY,
    WeightsError,
    check_digest,
    checksum_file,
    invalid_metadata,
)
from attrai.settings import Settings

#: The lowest and the highest rating here; a network's own ratings are stretched to them.
_LOWEST, _HIGHEST = 1, 10
#: How far beyond its crop a network may look, as a fraction of the crop's side: no more than the
#: blurred seam that the bilinear sampling leaves anyway.
_BEYOND = 0.02

_Channels = tuple[float, float, float]
_Divisor = Annotated[float, Field(gt=0)]
_Point = tuple[float, float]


class OnnxSpec(BaseModel):
    """What the metadata of an ONNX file say of its network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    #: Side of the input, in pixels.
    side: Annotated[int, Field(ge=32, le=512)]
    #: Order of the input's dimensions: batch, channels, height, width.
    layout: Literal["NCHW", "NHWC"]
    channels: Literal["RGB", "BGR"]
    #: The input is a crop's values, 0 to 255, minus `mean`, divided by `scale`, by channel.
    mean: _Channels
    scale: tuple[_Divisor, _Divisor, _Divisor]
    #: Positions of the left eye, right eye, nose, left and right mouth corner in the input, as
    #: fractions of its side; left and right are the viewer's.
    template: tuple[_Point, _Point, _Point, _Point, _Point]
    #: For each face the output has the logits or the probabilities of the ratings from 1 to
    #: `ratings`, or the ratings' mean and standard deviation.
    output: Literal["logits", "probabilities", "moments"]
    ratings: Annotated[int, Field(ge=2, le=100)]
    #: Whether one more number follows, the apparent age in years.
    ages: bool = False

    @property
    def columns(self) -> int:
        """The number of outputs for each face."""
        return (2 if self.output == "moments" else self.ratings) + self.ages


class OnnxScorer:
    """A scorer on a network that somebody else made."""

    def __init__(self, network: Network, spec: OnnxSpec) -> None:
        """Wrap a network.

        Args:
            network: Takes RGB images with values from 0 to 255.
            spec: What goes in and comes out.

        Raises:
            ValueError: The network looks at more of a photo than a crop shows.
        """
        self._network = network
        self._spec = spec
        self._matrix = _matrix(spec)

    @classmethod
    def open(cls, settings: Settings, engine: Engine) -> Self:
        """Load the ONNX file that the settings name.

        Raises:
            SettingsError: They name none.
            WeightsError: It can't be used.
        """
        path = settings.weights
        if path is None:
            raise SettingsError("ATTRAI_WEIGHTS is not set: the scorer onnx needs an ONNX file")
        ours = engine if isinstance(engine, OpenVinoEngine) else OpenVinoEngine(threads=1)
        try:
            return cls._load(path, ours)
        except ValidationError as error:
            raise invalid_metadata(path, error) from error
        except (OSError, ValueError) as error:
            raise WeightsError(f"{path}: {error}") from error
        except RuntimeError as error:  # OpenVINO's, with the lines of its source
            reason = str(error).strip().splitlines()[-1]
            raise WeightsError(f"{path}: OpenVINO can't use it: {reason}") from error

    @classmethod
    def _load(cls, path: Path, engine: OpenVinoEngine) -> Self:
        if checksum_file(path).exists():
            check_digest(path)
        model = engine.read(path)
        if not model.has_rt_info(["framework", METADATA_KEY]):
            raise ValueError(
                f"its metadata lack {METADATA_KEY!r}, which says what goes in and comes out"
            )
        spec = OnnxSpec.model_validate_json(model.get_rt_info(["framework", METADATA_KEY]).value)
        batches = _prepare(model, spec)
        scorer = cls(OpenVinoNetwork(engine.compile(model), batches), spec)
        scorer.predict(np.zeros((1, CROP_SIDE, CROP_SIDE, 3), np.uint8))
        return scorer

    def predict(self, crops: NDArray[np.uint8]) -> Predictions:
        """Return what is predicted for each crop, in order; nothing is withheld.

        Args:
            crops: Aligned crops, RGB, shape (n, side, side, 3), n at least 1.

        Raises:
            ValueError: The output is not what the metadata say.
        """
        spec = self._spec
        outputs = self._network(self._inputs(crops))
        if outputs.shape != (len(crops), spec.columns):
            raise ValueError(
                f"for {len(crops)} faces it outputs {outputs.shape}, not {spec.columns} each"
            )
        ratings, ages = (outputs[:, :-1], outputs[:, -1]) if spec.ages else (outputs, None)
        values, spreads = _moments(ratings, spec)
        stretch = (_HIGHEST - _LOWEST) / (spec.ratings - 1)
        known = None if ages is None else ages.astype(np.float64)
        return Predictions(_LOWEST + (values - 1) * stretch, spreads * stretch, known)

    def _inputs(self, crops: Images) -> Images:
        side = self._spec.side
        inputs = np.empty((len(crops), side, side, 3), np.uint8)
        for image, crop in zip(inputs, crops, strict=True):
            # In the seam the nearest pixels are repeated.
            image[:] = cv2.warpAffine(
                crop, self._matrix, (side, side), borderMode=cv2.BORDER_REPLICATE
            )
        return inputs


def _moments(outputs: FloatArray, spec: OnnxSpec) -> tuple[Floats, Floats]:
    """Return the means and standard deviations in the network's own ratings."""
    if spec.output == "logits":
        return moments(outputs)
    if spec.output == "probabilities":
        return moments_of(outputs)
    means, spreads = outputs.T.astype(np.float64)
    return means.clip(1, spec.ratings), spreads.clip(0, (spec.ratings - 1) / 2)


def _matrix(spec: OnnxSpec) -> NDArray[np.float64]:
    """Return the transform from a crop to the network's input."""
    side = spec.side
    matrix = fit_similarity(TEMPLATE * CROP_SIDE, np.array(spec.template) * side)
    corners = np.array([[[0, 0], [side, 0], [0, side], [side, side]]], np.float64)
    seen = cv2.transform(corners, cv2.invertAffineTransform(matrix)) / CROP_SIDE
    if seen.min() < -_BEYOND or seen.max() > 1 + _BEYOND:
        raise ValueError("its template shows more of the photo than the crops that are cut here")
    return matrix


def _prepare(model: Any, spec: OnnxSpec) -> tuple[int, ...]:
    """Make a network take RGB images of 8 bits, and return the batch sizes to run."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError("it needs one input and one output")
    shape = model.input().partial_shape
    sizes = [3 if axis == "C" else spec.side for axis in spec.layout[1:]]
    expected = openvino.PartialShape([-1, *sizes])
    if not shape.compatible(expected):
        raise ValueError(f"its input is {shape}, not {expected}")
    batch = shape[0]
    model.reshape(openvino.PartialShape([batch, *sizes]))
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(
        openvino.Layout("NHWC")
    ).set_color_format(ColorFormat.RGB)
    steps.input().model().set_layout(openvino.Layout(spec.layout))
    chain = steps.input().preprocess().convert_element_type(openvino.Type.f32)
    if spec.channels == "BGR":
        chain = chain.convert_color(ColorFormat.BGR)
    chain.mean(list(spec.mean)).scale(list(spec.scale))
    steps.build()
    return (batch.get_length(),) if batch.is_static else (1, 4)
