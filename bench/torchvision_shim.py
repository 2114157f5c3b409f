"""A workaround for importing torchvision when its compiled part does not load.

The torchvision wheel from the default registry is linked against CUDA. With a CPU-only torch its
compiled part is missing, and `import torchvision` fails with `operator torchvision::nms does not
exist` (pytorch/vision#9085), although the benchmarks need none of it. Declaring the two operators
beforehand fixes the import. They still can't be called, and nothing calls them.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from attrai.faces.boxes import non_maximum_suppression

if TYPE_CHECKING:
    import torch


def compiled_part_loads(library: Path) -> bool:
    """Return whether the dynamic loader accepts torchvision's compiled part."""
    import torch  # noqa: PLC0415 - takes a second, and importers may not need it

    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


@cache  # an operator can be declared once per process, and lives as long as the returned library
def make_importable() -> torch.library.Library | None:
    """Declare torchvision's missing operators; call this before anything imports torchvision.

    Returns:
        The library that keeps the operators alive, or None if torchvision loads without them.
    """
    import torch  # noqa: PLC0415 - as above

    folder = Path(str(distribution("torchvision").locate_file("torchvision")))
    if any(compiled_part_loads(library) for library in folder.glob("_C*.so")):
        return None
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return operators


def make_facenet_usable() -> None:
    """Replace what facenet-pytorch calls of torchvision's compiled part, if that doesn't load."""
    if make_importable() is None:
        return
    from facenet_pytorch.models.utils import detect_face  # noqa: PLC0415 - after the above

    detect_face.batched_nms = _batched_nms


def _batched_nms(
    boxes: torch.Tensor, scores: torch.Tensor, groups: torch.Tensor, threshold: float
) -> torch.Tensor:
    import torch  # noqa: PLC0415 - as above

    if not len(boxes):
        return torch.empty(0, dtype=torch.int64)
    apart = (boxes + groups.to(boxes)[:, None] * (boxes.max() + 1)).numpy()
    return torch.from_numpy(non_maximum_suppression(apart, scores.numpy(), threshold).copy())
