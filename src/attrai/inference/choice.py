"""Which engine a process uses."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import structlog

from attrai.inference.network import Engine
from attrai.settings import EngineName

log = structlog.get_logger(__name__)

#: Present where NVIDIA's driver is.
_NVIDIA = Path("/dev/nvidiactl")


def open_engine(name: EngineName, threads: int) -> Engine:
    """The engine of that name; auto takes the fastest one present.

    Args:
        name: ATTRAI_ENGINE.
        threads: how many threads will call networks at once.
    """
    if name == "auto":
        has_cuda = _NVIDIA.exists() and find_spec("torch")
        name = "openvino" if find_spec("openvino") and not has_cuda else "torch"
    engine: Engine
    if name == "openvino":
        from attrai.inference.openvino_engine import OpenVinoEngine  # noqa: PLC0415 - an extra

        engine = OpenVinoEngine(threads)
    else:
        from attrai.inference.torch_engine import TorchEngine  # noqa: PLC0415 - takes a second

        engine = TorchEngine()
    log.info("inference", engine=engine.name)
    return engine
