"""Networks as functions on numpy arrays, on whichever engine runs them.

A network is written once, as a function over `Layers`; an `Engine` turns it and its weights
into something to call. Engines are imported when they are asked for: a process with OpenVINO
never imports torch.
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
