"""Neural networks as functions on numpy arrays, computed by OpenVINO or torch.

A network is written once, as a function of `Layers`. An `Engine` turns it and its weights into a
callable. An engine is imported when it is requested, so a process that uses OpenVINO never
imports torch.
"""

from attrai.inference.engine import (
    Architecture,
    Engine,
    FloatArray,
    Images,
    Layers,
    Model,
    Network,
    T,
    open_engine,
)

__all__ = [
    "Architecture",
    "Engine",
    "FloatArray",
    "Images",
    "Layers",
    "Model",
    "Network",
    "T",
    "open_engine",
]
