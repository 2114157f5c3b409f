"""Limits on an incoming photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attrai.images.memory import MEMORY_BYTES_PER_PIXEL

if TYPE_CHECKING:
    # The process that decodes has no use for settings, and starts sooner without them.
    from attrai.settings import Settings


@dataclass(frozen=True)
class Limits:
    """Limits on an incoming photo, and the size of the decoded one."""

    #: Largest file, in bytes; the failure message gives it in decimal MB (20 MB).
    max_bytes: int = 20 * 10**6
    #: Largest width times height; Pillow refuses more than 179 megapixels in any case.
    max_pixels: int = 50 * 10**6
    #: Smallest shorter side, in pixels.
    min_side: int = 64
    #: Longer side to which a larger photo is shrunk, in pixels.
    max_side: int = 1280

    @property
    def memory_bytes(self) -> int:
        """How much memory decoding may take: 550 MB with the default limits."""
        return MEMORY_BYTES_PER_PIXEL * self.max_pixels


def limits_of(settings: Settings) -> Limits:
    """Return the limits of photos in the settings."""
    return Limits(
        max_bytes=settings.max_file_mb * 10**6,
        max_pixels=settings.max_megapixels * 10**6,
        min_side=settings.min_photo_side,
        max_side=settings.max_photo_side,
    )
