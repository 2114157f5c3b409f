"""The colours of all built-in renderers.

All scores share one accent colour. A scale from red to green would judge people a second time
and would be invisible to colour-blind users. Amber on ink also differs in lightness, so the
contrast survives in grey.
"""

from __future__ import annotations

Colour = tuple[int, int, int]

#: Background of panels, text on tags, and the hairline around bright lines.
INK: Colour = (18, 21, 26)
#: Frames around faces, background of tags, and text on ink.
PAPER: Colour = (255, 255, 255)
#: Secondary text on ink: spread and rank.
MUTED: Colour = (168, 176, 187)
#: The empty part of a gauge.
TRACK: Colour = (98, 106, 118)
#: The predicted mean.
ACCENT: Colour = (255, 186, 73)
#: The spread around the mean, between accent and track.
ACCENT_DIM: Colour = (190, 143, 68)
