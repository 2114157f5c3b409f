"""Captions of albums are shared by all replicas of the bot, and soon forgotten."""

from __future__ import annotations

from attrai.bot.captions import AlbumCaptions
from attrai.processes.embedded import embedded_redis
from attrai.telegram import Pseudonyms, Seal
from tests.telegram.served import TOKEN

ALBUM = "13000000000000001"


def test_captions_are_shared() -> None:
    """Another replica finds the caption of an album; one with another token finds none."""
    redis = embedded_redis()
    one, another = (AlbumCaptions(redis, Pseudonyms(TOKEN), Seal(TOKEN)) for _ in range(2))
    assert one.get(ALBUM, "none") == "none"
    one[ALBUM] = "Ann, ranking"
    assert another.get(ALBUM, "none") == "Ann, ranking"
    assert another.get(ALBUM + "1", "none") == "none"
    assert AlbumCaptions(redis, Pseudonyms(TOKEN), Seal("1:a")).get(ALBUM, "none") == "none"


def test_captions_are_kept_for_minutes() -> None:
    """What is kept can't be read, names no album, and expires."""
    redis = embedded_redis()
    AlbumCaptions(redis, Pseudonyms(TOKEN), Seal(TOKEN))[ALBUM] = "Ann, ranking"
    (key,) = redis.keys()
    assert 0 < redis.ttl(key) <= 600
    kept = key + redis.get(key)
    assert b"ranking" not in kept
    assert ALBUM.encode() not in kept
