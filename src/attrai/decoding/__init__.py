"""Photos of strangers: `decode_photo` turns a file's bytes into what the stages can trust."""

from attrai.decoding.photo import Limits, decode_photo
from attrai.decoding.untouched import untouched_jpeg

__all__ = ["Limits", "decode_photo", "untouched_jpeg"]
