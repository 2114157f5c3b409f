"""Photos of strangers: `decode_photo` turns a file's bytes into what the stages can trust."""

from attrai.images.accept import limits_of, pack_source, passthrough_jpeg
from attrai.images.decode import Limits, decode_photo

__all__ = ["Limits", "decode_photo", "limits_of", "pack_source", "passthrough_jpeg"]
