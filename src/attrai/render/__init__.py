"""Renderers: draw faces and their scores on a photo.

`Renderer` is the protocol, `load_renderer` loads a renderer by its registered name, and
`renderer_names` lists the installed ones. The built-in renderers `boxes`, `ranking` and
`spotlight` live in the modules of the same names; the other modules hold the code they share.
"""

from attrai.render.renderer import (
    Renderer,
    UnknownRenderer,
    UnusableRenderer,
    load_renderer,
    renderer_names,
)

__all__ = ["Renderer", "UnknownRenderer", "UnusableRenderer", "load_renderer", "renderer_names"]
