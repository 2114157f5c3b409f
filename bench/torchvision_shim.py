"""Lets torchvision be imported where its compiled part does not load.

The ordinary registry's torchvision is linked against CUDA. Over a CPU-only torch its compiled
part is missing and `import torchvision` ends in `operator torchvision::nms does not exist`
(pytorch/vision#9085), although nothing of it is needed here. Declaring the two operators
beforehand cures the import; calling them stays impossible, and nobody does.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def compiled_part_loads(library: Path) -> bool:
    """Whether the dynamic loader accepts torchvision's compiled part."""
    import torch  # noqa: PLC0415 - it takes a second, which whoever imports this may not need

    try:
        torch.ops.load_library(str(library))
    except OSError:
        return False
    return True


@cache  # an operator can be declared once a process, and lives as long as what is returned
def make_importable() -> torch.library.Library | None:
    """Call this before the first import of torchvision, or of what imports it."""
    import torch  # noqa: PLC0415 - as above

    folder = Path(str(distribution("torchvision").locate_file("torchvision")))
    if any(compiled_part_loads(library) for library in folder.glob("_C*.so")):
        return None
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        operators.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return operators
