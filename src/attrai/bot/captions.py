"""Captions of albums, of which only the first photo has one."""

from __future__ import annotations

from typing import cast

from redis import Redis

from attrai.ledger import keys
from attrai.telegram import Pseudonyms, Seal, SealBroken

#: How many seconds a caption is kept: the photos of an album come within a few, unless an outage
#: delays some of them.
_KEPT_SECONDS = 600


class AlbumCaptions:
    """Captions by the id of their album, sealed, and shared by all replicas of the bot."""

    def __init__(self, redis: Redis, pseudonyms: Pseudonyms, seal: Seal) -> None:
        self._redis = redis
        self._pseudonyms = pseudonyms
        self._seal = seal

    def __setitem__(self, album: str, caption: str) -> None:
        self._redis.set(self._key(album), self._seal.seal(caption), ex=_KEPT_SECONDS)

    def get(self, album: str, default: str) -> str:
        """Return the caption of an album, or the default if none has come."""
        sealed = cast("bytes | None", self._redis.get(self._key(album)))
        try:
            return default if sealed is None else self._seal.open(sealed.decode())
        except SealBroken:  # kept under another token
            return default

    def _key(self, album: str) -> str:
        return keys.CAPTION + self._pseudonyms.album(album)
