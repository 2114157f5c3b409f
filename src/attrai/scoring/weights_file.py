"""The scorer's weights: a safetensors file that says what goes in, and its checksum.

Beside FILE.safetensors lies FILE.safetensors.sha256, as `sha256sum` writes it. The file's
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

from attrai.inference import FloatArray
from attrai.storage import write_atomically

#: The weights that travel with the package; MODEL_CARD.md beside them says what they are.
PACKAGED = Path(__file__).parent / "weights" / "resnet34.safetensors"

_KEY = "attrai"


class WeightsError(Exception):
    """A weights file can't be used; the message names the file and the reason."""


class ScorerSpec(BaseModel):
    """What a weights file says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    #: torchvision's layout, with as many outputs as there are ratings from 1 up.
    architecture: Literal["resnet34"]
    ratings: Literal[10]
    #: Side of a crop in pixels.
    side: Annotated[int, Field(ge=32, le=512)]
    #: Where a crop has the five landmarks, in sides of the crop.
    template: tuple[tuple[float, float], ...]
    #: A crop's RGB values, 0..255, go in less `mean` and divided by `scale`.
    mean: tuple[float, float, float]
    scale: Annotated[float, Field(gt=0)]
    #: How it was trained, for people to read.
    training: dict[str, JsonValue] = {}


@dataclass(frozen=True)
class ScorerWeights:
    """The tensors of a scorer and what they expect."""

    spec: ScorerSpec
    tensors: dict[str, FloatArray]

    @classmethod
    def read(cls, path: Path) -> Self:
        """The weights in a file, in single precision.

        Raises:
            WeightsError: the file is missing, damaged, or not what a scorer needs.
        """
        try:
            _check(path)
            with safe_open(path, framework="numpy") as file:
                spec = ScorerSpec.model_validate_json((file.metadata() or {}).get(_KEY, "null"))
                tensors = {
                    name: file.get_tensor(name).astype(np.float32)
                    for name in file.keys()  # noqa: SIM118 - it is no mapping
                }
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            where = ".".join(map(str, (_KEY, *problem["loc"])))
            raise WeightsError(f"{path}: metadata {where}: {problem['msg']}") from error
        except (OSError, SafetensorError) as error:
            raise WeightsError(f"{path}: {error}") from error
        return cls(spec, tensors)

    def write(self, path: Path) -> None:
        """Writes the file, in half precision, and its checksum beside it.

        Raises:
            OSError: they can't be written.
        """
        half = {name: tensor.astype(np.float16) for name, tensor in self.tensors.items()}
        content = save(half, {_KEY: self.spec.model_dump_json()})
        digest = hashlib.sha256(content).hexdigest()
        write_atomically(path, content)
        write_atomically(_checksum(path), f"{digest}  {path.name}\n".encode())


def _checksum(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _check(path: Path) -> None:
    checksum = _checksum(path)
    expected = checksum.read_text().partition(" ")[0].strip()
    if not expected:
        raise WeightsError(f"{checksum}: holds no checksum")
    with path.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise WeightsError(f"{path}: damaged: its sha256 is {actual}, not {expected}")
