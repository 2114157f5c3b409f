"""The colours of all built-in renderers.

One accent for every score: a scale from red to green would judge people twice and be lost on
the colour-blind. Amber on ink differs in lightness too, so it holds in grey.
"""

from __future__ import annotations

Colour = tuple[int, int, int]

#: Ground of panels, text on tags, the hairline around bright lines.
INK: Colour = (18, 21, 26)
#: Lines around faces, tags, text on ink.
PAPER: Colour = (255, 255, 255)
#: What is less important than the score: spread and rank, on ink.
MUTED: Colour = (168, 176, 187)
#: The same on a photo, where the ground may be light in spite of all.
MUTED_ON_PHOTO: Colour = (222, 226, 232)
#: The empty part of a gauge.
TRACK: Colour = (98, 106, 118)
#: The predicted mean.
ACCENT: Colour = (255, 186, 73)
#: The spread around the mean, between accent and track.
ACCENT_DIM: Colour = (190, 143, 68)
