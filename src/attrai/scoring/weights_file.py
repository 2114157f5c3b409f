"""The scorer's weights file: safetensors with the preprocessing in its metadata, and a checksum.

The checksum of FILE.safetensors is in FILE.safetensors.sha256, in the format of `sha256sum`. The
metadata has one key, "attrai", whose value is `ScorerSpec` as JSON.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from attrai.errors import CannotStart
from attrai.inference import FloatArray
from attrai.storage import write_atomically

#: The weights shipped with the package; MODEL_CARD.md in the same folder describes them.
PACKAGED = Path(__file__).parent / "weights" / "resnet34.safetensors"

#: The key of a network's description in the metadata of its file, which may be safetensors or ONNX.
METADATA_KEY = "attrai"


class WeightsError(CannotStart):
    """Raised when a weights file can't be used; the message names the file and the reason."""


class ScorerSpec(BaseModel):
    """A weights file's description of its network and of the input that it expects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Version 2 has a second head, which estimates the apparent age.
    version: Literal[1, 2]
    #: In torchvision's layout, with one output for each rating from 1 to `ratings`. In version 2
    #: the linear layer `age` beside `fc` has one output, the apparent age in years.
    architecture: Literal["resnet34"]
    ratings: Literal[10]
    #: Side of a crop, in pixels.
    side: Annotated[int, Field(ge=32, le=512)]
    #: Positions of the five landmarks in a crop, as fractions of its side.
    template: tuple[tuple[float, float], ...]
    #: The network's input is a crop's RGB values, 0 to 255, minus `mean`, divided by `scale`.
    mean: tuple[float, float, float]
    scale: Annotated[float, Field(gt=0)]
    #: A description of the training, for human readers.
    training: dict[str, JsonValue] = {}

    @property
    def heads(self) -> dict[str, int]:
        """The number of outputs of each head by its name, in the order of the outputs."""
        heads: dict[str, int] = {"fc": self.ratings}
        return heads if self.version == 1 else heads | {"age": 1}


@dataclass(frozen=True)
class ScorerWeights:
    """A scorer's tensors and their specification."""

    spec: ScorerSpec
    tensors: dict[str, FloatArray]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the weights from a file, in single precision.

        Raises:
            WeightsError: The file is missing, damaged, or not a scorer's weights.
        """
        try:
            check_digest(path)
            with safe_open(path, framework="numpy") as file:
                spec = ScorerSpec.model_validate_json(
                    (file.metadata() or {}).get(METADATA_KEY, "null")
                )
                tensors = {
                    name: file.get_tensor(name).astype(np.float32)
                    for name in file.keys()  # noqa: SIM118 - not a mapping
                }
        except ValidationError as error:
            raise invalid_metadata(path, error) from error
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"{path}: {error}") from error
        return cls(spec, tensors)

    def write(self, path: Path) -> None:
        """Write the weights to a file, in half precision, and the checksum to another beside it.

        Raises:
            OSError: One of the files can't be written.
        """
        half = {name: tensor.astype(np.float16) for name, tensor in self.tensors.items()}
        content = save(half, {METADATA_KEY: self.spec.model_dump_json()})
        digest = hashlib.sha256(content).hexdigest()
        write_atomically(path, content)
        write_atomically(checksum_file(path), f"{digest}  {path.name}\n".encode())


def invalid_metadata(path: Path, error: ValidationError) -> WeightsError:
    """Return the error that names the file and the first entry of its metadata that is wrong."""
    problem = error.errors(include_url=False)[0]
    where = ".".join(map(str, (METADATA_KEY, *problem["loc"])))
    return WeightsError(f"{path}: metadata {where}: {problem['msg']}")


def checksum_file(path: Path) -> Path:
    """Return the path of the checksum of the file at `path`."""
    return path.with_name(path.name + ".sha256")


def check_digest(path: Path) -> None:
    """Compare a file with the checksum beside it.

    Raises:
        WeightsError: The file is another one or damaged, or the checksum is.
        OSError: One of the files can't be read.
    """
    checksum = checksum_file(path)
    expected = checksum.read_text().partition(" ")[0].strip()
    if not expected:
        raise WeightsError(f"{checksum}: holds no checksum")
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise WeightsError(f"{path}: damaged: its sha256 is {actual}, not {expected}")
