"""Image files: `decode_photo` turns the bytes of an untrusted file into a safe RGB photo."""

from attrai.images.accept import accept_photo
from attrai.images.decode import decode_photo
from attrai.images.limits import Limits, limits_of

__all__ = ["Limits", "accept_photo", "decode_photo", "limits_of"]
