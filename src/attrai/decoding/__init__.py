"""Photos of strangers: `decode_photo` turns a file's bytes into what the stages can trust."""

from attrai.decoding.photo import Limits, decode_photo

__all__ = ["Limits", "decode_photo"]
