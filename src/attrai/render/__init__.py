"""Draws faces and scores on a photo.

`Renderer` is what a drawing looks like from outside; `load_renderer` finds one by the name it
is registered under, `renderer_names` lists those there are. The built-in ones are `boxes`,
`ranking` and `spotlight`, each in the module of its name; what they share lies beside them.
"""

from attrai.render.renderer import (
    Renderer,
    UnknownRenderer,
    UnusableRenderer,
    load_renderer,
    renderer_names,
)

__all__ = ["Renderer", "UnknownRenderer", "UnusableRenderer", "load_renderer", "renderer_names"]
