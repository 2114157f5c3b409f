"""Telegram's limits for what it sends: the lengths of texts, and which pictures can be photos."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

#: Maximum length of a text, of a caption, and of what is shown to whoever presses a button, in
#: characters.
TEXT, CAPTION, PRESS_ANSWER = 4096, 1024, 200
#: Limits of sendPhoto: bytes, width plus height in pixels, and ratio of the sides
#: (https://core.telegram.org/bots/api#sendphoto).
_PHOTO_BYTES, _PHOTO_SIDES, _PHOTO_RATIO = 10 * 10**6, 10_000, 20


def shorten(words: str, limit: int) -> str:
    """Return a text, cut to `limit` characters with an ellipsis as the last."""
    return words if len(words) <= limit else words[: limit - 1] + "…"


def fits_photo(picture: bytes) -> bool:
    """Return whether a picture can be sent as a photo."""
    with Image.open(BytesIO(picture)) as image:
        width, height = image.size
    return (
        len(picture) <= _PHOTO_BYTES
        and width + height <= _PHOTO_SIDES
        and max(width, height) <= _PHOTO_RATIO * min(width, height)
    )
