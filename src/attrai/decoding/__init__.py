"""Photos of strangers: `decode_photo` turns a file's bytes into what the stages can trust."""

from attrai.decoding.photo import Limits, decode_photo
from attrai.decoding.source import limits_of, pack_source
from attrai.decoding.untouched import untouched_jpeg

__all__ = ["Limits", "decode_photo", "limits_of", "pack_source", "untouched_jpeg"]
